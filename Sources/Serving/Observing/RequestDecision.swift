/// What became of a request, by the name that metrics and the access log show. The names follow `Cache-Status`.
public enum RequestDecision: UInt8, CaseIterable, Sendable {
    /// A fresh copy answered.
    case hit
    /// A copy that is no longer fresh answered.
    case stale
    /// Nothing was stored: upstream was asked first.
    case miss
    /// What was stored was no longer fresh: upstream was asked first.
    case expired
    /// The request demanded that upstream be asked.
    case demanded
    /// The request went through to upstream and its answer back.
    case passed
    /// Upstream failed, or is being left alone, and nothing stored could stand in.
    case failed
    /// Larder refused the request itself.
    case refused
    /// Larder's own: health, metrics, a preflight.
    case own
    /// The client left before its answer.
    case aborted

    /// The value of the label `decision`.
    public var name: StaticString {
        switch self {
        case .hit: "hit"
        case .stale: "stale"
        case .miss: "miss"
        case .expired: "expired"
        case .demanded: "demanded"
        case .passed: "passed"
        case .failed: "failed"
        case .refused: "refused"
        case .own: "own"
        case .aborted: "aborted"
        }
    }

    /// What it means, in a few words for the documentation.
    public var meaning: String {
        switch self {
        case .hit: "a fresh copy answered"
        case .stale: "a copy that is no longer fresh answered"
        case .miss: "nothing was stored, so upstream was asked first"
        case .expired: "what was stored was no longer fresh, so upstream was asked first"
        case .demanded: "the request itself demanded that upstream be asked"
        case .passed: "the request went through to upstream, and its answer back"
        case .failed: "upstream failed or is being left alone, and nothing stored could stand in"
        case .refused: "Larder refused the request"
        case .own: "an answer of Larder's own: health, metrics, status, a preflight"
        case .aborted: "the client left before its answer"
        }
    }
}
