public import Bytes
public import HTTPCore

/// An answer that is Larder's own and no copy: an error in the envelope that upstream's errors have too,
/// `{"error":{"code":502,"message":"..."}}`.
public struct Problem: Equatable, Sendable {
    /// The status, which is the envelope's `code` as well.
    public let status: Status
    /// One sentence for a person: what is wrong.
    public let message: String
    /// The word for it in `Cache-Status`.
    public let detail: CacheStatus.Detail
    /// Seconds for `Retry-After`, where coming back makes sense.
    public let retryAfter: Int?

    public init(_ status: Status, _ message: String, detail: CacheStatus.Detail, retryAfter: Int? = nil) {
        self.status = status
        self.message = message
        self.detail = detail
        self.retryAfter = retryAfter
    }

    /// The body.
    public var body: SharedBytes {
        var out = ByteBuilder(capacity: message.utf8.count + 48)
        out.append("{\"error\":{\"code\":")
        out.append(decimal: status.rawValue)
        out.append(",\"message\":\"")
        JSONText.appendEscaped(Array(message.utf8).span, to: &out)
        out.append("\"}}")
        return out.finish()
    }
}

/// Text inside a JSON string (RFC 8259 section 7).
enum JSONText {
    /// Appends UTF-8 text with quotes, backslashes and control characters escaped.
    static func appendEscaped(_ text: Span<UInt8>, to out: inout ByteBuilder) {
        for index in 0..<text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""): out.append("\\\"")
            case UInt8(ascii: "\\"): out.append("\\\\")
            case UInt8(ascii: "\n"): out.append("\\n")
            case 0..<0x20:
                out.append("\\u00")
                out.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
                let low = byte & 15
                out.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
            default: out.append(byte)
            }
        }
    }
}
