internal import CUV
import Glibc

/// Calls a closure on the loop whenever the process receives a signal.
@safe public final class SignalWatch {
    private let raw: UnsafeMutablePointer<uv_signal_t>
    private let loop: Loop
    private var fire: (() -> Void)?
    private var isClosed = false

    /// Watches `signal` (such as `SIGTERM`) from now on, instead of its default action.
    public init(on loop: Loop, signal: Int32, _ fire: @escaping () -> Void) throws(UVError) {
        self.loop = loop
        self.fire = fire
        unsafe raw = .allocate(capacity: 1)
        unsafe uv_signal_init(loop.raw, raw)
        // libuv owns this reference until `signalClosed`.
        unsafe raw.pointee.data = Unmanaged.passRetained(self).toOpaque()
        loop.openHandles += 1
        let code = unsafe uv_signal_start(raw, signalReceived, signal)
        if code < 0 {
            close()
            throw UVError(rawValue: code)
        }
    }

    deinit { unsafe raw.deallocate() }

    /// Stops watching. Further calls do nothing.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        unsafe uv_close(UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self), signalClosed)
    }

    fileprivate func fired() { fire?() }

    fileprivate func closed() {
        fire = nil
        loop.openHandles -= 1
    }
}

/// Makes a write to a connection that the peer has closed fail with an error instead of killing the process. Call it at
/// start-up.
public func ignoreBrokenPipes() {
    _ = signal(SIGPIPE, SIG_IGN)
}

// MARK: C callbacks

private func signalReceived(_ handle: UnsafeMutablePointer<uv_signal_t>?, _ signal: Int32) {
    unsafe Unmanaged<SignalWatch>.fromOpaque(handle!.pointee.data).takeUnretainedValue().fired()
}

private func signalClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    unsafe Unmanaged<SignalWatch>.fromOpaque(handle!.pointee.data).takeRetainedValue().closed()
}

/// Blocks signals: one that arrives from now on is delivered after it is released, and only once however often it came.
/// This applies to this thread and the threads that it starts, so call it before starting any.
public func holdSignals(_ signals: [Int32]) { mask(signals, SIG_BLOCK) }

/// Unblocks signals and delivers the pending ones. Call it on the thread that blocked them.
public func releaseSignals(_ signals: [Int32]) { mask(signals, SIG_UNBLOCK) }

private func mask(_ signals: [Int32], _ how: Int32) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    unsafe pthread_sigmask(how, &set, nil)
}
