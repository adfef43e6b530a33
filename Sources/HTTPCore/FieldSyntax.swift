public import Bytes

/// The syntax of fields (RFC 9110 sections 5.5 and 5.6.2).
public enum FieldSyntax {
    /// Whether the bytes are a token, as a field's name and a method are.
    public static func isToken(_ bytes: Span<UInt8>) -> Bool {
        for index in 0..<bytes.count where !isTokenByte(bytes[index]) { return false }
        return bytes.count > 0
    }

    /// Whether the bytes can be sent as a value, on one line: a line break in them would begin another field.
    public static func isValue(_ bytes: Span<UInt8>) -> Bool { !bytes.hasControls }

    /// Makes a value from elsewhere safe for a field line: control characters become spaces (RFC 9110 section 5.5).
    public static func sanitized(_ value: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(value.count)
        for index in 0..<value.count {
            let byte = value[index]
            out.append(byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F ? UInt8(ascii: " ") : byte)
        }
        return out
    }

    /// One bit for each byte below 0x80.
    @inline(__always)
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        // ! # to ' * + - . 0 to 9
        let low: UInt64 = 1 << 0x21 | 0x1F << 0x23 | 0b11 << 0x2A | 0b11 << 0x2D | 0x3FF << 0x30
        // A to Z ^ _ ` a to z | ~, from 0x40
        let high: UInt64 = 0x3FF_FFFF << 0x01 | 0b111 << 0x1E | 0x3FF_FFFF << 0x21 | 1 << 0x3C | 1 << 0x3E
        return byte < 0x80 && (byte < 0x40 ? low : high) >> UInt64(byte & 0x3F) & 1 != 0
    }
}

/// Iterates over the elements of a comma-separated field value (RFC 9110 section 5.6.1). Quoted strings are not split,
/// empty elements are skipped, and white space around an element is left out.
public struct ListElements {
    private var at = 0
    private let end: Int

    /// Begins at the first byte of `value`.
    public init(_ value: Span<UInt8>) { end = value.count }

    /// The next element's range in the same `value`, or nil at its end.
    public mutating func next(in value: Span<UInt8>) -> Range<Int>? {
        while at < end {
            let start = at
            var quoted = false
            while at < end {
                let byte = value[at]
                if quoted && byte == UInt8(ascii: "\\") {
                    at += 1
                } else if byte == UInt8(ascii: "\"") {
                    quoted.toggle()
                } else if byte == UInt8(ascii: ",") && !quoted {
                    break
                }
                at += 1
            }
            let range = trimmed(value, start..<min(at, end))
            at += 1
            if !range.isEmpty { return range }
        }
        return nil
    }
}

/// `range` without the spaces and tabs at its two ends.
@inline(__always)
public func trimmed(_ text: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high, isBlank(text[low]) { low += 1 }
    while high > low, isBlank(text[high - 1]) { high -= 1 }
    return low..<high
}

@inline(__always)
private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

/// The request fields that Larder reads. It ignores all others.
public enum KnownField: UInt8, Sendable {
    case host, authorization, acceptEncoding, cacheControl, pragma, ifNoneMatch, ifModifiedSince, expect
    case anthropicVersion, apiKey, userAgent

    /// The field with this name, or nil. Names are case-insensitive (RFC 9110 section 5.1). The length alone rules out
    /// most names.
    @inlinable
    @inline(__always)
    public init?(_ name: Span<UInt8>) {
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"): self = .host
        case 6 where name.equalsIgnoringCase("pragma"): self = .pragma
        case 6 where name.equalsIgnoringCase("expect"): self = .expect
        case 9 where name.equalsIgnoringCase("x-api-key"): self = .apiKey
        case 10 where name.equalsIgnoringCase("user-agent"): self = .userAgent
        case 13 where name.equalsIgnoringCase("authorization"): self = .authorization
        case 13 where name.equalsIgnoringCase("cache-control"): self = .cacheControl
        case 13 where name.equalsIgnoringCase("if-none-match"): self = .ifNoneMatch
        case 15 where name.equalsIgnoringCase("accept-encoding"): self = .acceptEncoding
        case 17 where name.equalsIgnoringCase("if-modified-since"): self = .ifModifiedSince
        case 17 where name.equalsIgnoringCase("anthropic-version"): self = .anthropicVersion
        default: return nil
        }
    }
}

/// The field `Accept` (RFC 9110 section 12.5.1).
public enum AcceptedTypes {
    /// Whether a value of the field names this media type, in lowercase, with a weight above 0. Ranges such as `*/*` do not
    /// count: they name nothing that a client has asked for.
    public static func name(_ type: StaticString, in value: Span<UInt8>) -> Bool {
        var elements = ListElements(value)
        while let range = elements.next(in: value) {
            let element = value.extracting(range)
            let end = element.firstIndex(of: UInt8(ascii: ";")) ?? element.count
            if element.extracting(trimmed(element, 0..<end)).equalsIgnoringCase(type),
                end == element.count || Weight.parse(element, from: end) > 0
            {
                return true
            }
        }
        return false
    }
}

/// The field `Keep-Alive`, which servers send although no current RFC defines it: `timeout=5, max=100`.
public enum KeepAlive {
    /// How many seconds the server waits for another request, from a value of the field; nil if it does not say.
    public static func timeout(_ value: Span<UInt8>) -> Int? {
        var elements = ListElements(value)
        while let range = elements.next(in: value) {
            let element = value.extracting(range)
            guard let equals = element.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = element.extracting(trimmed(element, 0..<equals))
            if name.equalsIgnoringCase("timeout") {
                return CacheControl.seconds(element.extracting(equals + 1..<element.count))
            }
        }
        return nil
    }
}

/// `Retry-After` (RFC 9110 section 10.2.3): a number of seconds, or a date.
public enum RetryAfter {
    /// The seconds to wait from `now` (Unix seconds), never negative; nil if the value is neither form.
    public static func parse(_ field: Span<UInt8>, now: Int64) -> Int? {
        let text = field.extracting(trimmed(field, 0..<field.count))
        if let seconds = CacheControl.seconds(text) { return seconds }
        guard let date = HTTPDate.parse(text, now: now) else { return nil }
        // Only future dates are subtracted: a date long before 1970 could overflow the difference.
        return date > now ? Int(min(date - max(now, 0), 1 << 31)) : 0
    }
}
