public import HTTPParsing

/// Who is told of a stream's response, on the loop.
///
/// Every call comes from the loop, never from within a call into the stream or the client, and none before
/// `UpstreamClient.stream` has returned, unless the client is closed already. Within a call everything may be done: sending, pausing, cancelling, other requests,
/// closing the client. The last call is `ended` or `failed`, one of them once, unless the stream is cancelled. The stream
/// holds its delegate until then.
public protocol UpstreamStreamDelegate: AnyObject {
    /// An interim response has come: a status of 1xx, `100 Continue` too, but never 101.
    func informational(status: Int, fields: ReceivedFields)

    /// The final response's head has come.
    func head(status: Int, fields: ReceivedFields)

    /// Bytes of the body have come, without transfer coding but in the content coding that upstream chose. They are gone when
    /// this returns. At most 64 KiB at once, and never while receiving is paused.
    func received(_ bytes: Span<UInt8>)

    /// All that has come by now is told, and the end is not among it.
    func settled()

    /// There is room again for bytes of the request's body, after `send` has said that there is none.
    func wantsBody()

    /// The response is whole; its trailer fields, if there are any. Where upstream answers with a status below 300 before it
    /// has the whole request, this comes only after the request's body has ended too.
    func ended(trailers: ReceivedFields)

    /// There is no response, or no more of it.
    func failed(_ failure: FetchFailure)
}
