public import Bytes
internal import CUV
import Glibc

/// A connection: a TCP or unix socket on a loop.
@safe public final class Stream {
    /// Room for a `uv_tcp_t` or a `uv_pipe_t`, both of which begin as a `uv_stream_t`.
    let raw: UnsafeMutablePointer<uv_stream_t>

    /// The loop that serves it.
    public let loop: Loop

    /// The delegate. Held strongly, and released after `closed`.
    public var delegate: (any StreamDelegate)?

    /// Whether bytes are being read; when not, they stay in the kernel and slow the peer down.
    public private(set) var isReading = false

    /// Whether the peer has said that it will send no more.
    public private(set) var hasEnded = false

    /// Whether `close` was called, or an error did the same.
    public private(set) var isClosed = false

    /// The peer's address as text, or `unix`; nil if the stream was closed before anybody asked. It never changes, so
    /// only the first call takes a system call.
    public private(set) lazy var peerText: String? = peer.map { $0.isUnix ? "unix" : $0.description }

    /// The socket, which libuv owns. Valid until the stream is closed.
    private let descriptor: Int32

    /// Writes that libuv holds.
    private var queuedWrites = 0
    private var failure: UVError?

    /// How many unsent bytes the kernel buffers. A unix socket has no such limit.
    private var unsentLimit = UnsentLimit.inherited

    /// Set by `shutdownThenClose`: nothing more is written, and incoming bytes are discarded.
    var ending: StreamEnding?

    /// A body of which a part waits in its pages.
    private var moved: MovedBody?

    /// Takes over a connected stream socket, which is closed if this fails.
    public init(on loop: Loop, adopting descriptor: Int32) throws(UVError) {
        self.loop = loop
        self.descriptor = descriptor
        let size = unsafe max(MemoryLayout<uv_tcp_t>.size, MemoryLayout<uv_pipe_t>.size)
        let room = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        unsafe raw = room.bindMemory(to: uv_stream_t.self, capacity: 1)
        var code: Int32
        if isUnixSocket(descriptor) {
            let pipe = unsafe room.assumingMemoryBound(to: uv_pipe_t.self)
            unsafe uv_pipe_init(loop.raw, pipe, 0)
            code = unsafe uv_pipe_open(pipe, descriptor)
        } else {
            let tcp = unsafe room.assumingMemoryBound(to: uv_tcp_t.self)
            unsafe uv_tcp_init(loop.raw, tcp)
            code = unsafe uv_tcp_open(tcp, descriptor)
        }
        // libuv owns this reference until `streamClosed`.
        unsafe raw.pointee.data = Unmanaged.passRetained(self).toOpaque()
        loop.openHandles += 1
        loop.openStreams += 1
        if code < 0 {
            _ = Glibc.close(descriptor)
            close()
            throw UVError(rawValue: code)
        }
        followUnsentLimit()
    }

    deinit { unsafe UnsafeMutableRawPointer(raw).deallocate() }

    /// Sets the limit on unsent bytes for the current number of streams. It is checked when a stream begins and when an
    /// answer does not fit into the socket, so a hit that is sent at once pays nothing for it.
    private func followUnsentLimit() {
        let limit = UnsentLimit.bytes(among: loop.openStreams)
        guard limit != unsentLimit, kind == .tcp, let socket else { return }
        UnsentLimit.set(limit, on: socket)
        unsentLimit = limit
    }

    /// Bytes that were given to `write` and that the socket has not taken yet.
    public var queuedBytes: Int { unsafe Int(raw.pointee.write_queue_size) + (moved?.left ?? 0) }

    /// Reads from now on, until `stopReading()` or the peer's end.
    public func startReading() {
        guard !isClosed, !isReading, !hasEnded else { return }
        isReading = true
        let code = unsafe uv_read_start(raw, slabWanted, bytesRead)
        if code < 0 { close(error: UVError(rawValue: code)) }
    }

    /// Stops reading until `startReading()`.
    public func stopReading() {
        guard !isClosed, isReading else { return }
        isReading = false
        unsafe uv_read_stop(raw)
    }

    /// Sends `head`, `fields` and `body`, one after the other, in one system call if the socket takes them.
    ///
    /// The slices are kept alive until they are sent. `fields` is scratch memory of the caller's, valid during this
    /// call only: it is copied if some of it must wait. An error of the socket closes the stream; the result is then
    /// `.closed`.
    public func write(_ head: ByteSlice?, _ fields: Span<UInt8>, _ body: ByteSlice?) -> WriteOutcome {
        guard !isClosed, ending == nil else { return .closed }
        if moved != nil {
            copyMoved()
            if isClosed { return .closed }
        }
        // Always the same three slots, some perhaps empty, so that the rest of the middle one can be found again.
        let buffers = unsafe loop.gather
        unsafe buffers[0] = buffer(head)
        unsafe buffers[1] = fields.withUnsafeBufferPointer { bytes in
            unsafe uv_buf_t(
                base: .init(mutating: UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)),
                len: bytes.count)
        }
        unsafe buffers[2] = buffer(body)
        let total = unsafe Int(buffers[0].len) + Int(buffers[1].len) + Int(buffers[2].len)
        if total == 0 { return .sent }
        if unsafe raw.pointee.write_queue_size == 0 {
            if let body, body.count >= ZeroCopy.leastBody, let pages = loop.pages(of: body.owner, to: kind),
                let outcome = unsafe move(MovedBody(pages, body), after: buffers, head)
            {
                return outcome
            }
            let first = head == nil ? 1 : 0
            let sent = unsafe shim_send(descriptor, buffers + first, Int32((body == nil ? 2 : 3) - first), 0)
            if sent == total { return .sent }
            if sent < 0 {
                close(error: UVError(errno: errno))
                return .closed
            }
            unsafe advance(buffers, by: sent)
        }
        return unsafe queue(buffers, head, body)
    }

    /// The same with what a builder holds as the scratch memory; it may be emptied and filled again at once.
    @inline(__always)
    public func write(_ head: ByteSlice?, _ fields: borrowing ByteBuilder, _ body: ByteSlice?) -> WriteOutcome {
        write(head, fields.span, body)
    }

    @inline(never)
    private func queue(_ buffers: UnsafeMutablePointer<uv_buf_t>, _ head: ByteSlice?, _ body: ByteSlice?)
        -> WriteOutcome
    {
        followUnsentLimit()
        let request = WriteRequest.take(from: loop)
        unsafe request.keep(head, body, copying: &buffers[1])
        var first = 0
        while first < 2, unsafe buffers[first].len == 0 { first += 1 }
        let code = unsafe request.start(on: self, buffers + first, 3 - first)
        if code < 0 {
            close(error: UVError(rawValue: code))
            return .closed
        }
        queuedWrites += 1
        loop.pendingWrites += 1
        return .queued
    }

    /// Sends the first two buffers, and then a body from its pages. Nil if the system does not allow it and nothing was
    /// sent.
    @inline(never)
    private func move(
        _ body: consuming MovedBody, after buffers: UnsafeMutablePointer<uv_buf_t>, _ head: ByteSlice?
    ) -> WriteOutcome? {
        guard let socket, loop.pagePipe != nil else { return nil }
        let before = unsafe Int(buffers[0].len) + Int(buffers[1].len)
        if before > 0 {
            let sent = unsafe shim_send(socket, buffers, 2, 1)
            if sent < 0 {
                close(error: UVError(errno: errno))
                return .closed
            }
            if sent < before {
                unsafe advance(buffers, by: sent)
                return unsafe queue(buffers, head, body.rest())
            }
        }
        return goOn(with: body)
    }

    /// Sends what the socket takes of a body in pages; the rest waits.
    private func goOn(with body: consuming MovedBody) -> WriteOutcome {
        guard let socket, loop.zeroCopy != .off, let pipe = loop.pagePipe else { return queue(body.rest()) }
        switch body.send(through: pipe, to: socket) {
        case .sent: return .sent
        case .partly:
            // Before `moved`, so that nothing goes on if libuv refuses the piece.
            let outcome = queue(body.nextPiece())
            if outcome == .queued, body.left > 0 { moved = body }
            return outcome
        case .failed(let error):
            close(error: error)
            return .closed
        case .unavailable:
            loop.zeroCopy = .off
            loop.openPagePipe = nil
            return queue(body.rest())
        }
    }

    /// Queues what waits in pages, so that something else can be queued after it.
    func copyMoved() {
        guard var body = moved.take() else { return }
        _ = queue(body.rest())
    }

    private func queue(_ bytes: ByteSlice) -> WriteOutcome {
        let buffers = unsafe loop.gather
        unsafe buffers[0] = buffer(bytes)
        unsafe buffers[1] = uv_buf_t(base: nil, len: 0)
        unsafe buffers[2] = uv_buf_t(base: nil, len: 0)
        return unsafe queue(buffers, bytes, nil)
    }

    private var kind: ZeroCopy.SocketKind { unsafe raw.pointee.type == UV_TCP ? .tcp : .unix }

    /// The descriptor; nil if the connection is closed.
    private var socket: Int32? { isClosed ? nil : descriptor }

    /// Closes at once, and discards unsent bytes. Further calls do nothing.
    public func close(error: UVError? = nil) {
        guard !isClosed else { return }
        isClosed = true
        isReading = false
        moved = nil
        failure = error
        ending?.cancel()
        unsafe uv_close(UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self), streamClosed)
    }

    /// Closes at once with a reset, so that the peer cannot mistake a truncated message for a complete one (RFC 9112
    /// section 8). A unix socket has no reset and is simply closed.
    public func reset() {
        guard !isClosed else { return }
        if kind == .tcp {
            isClosed = true
            isReading = false
            moved = nil
            ending?.cancel()
            let tcp = unsafe UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_tcp_t.self)
            if unsafe uv_tcp_close_reset(tcp, streamClosed) == 0 { return }
            isClosed = false
        }
        close()
    }

    func writeEnded(_ status: Int32) {
        queuedWrites -= 1
        loop.pendingWrites -= 1
        if isClosed { return }
        if status < 0 { return close(error: UVError(rawValue: status)) }
        guard queuedWrites == 0, ending == nil else { return }
        if let body = moved.take(), goOn(with: body) != .sent { return }
        delegate?.drained(self)
    }

    @inline(__always)
    fileprivate func read(_ count: Int, _ start: UnsafePointer<CChar>?) {
        if count > 0 {
            if ending != nil { return }
            let bytes = unsafe UnsafeRawPointer(start!).assumingMemoryBound(to: UInt8.self)
            delegate?.received(unsafe Span(_unsafeStart: bytes, count: count), on: self)
        } else if count == Int(UV_EOF.rawValue) {
            hasEnded = true
            stopReading()
            if let ending { ending.peerEnded() } else { delegate?.endOfInput(on: self) }
        } else if count < 0 {
            close(error: UVError(rawValue: Int32(count)))
        }
    }

    fileprivate func closed() {
        loop.openHandles -= 1
        loop.openStreams -= 1
        ending = nil
        delegate?.closed(self, error: failure)
        delegate = nil
    }
}

extension Stream {
    /// Whether bytes have arrived that were not read yet. It takes a system call.
    public var hasUnreadInput: Bool {
        guard let socket else { return false }
        var byte: UInt8 = 0
        return unsafe recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }

    private var peer: SocketAddress? { socket.flatMap(SocketAddress.init(peerOf:)) }
}

private func isUnixSocket(_ descriptor: Int32) -> Bool {
    var domain: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX
}

@inline(__always)
private func buffer(_ slice: ByteSlice?) -> uv_buf_t {
    guard let slice else { return unsafe uv_buf_t(base: nil, len: 0) }
    let start = unsafe UnsafeRawPointer(slice.owner.address + slice.offset).assumingMemoryBound(to: CChar.self)
    return unsafe uv_buf_t(base: UnsafeMutablePointer(mutating: start), len: slice.count)
}

/// Takes the first `sent` bytes away from the three buffers.
private func advance(_ buffers: UnsafeMutablePointer<uv_buf_t>, by sent: Int) {
    var sent = sent
    for index in 0..<3 {
        let part = unsafe min(sent, Int(buffers[index].len))
        // An absent slice has no address to move.
        if part == 0 { continue }
        unsafe buffers[index].base += part
        unsafe buffers[index].len -= part
        sent -= part
    }
}

// MARK: C callbacks

private func slabWanted(
    _ handle: UnsafeMutablePointer<uv_handle_t>?, _ suggested: Int, _ buffer: UnsafeMutablePointer<uv_buf_t>?
) {
    unsafe buffer!.pointee.base = handle!.pointee.loop.pointee.data.assumingMemoryBound(to: CChar.self)
    unsafe buffer!.pointee.len = Loop.slabSize
}

private func bytesRead(_ handle: UnsafeMutablePointer<uv_stream_t>?, _ count: Int, _ buffer: UnsafePointer<uv_buf_t>?) {
    // 0 is EAGAIN. The stream lives through the call whatever its delegate does: libuv's reference goes in
    // `streamClosed`.
    if count == 0 { return }
    unsafe Unmanaged<Stream>.fromOpaque(handle!.pointee.data)
        ._withUnsafeGuaranteedRef { unsafe $0.read(count, buffer!.pointee.base) }
}

private func streamClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    unsafe Unmanaged<Stream>.fromOpaque(handle!.pointee.data).takeRetainedValue().closed()
}

/// The callbacks of a stream. All are called on the loop's thread. Each of them may write to, stop or close the stream.
///
/// A stream holds its delegate strongly until `closed` has been called, which is always the last call.
public protocol StreamDelegate: AnyObject {
    /// Bytes have arrived. They are in the loop's only read buffer and are invalid after this returns: copy what must
    /// stay.
    func received(_ bytes: Span<UInt8>, on stream: Stream)

    /// The peer will send no more. It may still read, so the stream can still be written to.
    func endOfInput(on stream: Stream)

    /// All queued bytes have been sent: called once each time the queue empties, never for a write that was `.sent` at
    /// once.
    func drained(_ stream: Stream)

    /// The stream is closed and its descriptor gone. `error` is what closed it, or nil if `close()` did.
    func closed(_ stream: Stream, error: UVError?)
}

/// What became of a write.
public enum WriteOutcome: Sendable {
    /// The socket took all of it.
    case sent
    /// The socket took at most a part; the rest waits, and `drained` will be called.
    case queued
    /// The stream is closed, closing or shut down: none of it will be sent.
    case closed
}
