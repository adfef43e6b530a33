import EventLoop
import Serving

/// The periodic work of a loop, such as checking deadlines.
final class Sweeper {
    private let loop: Loop
    private var timer: LoopTimer?
    private var period = 1_000
    /// When it is due, in nanoseconds.
    private var due: UInt64 = 0

    /// Does `work` with the time at which it was due, in nanoseconds, once it has been started.
    init(on loop: Loop, _ work: @escaping (_ due: UInt64) -> Void) {
        self.loop = loop
        timer = LoopTimer(on: loop) { [unowned self] in
            work(due)
            schedule()
        }
    }

    /// Works at the interval that the time limits require: each is exact to a quarter of itself.
    func start(_ settings: ShardSettings) {
        let limits = settings.timeLimits
        let shortest = min(limits.header, limits.body, limits.idle)
        period = Int(max(10, min(1_000, shortest / 4)))
        schedule()
        timer?.start(after: period, repeating: period)
    }

    private func schedule() { due = loop.nowNanoseconds + UInt64(period) * 1_000_000 }

    /// Works no more, so that the loop can end.
    func close() { timer?.close() }
}
