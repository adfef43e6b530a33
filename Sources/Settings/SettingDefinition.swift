/// One setting: its name, what it means, and the property of `Settings` that holds it.
package struct SettingDefinition: Sendable {
    /// The name in the file; dots are TOML's tables.
    package let name: String

    /// The default as TOML.
    package let standard: String

    /// One line on what it is for.
    package let explanation: String

    /// What a good value looks like.
    package let expected: String

    /// Sets a value; returns false and changes nothing for a bad one.
    let assign: @Sendable (SettingValue, inout Settings) -> Bool

    /// The value in effect, as TOML, secrets masked.
    package let show: @Sendable (Settings) -> String

    /// A bad value in the form that a message may show.
    let conceal: @Sendable (SettingValue) -> String

    /// What is wrong with a bad value; nil for no more than that it is not as expected.
    let explain: @Sendable (SettingValue) -> String?

    /// Whether a process keeps the value that it was started with.
    package let needsRestart: Bool

    /// Whether two settings have the same value here.
    package let isSame: @Sendable (Settings, Settings) -> Bool

    /// Copies the value from other settings.
    package let copy: @Sendable (_ from: Settings, _ into: inout Settings) -> Void

    /// A setting of the given type. `standard` is written out where the default depends on the machine.
    package init<Value: Equatable>(
        _ name: String, _ property: any WritableKeyPath<Settings, Value> & Sendable, _ kind: SettingKind<Value>,
        standard: String? = nil, needsRestart: Bool = false, _ explanation: String
    ) {
        self.name = name
        self.explanation = explanation
        self.standard = standard ?? kind.show(Settings()[keyPath: property])
        expected = kind.expected
        assign = { value, settings in
            guard let value = kind.read(value) else { return false }
            settings[keyPath: property] = value
            return true
        }
        show = { kind.show($0[keyPath: property]) }
        conceal = kind.conceal
        explain = kind.explain
        self.needsRestart = needsRestart
        isSame = { $0[keyPath: property] == $1[keyPath: property] }
        copy = { $1[keyPath: property] = $0[keyPath: property] }
    }

    /// The name of the environment variable.
    package var environmentName: String {
        SettingsTable.environmentPrefix + SettingsTable.environmentWord(name)
    }

    /// The TOML table of the setting, and its key there.
    package var path: (table: String, key: String) {
        guard let dot = name.lastIndex(of: ".") else { return ("", name) }
        return (String(name[..<dot]), String(name[name.index(after: dot)...]))
    }
}

/// A setting as it is in effect, in a form that may be shown.
package struct EffectiveSetting: Sendable, Equatable {
    /// Its name in the file.
    package let name: String
    /// The value as TOML. Secrets are masked.
    package let value: String
    /// Where the value came from, in a few words.
    package let origin: String

    /// All settings, in the order of the table.
    package static func all(of loaded: LoadedSettings) -> [EffectiveSetting] {
        SettingsTable.all.map { setting in
            EffectiveSetting(
                name: setting.name, value: setting.show(loaded.settings), origin: "\(loaded.origin(of: setting.name))")
        }
    }
}
