/// What a stream tells its owner. Everything is called on the loop's thread, and from within any of these the stream
/// may be written to, stopped or closed.
///
/// A stream holds its delegate strongly until `closed` has been called, which is always the last call.
public protocol StreamDelegate: AnyObject {
    /// Bytes have come. They lie in the loop's one read buffer and are gone when this returns: copy what must stay.
    func received(_ bytes: Span<UInt8>, on stream: Stream)

    /// The peer will send no more. It may well go on reading, so the stream can still be written to.
    func endOfInput(on stream: Stream)

    /// All that was queued has gone out: called once each time the queue empties, never for a write that was `.sent` at
    /// once.
    func drained(_ stream: Stream)

    /// The stream is closed and its descriptor gone. `error` is what closed it, or nil if `close()` did.
    func closed(_ stream: Stream, error: UVError?)
}

/// What became of a write.
public enum WriteOutcome: Sendable {
    /// The socket took all of it.
    case sent
    /// The socket took a part at most; the rest waits, and `drained` will be called.
    case queued
    /// The stream is closed, closing or shut down: nothing of it will go out.
    case closed
}
