public import Bytes
import Caching
public import HTTPCore

/// An error response that Larder itself makes, in the same envelope as upstream's errors:
/// `{"error":{"code":502,"message":"..."}}`.
public struct Problem: Error, Equatable, Sendable {
    /// The status, which is also the envelope's `code`.
    public let status: Status
    /// One sentence for people: what is wrong.
    public let message: String
    /// Its word in `Cache-Status`.
    public let detail: CacheStatus.Detail
    /// Seconds for `Retry-After`, if a retry makes sense.
    public let retryAfter: Int?

    /// A problem, described in one sentence.
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

/// Why a fetch brought nothing that can be stored. A text is the complete sentence that the caller gets.
public enum FetchProblem: Error {
    /// Upstream's own 4xx, passed on unchanged.
    case relayed(Status, contentType: [UInt8], body: SharedBytes, retryAfter: Int?)
    /// Upstream answered with a status that cannot be used: 5xx, or a redirection without a valid target.
    case status(Status, retryAfter: Int?)
    /// Upstream answered 200 with unexpected content.
    case unusable(String)
    /// Upstream's response is invalid: not HTTP, larger than any list can be, or a redirection elsewhere.
    case unreadable(String)
    /// No connection, or a name that does not resolve.
    case unreachable(String)
    /// No response, or an incomplete one, within the time limit.
    case timeout(String)
    /// The certificate or the handshake was refused.
    case tls(String)
    /// The response ended before it was complete.
    case cut(String)
    /// Upstream failed a moment ago and gets no requests for this many seconds, from anyone or only with this key.
    case backingOff(seconds: Int, isAboutKey: Bool = false)
    /// Too many fetches are in progress to begin another.
    case busy
    /// The request forbids asking upstream, and nothing is stored.
    case onlyIfCached
    /// The state directory does not have the catalogue of an earlier time.
    case noHistory(Problem)

    /// Which keys a failure affects.
    enum Concern {
        /// The key of the request: upstream's own 4xx.
        case key
        /// That key, and every key once a second key has had the same failure. Upstream answered with a failure (5xx,
        /// 429) or with unusable content, which may apply to this key only.
        case keyAtFirst
        /// Everyone: upstream could not be reached, or the connection broke.
        case everyone
    }

    /// Which keys it affects.
    var concern: Concern {
        switch self {
        case .relayed(.tooManyRequests, _, _, _), .status, .unusable, .unreadable: .keyAtFirst
        case .relayed: .key
        case .backingOff(_, let isAboutKey): isAboutKey ? .key : .everyone
        case .unreachable, .timeout, .tls, .cut, .busy, .onlyIfCached, .noHistory: .everyone
        }
    }

    /// Whether a stale copy may be served instead: upstream failed, and did not answer about this key or this
    /// resource.
    public var isFailure: Bool {
        switch self {
        case .relayed(let status, _, _, _): status == .tooManyRequests
        case .onlyIfCached, .noHistory: false
        case .status, .unusable, .unreadable, .unreachable, .timeout, .tls, .cut, .backingOff, .busy: true
        }
    }

    /// Whether a request was sent upstream.
    public var hasAsked: Bool {
        switch self {
        case .backingOff, .busy, .onlyIfCached, .noHistory: false
        case .relayed, .status, .unusable, .unreadable, .unreachable, .timeout, .tls, .cut: true
        }
    }

    /// Upstream's `Retry-After`, in seconds.
    public var retryAfter: Int? {
        switch self {
        case .relayed(_, _, _, let seconds), .status(_, let seconds): seconds
        case .backingOff(let seconds, _): seconds
        default: nil
        }
    }

    /// Upstream's status, if it answered with one.
    public var status: Status? {
        switch self {
        case .relayed(let status, _, _, _), .status(let status, _): status
        case .unusable: .ok
        default: nil
        }
    }

    /// The error for the caller, in Larder's own words; for `.relayed`, upstream's error is passed on instead.
    public var problem: Problem {
        switch self {
        case .relayed(let status, _, _, _):
            Problem(.badGateway, "upstream answered \(status.rawValue)", detail: .unusable)
        case .status(.loopDetected, _):
            Problem(
                .loopDetected,
                "upstream answered 508: upstream.url leads to Larder itself, perhaps through another server",
                detail: .unusable)
        case .status(let status, let seconds):
            Problem(
                .badGateway,
                "upstream answered \(status.rawValue)"
                    + (status.isClientError ? " without a JSON error, so a proxy may have answered" : ""),
                detail: .unusable,
                retryAfter: seconds.map(Backoff.seconds(heeding:)))
        case .unusable(let message), .unreadable(let message): Problem(.badGateway, message, detail: .unusable)
        case .unreachable(let message): Problem(.badGateway, message, detail: .unreachable)
        case .timeout(let message): Problem(.gatewayTimeout, message, detail: .timeout)
        case .tls(let message): Problem(.badGateway, message, detail: .tls)
        case .cut(let message): Problem(.badGateway, message, detail: .cut)
        case .backingOff(let seconds, _):
            Problem(
                .serviceUnavailable, "upstream failed recently; the next fetch is in \(seconds) s",
                detail: .backingOff, retryAfter: seconds)
        case .busy:
            Problem(
                .serviceUnavailable, "too many fetches from upstream are in flight", detail: .busy,
                retryAfter: 1)
        case .noHistory(let problem): problem
        case .onlyIfCached:
            Problem(
                .gatewayTimeout, "no fresh copy is stored, and the request forbids a fetch",
                detail: .onlyIfCached)
        }
    }
}
