/// An address that connections are accepted on.
public enum ListenAddress: Sendable, Hashable {
    /// A host (a name, or an address without brackets) and a port; port 0 stands for any free one.
    case tcp(host: String, port: Int)
    /// The path of a socket in the file system.
    case unix(path: String)

    /// The longest path of a socket that Linux takes (`sun_path` without its final zero).
    static let longestPath = 107

    /// Reads `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`; nil when the text is none of them.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            guard (1...Self.longestPath).contains(path.utf8.count), !path.utf8.contains(0) else { return nil }
            self = .unix(path: String(path))
        } else {
            guard let (host, port) = HostText.split(text) else { return nil }
            self = .tcp(host: host, port: port)
        }
    }
}

extension ListenAddress: CustomStringConvertible {
    /// The address as it is written in the settings.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
