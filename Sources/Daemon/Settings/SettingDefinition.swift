/// One setting: its name, what it means, and the property of `Settings` that holds it.
struct SettingDefinition: Sendable {
    /// The name in the file; dots are TOML's tables.
    let name: String

    /// The default as TOML.
    let standard: String

    /// One line on what it is for.
    let explanation: String

    /// What a good value looks like.
    let expected: String

    /// Puts a value in its place; false, and nothing done, for a bad one.
    let assign: @Sendable (SettingValue, inout Settings) -> Bool

    /// The value in effect, as TOML, secrets masked.
    let show: @Sendable (Settings) -> String

    /// A bad value as a message may show it.
    let conceal: @Sendable (SettingValue) -> String

    /// Whether a process goes on with the value that it was started with.
    let needsRestart: Bool

    /// Whether two settings have the same value here.
    let isSame: @Sendable (Settings, Settings) -> Bool

    /// Takes the value of other settings over.
    let copy: @Sendable (_ from: Settings, _ into: inout Settings) -> Void

    /// A setting of the given type. `standard` is written out where the default depends on the machine.
    init<Value: Equatable>(
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
        self.needsRestart = needsRestart
        isSame = { $0[keyPath: property] == $1[keyPath: property] }
        copy = { $1[keyPath: property] = $0[keyPath: property] }
    }

    /// The name of the environment variable.
    var environmentName: String {
        SettingsTable.environmentPrefix + name.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    /// The TOML table that the setting stands in, and its key there.
    var path: (table: String, key: String) {
        let parts = name.split(separator: ".", maxSplits: 1)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : ("", name)
    }
}
