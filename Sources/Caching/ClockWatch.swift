/// Notices when somebody sets the wall clock: it then no longer goes along with the monotonic one.
public struct ClockWatch: Sendable {
    /// The most that the two may drift apart between two looks without being taken for a jump, in milliseconds.
    public static let tolerance: Int64 = 2_000

    private var difference: Int64

    /// The two clocks now, in milliseconds.
    public init(now: UInt64, wall: Int64) { difference = wall &- Int64(bitPattern: now) }

    /// Whether the wall clock was set since the last look.
    public mutating func hasJumped(now: UInt64, wall: Int64) -> Bool {
        let last = difference
        difference = wall &- Int64(bitPattern: now)
        return abs(difference - last) > Self.tolerance
    }
}
