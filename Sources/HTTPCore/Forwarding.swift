public import Bytes

/// The fields that belong to one connection and are not passed on (RFC 9110 section 7.6.1).
public struct HopByHop {
    /// The names that `Connection` lists beside the fixed ones, in lower case. A set, since a hostile peer lists tens of
    /// thousands, and as many fields.
    private var nominated: Set<[UInt8]> = []

    /// The lengths of these names, a bit for each. Nearly no field needs to be looked up.
    private var lengths: UInt64 = 0

    /// Only the fixed names.
    public init() {}

    /// Adds a value of `Connection`, which names further fields.
    public mutating func nominate(_ connection: Span<UInt8>) {
        var elements = ListElements(connection)
        while let range = elements.next(in: connection) {
            let name = connection.extracting(range)
            // Nearly every peer sends `close` or `keep-alive`.
            if isFixed(name) { continue }
            nominated.insert(name.copied().map(asciiLowercased))
            lengths |= bit(name.count)
        }
    }

    /// Whether a field of this name is hop-by-hop and must not be passed on.
    public func contains(_ name: Span<UInt8>) -> Bool {
        if isFixed(name) { return true }
        guard lengths & bit(name.count) != 0 else { return false }
        return nominated.contains(name.copied().map(asciiLowercased))
    }

    /// Whether a name is hop-by-hop without being listed. `Close` is reserved, because it is an option of `Connection` (RFC
    /// 9110 section 18.4).
    private func isFixed(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 2: name.equalsIgnoringCase("te")
        case 5: name.equalsIgnoringCase("close")
        case 7: name.equalsIgnoringCase("upgrade")
        case 10: name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive")
        case 16: name.equalsIgnoringCase("proxy-connection")
        case 17: name.equalsIgnoringCase("transfer-encoding")
        case 18: name.equalsIgnoringCase("proxy-authenticate")
        case 19: name.equalsIgnoringCase("proxy-authorization")
        default: false
        }
    }

    /// The bit of a length. All long names share the last one.
    private func bit(_ length: Int) -> UInt64 { 1 << UInt64(min(length, 63)) }
}

/// The name by which one process recognizes itself in `Via` (RFC 9110 section 7.6.3): a request that contains it has
/// passed through this process before.
public struct ViaHop: Sendable, Equatable {
    /// The name, such as `larder-1a2b3c4d`.
    public let name: [UInt8]
    private let element11: [UInt8]
    private let element10: [UInt8]

    /// A name that is as distinct from other processes' names as `number` is.
    public init(number: UInt32) {
        let digits = String(number, radix: 16)
        let name = Array("larder-\(String(repeating: "0", count: 8 - digits.count))\(digits)".utf8)
        self.name = name
        element11 = Array("1.1 ".utf8) + name
        element10 = Array("1.0 ".utf8) + name
    }

    /// Whether the value of a `Via` field names this hop. Words in comments count too: no other program would make up
    /// this name.
    public func occurs(in via: Span<UInt8>) -> Bool {
        var start = 0
        for index in 0...via.count {
            if index < via.count, !Self.isSeparator(via[index]) { continue }
            if index > start, isName(via.extracting(start..<index)) { return true }
            start = index + 1
        }
        return false
    }

    /// Names are compared case-insensitively, like host names.
    private func isName(_ word: Span<UInt8>) -> Bool {
        guard word.count == name.count else { return false }
        for index in 0..<word.count where asciiLowercased(word[index]) != name[index] { return false }
        return true
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ","), UInt8(ascii: "("), UInt8(ascii: ")"): true
        default: false
        }
    }

    /// What this hop adds to the `Via` of a request that arrived in this version.
    public func element(isVersion11: Bool) -> [UInt8] { isVersion11 ? element11 : element10 }

    /// The value of `Via` for a request of our own. The request that caused it had `earlier` in its own `Via`.
    public func value(after earlier: SharedBytes?) -> [UInt8] {
        guard let earlier, earlier.count > 0 else { return element(isVersion11: true) }
        return earlier.span.copied() + Array(", ".utf8) + element(isVersion11: true)
    }
}

/// The value of `Max-Forwards`: how many more times a TRACE or OPTIONS may be passed on (RFC 9110 section 7.6.2).
public enum MaxForwards {
    /// The number, clamped to the largest that the type holds. Nil if the value is not a number.
    public static func number(_ value: Span<UInt8>) -> Int? {
        guard value.count > 0 else { return nil }
        var number = 0
        for index in 0..<value.count {
            let digit = value[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (tens, isOver) = number.multipliedReportingOverflow(by: 10)
            let (sum, isOverToo) = tens.addingReportingOverflow(Int(digit))
            number = isOver || isOverToo ? .max : sum
        }
        return number
    }
}
