public import HTTPCore

/// Which copies may be served to which keys.
///
/// A response to a request with a key may be served to other keys if and only if upstream allows it: with `public`,
/// `s-maxage` or `must-revalidate` in its `Cache-Control` (RFC 9111 section 3.5), and neither `private` nor
/// `no-store`.
public enum Sharing: String, CaseIterable, Sendable {
    /// As upstream's directives say.
    case auto
    /// Every key has copies of its own.
    case never
    /// All keys share, whatever upstream's directives say (except for the lists that belong to a key).
    case always

    /// The directives of a body after upstream has confirmed it with a 304: those of the 304, plus any earlier ones
    /// that forbade sharing or storing. A 304 can restrict who may have a body and never widens it, since a CDN may
    /// put its default on a 304.
    public static func directives(_ later: CacheControl, confirming earlier: CacheControl) -> CacheControl {
        var directives = later
        if !Sharing.auto.allows(earlier) { directives.flags.insert(.isPrivate) }
        if earlier.flags.contains(.noStore) { directives.flags.insert(.noStore) }
        return directives
    }

    /// Whether a response with these directives may be served to every key.
    public func allows(_ response: CacheControl) -> Bool {
        switch self {
        case .never: return false
        case .always: return true
        case .auto:
            if !response.flags.isDisjoint(with: [.isPrivate, .noStore]) { return false }
            return response.flags.contains(.isPublic) || response.flags.contains(.mustRevalidate)
                || response.sharedMaxAge != nil
        }
    }
}

/// Identifies the caller of a request: the keyed digest of its key (in `Authorization`, or in `X-Api-Key` alone),
/// never the key itself.
///
/// All callers without a key are one owner, `nobody`.
public struct Owner: Hashable, Sendable {
    /// The first 64 bits of the digest.
    public let high: UInt64
    /// The next 64 bits.
    public let low: UInt64

    /// The owner with this digest.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A request without a key.
    public static let nobody = Owner(high: 0, low: 0)
}
