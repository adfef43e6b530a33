/// Where a value came from.
public enum SettingOrigin: Sendable, Equatable {
    /// Nobody set it.
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
