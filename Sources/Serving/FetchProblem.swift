public import Bytes
import Caching
public import HTTPCore

/// Why a fetch brought nothing that can be stored. A text is the whole sentence that the caller is told.
public enum FetchProblem: Error {
    /// Upstream's own 4xx, passed on as it came.
    case relayed(Status, contentType: [UInt8], body: SharedBytes, retryAfter: Int?)
    /// Upstream answered with a status that is no answer: 5xx, a redirection that leads nowhere.
    case status(Status, retryAfter: Int?)
    /// Upstream answered 200 with what is not what was asked for.
    case unusable(String)
    /// What came from upstream is no answer at all: not HTTP, larger than any list can be, or a way elsewhere.
    case unreadable(String)
    /// No connection, a name that does not resolve.
    case unreachable(String)
    /// Nothing, or not all of it, within the time limit.
    case timeout(String)
    /// The certificate or the handshake was refused.
    case tls(String)
    /// The answer ended before it was whole.
    case cut(String)
    /// Upstream failed a moment ago and is left alone for so many seconds; by all, or only with the key in question.
    case backingOff(seconds: Int, isAboutKey: Bool = false)
    /// So many fetches are under way that no further one is begun.
    case busy
    /// The request forbade asking, and nothing is stored.
    case onlyIfCached

    /// Whether it is the key that upstream objects to, rather than anything that concerns all.
    public var isAboutKey: Bool {
        switch self {
        case .relayed: true
        case .backingOff(_, let isAboutKey): isAboutKey
        case .status, .unusable, .unreadable, .unreachable, .timeout, .tls, .cut, .busy, .onlyIfCached: false
        }
    }

    /// Whether a stale copy may be served in its place: upstream failed, rather than having said something of this key or of
    /// this resource.
    public var isFailure: Bool {
        switch self {
        case .relayed(let status, _, _, _): status == .tooManyRequests
        case .onlyIfCached: false
        case .status, .unusable, .unreadable, .unreachable, .timeout, .tls, .cut, .backingOff, .busy: true
        }
    }

    /// Whether upstream was asked at all.
    public var hasAsked: Bool {
        switch self {
        case .backingOff, .busy, .onlyIfCached: false
        case .relayed, .status, .unusable, .unreadable, .unreachable, .timeout, .tls, .cut: true
        }
    }

    /// Upstream's wish when to come back, in seconds.
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

    /// The error that the caller is told, in Larder's own words; for `.relayed` upstream's are passed on instead.
    public var problem: Problem {
        switch self {
        case .relayed(let status, _, _, _):
            Problem(.badGateway, "upstream answered \(status.rawValue)", detail: .unusable)
        case .status(let status, let seconds):
            Problem(
                .badGateway, "upstream answered \(status.rawValue)", detail: .unusable,
                retryAfter: seconds.map(Backoff.seconds(heeding:)))
        case .unusable(let message), .unreadable(let message): Problem(.badGateway, message, detail: .unusable)
        case .unreachable(let message): Problem(.badGateway, message, detail: .unreachable)
        case .timeout(let message): Problem(.gatewayTimeout, message, detail: .timeout)
        case .tls(let message): Problem(.badGateway, message, detail: .tls)
        case .cut(let message): Problem(.badGateway, message, detail: .cut)
        case .backingOff(let seconds, _):
            Problem(
                .serviceUnavailable, "upstream failed a moment ago; it is asked again in \(seconds) s",
                detail: .backingOff, retryAfter: seconds)
        case .busy:
            Problem(
                .serviceUnavailable, "too many different things are being fetched from upstream", detail: .busy,
                retryAfter: 1)
        case .onlyIfCached:
            Problem(
                .gatewayTimeout, "no fresh copy is stored, and the request forbids asking upstream",
                detail: .onlyIfCached)
        }
    }
}
