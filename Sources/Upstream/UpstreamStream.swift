/// A request under way that sends its body and receives its response bit by bit.
///
/// The stream keeps itself until it has ended; whoever holds it longer holds nothing more. Once `ended` or `failed` has been
/// told, or after `cancel()`, every call does nothing.
public final class UpstreamStream {
    /// nil once the stream is over.
    var transfer: StreamTransfer?

    init() {}

    /// Whether the stream is over: no further call of the delegate comes.
    public var isOver: Bool { transfer == nil }

    /// Sends more of the request's body. All of it is taken; false says that 64 KiB or more wait now, and that no more should
    /// be sent until the delegate's `wantsBody()`. What goes beyond the announced length is left out.
    ///
    /// What upstream does not want any more, because it has answered with an error already, is taken and never sent; then
    /// `wantsBody()` may not come, but `ended` or `failed` does.
    @discardableResult
    public func send(_ bytes: Span<UInt8>) -> Bool { transfer?.send(bytes) ?? true }

    /// Says that the request's body is whole, with trailer fields if it is chunked; otherwise they are dropped, as is one that
    /// cannot be sent as a line. A body that is shorter than was announced makes the stream fail.
    public func finishBody(trailers: [(name: String, value: [UInt8])] = []) { transfer?.finishBody(trailers) }

    /// Receives no more of the response's body until `resume()`. Upstream may go on sending until the kernel's buffers are full.
    public func pause() { transfer?.pause() }

    /// Receives again. What has come meanwhile is told soon, not before this returns.
    public func resume() { transfer?.resume() }

    /// Gives the request up: its connection is closed at once, and the delegate is told nothing more.
    public func cancel() { transfer?.close() }
}
