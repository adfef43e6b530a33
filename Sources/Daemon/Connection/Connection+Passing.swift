import Bytes
import EventLoop
import HTTPCore
import HTTPParsing
import Serving
import Upstream

/// What is done with a request that is passed through, beside `PassThrough` itself.
extension Connection {
    /// Passes the request in hand, whose target has these parts, through to upstream.
    func pass(_ head: Span<UInt8>, _ parts: Target, _ method: Method, hasBody: Bool) {
        guard case .network(let client, _) = shard.origin else {
            // A body is not read, so the connection cannot go on.
            if hasBody { closeAfterAnswer() }
            return send(Self.notInDemo, status: .none(.badRequest), isHead: method == .head)
        }
        var request = StreamRequest(
            method: head.extracting(parser.method).text(), url: shard.settings.map.origin,
            body: passedFraming(head, method, hasBody: hasBody))
        shard.settings.map.appendTarget(for: head.extracting(parser.target), parts, to: &request.target)
        addFields(of: head, to: &request)
        let passing = PassThrough(
            self, isHead: method == .head, isVersion11: parser.isVersion11, hasBody: hasBody)
        state = .passing(passing)
        deadline = hasBody ? shard.loop.nowMilliseconds &+ shard.settings.bodyTimeout : .max
        passing.start(request, on: client)
    }

    private static let notInDemo = Problem(.notFound, DemoUpstream.lack, detail: .badRequest)

    private func passedFraming(_ head: Span<UInt8>, _ method: Method, hasBody: Bool) -> StreamRequest.Body {
        guard hasBody else {
            return method != .get && method != .head && hasField("content-length", head) ? .length(0) : .none
        }
        switch parser.bodyFraming {
        case .chunked: return .chunked
        case .length(let count): return .length(count)
        }
    }

    /// The request's fields but for those that end here, and `Via`.
    private func addFields(of head: Span<UInt8>, to request: inout StreamRequest) {
        var hops = HopByHop()
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            if head.extracting(line.name).equalsIgnoringCase("connection") {
                hops.nominate(head.extracting(line.value))
            }
        }
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            let name = head.extracting(line.name)
            if !hops.contains(name) { request.add(name, head.extracting(line.value)) }
        }
        request.add("Via".utf8.span, (parser.isVersion11 ? "1.1 larder" : "1.0 larder").utf8.span)
    }

    private func hasField(_ lowercase: StaticString, _ head: Span<UInt8>) -> Bool {
        for index in 0..<parser.fieldCount {
            if head.extracting(parser.field(index).name).equalsIgnoringCase(lowercase) { return true }
        }
        return false
    }

    /// Hands on what has come of the request's body, and counts what was used up of `bytes`.
    func passBody(_ bytes: Span<UInt8>, to passing: PassThrough) -> Int {
        deadline = shard.loop.nowMilliseconds &+ shard.settings.bodyTimeout
        switch parser.nextBody(bytes) {
        case .needMore: return bytes.count
        case .data(let range, let consumed):
            let isTaken = passing.send(bytes.extracting(range))
            if consumed == bytes.count, parser.endsBody() {
                deadline = .max
                passing.finishBody()
            } else if !isTaken {
                // The client waits for upstream now, which may take as long as it likes.
                deadline = .max
                stream.stopReading()
            }
            return consumed
        case .end(let consumed):
            deadline = .max
            passing.finishBody()
            return consumed
        case .invalid(let failure):
            breakOff(passing, Problem(failure.status, failure.message, detail: .badRequest))
            return bytes.count
        }
    }

    /// The rest of the request's body will not come, through the client's fault. Upstream has half a request, which ends here,
    /// and the client's next one cannot be found; but unless a response has begun, the client can be told why.
    func breakOff(_ passing: PassThrough, _ problem: Problem) {
        guard passing.sentStatus == nil else { return stream.close() }
        passing.cancel()
        state = .reading
        closesAfterAnswer = true
        send(problem, status: .none(problem.detail), isHead: passing.isHead)
    }

    /// Upstream takes more of the request's body.
    func passMore() {
        guard case .passing(let passing) = state else { return }
        // It is the client's turn again.
        if passing.waitsForClient { deadline = shard.loop.nowMilliseconds &+ shard.settings.bodyTimeout }
        readOn()
        if !passing.isUpstreamBlocked { resumeReading() }
    }

    /// The response has gone out, to its end.
    func passed() {
        guard case .passing(let passing) = state else { return }
        record(.passed, status: passing.sentStatus ?? 0, bytes: passing.sentBytes)
        answered()
        goOn()
    }

    /// Upstream failed before its response had begun.
    func passingFailed(_ problem: FetchProblem, isHead: Bool) {
        guard case .passing = state else { return }
        state = .reading
        let own = problem.problem
        send(own, status: .bypassed(status: nil, detail: own.detail), isHead: isHead)
        goOn()
    }

    /// The connection ends with the answer in hand.
    func closeAfterAnswer() { closesAfterAnswer = true }
}
