internal import CUV
import Glibc
import Synchronization

/// A thread of its own for a loop.
public final class LoopThread: Sendable {
    private let thread: pthread_t
    private let isJoined = Atomic(false)

    private init(_ thread: pthread_t) { self.thread = thread }

    /// Starts a thread, named for `top` and the like (which show 15 bytes), that runs `body` and ends with it.
    /// Everything non-`Sendable`, the loop above all, is made inside of `body`.
    public static func spawn(name: String, _ body: @escaping @Sendable () -> Void) throws(UVError) -> LoopThread {
        let start = Start(name: name, body: body)
        var thread = pthread_t()
        // Balanced in `threadBegun`, or below if there is no thread.
        let context = unsafe Unmanaged.passRetained(start)
        let code = unsafe pthread_create(&thread, nil, threadBegun, context.toOpaque())
        if code != 0 {
            unsafe context.release()
            throw UVError(errno: code)
        }
        return LoopThread(thread)
    }

    /// Without `join` the thread ends by itself.
    deinit { if !isJoined.load(ordering: .relaxed) { pthread_detach(thread) } }

    /// Waits, the first time it is called, until the thread has ended. Not for the thread itself.
    public func join() {
        if isJoined.exchange(true, ordering: .relaxed) { return }
        pthread_join(thread, nil)
    }
}

private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }

    func run() {
        unsafe shim_name_thread(name)
        body()
    }
}

// MARK: C callbacks

private func threadBegun(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    unsafe Unmanaged<Start>.fromOpaque(context!).takeRetainedValue().run()
    return nil
}
