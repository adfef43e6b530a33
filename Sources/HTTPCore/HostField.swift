import Bytes

/// The value of `Host`, or the authority of a request target: `uri-host [ ":" port ]` (RFC 9110 section 7.2).
public enum HostField {
    /// The range of the host in a value, without its port; nil if the value is not valid in a request. An empty host is
    /// not valid for `http` (RFC 9110 section 4.2.1).
    public static func host(in value: Span<UInt8>) -> Range<Int>? {
        guard value.count > 0 else { return nil }
        var end = 0
        if value[0] == UInt8(ascii: "[") {
            guard let close = value.firstIndex(of: UInt8(ascii: "]")), close > 1 else { return nil }
            for index in 1..<close where !isAddressByte(value[index]) { return nil }
            end = close + 1
        } else {
            while end < value.count, value[end] != UInt8(ascii: ":") {
                guard isNameByte(value[end]) else { return nil }
                end += 1
            }
        }
        guard end > 0, end == value.count || value[end] == UInt8(ascii: ":") else { return nil }
        for index in stride(from: end + 1, to: value.count, by: 1) where !isDigit(value[index]) { return nil }
        return 0..<end
    }

    /// `reg-name` and IPv4: unreserved, percent-encoded, sub-delims (RFC 3986 section 3.2.2).
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: "!"), UInt8(ascii: "$"),
            UInt8(ascii: "&")...UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// The characters between the brackets of an IP literal: hexadecimal digits, colons, dots, and a zone.
    private static func isAddressByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: "%") || isNameByte(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
