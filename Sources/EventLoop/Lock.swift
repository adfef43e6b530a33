internal import CUV
import Glibc

/// Lets one thread at a time in.
///
/// It is the C library's and not Swift's `Mutex`, because the thread sanitizer understands this one: with the other it takes
/// what the lock orders for races.
@safe final class Lock: Sendable {
    private nonisolated(unsafe) let raw: UnsafeMutablePointer<pthread_mutex_t>

    init() {
        unsafe raw = .allocate(capacity: 1)
        unsafe raw.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(raw, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(raw)
        unsafe raw.deallocate()
    }

    func withLock<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(raw)
        defer { unsafe pthread_mutex_unlock(raw) }
        return body()
    }
}
