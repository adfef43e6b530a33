import Bytes
import Caching
import EventLoop
import Fetching
import HTTPCore
import HTTPParsing
import Metrics
import Serving

extension Connection {
    /// Sends a hit, with its body. This is the path of nearly every request.
    @inline(__always)
    func sendHit(_ answer: Answer) {
        let outcome = shard.write(hit: answer, to: stream)
        recordHit(answer)
        sent(outcome)
    }

    /// Sends an answer from the cache. `hasCurrent` means that the client already has this very representation.
    /// `status` is nil for a hit.
    func send(_ answer: Answer, isHead: Bool, hasCurrent: Bool, status: CacheStatus? = nil) {
        let now = loop.nowMilliseconds
        let freshness = answer.source.freshness
        var head = answer.head
        var body: ByteSlice? = isHead ? nil : answer.body
        if hasCurrent, let notModified = answer.notModifiedHead {
            head = notModified
            body = nil
        }
        let age = freshness.age(at: now)
        shard.updateDate()
        let common = answer.isOwn ? shard.date.beforeAgeOfOwn : shard.date.beforeAge
        var changing = shard.heads.take()
        changing.begin(common: common.span, age: age)
        changing.cacheStatus(status ?? .hit(ttl: freshness.remaining(at: now)))
        let outcome = write(changing, after: head, body)
        recordAnswer(answer, status, isWhole: body != nil, hasCurrent: hasCurrent, age: age)
        sent(outcome)
    }

    /// Sends one of Larder's own errors.
    func send(_ problem: Problem, status: CacheStatus?, isHead: Bool = false, allows: Bool = false) {
        sendUncached(
            problem.status, contentType: ResponseFields.json, body: problem.body, retryAfter: problem.retryAfter,
            status: status, isHead: isHead, allowing: allows ? "GET, HEAD, OPTIONS" : nil)
    }

    /// Answers a request whose fetch has failed.
    func send(_ failure: RequestSummary.Failure, of request: RequestSummary) {
        let problem = failure.problem
        let own = problem.problem
        let isHead = request.isHead
        let status = failure.forward.map { CacheStatus.forwarded($0) } ?? .none(own.detail)
        if case .relayed(let relayed, let contentType, let body, let seconds) = problem {
            // Upstream has answered, so it did not fail.
            let decision = RequestDecision(.forwarded(CacheStatus.Forward(reason: failure.reason)))
            sendUncached(
                relayed, contentType: contentType, body: body, retryAfter: seconds, status: status, isHead: isHead,
                decision: decision)
        } else {
            send(own, status: status, isHead: isHead)
        }
    }

    /// Answers `/healthz`: any answer shows that the process is alive.
    func sendHealth(isHead: Bool) {
        sendUncached(
            .ok, contentType: ResponseFields.json, body: Self.healthy, status: nil, isHead: isHead)
    }

    /// Answers `/readyz`.
    func sendReadiness(isHead: Bool) {
        let (status, body) = shard.isEnding ? Readiness.draining.answer : shard.readiness.answer
        sendUncached(
            status, contentType: ResponseFields.json, body: body, status: nil, isHead: isHead,
            decision: .own)
    }

    /// Answers one of Larder's own paths that does not exist. Pages of other origins may not read the answer.
    func sendNothingHere(isHead: Bool) {
        sendAdminProblem(
            Problem(.notFound, "larder has no such path", detail: .badRequest), isHead: isHead)
    }

    /// Sends an error to a request for one of Larder's own paths. `allowing` lists the methods that are supported
    /// instead.
    func sendAdminProblem(_ problem: Problem, isHead: Bool, allowing: StaticString? = nil) {
        sendUncached(
            problem.status, contentType: ResponseFields.json, body: problem.body, retryAfter: problem.retryAfter,
            status: nil, isHead: isHead, allowing: allowing)
    }

    /// Refuses the method of a request for one of Larder's own paths. `isAction`: the path does something.
    func refuseMethod(isHead: Bool, isAction: Bool = false) {
        sendAdminProblem(
            Problem(
                .methodNotAllowed,
                isAction ? "this path accepts only POST" : "this path accepts only GET and HEAD", detail: .badRequest),
            isHead: isHead, allowing: isAction ? "POST" : "GET, HEAD")
    }

    /// Sends one of Larder's own pages.
    func sendAdminPage(_ page: AdminPage, _ body: SharedBytes, isHead: Bool) {
        sendUncached(
            .ok, contentType: page == .metrics ? Self.metricsType : ResponseFields.json, body: body, status: nil,
            isHead: isHead)
    }

    private static let metricsType = Array(PrometheusText.contentType.utf8)

    /// Answers OPTIONS. A browser's preflight gets the permissions that upstream would give the page (Fetch standard,
    /// CORS protocol).
    func sendOptions(_ preflight: Preflight?, allowing: StaticString = Connection.answeredMethods) {
        var head = shard.heads.take()
        head.begin(.noContent)
        if preflight == nil { head.field("Allow", allowing) }
        if let preflight, shard.settings.allowsAnyOrigin {
            head.field("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
            // `*` would not cover Authorization, so the requested names are echoed.
            if let names = preflight.requestHeaders {
                head.field("Access-Control-Allow-Headers", names.span)
            }
            if preflight.asksForPrivateNetwork {
                head.field("Access-Control-Allow-Private-Network", "true")
            }
            head.field("Access-Control-Max-Age", "86400")
            head.field("Vary", "Access-Control-Request-Headers, Access-Control-Request-Private-Network")
        }
        appendOrigin(to: &head)
        appendDate(to: &head)
        let outcome = write(head, nil)
        record(.own, status: Status.noContent.rawValue, bytes: 0)
        sent(outcome)
    }

    private static let healthy = SharedBytes(utf8: #"{"status":"ok"}"#)

    /// Sends an answer that is not cached; caches in front of Larder must not store it either.
    private func sendUncached(
        _ code: Status, contentType: [UInt8], body: SharedBytes, retryAfter: Int? = nil, status: CacheStatus?,
        isHead: Bool, allowing: StaticString? = nil, decision: RequestDecision? = nil
    ) {
        var head = shard.heads.take()
        head.begin(code)
        head.field("Content-Type", contentType.span)
        head.field("Content-Length", decimal: body.count)
        head.field("Cache-Control", "no-store")
        if let allowing { head.field("Allow", allowing) }
        if let retryAfter { head.field("Retry-After", decimal: retryAfter) }
        appendOrigin(to: &head)
        appendDate(to: &head)
        if let status { head.cacheStatus(status) }
        let outcome = write(head, isHead ? nil : body.all)
        record(
            decision ?? status.map { RequestDecision($0) } ?? (code.rawValue < 400 ? .own : .refused),
            status: code.rawValue, bytes: isHead ? 0 : body.count)
        sent(outcome)
    }

    /// Lets web pages of every origin read the answer, as upstream does; but not on Larder's own paths.
    private func appendOrigin(to head: inout ResponseHeadWriter) {
        guard shard.settings.allowsAnyOrigin, request.label?.route.isOwn != true else { return }
        head.field("Access-Control-Allow-Origin", "*")
    }

    /// Lets the client find its request in the log. Hits have no identifier.
    func appendRequestID(to head: inout ResponseHeadWriter) {
        request.details.id?.withSpan { head.field("X-Request-Id", $0) }
    }

    func appendDate(to head: inout ResponseHeadWriter) {
        let line = shard.dateLine
        head.lines(line.span)
    }

    /// Writes whether the connection stays open.
    func appendConnection(to head: inout ResponseHeadWriter) {
        let line = shard.date.keepAlive
        head.connection(closes: isLastAnswer, keepAlive: line.span, isVersion11: parser.isVersion11)
    }

    /// Ends a head and sends it with the body. `prepared` is the part of the head that was written before.
    func write(_ head: consuming ResponseHeadWriter, after prepared: ByteSlice? = nil, _ body: ByteSlice?)
        -> WriteOutcome
    {
        appendRequestID(to: &head)
        appendConnection(to: &head)
        head.end()
        let outcome = stream.write(prepared, head.bytes, body)
        shard.heads.giveBack(head)
        return outcome
    }
}

/// What a browser asks before it lets a page of another origin send a request.
struct Preflight {
    /// `Access-Control-Request-Headers`, safe to echo.
    private(set) var requestHeaders: [UInt8]?
    /// Whether the page comes from a public network while this is a private one.
    private(set) var asksForPrivateNetwork = false

    /// Nil if the request is no preflight: a preflight names an origin and a method.
    init?(_ parser: borrowing RequestParser, _ head: Span<UInt8>) {
        var hasOrigin = false
        var hasMethod = false
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            let name = head.extracting(line.name)
            if name.equalsIgnoringCase("origin") {
                hasOrigin = true
            } else if name.equalsIgnoringCase("access-control-request-method") {
                hasMethod = true
            } else if name.equalsIgnoringCase("access-control-request-headers") {
                requestHeaders = FieldSyntax.sanitized(head.extracting(line.value))
            } else if name.equalsIgnoringCase("access-control-request-private-network") {
                asksForPrivateNetwork = head.extracting(line.value).equalsIgnoringCase("true")
            }
        }
        guard hasOrigin, hasMethod else { return nil }
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
        SharedBytes(utf8: #"{"status":"no catalogue: the last attempt to fetch one failed"}"#),
        SharedBytes(utf8: #"{"status":"draining"}"#)
    )
}
