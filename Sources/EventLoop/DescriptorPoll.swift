internal import CUV
import Glibc

/// What a watched descriptor is ready for.
public struct Readiness: OptionSet, Sendable {
    /// The bits; only this type's constants have a meaning.
    public let rawValue: UInt8

    /// A set of bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// There is something to read, or the peer has closed.
    public static let readable = Readiness(rawValue: 1)
    /// There is room to write, or a connect has ended.
    public static let writable = Readiness(rawValue: 2)
    /// The descriptor has failed; it is not watched again until `watch(for:)` is called.
    public static let error = Readiness(rawValue: 4)
}

/// Watches a descriptor that other code owns, reads and writes, such as one of curl's sockets.
@safe public final class DescriptorPoll {
    private let raw: UnsafeMutablePointer<uv_poll_t>
    private let loop: Loop
    private var fire: ((Readiness) -> Void)?

    /// Whether `close()` was called.
    public private(set) var isClosed = false

    /// A poll that watches for nothing yet. One descriptor can have one poll at a time. Close the poll before the
    /// descriptor.
    public init(on loop: Loop, descriptor: Int32, _ fire: @escaping (Readiness) -> Void) throws(UVError) {
        self.loop = loop
        self.fire = fire
        unsafe raw = .allocate(capacity: 1)
        let code = unsafe uv_poll_init(loop.raw, raw, descriptor)
        if code < 0 { throw UVError(rawValue: code) }
        // libuv owns this reference until `pollClosed`.
        unsafe raw.pointee.data = Unmanaged.passRetained(self).toOpaque()
        loop.openHandles += 1
    }

    deinit { unsafe raw.deallocate() }

    /// Whether the poll keeps the loop running while it watches. A poll for background work that nothing waits for need
    /// not.
    public var keepsLoopRunning = true {
        didSet {
            guard !isClosed, keepsLoopRunning != oldValue else { return }
            let handle = unsafe UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self)
            if keepsLoopRunning { unsafe uv_ref(handle) } else { unsafe uv_unref(handle) }
        }
    }

    /// Watches for these from now on, and no others. It reports the state, not its changes: what is not read is
    /// reported again.
    public func watch(for readiness: Readiness) {
        guard !isClosed else { return }
        var events: UInt32 = 0
        if readiness.contains(.readable) { events |= UV_READABLE.rawValue }
        if readiness.contains(.writable) { events |= UV_WRITABLE.rawValue }
        unsafe uv_poll_start(raw, Int32(events), descriptorReady)
    }

    /// Watches for nothing, until `watch(for:)`.
    public func stop() {
        guard !isClosed else { return }
        unsafe uv_poll_stop(raw)
    }

    /// Releases the descriptor at once, without closing it. Further calls do nothing.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        unsafe uv_close(UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self), pollClosed)
    }

    fileprivate func ready(status: Int32, events: UInt32) {
        var readiness: Readiness = status < 0 ? .error : []
        if events & UV_READABLE.rawValue != 0 { readiness.insert(.readable) }
        if events & UV_WRITABLE.rawValue != 0 { readiness.insert(.writable) }
        fire?(readiness)
    }

    fileprivate func closed() {
        fire = nil
        loop.openHandles -= 1
    }
}

// MARK: C callbacks

private func descriptorReady(_ handle: UnsafeMutablePointer<uv_poll_t>?, _ status: Int32, _ events: Int32) {
    unsafe Unmanaged<DescriptorPoll>.fromOpaque(handle!.pointee.data).takeUnretainedValue()
        .ready(status: status, events: UInt32(truncatingIfNeeded: events))
}

private func pollClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    unsafe Unmanaged<DescriptorPoll>.fromOpaque(handle!.pointee.data).takeRetainedValue().closed()
}

/// Writes all bytes to a descriptor, for as long as that takes: not for a loop's thread. Returns whether they could be
/// written; this fails once the reader has closed.
@discardableResult
public func writeAll(_ bytes: Span<UInt8>, to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
        var done = 0
        while done < buffer.count {
            let count = unsafe write(descriptor, buffer.baseAddress! + done, buffer.count - done)
            if count > 0 {
                done += count
            } else if errno == EAGAIN {
                // Another process that shares the pipe may have made it non-blocking.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&ready, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}

/// Whether a descriptor takes bytes now: it is a file, or it has a reader that keeps up, or none that is left.
public func isWritable(_ descriptor: Int32) -> Bool {
    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&ready, 1, 0) > 0
}
