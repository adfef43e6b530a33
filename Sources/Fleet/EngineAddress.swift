/// Where the engine is: what `fleet.url` says.
package struct EngineAddress: Equatable, Sendable {
    /// A host and a port.
    package struct Node: Hashable, Sendable, CustomStringConvertible {
        /// A name or an address, an IPv6 one without brackets.
        package var host: String
        package var port: UInt16

        package init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }

        /// As in a URL: `host:port`, an IPv6 address in brackets.
        package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// What to connect to.
    package enum Place: Equatable, Sendable {
        case node(Node)
        /// The path of a unix socket.
        case socket(String)
        /// These know which node is the master of this name.
        case sentinels([Node], master: String)
    }

    package var place: Place
    /// Whether connections use TLS, those to Sentinel too.
    package var isSecure: Bool
    /// The database, which a cluster has only one of.
    package var database: Int

    /// Why a text is no address. No case repeats the text, which may contain a password.
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case scheme
        case hasUser
        case host
        case port
        case path
        case database
        case master

        package var description: String {
            switch self {
            case .scheme:
                "it must begin with redis://, rediss://, valkey://, valkeys://, redis+sentinel://, rediss+sentinel:// or unix:/"
            case .hasUser:
                "it contains a user or a password: set fleet.username and fleet.password_file instead"
            case .host: "its host is missing or not valid"
            case .port: "its port is not a number from 1 to 65535"
            case .path: "the path of the unix socket must be absolute and have at most 107 bytes"
            case .database: "its database is not a number from 0 to 65535"
            case .master: "the name of the master is missing: redis+sentinel://host:26379/name"
            }
        }
    }

    /// The ports where none is given.
    static let port: UInt16 = 6_379
    static let sentinelPort: UInt16 = 26_379

    /// Reads an address: `redis://host[:port][/database]`, with `rediss` for TLS and `valkey`, `valkeys` as other names;
    /// `redis+sentinel://host[:port][,host[:port]...]/master[/database]`; `unix:/path[?db=database]`.
    package init(_ text: String) throws(Problem) {
        if text.hasPrefix("unix:") {
            self = try Self(socket: text.dropFirst(5))
            return
        }
        guard let separator = Self.position(of: "://", in: text) else { throw .scheme }
        let scheme = text[..<separator].lowercased()
        let rest = text[separator...].dropFirst(3)
        guard !rest.contains("@") else { throw .hasUser }
        guard !rest.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) else { throw .host }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        switch scheme {
        case "redis", "valkey", "rediss", "valkeys":
            guard parts.count <= 2 else { throw .database }
            place = .node(try Self.node(parts[0], port: Self.port))
            database = try Self.database(parts.count == 2 ? parts[1] : "")
        case "redis+sentinel", "valkey+sentinel", "rediss+sentinel", "valkeys+sentinel":
            guard parts.count >= 2, !parts[1].isEmpty, parts[1].utf8.count <= 255 else { throw .master }
            guard parts.count <= 3 else { throw .database }
            var nodes: [Node] = []
            for part in parts[0].split(separator: ",", omittingEmptySubsequences: false) {
                nodes.append(try Self.node(part, port: Self.sentinelPort))
            }
            guard nodes.count <= 16 else { throw .host }
            place = .sentinels(nodes, master: String(parts[1]))
            database = try Self.database(parts.count == 3 ? parts[2] : "")
        default: throw .scheme
        }
        isSecure = scheme.hasPrefix("rediss") || scheme.hasPrefix("valkeys")
    }

    private init(socket text: Substring) throws(Problem) {
        var path = text
        isSecure = false
        database = 0
        if let mark = text.lastIndex(of: "?") {
            let query = text[mark...].dropFirst()
            guard query.hasPrefix("db=") else { throw .database }
            database = try Self.database(query.dropFirst(3))
            path = text[..<mark]
        }
        if path.hasPrefix("//") { path = path.dropFirst(2) }
        guard path.hasPrefix("/"), path.utf8.count <= 107, !path.utf8.contains(0) else { throw .path }
        place = .socket(String(path))
    }

    private static func position(of mark: String, in text: String) -> String.Index? {
        text.indices.first { text[$0...].hasPrefix(mark) }
    }

    private static func database(_ text: Substring) throws(Problem) -> Int {
        if text.isEmpty { return 0 }
        guard let number = UInt16(text), text.first != "+" else { throw .database }
        return Int(number)
    }

    /// `host`, `host:port` or `[address]:port`.
    static func node(_ text: Substring, port standard: UInt16) throws(Problem) -> Node {
        var host = text
        var port = standard
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw .host }
            host = text[..<end].dropFirst()
            guard host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }), host.contains(":") else { throw .host }
            let rest = text[end...].dropFirst()
            if !rest.isEmpty {
                guard rest.hasPrefix(":") else { throw .host }
                port = try number(rest.dropFirst())
            }
        } else {
            if let colon = text.firstIndex(of: ":") {
                host = text[..<colon]
                port = try number(text[colon...].dropFirst())
            }
            guard host.utf8.allSatisfy(isOfHost) else { throw .host }
        }
        guard !host.isEmpty, host.utf8.count <= 253 else { throw .host }
        return Node(host: String(host), port: port)
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func number(_ text: Substring) throws(Problem) -> UInt16 {
        guard let port = UInt16(text), port > 0, text.first != "+" else { throw .port }
        return port
    }

    /// The node that an engine names: `host:port`, with IPv6 addresses as they are, without brackets.
    package static func node(named text: String) -> Node? {
        if let node = try? node(Substring(text), port: port) { return node }
        guard let colon = text.lastIndex(of: ":"), let port = try? number(text[colon...].dropFirst()),
            let node = try? node("[\(text[..<colon])]", port: port)
        else { return nil }
        return node
    }
}
