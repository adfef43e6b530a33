public import Bytes
import Caching

/// What a hit of one answer begins with: its head with the fields that change behind it, and the body too if it is small.
///
/// The changing fields are right for up to a second, and what is asked for at all is often asked for many times within one.
/// So they are written once for all hits in that time, and a hit writes nothing.
public struct HitHead: ~Copyable {
    /// The largest body that is copied behind the head, in bytes: one piece is sent faster than two, and copying so much
    /// once a second costs less than that.
    public static let mostBody = 4096

    /// What was written last: empty at first.
    public private(set) var bytes = ByteBuilder(capacity: 1)

    /// The Unix second that `Date` shows.
    private var second: Int64 = .min
    /// When `Age` or `ttl` become others, in milliseconds of the monotonic clock.
    private var until: UInt64 = 0

    init() {}

    /// Whether it says what is so at `now`, in milliseconds of the monotonic clock, and in this Unix second.
    @inline(__always)
    public func isRight(at now: UInt64, _ wallSeconds: Int64) -> Bool { now < until && wallSeconds == second }

    /// Writes all of it: the head, `common` (the fields that all hits have, up to the value of `Age`), the rest, and the body
    /// if it is small. The copy is fresh at `now`.
    mutating func write(
        _ head: ByteSlice, _ common: Span<UInt8>, _ freshness: Freshness, _ body: ByteSlice, at now: UInt64,
        _ wallSeconds: Int64
    ) {
        bytes.removeAll()
        bytes.append(head.span)
        bytes.append(common)
        bytes.append(decimal: freshness.age(at: now))
        // What `CacheStatus.hit` says, with the line end before it.
        bytes.append("\r\nCache-Status: larder; hit; ttl=")
        bytes.append(decimal: freshness.remaining(at: now))
        bytes.append("\r\n\r\n")
        if body.count <= Self.mostBody { bytes.append(body.span) }
        second = wallSeconds
        until = freshness.secondsChange(after: now)
    }
}
