import Bytes
import EventLoop
import HTTPCore
import HTTPParsing
import Serving
import Upstream

/// A request that is not Larder's to answer, on its way to upstream and back: both bodies are streamed, and the slower side
/// stops the faster one's reading.
///
/// It lives from the request's head to the end of the response, or of either side.
final class PassThrough: UpstreamStreamDelegate {
    /// How the end of the response's body is told to the client.
    private enum Framing {
        /// There is no body: HEAD, 204, 304.
        case none
        /// As upstream framed it, by length.
        case length
        case chunked
        /// By the end of the connection, for a client of HTTP/1.0.
        case close
    }

    private unowned let connection: Connection
    private let shard: Shard
    /// Whether the request is one of HEAD, to which no answer has a body.
    let isHead: Bool
    private let isVersion11: Bool
    private var upstream: UpstreamStream?
    private var framing = Framing.none
    private var hasHead: Bool { sentStatus != nil }
    /// The status that went to the client, once one has.
    private(set) var sentStatus: Int?
    /// The bytes of the response's body that have come.
    private(set) var sentBytes = 0
    private let began: UInt64
    /// Whether the scratch area holds what is to be written; never when a round of calls has ended.
    private var hasUnwritten = false
    /// The longest part of a body that is copied to go out with the head, in bytes.
    private static let mostJoined = 16 << 10
    private var isClientBlocked = false
    /// The response has ended, and its end only waits for the client to take it.
    private var isComplete = false
    /// Whether all of the request's body has come.
    private(set) var hasRequestBody: Bool
    /// Whether upstream takes no more of it for now.
    private(set) var isUpstreamBlocked = false
    /// Whether the client has to send more of it.
    var waitsForClient: Bool { !hasRequestBody && !isUpstreamBlocked }

    init(_ connection: Connection, isHead: Bool, isVersion11: Bool, hasBody: Bool) {
        self.connection = connection
        shard = connection.shard
        self.isHead = isHead
        self.isVersion11 = isVersion11
        hasRequestBody = !hasBody
        began = shard.loop.nowNanoseconds
    }

    /// Sends the request's head on its way.
    func start(_ request: consuming StreamRequest, on client: UpstreamClient) {
        upstream = client.stream(request, delegate: self)
    }

    // MARK: The request's body

    /// A part of the body has come. False: upstream takes no more for now, and `Connection` is told when it does again.
    func send(_ bytes: Span<UInt8>) -> Bool {
        guard let upstream else { return true }
        isUpstreamBlocked = !upstream.send(bytes)
        return !isUpstreamBlocked
    }

    /// The body has ended.
    func finishBody() {
        hasRequestBody = true
        upstream?.finishBody()
    }

    func wantsBody() {
        isUpstreamBlocked = false
        connection.passMore()
    }

    // MARK: The response

    func informational(status: Int, fields: ReceivedFields) {
        // HTTP/1.0 knows no such responses (RFC 9110 section 15.2).
        guard isVersion11, !hasHead else { return }
        shard.scratch.removeAll()
        HeadWriter.appendStatusLine(Status(rawValue: status), to: &shard.scratch)
        PassedFields.append(fields, tellsLength: false, shard.settings.map, to: &shard.scratch)
        shard.scratch.append("\r\n")
        write()
    }

    func head(status: Int, fields: ReceivedFields) {
        let told = UpstreamFraming(fields, status: status, isHead: isHead)
        sentStatus = status
        let code = Status(rawValue: status)
        framing =
            switch told {
            case .none: .none
            case .length: .length
            case .unknown: isVersion11 ? .chunked : .close
            }
        if case .close = framing { connection.closeAfterAnswer() }
        shard.scratch.removeAll()
        HeadWriter.appendStatusLine(code, to: &shard.scratch)
        PassedFields.append(fields, tellsLength: told != .unknown, shard.settings.map, to: &shard.scratch)
        HeadWriter.appendField("Via", "1.1 larder", to: &shard.scratch)
        if case .chunked = framing { HeadWriter.appendField("Transfer-Encoding", "chunked", to: &shard.scratch) }
        if !PassedFields.has("date", fields) {
            let line = shard.dateLine
            shard.scratch.append(line.span)
        }
        CacheStatus.bypassed(status: status).append(to: &shard.scratch)
        if !hasRequestBody { connection.closeAfterAnswer() }
        connection.appendConnection()
        shard.scratch.append("\r\n")
        hasUnwritten = true
    }

    func received(_ bytes: Span<UInt8>) {
        sentBytes += bytes.count
        switch framing {
        case .none: return
        case .length, .close:
            guard hasUnwritten, bytes.count <= Self.mostJoined else {
                flush()
                // It may have been found that the client has gone, or that it takes no more: then the rest waits in the stream.
                return note(connection.stream.write(nil, bytes, nil))
            }
            shard.scratch.append(bytes)
        case .chunked:
            if !hasUnwritten { shard.scratch.removeAll() }
            shard.scratch.append(hexLength: bytes.count)
            shard.scratch.append("\r\n")
            shard.scratch.append(bytes)
            shard.scratch.append("\r\n")
            hasUnwritten = true
        }
    }

    func settled() { flush() }

    func ended(trailers: ReceivedFields) {
        upstream = nil
        shard.recordPassed(status: sentStatus, bytes: sentBytes, began: began, nil)
        if case .chunked = framing {
            if !hasUnwritten { shard.scratch.removeAll() }
            shard.scratch.append("0\r\n")
            PassedFields.append(trailers, tellsLength: false, shard.settings.map, to: &shard.scratch)
            shard.scratch.append("\r\n")
            hasUnwritten = true
        }
        flush()
        // The rest of a body that nobody wants any more is not waited for.
        if !hasRequestBody { connection.closeAfterAnswer() }
        isComplete = true
        if !isClientBlocked { connection.passed() }
    }

    func failed(_ failure: FetchFailure) {
        upstream = nil
        shard.recordPassed(status: sentStatus, bytes: sentBytes, began: began, FetchProblem(failure))
        if hasHead {
            flush()
            // A clean end would make a part look like the whole.
            connection.stream.reset()
        } else {
            if !hasRequestBody { connection.closeAfterAnswer() }
            connection.passingFailed(FetchProblem(failure), isHead: isHead)
        }
    }

    // MARK: The client

    /// The client has taken all that was written.
    func drained() {
        isClientBlocked = false
        if isComplete { connection.passed() } else { upstream?.resume() }
    }

    /// The client has gone: so does the request upstream.
    func cancel() {
        upstream?.cancel()
        upstream = nil
    }

    /// Writes what the calls of one round have put into the scratch area: a small answer goes out as one.
    private func flush() {
        guard hasUnwritten else { return }
        hasUnwritten = false
        write()
    }

    private func write() { note(shard.write(nil, nil, to: connection.stream)) }

    private func note(_ outcome: WriteOutcome) {
        switch outcome {
        case .sent: break
        case .queued:
            isClientBlocked = true
            connection.noteFlushing()
            upstream?.pause()
        case .closed: cancel()
        }
    }
}
