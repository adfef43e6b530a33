import Bytes

/// The fields that belong to one connection and are not passed on (RFC 9110 section 7.6.1).
public struct HopByHop {
    /// The names that `Connection` lists, in lower case.
    private var nominated: [[UInt8]] = []

    /// None but the standing ones.
    public init() {}

    /// Takes in a value of `Connection`, which names further fields.
    public mutating func nominate(_ connection: Span<UInt8>) {
        var elements = ListElements(connection)
        while let range = elements.next(in: connection) {
            nominated.append(connection.extracting(range).copied().map(asciiLowercased))
        }
    }

    /// Whether a field of this name ends here.
    public func contains(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 2 where name.equalsIgnoringCase("te"): return true
        case 7 where name.equalsIgnoringCase("upgrade"): return true
        case 10 where name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive"): return true
        case 16 where name.equalsIgnoringCase("proxy-connection"): return true
        case 17 where name.equalsIgnoringCase("transfer-encoding"): return true
        case 18 where name.equalsIgnoringCase("proxy-authenticate"): return true
        case 19 where name.equalsIgnoringCase("proxy-authorization"): return true
        default: break
        }
        guard !nominated.isEmpty else { return false }
        let lowercase = name.copied().map(asciiLowercased)
        return nominated.contains(lowercase)
    }
}
