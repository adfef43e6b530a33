import Bytes
import Catalog
import EventLoop
import Fetching
import HTTPCore
import HTTPParsing
import History
import Persistence
import Serving

/// Requests for the history of the catalogue.
extension Connection {
    /// Answers a request for one of the paths of the history.
    func answerHistory(_ path: HistoryPath, _ head: Span<UInt8>, _ parts: Target, _ method: Method) {
        let isHead = method == .head
        if isForeign(head) { return sendForeign(isHead: isHead) }
        guard method == .get || isHead else { return refuseMethod(isHead: isHead) }
        let form = HistoryForm(
            isHead: isHead, coding: request.coding(head),
            precondition: request.precondition(head, now: shard.loop.wallSeconds))
        if case .model(let id) = path { return answerModelHistory(id, form) }
        let target = head.extracting(parser.target)
        var query: EventQuery
        do throws(InvalidParameter) {
            query = try EventQuery(target.extracting(parts.query ?? 0..<0), now: shard.loop.wallSeconds)
        } catch {
            return sendAdminProblem(Problem(.badRequest, error.message, detail: .badRequest), isHead: isHead)
        }
        if path == .changes, method == .get, accepts("text/event-stream", head) {
            if let last = lastEventID(head) { query.since = last }
            return follow(query)
        }
        let feed = path == .feed ? AtomFeed.of(shard.history.name ?? "", feedLink(head, target)) : nil
        let none = EventPager(query).page(last: 0)
        let isRead = shard.history.read(query) { [self] result in
            answer(form) { () -> HistoryAnswerBody in
                let page: HistoryPage?
                switch result {
                case .found(let found): page = found
                case .none: page = nil
                case .unavailable, .damaged: return .problem(PastLists.unavailable)
                }
                let events = page?.page ?? none
                guard let feed else { return .body(events.json, .json) }
                return .body(feed.render(events.events, updated: page?.span.latest ?? 0), .atom)
            }
        }
        wait(isRead, form)
    }

    private func answerModelHistory(_ id: String, _ form: HistoryForm) {
        let isRead = shard.history.read(model: id) { [self] result in
            answer(form) { () -> HistoryAnswerBody in
                switch result {
                case .found(let history) where !history.points.isEmpty: .body(history.json, .json)
                case .found, .none:
                    .problem(
                        Problem(.notFound, "the history has no model of this id", detail: .badRequest))
                case .unavailable, .damaged: .problem(PastLists.unavailable)
                }
            }
        }
        wait(isRead, form)
    }

    private func wait(_ isRead: Bool, _ form: HistoryForm) {
        guard isRead else { return sendAdminProblem(HistoryTier.notKept, isHead: form.isHead) }
        machine.beganGathering()
    }

    /// Writes an answer on the thread pool, and sends it.
    private func answer(_ form: HistoryForm, _ write: @escaping @Sendable () -> HistoryAnswerBody) {
        let coding = form.coding
        shard.loop.offload {
            write().coded(coding)
        } then: { [self] answer in
            guard machine.resumed() else { return }
            switch answer {
            case .problem(let problem): sendAdminProblem(problem, isHead: form.isHead)
            case .whole(let body): send(body, form)
            }
            goOn()
        }
    }

    private func send(_ body: CodedHistory, _ form: HistoryForm) {
        let tag = body.entityTag
        let isCurrent = form.precondition?.isMet(byTag: tag.span) ?? false
        var head = shard.heads.take()
        head.begin(isCurrent ? .notModified : .ok)
        if !isCurrent {
            head.field("Content-Type", body.type == .atom ? "application/atom+xml; charset=utf-8" : "application/json")
            head.field("Content-Length", decimal: body.bytes.count)
            if body.coding != .identity { head.field("Content-Encoding", body.coding.token) }
        }
        head.field("ETag", tag.span)
        head.field("Cache-Control", "no-cache")
        head.field("Vary", "Accept-Encoding")
        appendDate(to: &head)
        let content = isCurrent || form.isHead ? nil : body.bytes.all
        let outcome = write(head, content)
        record(.own, status: (isCurrent ? Status.notModified : .ok).rawValue, bytes: content?.count ?? 0)
        sent(outcome)
    }

    // MARK: Events

    private func follow(_ query: EventQuery) {
        guard query.until == nil else {
            return sendAdminProblem(
                Problem(.badRequest, "until cannot be used with a stream of events", detail: .badRequest),
                isHead: false)
        }
        guard shard.history.name != nil else { return sendAdminProblem(HistoryTier.notKept, isHead: false) }
        let follower = EventFollower(self, shard.history, query, isVersion11: parser.isVersion11)
        guard shard.history.add(follower) else {
            return sendAdminProblem(
                Problem(
                    .serviceUnavailable, "too many clients follow the changes", detail: .busy, retryAfter: 5),
                isHead: false)
        }
        following = follower
        machine.beganPassing(keepsAlive: false, hasBody: false, at: now, limits)
        follower.start()
        // The call that ends all streams may have come already.
        if shard.isDraining { endFollowing() }
    }

    /// Larder drains: a stream of events ends.
    func endFollowing() {
        guard let follower = following else { return }
        following = nil
        follower.end()
        record(.own, status: Status.ok.rawValue, bytes: follower.sentBytes)
        answered()
    }

    /// The client of a stream of events has left, which is the usual end. False if there is no such stream.
    func leaveFollowing() -> Bool {
        guard let follower = following else { return false }
        following = nil
        follower.left()
        record(.own, status: Status.ok.rawValue, bytes: follower.sentBytes)
        return true
    }

    private func lastEventID(_ head: Span<UInt8>) -> EventQuery.Start? {
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            guard head.extracting(line.name).equalsIgnoringCase("last-event-id") else { continue }
            return EventStream.start(afterLastEventID: head.extracting(line.value))
        }
        return nil
    }

    /// The address of a feed, as its reader has it.
    private func feedLink(_ head: Span<UInt8>, _ target: Span<UInt8>) -> String {
        guard target[0] == UInt8(ascii: "/"), let host = request.host.range else { return target.text() }
        return "http://" + head.extracting(host).text() + target.text()
    }
}

/// What the form of an answer depends on.
private struct HistoryForm: Sendable {
    let isHead: Bool
    let coding: ContentCoding
    let precondition: Precondition?
}

/// The media types of the history.
private enum HistoryType: Sendable { case json, atom }

/// A body before it is compressed.
private enum HistoryAnswerBody: Sendable {
    case body(SharedBytes, HistoryType)
    case problem(Problem)

    /// Compressed, if that is worth it.
    func coded(_ coding: ContentCoding) -> HistoryBody {
        switch self {
        case .problem(let problem): return .problem(problem)
        case .body(let bytes, let type):
            let coded = bytes.count > 1024 ? coding.compress(bytes.span) : nil
            return .whole(
                CodedHistory(
                    bytes: coded ?? bytes, coding: coded == nil ? .identity : coding, type: type,
                    identity: bytes.span.hash64()))
        }
    }
}

private enum HistoryBody: Sendable {
    case whole(CodedHistory)
    case problem(Problem)
}

private struct CodedHistory: Sendable {
    let bytes: SharedBytes
    let coding: ContentCoding
    let type: HistoryType
    let identity: UInt64

    var entityTag: SharedBytes {
        var tag = ByteBuilder(capacity: 32)
        tag.append("\"")
        tag.append(hex: identity)
        if coding != .identity {
            tag.append("-")
            tag.append(coding.token)
        }
        tag.append("\"")
        return tag.finish()
    }
}

extension AtomFeed {
    /// The feed of a history at an address. Its ids must never change, so they name neither the machine nor an address.
    fileprivate static func of(_ history: String, _ link: String) -> AtomFeed? {
        TagAuthority(name: "localhost", since: 1_767_225_600).map {
            AtomFeed(authority: $0, history: history, link: link, title: "Changes of the model catalogue")
        }
    }
}
