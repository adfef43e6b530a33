import Bytes

/// A clock that continues across restarts. Timestamps on disk use it.
///
/// While the process runs, it follows the monotonic clock and ignores changes of the wall clock. At a restart it
/// advances by the wall time that has passed since the last `Reading` was written, and never goes back. So setting the
/// wall clock by a day while Larder runs changes nothing, if a reading is written afterwards.
///
/// How long no process ran is known from the wall clock alone, as it is when a process begins. If that is wrong, as it
/// may be when a machine has just been switched on, what was stored before counts as older or younger by as much, also
/// after the wall clock is set right. What is stored from then on does not.
public struct StateClock: Sendable {
    /// The values of both clocks at one moment, in milliseconds.
    public struct Reading: Sendable, Equatable {
        /// This clock.
        public var state: Int64
        /// The wall clock, since 1970.
        public var wall: Int64

        /// A reading of both.
        public init(state: Int64, wall: Int64) {
            self.state = state
            self.wall = wall
        }
    }

    private let start: Int64
    private let startMonotonic: UInt64

    /// Continues from the last reading; without one it begins with the wall time. `now` is the monotonic clock, `wall`
    /// the time since 1970, both in milliseconds.
    public init(after last: Reading?, now: UInt64, wall: Int64) {
        start = last.map { $0.state.addingSaturated(max(0, wall.subtractingSaturated($0.wall))) } ?? wall
        startMonotonic = now
    }

    /// Its value at a moment of the monotonic clock, clamped to 64 bits.
    public func time(at now: UInt64) -> Int64 {
        now >= startMonotonic
            ? start.addingSaturated(Int64(clamping: now &- startMonotonic))
            : start.subtractingSaturated(Int64(clamping: startMonotonic &- now))
    }

    /// The moment of the monotonic clock at which this clock shows a time. Earlier and later times are clamped to the
    /// first and last moment of the monotonic clock.
    public func monotonic(at time: Int64) -> UInt64 {
        time >= start
            ? startMonotonic.addingSaturated(time.subtractingSaturated(start).magnitude)
            : startMonotonic.subtractingSaturated(start.subtractingSaturated(time).magnitude)
    }
}

/// Detects when the wall clock is set: it then differs from the monotonic clock.
public struct ClockWatch: Sendable {
    /// The most that the two clocks may drift apart between two checks without counting as a jump, in milliseconds.
    public static let tolerance: Int64 = 2_000

    private var difference: Int64

    /// The current values of the two clocks, in milliseconds.
    public init(now: UInt64, wall: Int64) { difference = wall &- Int64(bitPattern: now) }

    /// Whether the wall clock was set since the last check.
    public mutating func hasJumped(now: UInt64, wall: Int64) -> Bool {
        let last = difference
        difference = wall &- Int64(bitPattern: now)
        return (difference &- last).magnitude > Self.tolerance.magnitude
    }
}
