/// Where a running Larder is asked.
public enum LarderAddress: Sendable, Equatable {
    /// At a base URL, without a slash at its end and without one of the roots that Larder serves under.
    case url(String)
    /// On the unix socket of that path.
    case unix(path: String)

    /// Where it is unless somebody says otherwise.
    public static let standard = LarderAddress.url("http://127.0.0.1:5273")

    /// The environment variable that may say otherwise.
    public static let variable = "LARDER_URL"

    /// Reads `http://HOST:PORT`, `https://...`, `HOST:PORT` or `unix:PATH`; nil if the text is none of them.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            guard case .unix(let path) = ListenAddress(text) else { return nil }
            self = .unix(path: path)
            return
        }
        guard var base = URLText.base(text.contains("://") ? text : "http://" + text) else { return nil }
        for root in ["/api/v1", "/v1"] where base.hasSuffix(root) {
            base.removeLast(root.count)
            break
        }
        self = .url(base)
    }

    /// The URL of a path, which begins with a slash. On a unix socket the host is this machine's own name.
    func url(of path: String) -> String {
        switch self {
        case .url(let base): base + path
        case .unix: "http://localhost" + path
        }
    }

    /// The path of its unix socket, if that is what it is.
    var unixSocket: String? { if case .unix(let path) = self { path } else { nil } }
}

extension LarderAddress: CustomStringConvertible {
    /// As a person would write it.
    public var description: String {
        switch self {
        case .url(let base): base
        case .unix(let path): "unix:\(path)"
        }
    }
}
