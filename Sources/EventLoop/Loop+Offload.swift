internal import CUV
import Glibc
import Threads

extension Loop {
    /// Runs `work` on libuv's thread pool and `then`, with its result, on this loop's thread. The loop stays open until
    /// then.
    ///
    /// It is meant for work that takes milliseconds (compressing, parsing). It allocates a few boxes itself.
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

    /// Starts libuv's pool, which the first work would do otherwise, so that its threads get a name of their own: a
    /// thread inherits the name of the one that starts it. An existing pool is not changed.
    ///
    /// Each of the `threads` keeps memory of its own, and work goes to them in turn; libuv's default is four. The
    /// environment variable `UV_THREADPOOL_SIZE` takes precedence.
    public static func startPool(name: String, threads: Int) throws(UVError) {
        unsafe setenv("UV_THREADPOOL_SIZE", "\(threads)", 0)
        do throws(ThreadError) {
            try NamedThread.start(name: name) {
                let loop = Loop()
                loop.offload({}, then: {})
                loop.run()
                loop.close()
            }.join()
        } catch {
            throw UVError(errno: error.errno)
        }
    }
}

/// A type that the C callbacks can name; they cannot name a generic class.
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
        Throttle.begin()
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
