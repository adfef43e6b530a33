/// After failures: when upstream may be asked again. Exponential with jitter, one second up to sixty, or as long as
/// upstream's `Retry-After` says.
public struct Backoff: Sendable, Equatable {
    /// The first pause, in milliseconds.
    public static let shortest: UInt64 = 1_000
    /// The longest pause that is not upstream's own wish.
    public static let longest: UInt64 = 60_000
    /// The longest pause that upstream can wish for: a wrong `Retry-After` must not switch a route off for good.
    public static let longestWished: UInt64 = 3_600_000

    private var failures = 0
    /// When the pause ends.
    public private(set) var until: UInt64 = 0

    /// No failure yet.
    public init() {}

    /// Notes a failure at `now`. `wish` is upstream's `Retry-After` in seconds; `chance` in 0..<1 spreads the end of the
    /// pause over its second half, so that many Larders do not come back at once.
    public mutating func failed(at now: UInt64, wish: Int?, chance: Double) {
        failures = isForgotten(at: now) ? 1 : min(failures + 1, 16)
        if let wish {
            until = now + UInt64(Self.seconds(heeding: wish)) * 1000
            return
        }
        let pause = min(Self.shortest << UInt64(failures - 1), Self.longest)
        until = now + pause / 2 + UInt64(Double(pause / 2) * chance)
    }

    /// The seconds of the pause that follows when upstream wishes for so many in `Retry-After`. A wish of 0 would make a pause
    /// of none: a failing upstream would be asked by every request.
    public static func seconds(heeding wish: Int) -> Int {
        min(max(wish, Int(shortest / 1000)), Int(longestWished / 1000))
    }

    /// The seconds until upstream may be asked again, rounded up; nil if it may be now.
    public func retryAfter(at now: UInt64) -> Int? { now < until ? Int((until - now + 999) / 1000) : nil }

    /// Whether the record is of no more use: the pause ended long enough ago that the next failure is a new one.
    public func isForgotten(at now: UInt64) -> Bool { now > until + Self.longest }
}
