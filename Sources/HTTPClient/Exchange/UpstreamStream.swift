public import HTTPParsing

/// A running request that sends its body and receives its response part by part.
///
/// The stream keeps itself alive until it has ended. A reference that is held longer keeps nothing else alive. After
/// `ended`, `failed` or `cancel()`, every call does nothing.
public final class UpstreamStream {
    /// nil once the stream is over.
    var exchange: Exchange?

    init() {}

    /// Whether the stream is over: the delegate gets no further call.
    public var isOver: Bool { exchange == nil }

    /// Sends more of the request's body. All of it is accepted. False means that 64 KiB or more are waiting now, and
    /// that the caller should send no more until the delegate's `wantsBody()`. Bytes beyond the announced length are
    /// dropped.
    ///
    /// If upstream wants no more because it has already answered with an error, the bytes are accepted and never sent.
    /// Then `wantsBody()` may not be called, but `ended` or `failed` is.
    @discardableResult
    public func send(_ bytes: Span<UInt8>) -> Bool { exchange?.send(bytes) ?? true }

    /// Marks the request's body as complete. Trailer fields are sent if the body is chunked and dropped otherwise; a
    /// trailer that cannot be sent as a line is dropped too. A body that is shorter than announced makes the stream
    /// fail.
    public func finishBody(trailers: [(name: String, value: [UInt8])] = []) { exchange?.finishBody(trailers) }

    /// Receives no more of the response's body until `resume()`. Upstream may keep sending until the kernel's buffers
    /// are full.
    public func pause() { exchange?.pause() }

    /// Receives again. Data that has arrived meanwhile is delivered soon, but not before this returns.
    public func resume() { exchange?.resume() }

    /// Gives up the request: its connection is closed at once, and the delegate gets no further call.
    public func cancel() { exchange?.cancel() }
}

/// Receives a stream's response, on the loop.
///
/// Every call comes from the loop, never from within a call into the stream or the client, and never before
/// `UpstreamClient.stream` has returned, unless the client is closed already. Within a call everything is allowed:
/// sending, pausing, cancelling, other requests, closing the client. The last call is either `ended` or `failed`, once,
/// unless the stream is cancelled. The stream holds its delegate until then.
public protocol UpstreamStreamDelegate: AnyObject {
    /// An interim response has arrived: a status of 1xx, including `100 Continue`, but never 101.
    func informational(status: Int, fields: ReceivedFields)

    /// The final response's head has arrived.
    func head(status: Int, fields: ReceivedFields)

    /// Bytes of the body have arrived, without transfer coding but in the content coding that upstream chose. They are
    /// valid only until this returns. At most 64 KiB at once, and never while receiving is paused.
    func received(_ bytes: Span<UInt8>)

    /// Everything that has arrived by now is delivered, and it does not include the end.
    func settled()

    /// There is room again for bytes of the request's body, after `send` returned false.
    func wantsBody()

    /// The response is complete, with its trailer fields, if there are any. If upstream answers with a status below 300
    /// before it has the whole request, this is called only after the request's body has ended too.
    func ended(trailers: ReceivedFields)

    /// There is no response, or the rest of it is missing.
    func failed(_ failure: FetchFailure)
}

/// The exchange of a request that is passed through, with the network or the built-in upstream. Its delegate is an
/// `UpstreamStreamDelegate`, and the guarantees of that protocol hold for both.
package protocol PassedStream: AnyObject {
    /// Sends more of the request's body; false if no more should be sent until `wantsBody`.
    func send(_ bytes: Span<UInt8>) -> Bool
    /// The request's body is complete.
    func finishBody()
    /// Stops receiving the response until `resume`.
    func pause()
    /// Receives again.
    func resume()
    /// Cancels the request.
    func cancel()
}

extension UpstreamStream: PassedStream {
    package func finishBody() { finishBody(trailers: []) }
}
