/// Percent-encoding (RFC 3986 section 2.1).
public enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// The bytes with each `%XX` decoded. A `%` without two hex digits after it stays as it is.
    public static func decoded(_ text: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.count,
                let high = hexDigitValue(text[index + 1]), let low = hexDigitValue(text[index + 2])
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out
    }

    /// The three characters that encode a byte.
    public static func triplet(_ byte: UInt8) -> (UInt8, UInt8, UInt8) {
        (UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)])
    }

    /// Appends a text with every byte encoded but letters, digits, `-._~`, and the ASCII characters to keep besides: one
    /// spelling for each text.
    public static func append(_ text: some Sequence<UInt8>, keeping kept: StaticString = "", to result: inout [UInt8]) {
        for byte in text {
            if isUnreserved(byte) || kept.contains(byte) {
                result.append(byte)
            } else {
                let (sign, high, low) = triplet(byte)
                result.append(sign)
                result.append(high)
                result.append(low)
            }
        }
    }

    /// A text with every byte encoded but letters, digits, `-._~`, and the ASCII characters to keep besides.
    public static func encoded(_ text: some Sequence<UInt8>, keeping kept: StaticString = "") -> String {
        var result: [UInt8] = []
        append(text, keeping: kept, to: &result)
        return String(decoding: result, as: UTF8.self)
    }

    /// A path segment with everything escaped but unreserved characters, sub-delims, `:` and `@` (RFC 3986 section 3.3).
    public static func encodedSegment(_ bytes: [UInt8]) -> String { encoded(bytes, keeping: "!$&'()*+,;=:@") }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

extension StaticString {
    fileprivate func contains(_ byte: UInt8) -> Bool {
        unsafe UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount).contains(byte)
    }
}

extension ByteBuilder {
    /// Appends the three characters that percent-encode a byte.
    public mutating func append(percentEncoded byte: UInt8) {
        let (sign, high, low) = PercentEncoding.triplet(byte)
        append(sign)
        append(high)
        append(low)
    }
}
