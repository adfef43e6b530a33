import Bytes

/// Decides after failures when the next request may be sent upstream. The pause grows exponentially from
/// one second to sixty, shortened at random by up to a half, or follows upstream's `Retry-After`.
public struct Backoff: Sendable, Equatable {
    /// The first pause, in milliseconds.
    public static let shortest: UInt64 = 1_000
    /// The longest pause without a `Retry-After` from upstream.
    public static let longest: UInt64 = 60_000
    /// The longest pause that `Retry-After` can set: a wrong value must not switch a route off forever.
    static let longestWished: UInt64 = 3_600_000

    private var failures = 0
    /// When the pause ends.
    public private(set) var until: UInt64 = 0

    /// No failure yet.
    public init() {}

    /// Notes a failure at `now`. `wish` is upstream's `Retry-After` in seconds; `chance` in 0..<1 spreads the end of
    /// the pause over its second half, so that many Larders do not retry at once.
    public mutating func failed(at now: UInt64, wish: Int?, chance: Double) {
        failures = isForgotten(at: now) ? 1 : min(failures + 1, 16)
        if let wish {
            until = now.addingSaturated(UInt64(Self.seconds(heeding: wish)) * 1000)
            return
        }
        let pause = min(Self.shortest << UInt64(failures - 1), Self.longest)
        until = now.addingSaturated(pause / 2 + UInt64(Double(pause / 2) * min(max(chance, 0), 1)))
    }

    /// Extends the pause to that of another replica.
    public mutating func extend(to end: UInt64) { until = max(until, end) }

    /// The seconds of the pause for this value of `Retry-After`. A value of 0 would mean no pause, and every request
    /// would go to a failing upstream.
    public static func seconds(heeding wish: Int) -> Int {
        min(max(wish, Int(shortest / 1000)), Int(longestWished / 1000))
    }

    /// The seconds until the next request is allowed, rounded up; nil if it is allowed now.
    public func retryAfter(at now: UInt64) -> Int? {
        now < until ? Int((until - now).addingSaturated(999) / 1000) : nil
    }

    /// Whether the record is no longer needed: the pause ended so long ago that the next failure starts a new series.
    public func isForgotten(at now: UInt64) -> Bool { now > until.addingSaturated(Self.longest) }
}
