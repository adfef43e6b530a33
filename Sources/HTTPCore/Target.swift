import Bytes

/// The parts of a request target in origin-form, as ranges of its bytes (RFC 9112 section 3.2.1).
public struct Target: Equatable, Sendable {
    /// The path, up to `?`. It is empty if a target in absolute-form has no path.
    public let path: Range<Int>

    /// The query, after `?`; nil if there is none.
    public let query: Range<Int>?

    /// The authority of a target in absolute-form, which overrides `Host` (RFC 9112 section 3.2.2).
    public let authority: Range<Int>?

    /// Splits a target. A target in absolute-form (`http://host/path`, RFC 9112 section 3.2.2) is read from the end of
    /// its authority. Nil if the target's form names no path, or if it has a fragment, which no target may have.
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
        guard target.firstIndex(of: UInt8(ascii: "#"), from: start) == nil else { return nil }
        let mark = target.firstIndex(of: UInt8(ascii: "?"), from: start)
        self.authority = authority
        path = start..<(mark ?? target.count)
        query = mark.map { $0 + 1..<target.count }
    }

    /// The end of the authority. An empty path after it is the root (RFC 9110 section 4.2.3).
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

/// Path segments that lead elsewhere: `.` and `..` (RFC 3986 section 3.3).
///
/// A client, a proxy or a server may resolve them, each in its own way, and so leave the path that a base URL names.
/// Spellings that only some programs read as `.` or `..` count too: dots as `%2e`, slashes as `%2f`, `\` and `%5c`, and
/// parameters after a `;`.
public enum DotSegments {
    /// Whether a path, without its query, has one.
    public static func occur(in path: Span<UInt8>) -> Bool {
        if !mayOccur(in: path) { return false }
        var dots = 0
        var isOther = false
        var index = 0
        while index < path.count {
            let (byte, width) = octet(path, index)
            index += width
            switch byte {
            case UInt8(ascii: "/"), UInt8(ascii: "\\"):
                if isDotSegment(dots, isOther) { return true }
                dots = 0
                isOther = false
            case UInt8(ascii: ";"):
                if isDotSegment(dots, isOther) { return true }
                isOther = true
            case UInt8(ascii: "."): dots += 1
            default: isOther = true
            }
        }
        return isDotSegment(dots, isOther)
    }

    /// Nearly every path has neither a dot nor a percent sign.
    private static func mayOccur(in path: Span<UInt8>) -> Bool {
        path.firstIndex(of: UInt8(ascii: ".")) != nil || path.firstIndex(of: UInt8(ascii: "%")) != nil
    }

    private static func isDotSegment(_ dots: Int, _ isOther: Bool) -> Bool { !isOther && (dots == 1 || dots == 2) }

    /// The octet at `index`, percent-encoded or not, and how many bytes it takes.
    private static func octet(_ path: Span<UInt8>, _ index: Int) -> (byte: UInt8, width: Int) {
        guard path[index] == UInt8(ascii: "%"), index + 2 < path.count, let high = hexDigitValue(path[index + 1]),
            let low = hexDigitValue(path[index + 2])
        else { return (path[index], 1) }
        return (high << 4 | low, 3)
    }
}

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
