import Bytes
import Demo
import EventLoop
import HTTPClient
import HTTPCore
import HTTPParsing
import Serving

/// The connection's part in passing a request through; the rest is in `PassThrough`.
extension Connection {
    /// Passes the current request, whose target has these parts, through to upstream. A response that is no error ends
    /// the stored copies of the path `invalidating`, which is one below the base URL.
    func pass(
        _ head: Span<UInt8>, _ parts: Target, _ method: Method, hasBody: Bool, invalidating path: String? = nil
    ) {
        let target = head.extracting(parser.target)
        let pathBytes = target.extracting(parts.path)
        request.details.passed = PassedPath(pathBytes)
        // The part of the path that names a view; empty if it names none.
        let viewPrefix = ViewPrefix(pathBytes).map { pathBytes.extracting(0..<$0.length).copied() } ?? []
        let passing = PassThrough(
            self, isHead: method == .head, isVersion11: parser.isVersion11, hasBody: hasBody, viewPrefix: viewPrefix,
            invalidatedPath: path)
        self.passing = passing
        machine.beganPassing(keepsAlive: parser.keepsAlive && !shard.isDraining, hasBody: hasBody, at: now, limits)
        switch shard.origin {
        case .network(let client, _):
            passing.start(streamRequest(head, parts, method, hasBody: hasBody, by: client), on: client)
        case .demo:
            passing.start(demoRequest(head, parts, below: viewPrefix.count, hasBody: hasBody))
        }
    }

    private func streamRequest(
        _ head: Span<UInt8>, _ parts: Target, _ method: Method, hasBody: Bool, by client: UpstreamClient
    ) -> StreamRequest {
        var onward = client.makeRequest(
            // Nearly all requests that are passed through are POST; a literal costs nothing.
            method: method == .post ? "POST" : head.extracting(parser.method).text(), url: shard.settings.map.origin,
            body: passedFraming(head, method, hasBody: hasBody))
        shard.settings.map.appendTarget(for: head.extracting(parser.target), parts, to: &onward.target)
        addFields(of: head, method, to: &onward)
        return onward
    }

    /// The same request for the built-in upstream, without the first `prefix` bytes of its path.
    private func demoRequest(_ head: Span<UInt8>, _ parts: Target, below prefix: Int, hasBody: Bool) -> DemoRequest {
        let target = head.extracting(parser.target)
        return DemoRequest(
            method: head.extracting(parser.method).text(),
            path: target.extracting(parts.path.dropFirst(prefix)).text(),
            query: parts.query.map { target.extracting($0).text() } ?? "",
            authorization: request.authorization.range.map { head.extracting($0).text() },
            expectsContinue: request.expect.isPresent && parser.isVersion11, hasBody: hasBody)
    }

    private func passedFraming(_ head: Span<UInt8>, _ method: Method, hasBody: Bool) -> StreamRequest.Body {
        guard hasBody else {
            return method != .get && method != .head && hasField("content-length", head) ? .length(0) : .none
        }
        switch parser.bodyFraming {
        case .chunked: return .chunked
        case .length(let count): return .length(count)
        }
    }

    /// The request's fields, without those that are not forwarded, plus `Via`. Cookies are not forwarded: they belong
    /// to other apps on the same host, since browsers do not separate cookies by port (RFC 6265 section 8.5).
    private func addFields(of head: Span<UInt8>, _ method: Method, to onward: inout StreamRequest) {
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
            let value = head.extracting(line.value)
            if hops.contains(name) || name.equalsIgnoringCase("cookie") { continue }
            if name.count == 12, name.equalsIgnoringCase("max-forwards"), countsForwards(head, method),
                let forwards = MaxForwards.number(value)
            {
                let less = Array(String(forwards - 1).utf8)
                onward.add(name, less.span)
            } else {
                onward.add(name, value)
            }
        }
        // So that upstream's log and this one can be compared. A caller's own field is forwarded as it is.
        if !hasField("x-request-id", head) {
            request.details.id?.withSpan { onward.add("X-Request-Id".utf8.span, $0) }
        }
        let hop = shard.settings.hop.element(isVersion11: parser.isVersion11)
        onward.add("Via".utf8.span, hop.span)
    }

    private func hasField(_ lowercase: StaticString, _ head: Span<UInt8>) -> Bool {
        for index in 0..<parser.fieldCount {
            if head.extracting(parser.field(index).name).equalsIgnoringCase(lowercase) { return true }
        }
        return false
    }

    /// The rest of the request's body will not arrive, through the client's fault. Upstream has half a request, so that
    /// exchange ends. The start of the client's next request cannot be found. Unless a response has begun, the client
    /// gets an error that says why.
    func breakOff(_ passing: PassThrough, _ problem: Problem) {
        switch passing.requestBroke() {
        case .closeClient: stream.close()
        case .answerError:
            guard machine.resumed() else { return }
            self.passing = nil
            machine.closeAfterAnswer()
            send(problem, status: .none(problem.detail), isHead: passing.isHead)
        }
    }

    /// The whole response was sent.
    func passed() {
        guard let passing else { return }
        self.passing = nil
        record(.passed, status: passing.sentStatus ?? 0, bytes: passing.sentBytes)
        answered()
        goOn()
    }

    /// Upstream failed before its response began.
    func passingFailed(_ problem: FetchProblem, isHead: Bool) {
        guard machine.resumed() else { return }
        passing = nil
        let own = problem.problem
        send(own, status: .bypassed(status: nil, detail: own.detail), isHead: isHead)
        goOn()
    }

    /// Closes the connection after the current answer.
    func closeAfterAnswer() { machine.closeAfterAnswer() }
}
