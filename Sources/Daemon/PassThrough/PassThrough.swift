import Bytes
import Demo
import EventLoop
import Fetching
import HTTPClient
import HTTPCore
import HTTPParsing
import Serving

/// A request that Larder does not answer itself, on its way to upstream and back. `RelayStateMachine` decides when it
/// sends, writes and ends.
///
/// It lives from the request's head until the response ends or either side closes.
final class PassThrough: UpstreamStreamDelegate {
    /// It refers to this object too, until the answer has ended or the client has gone.
    private let connection: Connection
    private let shard: Shard
    private var machine: RelayStateMachine
    private var upstream: (any PassedStream)?
    /// The number of body bytes of the response so far.
    private(set) var sentBytes = 0
    private let began: UInt64
    /// The part of the request's path that names a view; redirections to Larder keep it.
    private let viewPrefix: [UInt8]
    /// The path whose stored copies a response that is no error invalidates.
    private let invalidatedPath: String?
    /// A head, and what follows it, that is not written yet; never there after a round of calls.
    private var unwritten: ResponseHeadWriter?
    /// The largest part of a body that is copied so that it is sent with the head, in bytes.
    private static let mostJoined = 16 << 10

    /// Whether the method is HEAD, whose answers have no body.
    var isHead: Bool { machine.isHead }
    /// The status that was sent to the client, if any.
    var sentStatus: Int? { machine.sentStatus }

    init(
        _ connection: Connection, isHead: Bool, isVersion11: Bool, hasBody: Bool, viewPrefix: [UInt8],
        invalidatedPath: String?
    ) {
        self.connection = connection
        self.viewPrefix = viewPrefix
        self.invalidatedPath = invalidatedPath
        shard = connection.shard
        machine = RelayStateMachine(
            isHead: isHead, isVersion11: isVersion11, hasBody: hasBody, invalidates: invalidatedPath != nil)
        began = connection.request.began
    }

    /// Sends the request's head.
    func start(_ request: consuming StreamRequest, on client: UpstreamClient) {
        upstream = client.stream(request, delegate: self)
    }

    /// Uses the built-in upstream instead.
    func start(_ request: DemoRequest) { upstream = DemoStream(request, on: shard.loop, delegate: self) }

    // MARK: The request's body

    /// A part of the body has arrived. False if upstream accepts no more for now; `Connection` is called when it does
    /// again.
    func send(_ bytes: Span<UInt8>) -> Bool {
        let hasRoom = upstream?.send(bytes) ?? true
        machine.sentBody(hasRoom: hasRoom)
        return hasRoom
    }

    /// The body has ended.
    func finishBody() {
        machine.endedBody()
        upstream?.finishBody()
    }

    func wantsBody() {
        switch machine.upstreamHasRoom() {
        case .readClient: connection.passMore()
        case .none: break
        }
    }

    /// The rest of the request will not arrive, through the client's fault. Upstream has half a request, so the
    /// exchange ends.
    func requestBroke() -> RelayStateMachine.BreakAction {
        cancel()
        return machine.requestBroke()
    }

    // MARK: The response

    func informational(status: Int, fields: ReceivedFields) {
        guard machine.receivedInterim() == .relay else { return }
        var head = shard.heads.take()
        head.begin(Status(rawValue: status))
        PassedFields(fields).append(fields, hasLength: false, shard.settings.map, below: viewPrefix, to: &head)
        head.end()
        write(head)
    }

    func head(status: Int, fields: ReceivedFields) {
        let passed = PassedFields(fields)
        let framing = passed.framing(status: status, isHead: isHead)
        let code = Status(rawValue: status)
        let action = machine.receivedHead(status: status, hasBody: framing != .none, hasLength: framing == .length)
        if action.closes { connection.closeAfterAnswer() }
        var head = shard.heads.take()
        head.begin(code)
        // In a 304 or an answer to HEAD, the length is that of a GET's body; a 204 never has one (RFC 9110 section
        // 8.6).
        let hasLength = framing != .unknown && code != .noContent
        passed.append(fields, hasLength: hasLength, shard.settings.map, below: viewPrefix, to: &head)
        head.field("Via", "1.1 larder")
        if action.framing == .chunked { head.field("Transfer-Encoding", "chunked") }
        if !passed.found.contains(.date) { connection.appendDate(to: &head) }
        if !passed.found.contains(.requestID) { connection.appendRequestID(to: &head) }
        head.cacheStatus(.bypassed(status: status))
        connection.appendConnection(to: &head)
        head.end()
        unwritten = consume head
        if action.invalidates { invalidate() }
    }

    /// Removes the stored copies that the response invalidates (RFC 9111 section 4.4). The response is held meanwhile,
    /// so that the client's next request does not get one of them.
    private func invalidate() {
        guard let invalidatedPath else { return }
        shard.invalidate(invalidatedPath) { [self] in release() }
        if machine.isHeld { upstream?.pause() }
    }

    /// The copies are gone, or their removal continues because the disk is slow.
    private func release() {
        perform(machine.released())
        // The connection may have gone meanwhile, or upstream may have failed.
        guard machine.isWritable else { return }
        flush()
        if machine.finish() { connection.passed() }
    }

    func received(_ bytes: Span<UInt8>) {
        sentBytes += bytes.count
        switch machine.receivedBody() {
        case .drop: return
        case .write:
            guard unwritten != nil, bytes.count <= Self.mostJoined || machine.isHeld else {
                flush()
                // The flush may have found that the client has gone or accepts no more: then the rest waits in the
                // stream.
                return note(connection.stream.write(nil, bytes, nil))
            }
            unwritten?.content(bytes)
        case .writeChunk:
            var writer = gathered()
            writer.chunk(bytes)
            unwritten = consume writer
        }
    }

    func settled() { flush() }

    func ended(trailers: ReceivedFields) {
        upstream = nil
        shard.telemetry.recordPassed(
            status: sentStatus, bytes: sentBytes, began: began, nil, of: connection.request.details.passed,
            id: connection.request.details.id)
        let action = machine.receivedEnd()
        if action.writesLastChunk {
            var writer = gathered()
            writer.lastChunk()
            PassedFields(trailers).append(
                trailers, hasLength: false, shard.settings.map, below: viewPrefix, to: &writer)
            writer.end()
            unwritten = consume writer
        }
        flush()
        if action.closes { connection.closeAfterAnswer() }
        if machine.finish() { connection.passed() }
    }

    func failed(_ failure: FetchFailure) {
        upstream = nil
        shard.telemetry.recordPassed(
            status: sentStatus, bytes: sentBytes, began: began, FetchProblem(failure),
            of: connection.request.details.passed, id: connection.request.details.id)
        switch machine.upstreamFailed() {
        case .resetClient:
            flush()
            connection.stream.reset()
        case .answerError(let closes):
            if closes { connection.closeAfterAnswer() }
            connection.passingFailed(FetchProblem(failure), isHead: isHead)
        case .none: break
        }
    }

    // MARK: The client

    /// The client has taken everything that was written.
    func drained() {
        perform(machine.clientDrained())
        if machine.finish() { connection.passed() }
    }

    /// The client has gone: cancel the request to upstream.
    func cancel() { perform(machine.clientLeft()) }

    /// The client has closed its sending side.
    func clientEndedInput() -> RelayStateMachine.HalfCloseAction { machine.clientEndedInput() }

    private func perform(_ action: RelayStateMachine.UpstreamAction) {
        switch action {
        case .none: break
        case .pause: upstream?.pause()
        case .resume: upstream?.resume()
        case .cancel:
            upstream?.cancel()
            upstream = nil
        }
    }

    /// The writer with what waits to be written in this round; an empty one if nothing does.
    private func gathered() -> ResponseHeadWriter {
        if let writer = unwritten.take() { return writer }
        var writer = shard.heads.take()
        writer.removeAll()
        return writer
    }

    /// Writes what the calls of one round have gathered, so that a small answer takes one write.
    private func flush() {
        if machine.isHeld { return }
        if let writer = unwritten.take() { write(writer) }
    }

    private func write(_ writer: consuming ResponseHeadWriter) {
        let outcome = connection.stream.write(nil, writer.bytes, nil)
        shard.heads.giveBack(writer)
        note(outcome)
    }

    private func note(_ outcome: WriteOutcome) {
        switch outcome {
        case .sent: break
        case .queued:
            connection.relayBlocked()
            perform(machine.clientBlocked())
        case .closed: cancel()
        }
    }
}

/// Which fields of upstream's answer are forwarded to the client.
struct PassedFields {
    /// Fields that decide what Larder adds, or how the answer ends.
    struct Found: OptionSet {
        let rawValue: UInt8

        static let date = Found(rawValue: 1 << 0)
        static let requestID = Found(rawValue: 1 << 1)
        static let contentLength = Found(rawValue: 1 << 2)
        static let transferEncoding = Found(rawValue: 1 << 3)
    }

    /// Which of them the answer has.
    private(set) var found: Found = []
    private var hops = HopByHop()

    init(_ fields: ReceivedFields) {
        for index in 0..<fields.count {
            let name = fields.name(index)
            switch name.count {
            case 4 where name.equalsIgnoringCase("date"): found.insert(.date)
            case 10 where name.equalsIgnoringCase("connection"): hops.nominate(fields.value(index))
            case 12 where name.equalsIgnoringCase("x-request-id"): found.insert(.requestID)
            case 14 where name.equalsIgnoringCase("content-length"): found.insert(.contentLength)
            case 17 where name.equalsIgnoringCase("transfer-encoding"): found.insert(.transferEncoding)
            default: break
            }
        }
    }

    /// How the end of the answer is marked.
    func framing(status: Int, isHead: Bool) -> UpstreamFraming {
        if isHead || status == 204 || status == 304 { return .none }
        return found.isDisjoint(with: .transferEncoding) && found.contains(.contentLength) ? .length : .unknown
    }

    /// Appends the field lines unchanged, without those of upstream's own connection and without cookies. `fields` are
    /// those that this was made of. A length is written once, and only where it is correct.
    ///
    /// Browsers keep one set of cookies for all ports of a host. Upstream's cookies would be sent to every other app on
    /// `localhost`, and the cookies of those apps are sent here; `Connection.addFields` removes them.
    func append(
        _ fields: ReceivedFields, hasLength: Bool, _ map: UpstreamMap, below viewPrefix: [UInt8],
        to out: inout ResponseHeadWriter
    ) {
        var hasLength = hasLength && !found.contains(.transferEncoding)
        for index in 0..<fields.count {
            let name = fields.name(index)
            let value = fields.value(index)
            switch name.count {
            case 8 where name.equalsIgnoringCase("location"):
                out.relayedField(name, map.location(value.copied(), below: viewPrefix).span)
            case 14 where name.equalsIgnoringCase("content-length"):
                if hasLength { out.relayedField(name, value) }
                hasLength = false
            case 10 where name.equalsIgnoringCase("set-cookie"): break
            default:
                if !hops.contains(name) { out.relayedField(name, value) }
            }
        }
    }
}

/// How the end of upstream's answer is marked. `ResponseParser` has already refused fields that contradict each other.
enum UpstreamFraming: Equatable {
    /// There is no body, whatever the fields say: HEAD, 204, 304.
    case none
    /// By `Content-Length`.
    case length
    /// By chunks, or by the end of the connection. A `Content-Length` beside chunks is ignored (RFC 9112 section 6.3).
    case unknown
}
