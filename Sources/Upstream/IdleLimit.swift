import EventLoop

/// Says when nothing has moved for too long.
final class IdleLimit {
    private let loop: Loop
    private let limit: Int
    private var timer: LoopTimer?
    private var last: UInt64
    private var counted = 0

    init(on loop: Loop, milliseconds: Int) {
        self.loop = loop
        limit = max(1, milliseconds)
        last = loop.nowMilliseconds
    }

    /// Starts. `sent` counts what nobody reports by `moved()`; it is asked before `passed` is called.
    func start(sent: @escaping () -> Int, passed: @escaping () -> Void) {
        loop.updateNow()
        moved()
        timer = LoopTimer(on: loop) { [unowned self] in
            let count = sent()
            if count != counted {
                counted = count
                moved()
            }
            let left = limit - Int(loop.nowMilliseconds - last)
            if left > 0 { timer?.start(after: left) } else { passed() }
        }
        timer?.start(after: limit)
    }

    /// Something has moved.
    func moved() { last = loop.nowMilliseconds }

    func close() {
        timer?.close()
        timer = nil
    }
}
