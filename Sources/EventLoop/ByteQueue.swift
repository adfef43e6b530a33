public import Bytes
internal import CUV

/// Bytes on their way from many threads to one that may be held up for long: whoever has some leaves them here and goes on.
///
/// The room is bounded. What does not fit is dropped and counted, never waited for. The lock is held for no longer than it
/// takes to copy or to swap.
@safe public final class ByteQueue: Sendable {
    private let limit: Int
    private let lock = Lock()
    private nonisolated(unsafe) let changed: UnsafeMutablePointer<uv_cond_t>
    private nonisolated(unsafe) var waiting: ByteBuilder
    private nonisolated(unsafe) var lost = 0
    private nonisolated(unsafe) var untold = 0
    private nonisolated(unsafe) var isWriting = false
    private nonisolated(unsafe) var isClosed = false

    /// A queue for so many bytes, besides those that were taken.
    public init(limit: Int) {
        self.limit = limit
        unsafe waiting = ByteBuilder(capacity: min(limit, 64 << 10))
        unsafe changed = .allocate(capacity: 1)
        let code = unsafe uv_cond_init(changed)
        precondition(code == 0, "no condition: \(UVError(rawValue: code))")
    }

    deinit {
        unsafe uv_cond_destroy(changed)
        unsafe changed.deallocate()
    }

    /// Leaves bytes, which are so many items. Where there is no room for them, or after `close`, they are dropped, and it is
    /// `false`. What matters more may have so many bytes of room beyond the limit.
    @discardableResult
    public func append(_ bytes: Span<UInt8>, items: Int = 1, beyond: Int = 0) -> Bool {
        unsafe uv_mutex_lock(lock.raw)
        defer { unsafe uv_mutex_unlock(lock.raw) }
        guard unsafe !isClosed, unsafe waiting.count + bytes.count <= limit + beyond else {
            unsafe lost += items
            unsafe untold += items
            return false
        }
        unsafe waiting.append(bytes)
        unsafe uv_cond_broadcast(changed)
        return true
    }

    /// How many items were dropped since the beginning.
    public var dropped: Int { lock.withLock { unsafe lost } }

    /// For the one thread that takes: waits until there is something, and puts it in place of what `bytes` held. The number
    /// of items dropped since the last time is returned; nil after `close`, when nothing is left.
    public func take(_ bytes: inout ByteBuilder) -> Int? {
        unsafe uv_mutex_lock(lock.raw)
        defer { unsafe uv_mutex_unlock(lock.raw) }
        bytes.removeAll()
        unsafe isWriting = false
        unsafe uv_cond_broadcast(changed)
        while unsafe waiting.isEmpty {
            if unsafe isClosed { return nil }
            unsafe uv_cond_wait(changed, lock.raw)
        }
        unsafe swap(&waiting, &bytes)
        unsafe isWriting = true
        defer { unsafe untold = 0 }
        return unsafe untold
    }

    /// Waits until all that was left here has been taken and dealt with, for so many milliseconds at most. Returns whether
    /// it has been.
    @discardableResult
    public func waitUntilDone(milliseconds: Int) -> Bool {
        let end = uv_hrtime() + UInt64(max(0, milliseconds)) * 1_000_000
        unsafe uv_mutex_lock(lock.raw)
        defer { unsafe uv_mutex_unlock(lock.raw) }
        while true {
            if unsafe waiting.isEmpty && !isWriting { return true }
            let now = uv_hrtime()
            guard now < end else { return false }
            _ = unsafe uv_cond_timedwait(changed, lock.raw, end - now)
        }
    }

    /// Takes no more. What was left before is still handed out.
    public func close() {
        lock.withLock {
            unsafe isClosed = true
            unsafe uv_cond_broadcast(changed)
        }
    }
}
