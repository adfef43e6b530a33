internal import CThreads
import Glibc
import Synchronization

/// A thread with a name, for `top` and the like.
public final class NamedThread: Sendable {
    private let thread: pthread_t
    private let isJoined = Atomic(false)

    private init(_ thread: pthread_t) { self.thread = thread }

    /// Starts a thread that runs `body` and ends with it. The kernel keeps 15 bytes of the name. Everything that is not
    /// `Sendable`, such as a loop, is made inside `body`. Signals from outside are not delivered on it, nor on the threads
    /// that it starts: so it is the main thread that decides which may interrupt the process. Throws the reason if no
    /// thread can be created.
    public static func start(
        name: String, _ body: @escaping @Sendable () -> Void
    ) throws(ThreadError) -> NamedThread {
        let start = Start(name: name, body: body)
        var thread = pthread_t()
        // Balanced in `threadBegun`, or below if there is no thread.
        let context = unsafe Unmanaged.passRetained(start)
        let code = unsafe shim_start_thread(&thread, threadBegun, context.toOpaque())
        if code != 0 {
            unsafe context.release()
            throw ThreadError(errno: code)
        }
        return NamedThread(thread)
    }

    /// Without `join` the thread ends by itself.
    deinit { if !isJoined.load(ordering: .relaxed) { pthread_detach(thread) } }

    /// Waits, the first time it is called, until the thread has ended. Not for the thread itself.
    public func join() {
        if isJoined.exchange(true, ordering: .relaxed) { return }
        pthread_join(thread, nil)
    }

    /// Lets the thread end by itself, whatever still refers to this object. It cannot be joined any more.
    public func detach() {
        if isJoined.exchange(true, ordering: .relaxed) { return }
        pthread_detach(thread)
    }

    /// Names the calling thread. The kernel keeps 15 bytes.
    fileprivate static func nameThisThread(_ name: String) {
        unsafe shim_name_thread(name)
    }
}

/// No thread can be created.
public struct ThreadError: Error, Equatable, CustomStringConvertible {
    /// The C library's number for the reason.
    public let errno: Int32

    /// The C library's words for the reason.
    public var description: String { unsafe String(cString: strerror(errno)) }
}

private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }

    func run() {
        NamedThread.nameThisThread(name)
        body()
    }
}

// MARK: C callbacks

private func threadBegun(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    unsafe Unmanaged<Start>.fromOpaque(context!).takeRetainedValue().run()
    return nil
}
