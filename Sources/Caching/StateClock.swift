/// A clock that goes on across restarts: what is stored on disk is dated by it.
///
/// While the process runs it goes with the monotonic clock, whatever is done to the wall clock. Over a restart it goes on by
/// the wall time that has passed since the last `Reading` was written, and never back; so a wall clock that is set by a day
/// while Larder runs changes nothing, if a reading is written afterwards.
public struct StateClock: Sendable {
    /// What both clocks showed at one moment, in milliseconds.
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

    /// The clock that goes on from the last reading; without one it begins with the wall time. `now` is the monotonic clock,
    /// `wall` the time since 1970, both in milliseconds.
    public init(after last: Reading?, now: UInt64, wall: Int64) {
        start = last.map { $0.state + max(0, wall - $0.wall) } ?? wall
        startMonotonic = now
    }

    /// What it shows at a moment of the monotonic clock.
    public func time(at now: UInt64) -> Int64 { start + Int64(bitPattern: now &- startMonotonic) }

    /// The moment of the monotonic clock at which it shows a time.
    public func monotonic(at time: Int64) -> UInt64 { startMonotonic &+ UInt64(bitPattern: time - start) }
}
