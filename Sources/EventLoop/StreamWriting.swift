import Bytes
internal import CUV
import Glibc

/// A write that the socket did not take at once: the unsent bytes, kept alive until libuv is done with them.
///
/// Requests are used again, because slow readers of large answers need one for each answer.
@safe final class WriteRequest {
    /// A loop keeps this many idle requests and frees the rest.
    static let kept = 64

    let raw: UnsafeMutablePointer<uv_write_t>

    /// The stream, while the request is pending.
    private var stream: Stream?
    private var head: ByteSlice?
    private var body: ByteSlice?

    /// What is left of the scratch bytes, which their owner will have overwritten by the time they go out.
    private var room: UnsafeMutableRawBufferPointer

    private init() {
        unsafe raw = .allocate(capacity: 1)
        unsafe room = .allocate(byteCount: 512, alignment: 1)
    }

    deinit {
        unsafe raw.deallocate()
        unsafe room.deallocate()
    }

    static func take(from loop: Loop) -> WriteRequest { loop.idleWrites.popLast() ?? WriteRequest() }

    /// Keeps the owners of the two slices, and copies what is left of the bytes between them.
    @unsafe func keep(_ head: ByteSlice?, _ body: ByteSlice?, copying rest: inout uv_buf_t) {
        self.head = head
        self.body = body
        let length = unsafe Int(rest.len)
        if length == 0 { return }
        if unsafe room.count < length {
            unsafe room.deallocate()
            unsafe room = .allocate(byteCount: length, alignment: 1)
        }
        unsafe room.copyMemory(from: UnsafeRawBufferPointer(start: rest.base, count: length))
        unsafe rest.base = room.baseAddress!.assumingMemoryBound(to: CChar.self)
    }

    /// Hands the request to libuv, which copies the list of buffers but not the bytes.
    @unsafe func start(on stream: Stream, _ buffers: UnsafeMutablePointer<uv_buf_t>, _ count: Int) -> Int32 {
        self.stream = stream
        // Balanced in `writeEnded`, or here if that will not be called.
        let owned = unsafe Unmanaged.passRetained(self)
        unsafe raw.pointee.data = owned.toOpaque()
        let code = unsafe uv_write(raw, stream.raw, buffers, UInt32(count), writeEnded)
        if code < 0 {
            recycle(stream.loop)
            unsafe owned.release()
        }
        return code
    }

    fileprivate func ended(_ status: Int32) {
        guard let stream else { return }
        recycle(stream.loop)
        stream.writeEnded(status)
    }

    private func recycle(_ loop: Loop) {
        stream = nil
        head = nil
        body = nil
        if loop.idleWrites.count < WriteRequest.kept { loop.idleWrites.append(self) }
    }
}

// MARK: C callbacks

private func writeEnded(_ request: UnsafeMutablePointer<uv_write_t>?, _ status: Int32) {
    unsafe Unmanaged<WriteRequest>.fromOpaque(request!.pointee.data).takeRetainedValue().ended(status)
}

/// How many bytes of one connection the kernel takes that it cannot send yet (`TCP_NOTSENT_LOWAT`, tcp(7)).
///
/// The default is megabytes. With hundreds of clients that all fetch a long list, what is copied has then left the
/// processor's caches before it is sent, so the connections of a loop share about what the caches hold. Where there are
/// few, nearly all answers go in one piece: each partial write costs a loop iteration.
enum UnsentLimit {
    /// For few connections. Sockets that listen have it, and those that are accepted inherit it without a system call.
    static let inherited: Int32 = 512 << 10

    /// The minimum for any number of connections. With less, sending a whole list took more CPU: a third more with half
    /// of it.
    private static let least: Int32 = 64 << 10

    /// What all connections of a loop may leave unsent together, as long as `least` suffices for it.
    private static let budget = 24 << 20

    /// The limit for each connection of a loop with this many. It is a power of two, so that it rarely changes with
    /// their number.
    static func bytes(among connections: Int) -> Int32 {
        var limit = inherited
        while limit > least, Int(limit) * connections > budget { limit /= 2 }
        return limit
    }

    /// Sets it for a TCP socket. If that fails, the socket still works; it is only slower.
    static func set(_ limit: Int32, on descriptor: Int32) {
        var value = limit
        unsafe _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// The orderly end of a stream: the queued bytes are sent, then FIN, then the peer's bytes are read and discarded until
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
        // Balanced in `shutdownEnded`, or here if that will not be called.
        let owned = unsafe Unmanaged.passRetained(self)
        unsafe raw.pointee.data = owned.toOpaque()
        let code = unsafe uv_shutdown(raw, stream.raw, shutdownEnded)
        if code < 0 {
            unsafe owned.release()
            stream.close(error: UVError(rawValue: code))
        } else {
            // The peer may read only after its own bytes have been read.
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
    /// Ends the stream in an orderly way: sends what is queued, then the end of our side, then waits for the peer to
    /// close, for this many milliseconds at most, and closes. `closed` is the only remaining call to the delegate.
    ///
    /// There is no limit here on how long a peer may take to read the queued bytes: the owner may `close()` at any
    /// time.
    public func shutdownThenClose(lingerMilliseconds: Int) {
        guard !isClosed, ending == nil else { return }
        copyMoved()
        guard !isClosed else { return }
        let ending = StreamEnding(self, linger: lingerMilliseconds)
        self.ending = ending
        ending.start()
    }
}

// MARK: C callbacks

private func shutdownEnded(_ request: UnsafeMutablePointer<uv_shutdown_t>?, _ status: Int32) {
    unsafe Unmanaged<StreamEnding>.fromOpaque(request!.pointee.data).takeRetainedValue().shut(status)
}
