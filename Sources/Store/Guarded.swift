internal import CSQLite
import Glibc

/// A value behind a lock that several threads share, and waiting for it to change.
///
/// It is the C library's and not Swift's `Mutex`, because the thread sanitizer understands this one.
@safe final class Guarded<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    init(_ value: Value) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        self.value = value
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Reads or changes the value with the lock held.
    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Changes the value and wakes whoever waits.
    func change<Result>(_ body: (inout Value) -> Result) -> Result {
        withLock { value in
            defer { unsafe pthread_cond_broadcast(condition) }
            return body(&value)
        }
    }

    /// Waits until `body` answers something, and answers it. When `deadline` (of the monotonic clock) has passed first, the
    /// answer is what `body` then says.
    func wait<Result>(until deadline: timespec?, _ body: (inout Value) -> Result?) -> Result? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) { return result }
            if var deadline {
                if unsafe pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return body(&value) }
            } else {
                unsafe pthread_cond_wait(condition, mutex)
            }
        }
    }
}

/// The monotonic clock's time after a while.
func monotonicTime(after duration: Duration = .zero) -> timespec {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    let (seconds, attoseconds) = duration.components
    let nanoseconds = now.tv_nsec + Int(attoseconds / 1_000_000_000)
    return timespec(
        tv_sec: now.tv_sec + Int(seconds) + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
}

/// Runs `body` on a new, detached thread, named for `top` and the like. Says the `errno` if there is none to be had.
func startStoreThread(_ body: @escaping @Sendable () -> Void) -> Int32 {
    // Balanced in `threadBegun`, or below if there is no thread.
    let context = unsafe Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let code = unsafe pthread_create(&thread, nil, threadBegun, context.toOpaque())
    if code == 0 {
        pthread_detach(thread)
    } else {
        unsafe context.release()
    }
    return code
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

// MARK: C callbacks

private func threadBegun(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    unsafe shim_name_this_thread("larder-store")
    unsafe Unmanaged<ThreadBody>.fromOpaque(context!).takeRetainedValue().run()
    return nil
}
