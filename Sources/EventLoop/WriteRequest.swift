import Bytes
internal import CUV

/// A write that the socket did not take at once: what it still has to send, kept alive until libuv is done with it.
///
/// Requests are used again, because slow readers of large answers need one for each answer.
@safe final class WriteRequest {
    /// So many are kept by a loop when they fall idle; more than that are freed.
    static let kept = 64

    let raw: UnsafeMutablePointer<uv_write_t>

    /// The stream, while the request is under way.
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
        // Balanced in `writeEnded`, or here if there will be none.
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
