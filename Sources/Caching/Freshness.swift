import Bytes
public import HTTPCore

/// When a copy was received and until when it is fresh, in milliseconds of the monotonic clock.
public struct Freshness: Sendable, Equatable {
    /// When the response was complete.
    public let storedAt: UInt64
    /// The first moment at which it is stale.
    public let freshUntil: UInt64
    /// The age in seconds that the response already had on arrival, from its `Age` field (RFC 9111 section 4.2.3).
    public let initialAge: Int
    /// How it may be used once it is stale.
    public let staleUse: StaleUse
    /// When it was fetched; if it is made from several copies, when the first of them was. If they had an age on
    /// arrival, that may be another one than `storedAt` belongs to.
    let fetchedAt: UInt64

    /// A copy that was complete at `storedAt` and is fresh for `lifetime` milliseconds.
    public init(storedAt: UInt64, lifetime: UInt64, initialAge: Int = 0, staleUse: StaleUse = .never) {
        self.storedAt = storedAt
        freshUntil = storedAt.addingSaturated(lifetime)
        self.initialAge = initialAge
        self.staleUse = staleUse
        fetchedAt = storedAt
    }

    /// The freshness of something made from several copies: as old as the oldest, fresh for as long as all are. There
    /// is at least one.
    public init(joining copies: [Freshness]) {
        let oldest = copies.min { $0.birth < $1.birth } ?? copies[0]
        storedAt = oldest.storedAt
        initialAge = oldest.initialAge
        freshUntil = copies.reduce(.max) { min($0, $1.freshUntil) }
        staleUse = copies.reduce(.always) { min($0, $1.staleUse) }
        fetchedAt = copies.reduce(.max) { min($0, $1.fetchedAt) }
    }

    /// How long it is fresh, in milliseconds.
    public var lifetime: UInt64 { freshUntil &- storedAt }

    /// The moment from which the age is counted, which may be before the clock's start.
    private var birth: Int64 { Int64(truncatingIfNeeded: storedAt) &- Int64(initialAge) &* 1000 }

    /// Whether the copy may be served without a request to upstream.
    @inline(__always)
    public func isFresh(at now: UInt64) -> Bool { now < freshUntil }

    /// Whether the copy is fresh, and each part of it was fetched so recently that it satisfies a request that forces a
    /// refresh. The time of arrival here counts: another fetch would not reduce an age that the response already had by
    /// then.
    public func isRecent(at now: UInt64, _ windows: StaleWindows) -> Bool {
        isFresh(at: now) && now < fetchedAt.addingSaturated(windows.noCache)
    }

    /// Whether the copy may be served while it is refreshed.
    public func mayBeRevalidatedBehind(at now: UInt64, _ windows: StaleWindows) -> Bool {
        staleUse == .always && now < freshUntil.addingSaturated(windows.whileRevalidate)
    }

    /// Whether the copy may be served when upstream fails.
    public func mayReplaceError(at now: UInt64, _ windows: StaleWindows) -> Bool {
        staleUse >= .onError && now < freshUntil.addingSaturated(windows.ifError)
    }

    /// The moment from which the copy can no longer be used at all.
    public func useEnds(_ windows: StaleWindows) -> UInt64 {
        switch staleUse {
        case .never: freshUntil
        case .onError: freshUntil.addingSaturated(windows.ifError)
        case .always: freshUntil.addingSaturated(max(windows.ifError, windows.whileRevalidate))
        }
    }

    /// The `Age` at `now`, in seconds. Each loop reads the clock separately, so `now` may be slightly before
    /// `storedAt`.
    @inline(__always)
    public func age(at now: UInt64) -> Int { (now > storedAt ? Int((now &- storedAt) / 1000) : 0) &+ initialAge }

    /// The first moment after `now`, at which the copy is fresh, when `age` or `remaining` changes.
    public func secondsChange(after now: UInt64) -> UInt64 {
        let aged = storedAt.addingSaturated((now.elapsed(since: storedAt) / 1000 + 1).multipliedSaturated(by: 1000))
        let left = freshUntil.elapsed(since: now).addingSaturated(999) / 1000
        return min(aged, freshUntil &- (max(left, 1) &- 1) &* 1000)
    }

    /// The remaining seconds of freshness at `now`; negative when the copy is stale, as in `ttl` (RFC 9211 section
    /// 2.4).
    @inline(__always)
    public func remaining(at now: UInt64) -> Int {
        now < freshUntil ? Int((freshUntil &- now &+ 999) / 1000) : -1 - Int((now &- freshUntil) / 1000)
    }
}

/// How long copies stay fresh (RFC 9111 section 4.2), in milliseconds of the monotonic clock.
public struct Lifetimes: Sendable, Equatable {
    /// The catalogue, `ttl.catalog`.
    public var catalog: UInt64
    /// A key's own list, `ttl.user`.
    public var user: UInt64
    /// A single model that was requested from upstream, `ttl.model`.
    public var model: UInt64
    /// A body that is kept as received, `ttl.opaque`.
    public var opaque: UInt64
    /// A body of upstream's data, `ttl.data`.
    public var data: UInt64
    /// A 404 or 400, `ttl.negative`.
    public var negative: UInt64
    /// Whether upstream's own lifetime takes precedence if it sends one, `ttl.respect_upstream`.
    public var respectsUpstream: Bool

    /// The defaults are those of the settings.
    public init(
        catalog: UInt64 = 300_000, user: UInt64 = 60_000, model: UInt64 = 300_000, opaque: UInt64 = 300_000,
        data: UInt64 = 3_600_000, negative: UInt64 = 30_000, respectsUpstream: Bool = false
    ) {
        self.catalog = catalog
        self.user = user
        self.model = model
        self.opaque = opaque
        self.data = data
        self.negative = negative
        self.respectsUpstream = respectsUpstream
    }

    /// The longest time that a 401 or 403 is remembered: a key that has just become valid must not wait for long.
    static let longestRefusal: UInt64 = 5_000

    /// The lifetime of a response: `configured`, or upstream's lifetime if that takes precedence. Larder is a shared
    /// cache, so `s-maxage` overrides `max-age` (RFC 9111 section 4.2.1); `no-cache` and `no-store` then mean a
    /// lifetime of zero.
    ///
    /// It counts from the response's origin: if upstream's lifetime applies, the age on arrival must be subtracted.
    public func lifetime(configured: UInt64, response: CacheControl) -> UInt64 {
        guard respectsUpstream else { return configured }
        if !response.flags.isDisjoint(with: [.noCache, .noStore]) { return 0 }
        guard let seconds = response.sharedMaxAge ?? response.maxAge else { return configured }
        return UInt64(clamping: seconds).multipliedSaturated(by: 1000)
    }

    /// The rest of a lifetime when the response arrives with an age of `age` seconds (RFC 9111 section 4.2).
    public func remaining(of lifetime: UInt64, age: Int, response: CacheControl) -> UInt64 {
        guard respectsUpstream, response.sharedMaxAge ?? response.maxAge != nil else { return lifetime }
        return lifetime.subtractingSaturated(UInt64(clamping: age).multipliedSaturated(by: 1000))
    }

    /// The `max-age` in seconds to send to clients for a copy that stays fresh for `lifetime` milliseconds. Clients
    /// subtract its `Age`; if upstream's lifetime applies, that is already subtracted from the lifetime.
    public func maxAge(lifetime: UInt64, age: Int, response: CacheControl) -> Int {
        let seconds = Int(clamping: lifetime / 1000)
        guard respectsUpstream, response.sharedMaxAge ?? response.maxAge != nil else { return seconds }
        return seconds.addingSaturated(max(0, age))
    }

    /// How a copy may be used once it is stale. If upstream's directives apply, `must-revalidate`, `proxy-revalidate`,
    /// `s-maxage` and `no-cache` forbid any such use (RFC 9111 section 4.2.4), and `no-store` forbids keeping a copy at
    /// all.
    public func staleUse(lifetime: UInt64, response: CacheControl) -> StaleUse {
        let isForbidden = response.forbidsStaleUse || !response.flags.isDisjoint(with: [.noCache, .noStore])
        if respectsUpstream, isForbidden { return .never }
        // A lifetime of zero requires a request to upstream each time; an old copy may be used only if upstream fails.
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

/// How long a copy may be used when its freshness alone does not decide, in milliseconds: after it has become stale
/// (RFC 5861), and when a request forces a refresh.
public struct StaleWindows: Sendable, Equatable {
    /// It is served at once while one refresh runs in the background, `stale.while_revalidate`.
    public var whileRevalidate: UInt64
    /// It is served when upstream fails, `stale.if_error`.
    public var ifError: UInt64
    /// It is served to a request that forces a refresh if it is fresh and was fetched within this time,
    /// `ttl.no_cache`.
    public var noCache: UInt64

    /// The defaults are those of the settings.
    public init(whileRevalidate: UInt64 = 3_600_000, ifError: UInt64 = 86_400_000, noCache: UInt64 = 30_000) {
        self.whileRevalidate = whileRevalidate
        self.ifError = ifError
        self.noCache = noCache
    }

    /// No use after expiry.
    public static let none = StaleWindows(whileRevalidate: 0, ifError: 0, noCache: 0)
}

/// How one copy may be used once it is stale. Each case includes the one before it.
public enum StaleUse: UInt8, Sendable, Comparable {
    /// For nothing: a refusal, or a response that upstream wants revalidated each time.
    case never
    /// Instead of an error.
    case onError
    /// Also during a refresh.
    case always

    /// The order of the cases.
    public static func < (one: StaleUse, other: StaleUse) -> Bool { one.rawValue < other.rawValue }
}
