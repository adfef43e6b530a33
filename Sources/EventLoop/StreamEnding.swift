internal import CUV

/// The orderly end of a stream: what is queued goes out, then FIN, then the peer's bytes are read and thrown away until
/// it has closed too or some time has passed.
///
/// Closing at once while the peer is still sending would make the kernel answer with a reset, and a reset can destroy
/// the end of our answer before the peer has read it (RFC 9112 section 9.6).
@safe final class StreamEnding {
    private let raw: UnsafeMutablePointer<uv_shutdown_t>
    private let stream: Stream
    private let linger: Int
    private var timer: LoopTimer?
    private var isShut = false

    fileprivate init(_ stream: Stream, linger: Int) {
        self.stream = stream
        self.linger = linger
        unsafe raw = .allocate(capacity: 1)
    }

    deinit { unsafe raw.deallocate() }

    fileprivate func start() {
        // Balanced in `shutdownEnded`, or here if there will be none.
        let owned = unsafe Unmanaged.passRetained(self)
        unsafe raw.pointee.data = owned.toOpaque()
        let code = unsafe uv_shutdown(raw, stream.raw, shutdownEnded)
        if code < 0 {
            unsafe owned.release()
            stream.close(error: UVError(rawValue: code))
        } else {
            // The peer may have to be read empty before it reads us.
            stream.startReading()
        }
    }

    fileprivate func shut(_ status: Int32) {
        if stream.isClosed { return }
        if status < 0 { return stream.close(error: UVError(rawValue: status)) }
        isShut = true
        if stream.hasEnded || linger <= 0 { return stream.close() }
        let stream = stream
        timer = LoopTimer(on: stream.loop) { stream.close() }
        timer?.start(after: linger)
    }

    func peerEnded() {
        if isShut { stream.close() }
    }

    func cancel() {
        timer?.close()
        timer = nil
    }
}

extension Stream {
    /// Ends the stream in good order: sends what is queued, then the end of our side, then waits for the peer to close,
    /// for so many milliseconds at most, and closes. `closed` is the only call the delegate still gets.
    ///
    /// How long a peer may take to read what is queued is not limited here: the owner may `close()` at any moment.
    public func shutdownThenClose(lingerMilliseconds: Int) {
        guard !isClosed, ending == nil else { return }
        let ending = StreamEnding(self, linger: lingerMilliseconds)
        self.ending = ending
        ending.start()
    }
}

// MARK: C callbacks

private func shutdownEnded(_ request: UnsafeMutablePointer<uv_shutdown_t>?, _ status: Int32) {
    unsafe Unmanaged<StreamEnding>.fromOpaque(request!.pointee.data).takeRetainedValue().shut(status)
}
