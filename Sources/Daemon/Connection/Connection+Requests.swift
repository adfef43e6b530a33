import Bytes
import Caching
import Digest
import EventLoop
import HTTPCore
import HTTPParsing
import Serving

/// What is done with a request once its head is read.
extension Connection {
    func handle(_ head: Span<UInt8>, hasBody: Bool) {
        beginNote()
        // A body is of no use to any route that is answered here. It is not read: the connection ends with the answer, unless
        // the request turns out to be one that is passed through.
        closesAfterAnswer = hasBody || !parser.keepsAlive || shard.isDraining
        let fields = RequestFields(parser, head)
        let method = Method(head.extracting(parser.method))
        note.method = method
        if shard.accessLog != nil, !fields.hasTwoAuthorizations { _ = owner(head, fields) }
        if fields.hosts > 1 || fields.hosts == 0 && parser.isVersion11 {
            // RFC 9112 section 3.2.
            return refuse("the request must have one Host field")
        }
        switch hostVerdict(head, fields) {
        case .allowed: break
        case .foreign: return sendMisdirected(head, isHead: method == .head)
        case .malformed: return refuse("the request's Host is not a host and port")
        }
        if fields.hasTwoAuthorizations { return refuse("the request has two Authorization fields") }
        // Version 1.0 has no expectations (RFC 9110 section 10.1.1).
        if let range = fields.expect, parser.isVersion11, !head.extracting(range).equalsIgnoringCase("100-continue") {
            return send(
                Problem(.expectationFailed, "of all expectations only 100-continue is known", detail: .badRequest),
                status: .none(.badRequest), isHead: method == .head)
        }
        guard method == .get || method == .head else { return handleOther(method, head, hasBody: hasBody) }
        if !fields.hasAnthropicVersion, let answer = stored(head, fields) {
            if answer.source.freshness.isFresh(at: shard.loop.nowMilliseconds) {
                if answer.wantsCompression() { shard.compress(answer) }
                let hasCurrent = fields.isMet(by: answer, parser, head, now: shard.loop.wallSeconds)
                if method == .get, !hasCurrent, !closesAfterAnswer, parser.isVersion11 { return sendHit(answer) }
                return send(answer, isHead: method == .head, hasCurrent: hasCurrent)
            }
            if sendStale(answer, head, fields, isHead: method == .head) { return }
        }
        begin(head, fields, method, hasBody: hasBody)
    }

    private enum HostVerdict { case allowed, foreign, malformed }

    /// Whether Larder may be asked by the name that the request bears. One of HTTP/1.0 need not bear any.
    @inline(__always)
    private func hostVerdict(_ head: Span<UInt8>, _ fields: RequestFields) -> HostVerdict {
        guard let range = fields.host else { return .allowed }
        var value = head.extracting(range)
        let target = parser.target
        if head[target.lowerBound] != UInt8(ascii: "/"),
            let authority = Target(head.extracting(target))?.authority
        {
            // A target in absolute-form overrules the field (RFC 9112 section 3.2.2).
            value = head.extracting(target.lowerBound + authority.lowerBound..<target.lowerBound + authority.upperBound)
        }
        if shard.isKnown(host: value) { return .allowed }
        guard let host = HostField.host(in: value) else { return .malformed }
        guard shard.settings.hosts.allows(value.extracting(host)) else { return .foreign }
        shard.knownHost = value.copied()
        return .allowed
    }

    /// Health checks are answered whatever the name: who asks them knows an address only.
    private func sendMisdirected(_ head: Span<UInt8>, isHead: Bool) {
        let target = head.extracting(parser.target)
        if let parts = Target(target) {
            switch Route(path: target.extracting(parts.path)) {
            case .health: return sendHealth(isHead: isHead)
            case .readiness: return sendReadiness(isHead: isHead)
            default: break
            }
        }
        send(
            Problem(
                .misdirectedRequest,
                "this server does not answer to that name; server.allowed_hosts lists those it does",
                detail: .badRequest), status: .none(.badRequest), isHead: isHead)
    }

    /// The answer that lies ready, fresh or not, if there is one.
    @inline(__always)
    private func stored(_ head: Span<UInt8>, _ fields: RequestFields) -> Answer? {
        guard fields.demand != .refresh else { return nil }
        let target = head.extracting(parser.target)
        let coding = fields.coding(head)
        let wall = shard.loop.wallSeconds
        var answer = shard.cache.answer(to: target, coding: coding, owner: nil, wallSeconds: wall)
        if answer == nil {
            answer = shard.cache.answer(to: target, coding: coding, owner: owner(head, fields), wallSeconds: wall)
        }
        return answer
    }

    /// Whose the request in hand is. It is made out once for each request.
    private func owner(_ head: Span<UInt8>, _ fields: RequestFields) -> Owner {
        if let known = note.owner { return known }
        var owner = Owner.nobody
        if let range = fields.authorization {
            let words = shard.settings.fingerprinter.fingerprint(head.extracting(range)).words
            owner = Owner(high: words.high, low: words.low)
        }
        note.owner = owner
        return owner
    }

    /// Answers with a stale copy that lies ready, if that will do. False if nothing was sent.
    private func sendStale(_ answer: Answer, _ head: Span<UInt8>, _ fields: RequestFields, isHead: Bool) -> Bool {
        let owner = owner(head, fields)
        switch shard.cache.decision(on: answer, owner: owner, demand: fields.demand, now: shard.loop.nowMilliseconds) {
        case .hit, .stale, .staleOnError: break
        case .fetch, .unsatisfiable: return false
        }
        if answer.wantsCompression() { shard.compress(answer) }
        let status = staleStatus(
            of: answer, unasked: nil, demand: fields.demand, owner: owner,
            authorization: fields.authorization.map { SharedBytes(copying: head.extracting($0)) })
        send(
            answer, isHead: isHead, hasCurrent: fields.isMet(by: answer, parser, head, now: shard.loop.wallSeconds),
            status: status)
        return true
    }

    // MARK: Requests that no ready answer serves

    private func begin(_ head: Span<UInt8>, _ fields: RequestFields, _ method: Method, hasBody: Bool) {
        let isHead = method == .head
        let targetBytes = head.extracting(parser.target)
        guard let parts = Target(targetBytes) else { return refuse(Self.noTarget) }
        let path = targetBytes.extracting(parts.path)
        let route = Route(path: path)
        noteLabel(route, path)
        switch route {
        case .health: return sendHealth(isHead: isHead)
        case .readiness: return sendReadiness(isHead: isHead)
        case .own: return answerOwn(head, parts, method)
        case .other: return passThrough(head, parts, method, hasBody: hasBody)
        // Upstream answers such a request with another list.
        case .models, .count, .user, .model, .endpoints, .list:
            if fields.hasAnthropicVersion { return passThrough(head, parts, method, hasBody: hasBody) }
        }
        let summary = RequestSummary(
            isHead: isHead, target: targetBytes.copied(), parts: parts, route: route, coding: fields.coding(head),
            demand: fields.demand, owner: owner(head, fields),
            precondition: fields.precondition(parser, head, now: shard.loop.wallSeconds))
        let request = PendingRequest(
            summary: summary,
            authorization: fields.authorization.map { SharedBytes(copying: head.extracting($0)) })
        resolve(request)
    }

    private func handleOther(_ method: Method, _ head: Span<UInt8>, hasBody: Bool) {
        let targetBytes = head.extracting(parser.target)
        // Asterisk-form asks of the server as a whole (RFC 9112 section 3.2.4).
        if method == .options, targetBytes.equals("*") { return sendOptions(nil) }
        guard let parts = Target(targetBytes) else { return refuse(Self.noTarget) }
        let path = targetBytes.extracting(parts.path)
        let route = Route(path: path)
        noteLabel(route, path)
        if route == .own { return answerOwn(head, parts, method) }
        // A preflight asks of this server, wherever the request that follows it goes.
        if method == .options, let preflight = Preflight(parser, head) { return sendOptions(preflight) }
        switch route {
        case .other, .endpoints, .list: return passThrough(head, parts, method, hasBody: hasBody)
        case .models, .count, .user, .model, .health, .readiness, .own: break
        }
        if method == .options { return sendOptions(nil) }
        send(
            Problem(.methodNotAllowed, "this path takes GET, HEAD and OPTIONS only", detail: .badRequest),
            status: .none(.badRequest), allows: true)
    }

    private func passThrough(_ head: Span<UInt8>, _ parts: Target, _ method: Method, hasBody: Bool) {
        closesAfterAnswer = !parser.keepsAlive || shard.isDraining
        pass(head, parts, method, hasBody: hasBody)
    }

    /// What is told where `Target` is nil.
    static let noTarget = "the request target names no path, or has a fragment, which is never sent"

    func refuse(_ message: String) {
        closesAfterAnswer = true
        send(Problem(.badRequest, message, detail: .badRequest), status: .none(.badRequest))
    }
}
