import Bytes

/// Decides whether the wall clock may be believed when it says what is old enough to be removed.
///
/// A clock that is wrongly far ahead would have a whole history removed. So a clock that has jumped ahead by more than a
/// day is believed only after it has gone on like that for another day; removing something later does no harm. A machine
/// that was suspended or switched off for longer than a day waits a day, too.
///
/// It reads no clock: each call has the times of both, the monotonic one in milliseconds, the wall clock in seconds since
/// 1970.
public struct PruningClock: Equatable, Sendable {
    /// The largest step ahead that is believed at once, in seconds.
    public static let largestStep: Int64 = 86_400
    /// How long a clock must go on after a larger one, in milliseconds.
    public static let confirmation: UInt64 = 86_400_000

    private struct Suspicion: Equatable {
        /// How far the wall clock is ahead of the monotonic one, in seconds.
        var lead: Int64
        let since: UInt64
    }

    /// How far the wall clock was ahead of the monotonic one when it was last believed, in seconds.
    private var lead: Int64
    private var suspicion: Suspicion?

    /// Begins at `now`, with the latest time that is known to have passed, such as that of the last record.
    public init(latest: Int64, at now: UInt64) { lead = Self.lead(latest, now) }

    /// Whether the wall clock may be believed now. The more often it is asked, the better.
    public mutating func isBelieved(at now: UInt64, wallSeconds: Int64) -> Bool {
        let current = Self.lead(wallSeconds, now)
        if Self.isStep(from: lead, to: current) || isConfirmed(current, at: now) {
            lead = current
            suspicion = nil
            return true
        }
        return false
    }

    private mutating func isConfirmed(_ current: Int64, at now: UInt64) -> Bool {
        guard let suspicion, Self.isStep(from: suspicion.lead, to: current),
            Self.isStep(from: current, to: suspicion.lead)
        else {
            suspicion = Suspicion(lead: current, since: now)
            return false
        }
        self.suspicion?.lead = current
        return now >= suspicion.since.addingSaturated(Self.confirmation)
    }

    /// Whether this is no large step ahead. Steps back do no harm.
    private static func isStep(from last: Int64, to next: Int64) -> Bool {
        next.subtractingSaturated(last) <= largestStep
    }

    private static func lead(_ wallSeconds: Int64, _ now: UInt64) -> Int64 {
        wallSeconds.subtractingSaturated(Int64(clamping: now / 1000))
    }
}
