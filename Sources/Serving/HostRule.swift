import Bytes

/// The host names that Larder accepts.
///
/// With DNS rebinding, a browser loads a page from a name that later resolves to 127.0.0.1. The browser then treats
/// this server as the same origin, but `Host` still shows the name. So a server that listens only on this machine
/// answers only to this machine's names.
public struct HostRule: Sendable, Equatable {
    /// The names in lower case, without ports; nil allows any name.
    private let names: [[UInt8]]?
    private let allowsAddresses: Bool

    /// Allows any name.
    public static let any = HostRule(names: nil)

    /// Allows only these names, with any port; an IPv6 address is in brackets. `allowsAddresses` also allows any IP
    /// address: a page with an IP address as its host can only come from this server.
    public init(allowing names: [String], allowsAddresses: Bool = false) {
        self.names = names.map { $0.utf8.map(asciiLowercased) }
        self.allowsAddresses = allowsAddresses
    }

    private init(names: [[UInt8]]?) {
        self.names = names
        allowsAddresses = false
    }

    /// Whether a host, without its port, is one of the names. Nothing is allocated.
    @inline(__always)
    public func allows(_ host: Span<UInt8>) -> Bool {
        guard let names else { return true }
        for name in names where name.count == host.count {
            if Self.isSame(name, host) { return true }
        }
        return allowsAddresses && Self.isAddress(host)
    }

    /// Whether a host is an IPv4 address of four numbers, or an IPv6 address in brackets.
    private static func isAddress(_ host: Span<UInt8>) -> Bool {
        if host.count > 2, host[0] == UInt8(ascii: "[") {
            var colons = 0
            for index in 1..<host.count - 1 {
                let byte = asciiLowercased(host[index])
                if byte == UInt8(ascii: ":") { colons += 1 }
                guard
                    isDigit(byte) || byte &- UInt8(ascii: "a") < 6 || byte == UInt8(ascii: ":")
                        || byte == UInt8(ascii: ".")
                else { return false }
            }
            return colons >= 2 && host[host.count - 1] == UInt8(ascii: "]")
        }
        var (parts, digits, number) = (1, 0, 0)
        for index in 0..<host.count {
            if host[index] == UInt8(ascii: "."), digits > 0 {
                (parts, digits, number) = (parts + 1, 0, 0)
            } else {
                guard isDigit(host[index]), digits < 3 else { return false }
                digits += 1
                number = number * 10 + Int(host[index] &- UInt8(ascii: "0"))
                if number > 255 { return false }
            }
        }
        return parts == 4 && digits > 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func isSame(_ lowercase: [UInt8], _ host: Span<UInt8>) -> Bool {
        for index in 0..<host.count where asciiLowercased(host[index]) != lowercase[index] { return false }
        return true
    }
}
