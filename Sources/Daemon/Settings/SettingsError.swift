/// Why settings were refused, in one line that names the place, the setting and what was expected.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
    /// The line.
    public let description: String

    /// The settings' file could not be read.
    static func unreadable(_ path: String, _ reason: String) -> Self {
        Self(description: "cannot read \(TOMLText.oneLine(path)): \(reason)")
    }

    /// The settings' file is not TOML.
    static func malformed(_ origin: SettingOrigin, _ reason: String) -> Self {
        Self(description: "not valid TOML in \(origin): \(TOMLText.oneLine(reason))")
    }

    /// No setting has this name.
    static func unknown(_ name: String, _ origin: SettingOrigin) -> Self {
        let group = SettingsTable.all.first { $0.name.hasPrefix(name + ".") }
        if let group {
            return Self(
                description: "`\(name)` in \(origin) is a table of settings such as `\(group.name)`, and no setting")
        }
        let near = NearestName.find(name, among: SettingsTable.all.map(\.name))
        return Self(
            description: "unknown setting `\(TOMLText.oneLine(name))` in \(origin)"
                + (near.map { "; did you mean `\($0)`?" } ?? ""))
    }

    /// No setting has this environment variable.
    static func unknownVariable(_ name: String) -> Self {
        let near = NearestName.find(name, among: SettingsTable.all.map(\.environmentName))
        return Self(
            description: "unknown setting in the environment variable \(TOMLText.oneLine(name))"
                + (near.map { "; did you mean \($0)?" } ?? ""))
    }

    /// The value is not one that the setting can have.
    static func bad(_ value: SettingValue, for setting: SettingDefinition, _ origin: SettingOrigin) -> Self {
        let shown = setting.conceal(value)
        let short = shown.count > 100 ? shown.prefix(100) + "…" : shown[...]
        return Self(description: "bad value \(short) for `\(setting.name)` in \(origin): expected \(setting.expected)")
    }
}
