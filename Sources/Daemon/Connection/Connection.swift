import Bytes
import Caching
import Digest
import EventLoop
import HTTPCore
import HTTPParsing
import Serving

/// One client's connection: its bytes in, its requests one after the other, its answers out in the same order.
///
/// A request is read only when the one before it is answered and gone into the socket, so a client that pipelines and does
/// not read costs no more than the one answer it has not taken.
final class Connection: StreamDelegate {
    /// Where the connection is between two events.
    enum State {
        /// For the next request, or for the rest of its head.
        case reading
        /// For a fetch.
        case waiting(PendingRequest)
        /// For the socket to take the rest of an answer.
        case flushing
        /// Nothing more is read or answered.
        case ending
    }

    /// The most that is kept of what a client sends ahead while its request waits.
    private static let mostAhead = 64 << 10

    let shard: Shard
    let stream: Stream
    private var parser: RequestParser
    /// Bytes not dealt with yet: an unfinished head, or requests sent ahead.
    private var unread = ByteBuilder(capacity: 1)
    /// How many of them the parser has seen.
    private var seen = 0
    private(set) var state = State.reading
    private var closesAfterAnswer = false
    private var hasEnded = false
    private var queuedAtLastLook = 0
    /// Its place in the shard's table.
    var place = 0
    /// When it is given up unless something happens, in milliseconds.
    private(set) var deadline: UInt64

    init(shard: Shard, stream: Stream) {
        self.shard = shard
        self.stream = stream
        parser = RequestParser(limits: shard.settings.headLimits)
        deadline = shard.loop.nowMilliseconds &+ shard.settings.headerTimeout
    }

    // MARK: Bytes in

    func received(_ bytes: Span<UInt8>, on stream: Stream) {
        guard unread.isEmpty, case .reading = state else {
            unread.append(bytes)
            if case .reading = state {
                readOn()
            } else if unread.count > Self.mostAhead {
                stream.stopReading()
            }
            return
        }
        let used = read(bytes)
        if used < bytes.count { unread.append(bytes.extracting(used..<bytes.count)) }
    }

    func endOfInput(on stream: Stream) {
        hasEnded = true
        endIfAllIsAnswered()
    }

    func drained(_ stream: Stream) {
        guard case .flushing = state else { return }
        answered()
        goOn()
    }

    func closed(_ stream: Stream, error: UVError?) {
        state = .ending
        shard.remove(self)
    }

    /// Deals with what lies unread.
    private func readOn() {
        guard !unread.isEmpty, case .reading = state else { return }
        let used = read(unread.span)
        unread.removeFirst(used)
    }

    /// Reads requests until one cannot be answered at once. The bytes that were used up are counted from the front.
    private func read(_ bytes: Span<UInt8>) -> Int {
        var used = 0
        while used < bytes.count, case .reading = state {
            let run = bytes.extracting(used..<bytes.count)
            switch parser.next(run, seen: seen) {
            case .needMore:
                if seen == 0 { deadline = shard.loop.nowMilliseconds &+ shard.settings.headerTimeout }
                seen = run.count
                return used
            case .request(let consumed):
                seen = 0
                handle(run.extracting(0..<consumed), hasBody: false)
                used += consumed
            case .head(let consumed):
                seen = 0
                handle(run.extracting(0..<consumed), hasBody: true)
                used += consumed
            case .invalid(let failure):
                closesAfterAnswer = true
                send(Problem(failure.status, failure.message, detail: .badRequest), status: nil)
                return bytes.count
            }
        }
        return used
    }

    private func handle(_ head: Span<UInt8>, hasBody: Bool) {
        // A body is of no use to any route here. It is not read: the connection ends with the answer.
        closesAfterAnswer = hasBody || !parser.keepsAlive || shard.isDraining
        let fields = RequestFields(parser, head)
        let method = Method(head.extracting(parser.method))
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
        guard method == .get || method == .head else { return handleOther(method, head) }
        if !fields.hasAnthropicVersion, let answer = stored(head, fields) {
            return send(answer, isHead: method == .head, hasCurrent: fields.isMet(by: answer, head))
        }
        begin(head, fields, isHead: method == .head)
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
        guard let host = HostField.host(in: value) else { return .malformed }
        return shard.settings.hosts.allows(value.extracting(host)) ? .allowed : .foreign
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

    /// The answer that lies ready, if there is one and it may be served.
    @inline(__always)
    private func stored(_ head: Span<UInt8>, _ fields: RequestFields) -> Answer? {
        guard fields.demand != .refresh else { return nil }
        let target = head.extracting(parser.target)
        let coding = fields.coding(head)
        let wall = shard.loop.wallSeconds
        var answer = shard.cache.answer(to: target, coding: coding, owner: nil, wallSeconds: wall)
        if answer == nil, fields.authorization != nil {
            answer = shard.cache.answer(
                to: target, coding: coding, owner: owner(head, fields), wallSeconds: wall)
        } else if answer == nil {
            answer = shard.cache.answer(to: target, coding: coding, owner: .nobody, wallSeconds: wall)
        }
        guard let answer, answer.source.freshness.isFresh(at: shard.loop.nowMilliseconds) else { return nil }
        if answer.wantsCompression() { shard.compress(answer) }
        return answer
    }

    private func owner(_ head: Span<UInt8>, _ fields: RequestFields) -> Owner {
        guard let range = fields.authorization else { return .nobody }
        let words = shard.settings.fingerprinter.fingerprint(head.extracting(range)).words
        return Owner(high: words.high, low: words.low)
    }

    // MARK: Requests that no ready answer serves

    private func begin(_ head: Span<UInt8>, _ fields: RequestFields, isHead: Bool) {
        let targetBytes = head.extracting(parser.target)
        guard let parts = Target(targetBytes) else { return refuse("the request target names no path") }
        let route = Route(path: targetBytes.extracting(parts.path))
        switch route {
        case .health: return sendHealth(isHead: isHead)
        case .readiness: return sendReadiness(isHead: isHead)
        case .other: return send(Self.notServed, status: .none(.badRequest), isHead: isHead)
        case .models where fields.hasAnthropicVersion, .user where fields.hasAnthropicVersion:
            return send(Self.notServed, status: .none(.badRequest), isHead: isHead)
        case .models, .count, .user, .model, .endpoints, .list: break
        }
        let summary = RequestSummary(
            isHead: isHead, target: targetBytes.copied(), parts: parts, route: route, coding: fields.coding(head),
            demand: fields.demand, owner: owner(head, fields),
            precondition: fields.precondition(head))
        let request = PendingRequest(
            summary: summary,
            authorization: fields.authorization.map { SharedBytes(copying: head.extracting($0)) },
            keepsAlive: !closesAfterAnswer)
        resolve(request)
    }

    /// Answers a request, or waits for what is wanting for it.
    private func resolve(_ request: PendingRequest) {
        var request = request
        switch shard.resolve(request) {
        case .answer(let answer):
            state = .reading
            let status = request.forward.map { CacheStatus.forwarded($0) }
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

    /// A fetch that this connection waited for has ended.
    func settled(_ resource: Resource, _ outcome: Dispatcher.Outcome, collapsed: Bool) {
        guard case .waiting(var request) = state,
            let place = request.wants.firstIndex(where: { $0.resource == resource })
        else { return }
        let want = request.wants.remove(at: place)
        switch outcome {
        case .entry(let entry, let isNew):
            request.delivered.add(entry, for: resource)
            if isNew {
                request.forward = CacheStatus.Forward(
                    reason: want.reason, status: entry.status.rawValue,
                    stored: entry.freshness.isFresh(at: entry.freshness.storedAt), collapsed: collapsed)
            }
        case .failure(let problem):
            request.failure =
                request.failure ?? PendingRequest.Failure(problem: problem, reason: want.reason, collapsed: collapsed)
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

    private func handleOther(_ method: Method, _ head: Span<UInt8>) {
        let targetBytes = head.extracting(parser.target)
        guard let parts = Target(targetBytes) else { return refuse("the request target names no path") }
        switch Route(path: targetBytes.extracting(parts.path)) {
        case .other, .endpoints, .list: return send(Self.notServed, status: .none(.badRequest))
        case .models, .count, .user, .model, .health, .readiness: break
        }
        if method == .options { return sendOptions(Preflight(parser, head)) }
        send(
            Problem(.methodNotAllowed, "this path takes GET, HEAD and OPTIONS only", detail: .badRequest),
            status: .none(.badRequest), allows: true)
    }

    private static let notServed = Problem(
        .notImplemented, "larder serves the model catalogue; other paths are not passed on", detail: .badRequest)

    private func refuse(_ message: String) {
        closesAfterAnswer = true
        send(Problem(.badRequest, message, detail: .badRequest), status: .none(.badRequest))
    }

    // MARK: Bytes out

    /// What was written has gone where it should: on to the next request, or to the end.
    func sent(_ outcome: WriteOutcome) {
        switch outcome {
        case .sent: answered()
        case .queued:
            state = .flushing
            stream.stopReading()
            noteFlushing()
        case .closed: state = .ending
        }
    }

    /// Whether the connection ends with the answer in hand.
    var isLastAnswer: Bool { closesAfterAnswer || shard.isDraining }

    private func answered() {
        if isLastAnswer { return end() }
        state = .reading
        deadline = shard.loop.nowMilliseconds &+ shard.settings.idleTimeout
    }

    /// Deals with what was sent ahead, then with what comes.
    private func goOn() {
        readOn()
        guard case .reading = state else { return }
        if hasEnded { endIfAllIsAnswered() } else { stream.startReading() }
    }

    // MARK: Ends

    /// Sends what is queued and closes, in that order.
    private func end() {
        state = .ending
        stream.shutdownThenClose(lingerMilliseconds: Self.linger)
    }

    /// How long a client that was told to go may take to go, in milliseconds.
    private static let linger = 2_000

    /// The client will send no more: once it has all its answers, the connection has no use.
    private func endIfAllIsAnswered() {
        if case .reading = state { end() }
    }

    /// The deadline has passed: a client that is in the middle of a head is told so (RFC 9110 section 15.5.9), an idle one
    /// is left without a word, one that does not take its answer is cut off.
    func expire() {
        switch state {
        case .reading where seen > 0:
            closesAfterAnswer = true
            send(Problem(.requestTimeout, "the request took too long to arrive", detail: .badRequest), status: nil)
        case .flushing where stream.queuedBytes < queuedAtLastLook:
            // It is slow, but it reads.
            noteFlushing()
        case .reading, .flushing: stream.close()
        case .waiting, .ending: break
        }
    }

    private func noteFlushing() {
        queuedAtLastLook = stream.queuedBytes
        deadline = shard.loop.nowMilliseconds &+ shard.settings.bodyTimeout
    }

    /// Larder is about to stop: an idle connection ends now, another with its answer.
    func drain() {
        closesAfterAnswer = true
        if case .reading = state, unread.isEmpty, seen == 0 { stream.close() }
    }
}
