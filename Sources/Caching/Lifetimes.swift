public import HTTPCore

/// How long copies stay fresh (RFC 9111 section 4.2), in milliseconds of the monotonic clock.
public struct Lifetimes: Sendable, Equatable {
    /// The catalogue, `ttl.catalog`.
    public var catalog: UInt64
    /// A key's own list, `ttl.user`.
    public var user: UInt64
    /// A single model that upstream was asked for, `ttl.model`.
    public var model: UInt64
    /// A body that is kept as it came, `ttl.opaque`.
    public var opaque: UInt64
    /// A 404 or 400, `ttl.negative`.
    public var negative: UInt64
    /// Whether upstream's own lifetime rules where it gives one, `ttl.respect_upstream`.
    public var respectsUpstream: Bool

    /// The defaults are those of the settings.
    public init(
        catalog: UInt64 = 300_000, user: UInt64 = 60_000, model: UInt64 = 300_000, opaque: UInt64 = 300_000,
        negative: UInt64 = 30_000, respectsUpstream: Bool = false
    ) {
        self.catalog = catalog
        self.user = user
        self.model = model
        self.opaque = opaque
        self.negative = negative
        self.respectsUpstream = respectsUpstream
    }

    /// The longest that a 401 or 403 is remembered: a key that was just made valid must not wait for long.
    public static let longestRefusal: UInt64 = 5_000

    /// The lifetime of a response: `configured`, or what upstream said where that rules. As Larder is a shared cache,
    /// `s-maxage` goes before `max-age` (RFC 9111 section 4.2.1); `no-cache` and `no-store` then mean none at all.
    public func lifetime(configured: UInt64, response: CacheControl) -> UInt64 {
        guard respectsUpstream else { return configured }
        if !response.flags.isDisjoint(with: [.noCache, .noStore]) { return 0 }
        guard let seconds = response.sharedMaxAge ?? response.maxAge else { return configured }
        return UInt64(seconds) * 1000
    }

    /// What a copy may be used for once it is stale. Where upstream rules, its `must-revalidate` and `no-cache` forbid any such
    /// use (RFC 9111 section 4.2.4), and its `no-store` that there is a copy at all.
    public func staleUse(lifetime: UInt64, response: CacheControl) -> StaleUse {
        if respectsUpstream, !response.flags.isDisjoint(with: [.mustRevalidate, .noCache, .noStore]) { return .never }
        // A lifetime of zero asks for upstream's word each time; only when there is none will an old one do.
        return lifetime == 0 ? .onError : .always
    }

    /// The lifetime of a remembered error, or nil for a status that is not remembered.
    public func lifetime(ofError status: Status) -> UInt64? {
        switch status {
        case .notFound, .badRequest: negative
        case .unauthorized, .forbidden: min(negative, Self.longestRefusal)
        default: nil
        }
    }
}
