package import EventLoop

/// An address that connections are accepted on.
public enum ListenAddress: Sendable, Hashable {
    /// A host (a name, or an address without brackets) and a port; port 0 means any free one.
    case tcp(host: String, port: Int)
    /// The path of a socket in the file system.
    case unix(path: String)

    /// The longest path of a socket that Linux takes (`sun_path` without its final zero).
    package static let longestPath = 107

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

extension ListenAddress {
    /// The addresses that it includes: `localhost` is 127.0.0.1 and ::1, since clients try either first.
    package var each: [ListenAddress] {
        guard case .tcp(let host, let port) = self, host.lowercased() == "localhost" else { return [self] }
        return [.tcp(host: "127.0.0.1", port: port), .tcp(host: "::1", port: port)]
    }
}

extension ListenAddress {
    /// Whether nobody can listen on both: the same path, or the same port on an address that both include.
    ///
    /// Larder's IPv6 sockets take IPv6 only, so an address never includes one of the other family. What a name leads to
    /// is not known here, only that it is the same as for the same name; opening the sockets finds other overlaps.
    package func overlaps(_ other: ListenAddress) -> Bool {
        each.contains { one in other.each.contains { one.isPartlyTaken(by: $0) } }
    }

    private func isPartlyTaken(by other: ListenAddress) -> Bool {
        // For port 0, the system chooses a free port.
        guard case .tcp(let host, let port) = self, case .tcp(let otherHost, port) = other, port != 0 else {
            if case .unix = self { return self == other } else { return false }
        }
        if host.lowercased() == otherHost.lowercased() { return true }
        guard HostText.isIPv4(host) == HostText.isIPv4(otherHost), HostText.isIPv6(host) == HostText.isIPv6(otherHost),
            let one = Self.literal(host), let two = Self.literal(otherHost)
        else { return false }
        // An address with a zone is distinguished by its text.
        if one == two { return !host.contains("%") && !otherHost.contains("%") }
        return [one, two].contains { $0 == .ipv4(0, port: 0) || $0 == .ipv6(0, 0, port: 0) }
    }

    /// An address without its port; nil for a name.
    private static func literal(_ host: String) -> SocketAddress? {
        guard HostText.isIPv4(host) || HostText.isIPv6(host) else { return nil }
        let address = String(host.prefix { $0 != "%" })
        return try? SocketAddress(parsing: HostText.isIPv4(host) ? "\(address):0" : "[\(address)]:0")
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

/// Whether upstream's URL leads to Larder itself, as far as addresses show without resolving a name. Other loops are
/// detected by `Via` when a request comes back.
package enum OwnListener {
    /// The listener that a base URL leads to; nil if it is none of these. `machineNames` are names of this machine,
    /// `machineAddresses` the addresses of its network interfaces, whatever their port.
    package static func reached(
        by url: String, among listen: [ListenAddress], machineNames: [String], machineAddresses: [SocketAddress]
    ) -> ListenAddress? {
        guard let (host, port) = endpoint(of: url) else { return nil }
        let targets = ListenAddress.tcp(host: host, port: port).each.compactMap(target)
        let isNamed = machineNames.contains { $0.lowercased() == host }
        // Every address of this machine leads to a listener on the unspecified address of its family.
        let own = targets.filter { target in target.isLoopback || machineAddresses.contains { $0.isHost(of: target) } }
        return listen.first { listener in
            listener.each.contains { part in
                guard case .tcp(let listening, port) = part else { return false }
                if listening.lowercased() == host { return true }
                if listening == "0.0.0.0" { return isNamed || own.contains(where: \.isIPv4) }
                if isUnspecifiedIPv6(listening) { return isNamed || own.contains { !$0.isIPv4 } }
                return target(part).map { targets.contains($0) } ?? false
            }
        }
    }

    /// Host, in lower case and without brackets, and port.
    private static func endpoint(of url: String) -> (host: String, port: Int)? {
        guard let separator = url.firstRange(of: "://") else { return nil }
        let authority = url[separator.upperBound...].prefix { $0 != "/" }.lowercased()
        if let endpoint = HostText.split(authority) { return endpoint }
        return HostText.host(authority).map { ($0, url.hasPrefix("https:") ? 443 : 80) }
    }

    /// Where a connection to an address goes; nil for a name, which would need a resolver.
    private static func target(_ address: ListenAddress) -> SocketAddress? {
        guard case .tcp(let host, _) = address, HostText.isIPv4(host) || HostText.isIPv6(host),
            let address = try? SocketAddress(parsing: address.description)
        else { return nil }
        switch address {
        // The unspecified address leads to this machine.
        case .ipv4(0, let port): return .ipv4(0x7F00_0001, port: port)
        case .ipv6(0, 0, let port): return .ipv6(0, 1, port: port)
        // An IPv4 address in the form of IPv6 (RFC 4291 section 2.5.5.2).
        case .ipv6(0, let low, let port) where low >> 32 == 0xFFFF:
            return .ipv4(UInt32(truncatingIfNeeded: low), port: port)
        default: return address
        }
    }

    private static func isUnspecifiedIPv6(_ host: String) -> Bool {
        guard HostText.isIPv6(host) else { return false }
        return (try? SocketAddress(parsing: "[\(host)]:1")) == .ipv6(0, 0, port: 1)
    }
}

extension SocketAddress {
    fileprivate var isIPv4: Bool { if case .ipv4 = self { true } else { false } }

    /// Whether the other one has the same address, perhaps with another port.
    fileprivate func isHost(of other: SocketAddress) -> Bool {
        switch (self, other) {
        case (.ipv4(let one, _), .ipv4(let two, _)): one == two
        case (.ipv6(let high, let low, _), .ipv6(let otherHigh, let otherLow, _)): high == otherHigh && low == otherLow
        default: false
        }
    }
}

/// The address of a running Larder.
public enum LarderAddress: Sendable, Equatable {
    /// At a base URL, without a slash at its end and without one of the roots that Larder serves under.
    case url(String)
    /// On the unix socket of that path.
    case unix(path: String)

    /// The default address.
    public static let standard = LarderAddress.url("http://127.0.0.1:5273")

    /// The environment variable that overrides it.
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
    package func url(of path: String) -> String {
        switch self {
        case .url(let base): base + path
        case .unix: "http://localhost" + path
        }
    }

    /// The path of its unix socket, if that is what it is.
    package var unixSocket: String? { if case .unix(let path) = self { path } else { nil } }
}

extension LarderAddress: CustomStringConvertible {
    /// The address in the form that a person would write.
    public var description: String {
        switch self {
        case .url(let base): base
        case .unix(let path): "unix:\(path)"
        }
    }
}

extension LarderAddress {
    /// Where this machine reaches what listens on an address; nil if the port is not known beforehand.
    public static func reaching(_ address: ListenAddress) -> LarderAddress? {
        switch address {
        case .unix(let path): .unix(path: path)
        case .tcp(_, 0): nil
        case .tcp("0.0.0.0", let port): .url("http://127.0.0.1:\(port)")
        case .tcp("::", let port): .url("http://[::1]:\(port)")
        case .tcp: LarderAddress("\(address)")
        }
    }
}

/// Where a running Larder can be asked to hand over to a new process: an abstract unix socket named after its process.
/// Unlike a file with a process id, it cannot be stale, and it needs no directory.
public enum UpgradeAddress {
    private static let prefix = "larder-upgrade-"

    /// The name of the socket of a process.
    public static func name(of process: Int32) -> String { prefix + String(process) }

    /// The processes that can be asked, by a list of unix sockets in the form of `/proc/net/unix`, in order.
    public static func processes(in list: String) -> [Int32] {
        let names = list.split(separator: "\n").compactMap { $0.split(separator: " ").last }
        let processes = names.compactMap { name in
            name.hasPrefix("@" + prefix) ? Int32(name.dropFirst(prefix.count + 1)) : nil
        }
        return Set(processes).sorted()
    }
}
