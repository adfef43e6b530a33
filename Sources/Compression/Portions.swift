internal import Glibc

/// Long work in portions, between which another thread may have the core.
///
/// Where a loop has to share its core with the thread that compresses, the scheduler would let that one run for whole ticks,
/// milliseconds in which nobody is answered.
enum Portions {
    /// The bytes of a portion: a third of a millisecond's work, or so.
    static let bytes = 32 << 10

    /// Calls `work` with the number of bytes of each portion of `count`, and whether it is the last. At least one portion
    /// there is always; a false from `work` ends it.
    static func run(over count: Int, _ work: (_ bytes: Int, _ isLast: Bool) -> Bool) {
        var left = count
        while true {
            let portion = min(left, bytes)
            left -= portion
            guard work(portion, left == 0), left > 0 else { return }
            sched_yield()
        }
    }
}
