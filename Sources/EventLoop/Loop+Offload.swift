internal import CUV
import Glibc
import Pacing

extension Loop {
    /// Runs `work` on libuv's thread pool and `then`, with its result, on this loop's thread. Until then the loop stays
    /// open.
    ///
    /// It is for what takes milliseconds (compressing, parsing) and allocates a few boxes itself.
    public func offload<Result: Sendable>(
        _ work: @escaping @Sendable () -> Result, then: @escaping (Result) -> Void
    ) {
        let job = Job<Result>(loop: self, work: work, then: then)
        pendingWork += 1
        // Balanced in `workEnded`.
        unsafe job.request.pointee.data = Unmanaged<AnyJob>.passRetained(job).toOpaque()
        let code = unsafe uv_queue_work(raw, job.request, workBegun, workEnded)
        precondition(code == 0, "no thread pool: \(UVError(rawValue: code))")
    }

    /// Starts libuv's pool, which the first work would do otherwise, so that its threads have a name of their own: a thread
    /// begins with the name of the one that starts it. A pool that is there already stays as it is.
    ///
    /// Of `threads` each keeps memory of its own, which their work goes to in turn; libuv's own choice is four. The
    /// environment (`UV_THREADPOOL_SIZE`) goes first.
    public static func startPool(name: String, threads: Int) throws(UVError) {
        unsafe setenv("UV_THREADPOOL_SIZE", "\(threads)", 0)
        try LoopThread.spawn(name: name) {
            let loop = Loop()
            loop.offload({}, then: {})
            loop.run()
            loop.close()
        }.join()
    }
}

/// What the C callbacks can name: a generic class they cannot.
@safe private class AnyJob {
    let loop: Loop
    let request: UnsafeMutablePointer<uv_work_t>

    init(loop: Loop) {
        self.loop = loop
        unsafe request = .allocate(capacity: 1)
    }

    deinit { unsafe request.deallocate() }

    func begin() { preconditionFailure("a job does nothing") }
    func end() { preconditionFailure("a job does nothing") }
}

/// One piece of work. The pool's queue orders `begin` (there) before `end` (here); nothing else reads `result`.
@safe private final class Job<Result: Sendable>: AnyJob {
    private let work: @Sendable () -> Result
    private let then: (Result) -> Void
    private var result: Result?

    init(loop: Loop, work: @escaping @Sendable () -> Result, then: @escaping (Result) -> Void) {
        self.work = work
        self.then = then
        super.init(loop: loop)
    }

    override func begin() {
        Pace.begin()
        result = work()
    }

    override func end() {
        loop.pendingWork -= 1
        if let result { then(result) }
    }
}

// MARK: C callbacks

private func workBegun(_ request: UnsafeMutablePointer<uv_work_t>?) {
    unsafe Unmanaged<AnyJob>.fromOpaque(request!.pointee.data)._withUnsafeGuaranteedRef { $0.begin() }
}

private func workEnded(_ request: UnsafeMutablePointer<uv_work_t>?, _ status: Int32) {
    unsafe Unmanaged<AnyJob>.fromOpaque(request!.pointee.data).takeRetainedValue().end()
}
