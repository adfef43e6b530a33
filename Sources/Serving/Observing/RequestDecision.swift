import Bytes

/// The outcome of a request, by the name in metrics and the access log. The names follow `Cache-Status`.
public enum RequestDecision: UInt8, CaseIterable, Sendable {
    /// Answered from a fresh copy.
    case hit
    /// Answered from a stale copy.
    case stale
    /// Nothing was stored, so upstream was asked first.
    case miss
    /// The stored copy was stale, so upstream was asked first.
    case expired
    /// The request forced a fetch from upstream.
    case demanded
    /// The request was passed through to upstream and its answer back.
    case passed
    /// Upstream failed or is in back-off, and no stored copy could be served.
    case failed
    /// Larder rejected the request itself.
    case refused
    /// Larder's own pages: health, metrics, a preflight.
    case own
    /// The client disconnected before its answer.
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

    /// A short description for the documentation.
    public var meaning: String {
        switch self {
        case .hit: "answered with a fresh copy"
        case .stale: "answered with a stale copy"
        case .miss: "nothing was stored, so Larder fetched it first"
        case .expired: "the stored copy was stale, so Larder fetched a new one first"
        case .demanded: "the request demanded a fetch, so Larder fetched first"
        case .passed: "passed through to upstream"
        case .failed: "upstream failed or Larder is backing off, and no stored copy could be used"
        case .refused: "Larder refused the request"
        case .own: "Larder's own answer: health, metrics, status or a preflight"
        case .aborted: "the client left before the answer"
        }
    }
}

/// The displayed part of a key: the first 8 hexadecimal digits of its digest.
public enum KeyFingerprint {
    /// The digits, from the first half of the digest.
    public static func text(_ high: UInt64) -> String { String(hexText(high).prefix(8)) }

    /// The name of requests without a key.
    public static let none = "no key"

    /// The digits, or the name of requests without a key.
    public static func name(_ high: UInt64) -> String { high == 0 ? none : text(high) }

    /// The number that the digits represent, if the text is a valid fingerprint.
    public static func number(_ text: String) -> UInt64? {
        // `UInt64` would take a sign too.
        guard text.utf8.count == 8, text.utf8.allSatisfy({ hexDigitValue($0) != nil }) else { return nil }
        return UInt64(text, radix: 16)
    }

    /// Appends the digits.
    static func append(_ high: UInt64, to out: inout ByteBuilder) {
        for shift in stride(from: UInt64(60), through: 32, by: -4) {
            out.append(hexDigit(UInt8(truncatingIfNeeded: high >> shift & 15)))
        }
    }
}
