/// Settings, and where each value came from.
public struct LoadedSettings: Sendable {
    /// The values in effect.
    public internal(set) var settings = Settings()

    /// The file that was read, if there was one.
    public internal(set) var file: String?

    private var origins: [String: SettingOrigin] = [:]

    /// Where the value of a setting came from, by its name in the file.
    public func origin(of name: String) -> SettingOrigin { origins[name] ?? .standard }

    mutating func set(
        _ setting: SettingDefinition, to value: SettingValue, _ origin: SettingOrigin
    ) throws(SettingsError) {
        guard setting.assign(value, &settings) else { throw .bad(value, for: setting, origin) }
        origins[setting.name] = origin
    }

    /// All settings as TOML, each with its origin as a comment. A proxy's user name and password are shown as `***`.
    public var toml: String {
        var text = file.map { "# Read from \(TOMLText.oneLine($0)).\n" } ?? "# No file of settings was read.\n"
        var table = ""
        for setting in SettingsTable.all {
            if setting.path.table != table {
                table = setting.path.table
                text += "\n[\(table)]\n"
            }
            text += "\(setting.path.key) = \(setting.show(settings))  # \(origin(of: setting.name))\n"
        }
        return text
    }
}
