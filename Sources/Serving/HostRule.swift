import Bytes

/// The names by which Larder may be asked.
///
/// A page that a browser got from a name which later resolves to 127.0.0.1 (DNS rebinding) is of the same origin as this
/// server in the browser's eyes, but it cannot hide the name: `Host` tells. So a server that only listens on this machine
/// answers to this machine's names alone.
public struct HostRule: Sendable, Equatable {
    /// The names in lower case, without ports; nil: any name will do.
    private let names: [[UInt8]]?

    /// Any name will do.
    public static let any = HostRule(names: nil)

    /// Only these names, of whatever port; an IPv6 address stands in brackets.
    public init(allowing names: [String]) { self.names = names.map { $0.utf8.map(asciiLowercased) } }

    private init(names: [[UInt8]]?) { self.names = names }

    /// Whether a host, without its port, is one of the names. Nothing is allocated.
    @inline(__always)
    public func allows(_ host: Span<UInt8>) -> Bool {
        guard let names else { return true }
        for name in names where name.count == host.count {
            if Self.isSame(name, host) { return true }
        }
        return false
    }

    private static func isSame(_ lowercase: [UInt8], _ host: Span<UInt8>) -> Bool {
        for index in 0..<host.count where asciiLowercased(host[index]) != lowercase[index] { return false }
        return true
    }
}
