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
                let hasCurrent = fields.isMet(by: answer, parser, head)
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
            answer = shard.cache.answer(
                to: target, coding: coding, owner: owner(head, fields), wallSeconds: wall)
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

    // MARK: Requests that no ready answer serves

    private func begin(_ head: Span<UInt8>, _ fields: RequestFields, _ method: Method, hasBody: Bool) {
        let isHead = method == .head
        let targetBytes = head.extracting(parser.target)
        guard let parts = Target(targetBytes) else { return refuse("the request target names no path") }
        noteLabel(targetBytes, parts)
        let route = Route(path: targetBytes.extracting(parts.path))
        switch route {
        case .health: return sendHealth(isHead: isHead)
        case .readiness: return sendReadiness(isHead: isHead)
        case .own: return answerOwn(head, parts, method)
        case .other: return passThrough(head, method, hasBody: hasBody)
        // Upstream answers such a request with another list.
        case .models, .count, .user, .model, .endpoints, .list:
            if fields.hasAnthropicVersion { return passThrough(head, method, hasBody: hasBody) }
        }
        let owner = owner(head, fields)
        let summary = RequestSummary(
            isHead: isHead, target: targetBytes.copied(), parts: parts, route: route, coding: fields.coding(head),
            demand: fields.demand, owner: owner,
            precondition: fields.precondition(parser, head))
        let request = PendingRequest(
            summary: summary,
            authorization: fields.authorization.map { SharedBytes(copying: head.extracting($0)) })
        resolve(request)
    }

    /// Answers a request, or waits for what is wanting for it.
    func resolve(_ request: PendingRequest) {
        var request = request
        switch shard.resolve(request) {
        case .answer(let answer):
            state = .reading
            let status = status(of: answer, for: request)
            let hasCurrent = request.summary.precondition?.isMet(by: answer) ?? false
            send(answer, isHead: request.summary.isHead, hasCurrent: hasCurrent, status: status)
        case .problem(let problem):
            state = .reading
            send(problem, status: .none(problem.detail), isHead: request.summary.isHead)
        case .fetch(let wants):
            request.wants = wants
            state = .waiting(request)
            // A fetch has its own time limit.
            deadline = .max
            // One that ends at once finds the others still wanting, so the request goes on only after the last.
            for want in wants { shard.fetch(want, for: self, request) }
        }
    }

    /// How an answer came about; nil for a hit of which there is no more to tell. One from a stale copy that needed no asking is
    /// refreshed behind it.
    private func status(of answer: Answer, for request: PendingRequest) -> CacheStatus? {
        let freshness = answer.source.freshness
        let owner = request.summary.owner
        let now = shard.loop.nowMilliseconds
        if var forward = request.forward {
            // What could not be fetched, or was not, was replaced by what is stored.
            forward.detail = forward.detail ?? request.unasked ?? pause(of: answer, owner: owner)
            if forward.detail != nil {
                forward.ttl = freshness.remaining(at: now)
                forward.stored = false
            }
            return .forwarded(forward)
        }
        guard freshness.isFresh(at: now) else {
            return staleStatus(
                of: answer, unasked: request.unasked, demand: request.summary.demand, owner: owner,
                authorization: request.authorization)
        }
        // A request may have insisted on asking for what is fresh.
        return request.unasked.map { .hit(ttl: freshness.remaining(at: now), detail: $0) }
    }

    /// What `Cache-Status` says of a stale copy that is served without asking; it is refreshed behind the answer.
    private func staleStatus(
        of answer: Answer, unasked: CacheStatus.Detail?, demand: Demand, owner: Owner,
        authorization: @autoclosure () -> SharedBytes?
    ) -> CacheStatus {
        let detail = unasked ?? pause(of: answer, owner: owner)
        if demand == .any { shard.refresh(behind: answer, owner: owner, authorization: authorization()) }
        return .hit(ttl: answer.source.freshness.remaining(at: shard.loop.nowMilliseconds), detail: detail)
    }

    /// Whether upstream is being left alone, where that is why an answer is stale.
    private func pause(of answer: Answer, owner: Owner) -> CacheStatus.Detail? {
        let now = shard.loop.nowMilliseconds
        let isStale = !answer.source.freshness.isFresh(at: now)
        return isStale && shard.cache.isLeftAlone(answer, owner: owner, now: now) ? .backingOff : nil
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
        send(answer, isHead: isHead, hasCurrent: fields.isMet(by: answer, parser, head), status: status)
        return true
    }

    /// A fetch that this connection waited for has ended.
    func settled(_ resource: Resource, _ outcome: Dispatcher.Outcome, collapsed: Bool) {
        guard case .waiting(var request) = state,
            let place = request.wants.firstIndex(where: { $0.resource == resource })
        else { return }
        let want = request.wants.remove(at: place)
        switch outcome {
        case .entry(let entry, let isNew):
            request.delivered.add(entry, for: resource)
            // A fetch that failed and was made up for is what there is to tell, unless another one was refused.
            if isNew, request.forward?.detail == nil || entry.status != .ok {
                request.forward = CacheStatus.Forward(
                    reason: want.reason, status: entry.status.rawValue,
                    stored: entry.freshness.useEnds(shard.cache.windows) > entry.freshness.storedAt,
                    collapsed: collapsed)
            }
        case .failure(let problem, let spare, _):
            if let copy = shard.spare(for: resource, of: request.summary, problem) ?? spare {
                request.delivered.add(copy, for: resource)
                // The loop that leads it may have had a copy where this one had none.
                let reason = want.reason == .miss ? .stale : want.reason
                request.makeUp(for: PendingRequest.Failure(problem: problem, reason: reason, collapsed: collapsed))
                break
            }
            let failure = PendingRequest.Failure(problem: problem, reason: want.reason, collapsed: collapsed)
            if resource == .catalog, let model = shard.settings.responder.model(of: request.summary),
                let copy = shard.spare(for: model, of: request.summary, problem)
            {
                // What is stored of one model may be good still where the list is not.
                request.delivered.goOnWithoutCatalog(copy, for: model)
                request.makeUp(for: failure)
            } else {
                request.failure = request.failure ?? failure
            }
        }
        guard request.wants.isEmpty else {
            state = .waiting(request)
            return
        }
        if let failure = request.failure {
            state = .reading
            send(failure, of: request)
        } else {
            resolve(request)
        }
        goOn()
    }

    private func handleOther(_ method: Method, _ head: Span<UInt8>, hasBody: Bool) {
        let targetBytes = head.extracting(parser.target)
        // Asterisk-form asks of the server as a whole (RFC 9112 section 3.2.4).
        if method == .options, targetBytes.equals("*") { return sendOptions(nil) }
        guard let parts = Target(targetBytes) else { return refuse("the request target names no path") }
        noteLabel(targetBytes, parts)
        let route = Route(path: targetBytes.extracting(parts.path))
        if route == .own { return answerOwn(head, parts, method) }
        // A preflight asks of this server, wherever the request that follows it goes.
        if method == .options, let preflight = Preflight(parser, head) { return sendOptions(preflight) }
        switch route {
        case .other, .endpoints, .list: return passThrough(head, method, hasBody: hasBody)
        case .models, .count, .user, .model, .health, .readiness, .own: break
        }
        if method == .options { return sendOptions(nil) }
        send(
            Problem(.methodNotAllowed, "this path takes GET, HEAD and OPTIONS only", detail: .badRequest),
            status: .none(.badRequest), allows: true)
    }

    private func passThrough(_ head: Span<UInt8>, _ method: Method, hasBody: Bool) {
        closesAfterAnswer = !parser.keepsAlive || shard.isDraining
        pass(head, method, hasBody: hasBody)
    }

    func refuse(_ message: String) {
        closesAfterAnswer = true
        send(Problem(.badRequest, message, detail: .badRequest), status: .none(.badRequest))
    }
}
