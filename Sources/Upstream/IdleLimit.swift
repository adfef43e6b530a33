import EventLoop

/// Says when nothing has moved on a stream for too long. All of a client's share one timer, so that a stream takes none.
final class IdleLimit {
    private let loop: Loop
    private let limit: Int
    private var timer: LoopTimer?
    private var isRunning = false

    /// Looks at the streams: gives up those that have rested for `limit` milliseconds or more, and answers how long the one
    /// that has rested longest of the others has; nil without any.
    private let look: (_ limit: Int) -> Int?

    init(on loop: Loop, milliseconds: Int, _ look: @escaping (_ limit: Int) -> Int?) {
        self.loop = loop
        self.look = look
        limit = max(1, milliseconds)
        timer = LoopTimer(on: loop) { [unowned self] in
            isRunning = false
            if let rested = look(limit) { start(after: limit - rested) }
        }
    }

    /// A stream has begun: it cannot be the first whose time is up.
    func began() {
        if !isRunning { start(after: limit) }
    }

    /// There are no streams any more.
    func stop() {
        isRunning = false
        timer?.stop()
    }

    private func start(after milliseconds: Int) {
        guard let timer else { return }
        isRunning = true
        timer.start(after: max(1, milliseconds))
    }

    func close() {
        timer?.close()
        timer = nil
    }
}
