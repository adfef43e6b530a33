internal import TOML

/// Settings, and where each value came from.
public struct LoadedSettings: Sendable {
    /// The values in effect.
    public internal(set) var settings = Settings()

    /// The file that was read, if there was one.
    public internal(set) var file: String?

    private var origins: [String: SettingOrigin] = [:]

    /// The defaults.
    init() {}

    /// The settings that a running Larder has reported, as TOML. What this version or this user cannot use, such as a
    /// file that only the server may read, keeps its default.
    package init(reported rows: [(name: String, value: String)]) {
        for row in rows {
            guard let setting = SettingsTable.all.first(where: { $0.name == row.name }),
                let file = try? SettingsFile("\(row.name) = \(row.value)\n", path: "the running Larder"),
                let entry = file.entries.first, file.entries.count == 1, entry.name == row.name
            else { continue }
            try? set(setting, to: entry.value, entry.origin)
        }
    }

    /// Settings that a program has made.
    public init(_ settings: Settings) { self.settings = settings }

    /// Where the value of a setting came from, by its name in the file.
    public func origin(of name: String) -> SettingOrigin { origins[name] ?? .standard }

    package mutating func set(
        _ setting: SettingDefinition, to value: SettingValue, _ origin: SettingOrigin
    ) throws(SettingsError) {
        guard setting.assign(value, &settings) else { throw .bad(value, for: setting, origin) }
        origins[setting.name] = origin
    }

    /// All settings as TOML, each with its origin as a comment. A proxy's user name and password are shown as `***`.
    public var toml: String {
        var text = file.map { "# Read from \(TOMLText.oneLine($0)).\n" } ?? "# No settings file was read.\n"
        var table = ""
        for setting in SettingsTable.definitions(for: settings) {
            if setting.path.table != table {
                table = setting.path.table
                text += "\n[\(table)]\n"
            }
            text += "\(setting.path.key) = \(setting.show(settings))  # \(origin(of: setting.name))\n"
        }
        return text
    }
}

/// Where a value came from.
public enum SettingOrigin: Sendable, Equatable {
    /// Not set.
    case standard
    /// A file, and the line in it where that is known.
    case file(String, line: Int?)
    /// An environment variable.
    case environment(String)
    /// A flag of the command line.
    case flag(String)
}

extension SettingOrigin: CustomStringConvertible {
    /// The origin in a few words.
    public var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line):
            TOMLText.oneLine(path) + (line.map { ", line \($0)" } ?? "")
        case .environment(let name): name
        case .flag(let name): name
        }
    }
}

/// A value as it was written: a text from the environment or a flag, or what TOML made of it.
package enum SettingValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case boolean(Bool)
    case list([SettingValue])
    /// A value of some other type, which no setting has, as TOML.
    case other(String)
}

extension SettingValue: CustomStringConvertible {
    /// The value as TOML, for a message.
    package var description: String {
        switch self {
        case .text(let text): TOMLText.quoted(text)
        case .integer(let number): String(number)
        case .boolean(let truth): String(truth)
        case .list(let items): "[" + items.map(\.description).joined(separator: ", ") + "]"
        case .other(let text): text
        }
    }
}
