import Bytes

/// The parts of a request target in origin-form, as ranges of its bytes (RFC 9112 section 3.2.1).
public struct Target: Equatable, Sendable {
    /// The path, up to `?`. It is empty where a target in absolute-form has none.
    public let path: Range<Int>

    /// The query, after `?`; nil if there is none.
    public let query: Range<Int>?

    /// The authority of a target in absolute-form, which then counts instead of `Host` (RFC 9112 section 3.2.2).
    public let authority: Range<Int>?

    /// Splits a target. One that is in absolute-form (`http://host/path`, RFC 9112 section 3.2.2) is read from the end
    /// of its authority; one in no form that names a path is nil, as is one with a fragment, which no target may have.
    public init?(_ target: Span<UInt8>) {
        var start = 0
        var authority: Range<Int>?
        if target.count > 0, target[0] != UInt8(ascii: "/") {
            let scheme = Target.schemeLength(target)
            guard scheme > 0 else { return nil }
            start = Target.authorityEnd(target, from: scheme)
            authority = scheme..<start
        }
        guard start < target.count || authority != nil else { return nil }
        var mark: Int?
        for index in start..<target.count {
            let byte = target[index]
            if byte == UInt8(ascii: "#") { return nil }
            if byte == UInt8(ascii: "?"), mark == nil { mark = index }
        }
        self.authority = authority
        path = start..<(mark ?? target.count)
        query = mark.map { $0 + 1..<target.count }
    }

    /// Where the authority ends, behind which an empty path is the root (RFC 9110 section 4.2.3).
    private static func authorityEnd(_ target: Span<UInt8>, from start: Int) -> Int {
        for index in start..<target.count {
            switch target[index] {
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): return index
            default: break
            }
        }
        return target.count
    }

    private static func schemeLength(_ target: Span<UInt8>) -> Int {
        if target.count > 7, target.extracting(0..<7).equalsIgnoringCase("http://") { return 7 }
        if target.count > 8, target.extracting(0..<8).equalsIgnoringCase("https://") { return 8 }
        return 0
    }
}

/// Percent-encoding (RFC 3986 section 2.1).
public enum PercentEncoding {
    /// The bytes with each `%XX` put back; a `%` that two hex digits do not follow stays as it is.
    public static func decoded(_ text: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.count,
                let high = hexValue(text[index + 1]), let low = hexValue(text[index + 2])
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

    /// A path segment with everything escaped but unreserved characters, sub-delims, `:`, `@` and `~` (RFC 3986 section 3.3).
    public static func encodedSegment(_ bytes: [UInt8]) -> String {
        let digits: [Character] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B", "C", "D", "E", "F"]
        var out = ""
        for byte in bytes {
            if isSegmentByte(byte) {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                out.append("%")
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            }
        }
        return out
    }

    private static func isSegmentByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            return true
        default:
            return "-._~!$&'()*+,;=:@".utf8.contains(byte)
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
