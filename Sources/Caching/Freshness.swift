/// When a copy was got and until when it is fresh, in milliseconds of the monotonic clock.
public struct Freshness: Sendable, Equatable {
    /// When the response was complete.
    public let storedAt: UInt64
    /// The first moment at which it is stale.
    public let freshUntil: UInt64
    /// The seconds of age that the response already had when it came, its own `Age` field (RFC 9111 section 4.2.3).
    public let initialAge: Int
    /// What it may be used for afterwards.
    public let staleUse: StaleUse

    /// A copy that was complete at `storedAt` and is fresh for `lifetime` milliseconds.
    public init(storedAt: UInt64, lifetime: UInt64, initialAge: Int = 0, staleUse: StaleUse = .never) {
        self.storedAt = storedAt
        freshUntil = storedAt &+ lifetime
        self.initialAge = initialAge
        self.staleUse = staleUse
    }

    /// That of something made of several copies: as old as the oldest, fresh for as long as all are. There is at least one.
    public init(joining copies: [Freshness]) {
        let oldest = copies.min { $0.birth < $1.birth } ?? copies[0]
        storedAt = oldest.storedAt
        initialAge = oldest.initialAge
        freshUntil = copies.reduce(.max) { min($0, $1.freshUntil) }
        staleUse = copies.reduce(.always) { min($0, $1.staleUse) }
    }

    /// How long it is fresh, in milliseconds.
    public var lifetime: UInt64 { freshUntil &- storedAt }

    /// The moment that the age is counted from, which may lie before the clock's own beginning.
    private var birth: Int64 { Int64(truncatingIfNeeded: storedAt) &- Int64(initialAge) &* 1000 }

    /// Whether the copy may be served without asking upstream.
    @inline(__always)
    public func isFresh(at now: UInt64) -> Bool { now < freshUntil }

    /// Whether the copy may be served while it is refreshed.
    public func mayBeRevalidatedBehind(at now: UInt64, _ windows: StaleWindows) -> Bool {
        staleUse == .always && now < freshUntil &+ windows.whileRevalidate
    }

    /// Whether the copy may be served when upstream fails.
    public func mayReplaceError(at now: UInt64, _ windows: StaleWindows) -> Bool {
        staleUse >= .onError && now < freshUntil &+ windows.ifError
    }

    /// The moment from which on the copy is of no use, whatever happens.
    public func useEnds(_ windows: StaleWindows) -> UInt64 {
        switch staleUse {
        case .never: freshUntil
        case .onError: freshUntil &+ windows.ifError
        case .always: freshUntil &+ max(windows.ifError, windows.whileRevalidate)
        }
    }

    /// The `Age` at `now`, in seconds. Loops read the clock on their own, so `now` may be a moment before `storedAt`.
    @inline(__always)
    public func age(at now: UInt64) -> Int { (now > storedAt ? Int((now &- storedAt) / 1000) : 0) &+ initialAge }

    /// The first moment after `now`, at which the copy is fresh, when `age` or `remaining` is another number.
    public func secondsChange(after now: UInt64) -> UInt64 {
        let aged = storedAt &+ (now > storedAt ? (now &- storedAt) / 1000 &+ 1 : 1) &* 1000
        let left = (freshUntil &- now &+ 999) / 1000
        return min(aged, freshUntil &- (left &- 1) &* 1000)
    }

    /// The seconds of freshness that remain at `now`; negative when it is stale, as `ttl` has it (RFC 9211 section 2.4).
    @inline(__always)
    public func remaining(at now: UInt64) -> Int {
        now < freshUntil ? Int((freshUntil &- now &+ 999) / 1000) : -1 - Int((now &- freshUntil) / 1000)
    }
}
