import Bytes

/// How long the machine has slept since boot: the difference between a clock that counts sleep and one that does not.
///
/// The two clocks can only be read one after the other, and a thread may be preempted between the readings. So the
/// clock that counts sleep is read first: the result is then never too large. It may be too small, but a result smaller
/// than an earlier one is ignored, so the value never decreases.
public struct TimeAsleep: Sendable {
    /// What is known so far, in milliseconds.
    public private(set) var milliseconds: UInt64 = 0

    /// Nothing is known yet.
    public init() {}

    /// Takes in a reading of both clocks in nanoseconds, `withSleep` read before `withoutSleep`.
    public mutating func read(withSleep: Int64, withoutSleep: Int64) {
        let difference = withSleep.subtractingSaturated(withoutSleep)
        milliseconds = max(milliseconds, UInt64(clamping: difference / 1_000_000))
    }
}

/// Detects that the machine has slept for long. Connections kept across the sleep are probably dead, although a clock
/// that stops during sleep does not show their age.
public struct SleepWatch: Sendable {
    private let limit: UInt64
    private var last: UInt64

    /// `limit` is what counts as long, in milliseconds; `asleep` how long the machine has slept so far (`Loop.readTimeAsleep`).
    public init(limit: UInt64, asleep: UInt64) {
        self.limit = limit
        last = asleep
    }

    /// Whether it has slept for longer than the limit since the last look.
    public mutating func hasSlept(asleep: UInt64) -> Bool {
        let slept = asleep.elapsed(since: last)
        last = max(last, asleep)
        return slept > limit
    }
}
