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

    /// A problem, in one sentence.
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
        out.append(jsonEscaped: Array(message.utf8).span)
        out.append("\"}}")
        return out.finish()
    }
}
