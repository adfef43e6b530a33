import Bytes
import Caching
import EventLoop
import HTTPCore
import HTTPParsing
import Serving

extension Connection {
    /// Sends a hit, with its body: what nearly every request comes to.
    @inline(__always)
    func sendHit(_ answer: Answer) {
        let outcome = shard.write(hit: answer, to: stream)
        recordHit(answer)
        sent(outcome)
    }

    /// Sends an answer from the cache. `hasCurrent` tells that the client has this very
    /// representation already; `status` is nil for a hit.
    func send(_ answer: Answer, isHead: Bool, hasCurrent: Bool, status: CacheStatus? = nil) {
        let now = shard.loop.nowMilliseconds
        let freshness = answer.source.freshness
        var head = answer.head
        var body: ByteSlice? = isHead ? nil : answer.body
        if hasCurrent, let notModified = answer.notModifiedHead {
            head = notModified
            body = nil
        }
        let age = freshness.age(at: now)
        shard.beginFields()
        shard.scratch.append(decimal: age)
        if let status {
            shard.scratch.append("\r\n")
            status.append(to: &shard.scratch)
        } else {
            // What `CacheStatus.hit` says, with the line end before it.
            shard.scratch.append("\r\nCache-Status: larder; hit; ttl=")
            shard.scratch.append(decimal: freshness.remaining(at: now))
            shard.scratch.append("\r\n")
        }
        appendEnd()
        let outcome = shard.write(head, body, to: stream)
        recordAnswer(answer, status, isWhole: body != nil, hasCurrent: hasCurrent, age: age)
        sent(outcome)
    }

    /// Sends an error of Larder's own.
    func send(_ problem: Problem, status: CacheStatus?, isHead: Bool = false, allows: Bool = false) {
        sendOwn(
            problem.status, contentType: ResponseFields.json, body: problem.body, retryAfter: problem.retryAfter,
            status: status, isHead: isHead, allowing: allows ? "GET, HEAD, OPTIONS" : nil)
    }

    /// Tells a request that its fetch has failed.
    func send(_ failure: PendingRequest.Failure, of request: PendingRequest) {
        let problem = failure.problem
        let own = problem.problem
        let isHead = request.summary.isHead
        let status = failure.forward.map { CacheStatus.forwarded($0) } ?? .none(own.detail)
        if case .relayed(let relayed, let contentType, let body, let seconds) = problem {
            // Upstream has answered, so it did not fail.
            let decision = RequestDecision(.forwarded(CacheStatus.Forward(reason: failure.reason)))
            sendOwn(
                relayed, contentType: contentType, body: body, retryAfter: seconds, status: status, isHead: isHead,
                decision: decision)
        } else {
            send(own, status: status, isHead: isHead)
        }
    }

    /// Answers `/healthz`: whoever can answer lives.
    func sendHealth(isHead: Bool) {
        sendOwn(
            .ok, contentType: ResponseFields.json, body: Self.healthy, status: nil, isHead: isHead, isForPages: false)
    }

    /// Answers `/readyz`.
    func sendReadiness(isHead: Bool) {
        let (status, body) = shard.isDraining ? Readiness.draining.answer : shard.readiness.answer
        sendOwn(
            status, contentType: ResponseFields.json, body: body, status: nil, isHead: isHead, isForPages: false,
            decision: .own)
    }

    /// Answers a path of Larder's own under which there is nothing. No page of another origin may read what is there.
    func sendNothingHere(isHead: Bool) {
        sendOwnProblem(
            Problem(.notFound, "larder has nothing under this path", detail: .badRequest), isHead: isHead)
    }

    /// Sends an error to a request for one of Larder's own paths. `allowing` are the methods that there are instead.
    func sendOwnProblem(_ problem: Problem, isHead: Bool, allowing: StaticString? = nil) {
        sendOwn(
            problem.status, contentType: ResponseFields.json, body: problem.body, status: nil, isHead: isHead,
            allowing: allowing, isForPages: false)
    }

    /// Sends one of Larder's own pages.
    func sendOwnPage(_ page: OwnPage, _ body: SharedBytes, isHead: Bool) {
        sendOwn(
            .ok, contentType: page == .metrics ? Self.metricsType : ResponseFields.json, body: body, status: nil,
            isHead: isHead, isForPages: false)
    }

    private static let metricsType = Array(PrometheusText.contentType.utf8)

    /// Answers OPTIONS, and a browser's preflight with what upstream would let the page do (Fetch standard, CORS protocol).
    func sendOptions(_ preflight: Preflight?) {
        shard.scratch.removeAll()
        HeadWriter.appendStatusLine(.noContent, to: &shard.scratch)
        if preflight == nil { HeadWriter.appendField("Allow", "GET, HEAD, OPTIONS", to: &shard.scratch) }
        if let preflight, shard.settings.allowsAnyOrigin {
            HeadWriter.appendField(
                "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", to: &shard.scratch)
            // `*` would not cover Authorization, so the names are given back.
            if let names = preflight.requestHeaders {
                HeadWriter.appendField("Access-Control-Allow-Headers", names.span, to: &shard.scratch)
            }
            if preflight.asksForPrivateNetwork {
                HeadWriter.appendField("Access-Control-Allow-Private-Network", "true", to: &shard.scratch)
            }
            HeadWriter.appendField("Access-Control-Max-Age", "86400", to: &shard.scratch)
            HeadWriter.appendField(
                "Vary", "Access-Control-Request-Headers, Access-Control-Request-Private-Network", to: &shard.scratch)
        }
        appendOrigin()
        appendDate()
        appendEnd()
        let outcome = shard.write(nil, nil, to: stream)
        record(.own, status: Status.noContent.rawValue, bytes: 0)
        sent(outcome)
    }

    private static let healthy = SharedBytes(utf8: #"{"status":"ok"}"#)

    /// Sends an answer that is not cached; it must not be cached behind us either. `isForPages` tells whether it stands for
    /// one of upstream's, which web pages may read, rather than being about Larder itself.
    private func sendOwn(
        _ code: Status, contentType: [UInt8], body: SharedBytes, retryAfter: Int? = nil, status: CacheStatus?,
        isHead: Bool, allowing: StaticString? = nil, isForPages: Bool = true, decision: RequestDecision? = nil
    ) {
        shard.scratch.removeAll()
        HeadWriter.appendStatusLine(code, to: &shard.scratch)
        HeadWriter.appendField("Content-Type", contentType.span, to: &shard.scratch)
        HeadWriter.appendField("Content-Length", decimal: body.count, to: &shard.scratch)
        HeadWriter.appendField("Cache-Control", "no-store", to: &shard.scratch)
        if let allowing { HeadWriter.appendField("Allow", allowing, to: &shard.scratch) }
        if let retryAfter { HeadWriter.appendField("Retry-After", decimal: retryAfter, to: &shard.scratch) }
        if isForPages { appendOrigin() }
        appendDate()
        status?.append(to: &shard.scratch)
        appendEnd()
        let outcome = shard.write(nil, isHead ? nil : body.all, to: stream)
        record(
            decision ?? status.map { RequestDecision($0) } ?? (code.rawValue < 400 ? .own : .refused),
            status: code.rawValue, bytes: isHead ? 0 : body.count)
        sent(outcome)
    }

    /// Lets web pages of every origin read the answer, as upstream does.
    private func appendOrigin() {
        if shard.settings.allowsAnyOrigin { shard.scratch.append("Access-Control-Allow-Origin: *\r\n") }
    }

    private func appendDate() {
        let line = shard.dateLine
        shard.scratch.append(line.span)
    }

    private func appendEnd() {
        appendConnection()
        shard.scratch.append("\r\n")
    }

    /// Tells what becomes of the connection. That it goes on is news to a client of version 1.0 only (RFC 9112 section 9.3).
    func appendConnection() {
        if isLastAnswer {
            shard.scratch.append("Connection: close\r\n")
        } else if !parser.isVersion11 {
            shard.scratch.append("Connection: keep-alive\r\n")
        }
    }
}

extension Readiness {
    /// Status and body of `/readyz`.
    fileprivate var answer: (Status, SharedBytes) {
        switch self {
        case .ready: (.ok, Self.bodies.0)
        case .warmingUp: (.serviceUnavailable, Self.bodies.1)
        case .noCatalog: (.serviceUnavailable, Self.bodies.2)
        case .draining: (.serviceUnavailable, Self.bodies.3)
        }
    }

    private static let bodies = (
        SharedBytes(utf8: #"{"status":"ready"}"#), SharedBytes(utf8: #"{"status":"warming up"}"#),
        SharedBytes(utf8: #"{"status":"no catalogue: upstream cannot be reached"}"#),
        SharedBytes(utf8: #"{"status":"draining"}"#)
    )
}
