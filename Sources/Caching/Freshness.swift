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

    /// The lifetime of a remembered error, or nil for a status that is not remembered.
    public func lifetime(ofError status: Status) -> UInt64? {
        switch status {
        case .notFound, .badRequest: negative
        case .unauthorized, .forbidden: min(negative, Self.longestRefusal)
        default: nil
        }
    }
}

/// When a copy was got and until when it is fresh, in milliseconds of the monotonic clock.
public struct Freshness: Sendable, Equatable {
    /// When the response was complete.
    public let storedAt: UInt64
    /// The first moment at which it is stale.
    public let freshUntil: UInt64
    /// The seconds of age that the response already had when it came, its own `Age` field (RFC 9111 section 4.2.3).
    public let initialAge: Int

    /// A copy that was complete at `storedAt` and is fresh for `lifetime` milliseconds.
    public init(storedAt: UInt64, lifetime: UInt64, initialAge: Int = 0) {
        self.storedAt = storedAt
        freshUntil = storedAt &+ lifetime
        self.initialAge = initialAge
    }

    /// That of something made of several copies: as old as the oldest, fresh for as long as all are. There is at least one.
    public init(joining copies: [Freshness]) {
        let oldest = copies.min { $0.birth < $1.birth } ?? copies[0]
        storedAt = oldest.storedAt
        initialAge = oldest.initialAge
        freshUntil = copies.reduce(.max) { min($0, $1.freshUntil) }
    }

    /// The moment that the age is counted from, which may lie before the clock's own beginning.
    private var birth: Int64 { Int64(truncatingIfNeeded: storedAt) &- Int64(initialAge) &* 1000 }

    /// Whether the copy may be served without asking upstream.
    @inline(__always)
    public func isFresh(at now: UInt64) -> Bool { now < freshUntil }

    /// The `Age` at `now`, in seconds. Loops read the clock on their own, so `now` may be a moment before `storedAt`.
    @inline(__always)
    public func age(at now: UInt64) -> Int { (now > storedAt ? Int((now &- storedAt) / 1000) : 0) &+ initialAge }

    /// The seconds of freshness that remain at `now`; zero when it is stale.
    @inline(__always)
    public func remaining(at now: UInt64) -> Int { now < freshUntil ? Int((freshUntil &- now &+ 999) / 1000) : 0 }
}
