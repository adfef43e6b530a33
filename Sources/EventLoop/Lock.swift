internal import CUV

/// Lets one thread at a time in.
///
/// It is libuv's and not Swift's `Mutex`, because the thread sanitizer understands this one: with the other it takes
/// what the lock orders for races.
@safe final class Lock: Sendable {
    /// For a condition to wait with.
    nonisolated(unsafe) let raw: UnsafeMutablePointer<uv_mutex_t>

    init() {
        unsafe raw = .allocate(capacity: 1)
        let code = unsafe uv_mutex_init(raw)
        precondition(code == 0, "no lock: \(UVError(rawValue: code))")
    }

    deinit {
        unsafe uv_mutex_destroy(raw)
        unsafe raw.deallocate()
    }

    func withLock<Result>(_ body: () -> Result) -> Result {
        unsafe uv_mutex_lock(raw)
        defer { unsafe uv_mutex_unlock(raw) }
        return body()
    }
}
