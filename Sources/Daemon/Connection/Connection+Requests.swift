import Bytes
import Caching
import Digest
import EventLoop
import HTTPCore
import HTTPParsing
import Serving

/// Handling of a request once its head is parsed.
extension Connection {
    func handle(_ head: Span<UInt8>, hasBody: Bool) {
        // No route that is answered here uses a body. It is not read: the connection closes after the answer, unless
        // the request turns out to be one that is passed through.
        machine.receivedHead(keepsAlive: !hasBody && parser.keepsAlive && !shard.isDraining && place == .own)
        readFields(head)
        let method = Method(head.extracting(parser.method))
        request.note(method)
        let hasTwoKeys = !request.flags.isDisjoint(with: [.severalAuthorizations, .severalAPIKeys])
        if shard.settings.logsAccess, !hasTwoKeys { _ = owner(head) }
        if request.flags.contains(.severalHosts) || !request.host.isPresent && parser.isVersion11 {
            // RFC 9112 section 3.2.
            return refuse("the request must have one Host field")
        }
        switch hostVerdict(head) {
        case .allowed: break
        case .foreign: return sendMisdirected(head, isHead: method == .head)
        case .malformed: return refuse("the request's Host is not a host and port")
        }
        if hasTwoKeys { return refuseTwoKeys() }
        // HTTP/1.0 has no expectations (RFC 9110 section 10.1.1).
        if let range = request.expect.range, parser.isVersion11,
            !head.extracting(range).equalsIgnoringCase("100-continue")
        {
            return send(
                Problem(.expectationFailed, "only Expect: 100-continue is supported", detail: .badRequest),
                status: .none(.badRequest), isHead: method == .head)
        }
        guard method == .get || method == .head else { return handleOther(method, head, hasBody: hasBody) }
        let directive = request.directive
        // An export of the catalogue is one of Larder's own pages.
        if !request.speaksAnthropic, let answer = stored(head, directive), door != .front || !answer.isOwn {
            if answer.source.freshness.isFresh(at: loop.nowMilliseconds) {
                if answer.wantsCompression() { shard.cache.compress(answer) }
                let hasCurrent =
                    request.hasPrecondition && request.isMet(by: answer, head, now: loop.wallSeconds)
                if directive == .refresh {
                    return send(
                        answer, isHead: method == .head, hasCurrent: hasCurrent, status: recentStatus(of: answer))
                }
                if method == .get, !hasCurrent, !machine.closes, parser.isVersion11 { return sendHit(answer) }
                return send(answer, isHead: method == .head, hasCurrent: hasCurrent)
            }
            if sendStale(answer, head, isHead: method == .head) { return }
        }
        begin(head, method, hasBody: hasBody)
    }

    /// Begins the record of a request with its fields.
    @inline(__always)
    func readFields(_ head: Span<UInt8>) {
        request.begin(at: loop.nowNanoseconds)
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            request.add(head.extracting(line.name), line.value, in: head)
        }
    }

    private func refuseTwoKeys() {
        let isAuthorization = request.flags.contains(.severalAuthorizations)
        refuse(
            isAuthorization
                ? "the request has two Authorization fields" : "the request has two X-Api-Key fields")
    }

    private enum HostVerdict { case allowed, foreign, malformed }

    /// Whether Larder accepts the host name in the request. An HTTP/1.0 request need not have one.
    @inline(__always)
    private func hostVerdict(_ head: Span<UInt8>) -> HostVerdict {
        guard let range = request.host.range else { return .allowed }
        let value = head.extracting(authority(head, host: range))
        if door != .admin, shard.isKnown(host: value) { return .allowed }
        guard let host = HostField.host(in: value) else { return .malformed }
        if door == .admin {
            return shard.settings.hosts.admin.allows(value.extracting(host)) ? .allowed : .foreign
        }
        guard shard.settings.hosts.listen.allows(value.extracting(host)) else { return .foreign }
        shard.remember(host: value)
        return .allowed
    }

    /// Where the requested host name is: a target in absolute-form overrides the field (RFC 9112 section 3.2.2).
    @inline(__always)
    private func authority(_ head: Span<UInt8>, host: Range<Int>) -> Range<Int> {
        let target = parser.target
        guard head[target.lowerBound] != UInt8(ascii: "/"), let authority = Target(head.extracting(target))?.authority
        else { return host }
        return target.lowerBound + authority.lowerBound..<target.lowerBound + authority.upperBound
    }

    /// Whether Larder serves its own pages under the requested host name. With DNS rebinding, a page's own host name
    /// resolves to Larder, so the browser treats both as one origin. The request still shows that name.
    func hasAdminHost(_ head: Span<UInt8>) -> Bool {
        guard let range = request.host.range else { return true }
        let value = head.extracting(authority(head, host: range))
        return HostField.host(in: value).map { shard.settings.hosts.adminPaths.allows(value.extracting($0)) } ?? false
    }

    /// Health checks are answered under any host name: such a client may know only an address.
    private func sendMisdirected(_ head: Span<UInt8>, isHead: Bool) {
        let target = head.extracting(parser.target)
        if let parts = Target(target) {
            let path = target.extracting(parts.path)
            let route = Route(path: path)
            if route == .health || route == .readiness {
                noteLabel(route, path, head)
                return route == .health ? sendHealth(isHead: isHead) : sendReadiness(isHead: isHead)
            }
            // The answer then says nothing to web pages of other origins, as everything on those paths.
            if route.kind.isOwn { noteLabel(route, path, head) }
        }
        send(
            Problem(
                .misdirectedRequest,
                "this name is not allowed in Host; server.allowed_hosts sets the allowed names",
                detail: .badRequest), status: .none(.badRequest), isHead: isHead)
    }

    /// The prepared answer, fresh or stale, if there is one. If the request forces a refresh, only an answer from a
    /// recent copy.
    @inline(__always)
    private func stored(_ head: Span<UInt8>, _ directive: CacheDirective) -> Answer? {
        let target = head.extracting(parser.target)
        let coding = request.coding(head)
        let wall = loop.wallSeconds
        var answer = shard.cache.responses.answer(to: target, coding: coding, owner: nil, wallSeconds: wall)
        if answer == nil {
            answer = shard.cache.responses.answer(to: target, coding: coding, owner: owner(head), wallSeconds: wall)
        }
        if directive == .refresh, let found = answer,
            !found.source.freshness.isRecent(at: loop.nowMilliseconds, shard.cache.responses.windows)
        {
            return nil
        }
        return answer
    }

    /// The owner of the current request. It is computed once for each request.
    private func owner(_ head: Span<UInt8>) -> Owner {
        if let known = request.owner { return known }
        var owner = Owner.nobody
        if let range = request.authorization.range {
            let words = shard.settings.fingerprinter.fingerprint(head.extracting(range)).words
            owner = Owner(high: words.high, low: words.low)
        } else if let range = request.apiKey.range {
            // A key has the same fingerprint in either field.
            let words = shard.settings.fingerprinter.fingerprint("Bearer ", head.extracting(range)).words
            owner = Owner(high: words.high, low: words.low)
        }
        request.owner = owner
        return owner
    }

    /// Answers with a stale prepared answer, if that is allowed. False if nothing was sent.
    private func sendStale(_ answer: Answer, _ head: Span<UInt8>, isHead: Bool) -> Bool {
        // A background refresh would store what the request forbids to store.
        if request.forbidsStoring { return false }
        let owner = owner(head)
        switch shard.cache.responses.decision(
            on: answer, owner: owner, directive: request.directive, now: loop.nowMilliseconds)
        {
        case .hit, .stale, .staleOnError: break
        case .fetch, .unsatisfiable: return false
        }
        if answer.wantsCompression() { shard.cache.compress(answer) }
        noteLabel(of: answer, head)
        let status = staleStatus(
            of: answer, unasked: nil, directive: request.directive, owner: owner,
            authorization: authorization(head), via: via(head))
        send(
            answer, isHead: isHead, hasCurrent: request.isMet(by: answer, head, now: loop.wallSeconds),
            status: status)
        return true
    }

    // MARK: Requests that no ready answer serves

    private func begin(_ head: Span<UInt8>, _ method: Method, hasBody: Bool) {
        let isHead = method == .head
        let targetBytes = head.extracting(parser.target)
        guard let parts = Target(targetBytes) else { return refuse(Self.noTarget) }
        let path = targetBytes.extracting(parts.path)
        let route = Route(path: path)
        noteLabel(route, path, head)
        if let problem = shard.settings.responder.views.problem(of: path) {
            return send(problem, status: .none(problem.detail), isHead: isHead)
        }
        if keepsBack(route, head, parts, method) { return }
        switch route {
        case .health: return sendHealth(isHead: isHead)
        case .readiness: return sendReadiness(isHead: isHead)
        case .own, .export: return answerAdmin(head, parts, method)
        case .other: return pass(head, parts, method, hasBody: hasBody)
        // Upstream answers such a request with a different list.
        case .models, .count, .user, .model, .endpoints, .list, .data:
            if request.speaksAnthropic {
                if let range = parts.query,
                    let problem = Responder.refusalOfPassedParameters(targetBytes.extracting(range))
                {
                    return send(problem, status: .none(problem.detail), isHead: isHead)
                }
                return pass(head, parts, method, hasBody: hasBody)
            }
        }
        answerFromCache(head, parts, route, isHead: isHead)
    }

    /// Answers a request that was found to be for one of the cached routes.
    func answerFromCache(_ head: Span<UInt8>, _ parts: Target, _ route: Route, isHead: Bool) {
        resolve(
            RequestSummary(
                isHead: isHead, target: head.extracting(parser.target).copied(), parts: parts, route: route,
                coding: request.coding(head), directive: request.directive, forbidsStoring: request.forbidsStoring,
                owner: owner(head), precondition: request.precondition(head, now: loop.wallSeconds),
                authorization: authorization(head), via: via(head)))
    }

    private func authorization(_ head: Span<UInt8>) -> SharedBytes? {
        request.authorization.range.map { SharedBytes(copying: head.extracting($0)) }
    }

    private func handleOther(_ method: Method, _ head: Span<UInt8>, hasBody: Bool) {
        let targetBytes = head.extracting(parser.target)
        // Asterisk-form applies to the server as a whole (RFC 9112 section 3.2.4).
        if method == .options, targetBytes.equals("*") { return sendOptions(nil) }
        guard let parts = Target(targetBytes) else { return refuse(Self.noTarget) }
        let path = targetBytes.extracting(parts.path)
        let route = Route(path: path)
        noteLabel(route, path, head)
        if method == .other, head.extracting(parser.method).equals("CONNECT") { return refuseTunnel() }
        switch route {
        case .own, .export: return answerAdmin(head, parts, method)
        default: break
        }
        // A preflight is answered by this server, wherever the request that follows it is sent.
        if method == .options, let preflight = Preflight(parser, head) { return sendOptions(preflight) }
        if let problem = shard.settings.responder.views.problem(of: path) {
            return send(problem, status: .none(problem.detail))
        }
        if keepsBack(route, head, parts, method) { return }
        switch route {
        case .other: return pass(head, parts, method, hasBody: hasBody)
        case .endpoints, .list, .data:
            let invalidated = route.invalidatedPath(by: head.extracting(parser.method), of: path)
            return pass(head, parts, method, hasBody: hasBody, invalidating: invalidated)
        case .models, .count, .user, .model, .health, .readiness, .own, .export: break
        }
        if method == .options { return sendOptions(nil) }
        send(
            Problem(.methodNotAllowed, "this path accepts only GET, HEAD and OPTIONS", detail: .badRequest),
            status: .none(.badRequest), allows: true)
    }

    /// The connection closes: a client may have sent bytes for the tunnel already, and these must not be taken for
    /// requests.
    private func refuseTunnel() {
        machine.closeAfterAnswer()
        send(
            Problem(.notImplemented, "CONNECT is not supported: this server makes no tunnels", detail: .badRequest),
            status: .none(.badRequest))
    }

    /// The error message if `Target` is nil.
    static let noTarget = "the request target has no path, or it has a fragment"

    func refuse(_ message: String) {
        machine.closeAfterAnswer()
        send(Problem(.badRequest, message, detail: .badRequest), status: .none(.badRequest))
    }
}
