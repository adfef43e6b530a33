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
