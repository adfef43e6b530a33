import EventLoop
import TestSupport
import Testing

extension Loop {
    /// Runs until `isDone`, then closes it and, with `closeOthers`, what else is open on it.
    func run(until isDone: @escaping () -> Bool, thenClose closeOthers: @escaping () -> Void) {
        let end = nowMilliseconds + UInt64(Duration.hang.components.seconds) * 1_000
        var timer: LoopTimer?
        timer = LoopTimer(on: self) { [unowned self] in
            let isLate = nowMilliseconds >= end
            guard isDone() || isLate else { return }
            #expect(!isLate)
            timer?.close()
            closeOthers()
        }
        timer?.start(after: 0, repeating: 1)
        run()
        timer = nil
        close()
    }
}
