internal import CUV

/// Calls a closure on the loop after a time, once or again and again.
@safe public final class LoopTimer {
    private let raw: UnsafeMutablePointer<uv_timer_t>
    private let loop: Loop
    private var fire: (() -> Void)?
    private var isClosed = false

    /// A timer that does not run yet. It must be closed before its loop is.
    public init(on loop: Loop, _ fire: @escaping () -> Void) {
        self.loop = loop
        self.fire = fire
        unsafe raw = .allocate(capacity: 1)
        unsafe uv_timer_init(loop.raw, raw)
        // libuv owns this reference until `timerClosed`.
        unsafe raw.pointee.data = Unmanaged.passRetained(self).toOpaque()
        loop.openHandles += 1
    }

    deinit { unsafe raw.deallocate() }

    /// Fires after so many milliseconds, counted from the start of this iteration, and then every `period` milliseconds
    /// (0: once). A timer that already runs starts anew.
    public func start(after milliseconds: Int, repeating period: Int = 0) {
        guard !isClosed else { return }
        unsafe uv_timer_start(raw, timerFired, UInt64(max(0, milliseconds)), UInt64(max(0, period)))
    }

    /// Fires no more, until it is started again.
    public func stop() {
        guard !isClosed else { return }
        unsafe uv_timer_stop(raw)
    }

    /// Gives the timer back to the loop; it never fires again. Further calls do nothing.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        unsafe uv_close(handle, timerClosed)
    }

    private var handle: UnsafeMutablePointer<uv_handle_t> {
        unsafe UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self)
    }

    fileprivate func fired() { fire?() }

    fileprivate func closed() {
        fire = nil
        loop.openHandles -= 1
    }
}

// MARK: C callbacks

private func timerFired(_ handle: UnsafeMutablePointer<uv_timer_t>?) {
    unsafe Unmanaged<LoopTimer>.fromOpaque(handle!.pointee.data).takeUnretainedValue().fired()
}

private func timerClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    unsafe Unmanaged<LoopTimer>.fromOpaque(handle!.pointee.data).takeRetainedValue().closed()
}
