import Bytes
import Caching
import Fetching
import HTTPClient
import HTTPCore
import Serving
import TestSupport

/// What `Connection` does.
extension WeekWorld {
    private var limits: ConnectionStateMachine.TimeLimits { SimulatedClient.limits }

    // MARK: The client's side

    private func connection(_ slot: Int) -> SimulatedClient {
        if let open = slots[slot], open.isOpen, !open.expectsClose { return open }
        let client = SimulatedClient(slot: slot, at: now)
        slots[slot] = client
        clients.append(client)
        return client
    }

    func call(_ slot: Int, _ request: Week.Request) {
        let client = connection(slot)
        counts.requests += 1
        client.waits.append(
            SimulatedClient.Wait(
                subject: Subject.all[request.subject], key: request.key, since: awake, begun: ledger.order))
        if request.closes { client.expectsClose = true }
        send(.head(request), on: client)
    }

    func callThrough(_ slot: Int, _ pass: Week.Pass) {
        let client = connection(slot)
        counts.requests += 1
        client.waits.append(
            SimulatedClient.Wait(subject: .passed, key: 0, isPassed: true, since: awake, begun: ledger.order))
        if pass.closes || !pass.hasWholeBody { client.expectsClose = true }
        send(.pass(pass), on: client)
        for (index, count) in pass.body.enumerated() {
            let isLast = index == pass.body.count - 1
            if isLast, !pass.hasWholeBody { return }
            guard client.isOpen else { return }
            send(.body(count, isEnd: isLast), on: client)
        }
    }

    func sendHalf(_ slot: Int) { send(.part, on: connection(slot)) }

    func leave(_ slot: Int) {
        guard let client = slots[slot], client.isOpen else { return }
        client.waits = []
        close(client)
    }

    func endInput(_ slot: Int) {
        guard let client = slots[slot], client.isOpen, client.machine.input != .ended else { return }
        client.expectsClose = true
        // What the kernel holds comes first.
        guard client.kernel.isEmpty, client.machine.input == .flowing else { return }
        switch client.machine.inputEnded() {
        case .none: break
        case .end: end(client)
        case .askRelay:
            if client.passing?.relay.clientEndedInput() == .closeClient {
                client.waits = []
                close(client)
            }
        }
    }

    func stall(_ slot: Int, until: UInt64) {
        guard let client = slots[slot], client.isOpen else { return }
        client.readsFrom = until
        queue.add(.drains(client), at: until)
    }

    private func send(_ item: SimulatedClient.Item, on client: SimulatedClient) {
        if client.machine.input == .stopped { return client.kernel.append(item) }
        arrive([item], on: client)
    }

    // MARK: Bytes in

    private func arrive(_ items: [SimulatedClient.Item], on client: SimulatedClient) {
        client.unread += items
        readOn(client)
        perform(client.machine.keptAhead(client.unreadBytes), client)
    }

    private func readOn(_ client: SimulatedClient) {
        guard !client.unread.isEmpty, client.machine.beginProcessing() else { return }
        while !client.unread.isEmpty, client.machine.isConsuming {
            switch client.unread.removeFirst() {
            case .part: client.machine.receivedPart(at: now, limits)
            case .head(let request): handle(request, client)
            case .pass(let pass): self.pass(pass, client)
            case .body(let count, let isEnd):
                if let passing = client.passing { passBody(count, isEnd: isEnd, client, passing) }
            }
        }
        client.machine.endProcessing()
    }

    func goOn(_ client: SimulatedClient) {
        readOn(client)
        perform(client.machine.caughtUp(), client)
    }

    func perform(_ action: ConnectionStateMachine.InputAction, _ client: SimulatedClient) {
        switch action {
        case .none, .stop: break
        case .resume:
            guard !client.kernel.isEmpty else { return }
            let items = client.kernel
            client.kernel = []
            arrive(items, on: client)
        case .end: end(client)
        }
    }

    // MARK: Ends

    /// Larder ends the connection in an orderly way.
    private func end(_ client: SimulatedClient) {
        // After an answer that closes, the client knows that what it sent ahead is not answered.
        if !client.waits.isEmpty, !client.expectsClose {
            ledger.violated(3, now, "client \(client.slot) gets no answer: its connection is closed")
        }
        client.waits = []
        close(client)
    }

    func close(_ client: SimulatedClient) {
        guard client.isOpen else { return }
        client.isOpen = false
        switch client.machine.closed() {
        case .none, .recordAborted: break
        case .cancelRelay: if let passing = client.passing { cancel(passing) }
        }
        client.pending = nil
        client.passing = nil
    }

    func expire(_ client: SimulatedClient) {
        switch client.machine.expired(queued: client.queued, at: now, limits) {
        case .none, .refusePlace: break
        case .breakRelay: if let passing = client.passing { breakOff(passing, client) }
        case .answerTimeout:
            // To a request that never was complete.
            client.expectsClose = true
            sent(client, bytes: 100)
        case .close:
            if client.queued == 0, !client.waits.isEmpty {
                ledger.violated(3, now, "client \(client.slot) reads, and its connection is closed")
            }
            client.waits = []
            close(client)
        }
    }

    // MARK: Requests

    private func handle(_ request: Week.Request, _ client: SimulatedClient) {
        client.machine.receivedHead(keepsAlive: !request.closes)
        let target = Array(Subject.all[request.subject].target.utf8)
        guard let parts = Target(target.span) else { return ledger.violated(3, now, "no target") }
        let owner = owner(request.key)
        let directive: CacheDirective =
            switch request.directive {
            case .none, .noStore: .any
            case .noCache: .refresh
            case .onlyIfCached: .storedOnly
            }
        let summary = RequestSummary(
            isHead: false, target: target, parts: parts, route: Route(path: target.span.extracting(parts.path)),
            coding: request.acceptsCoded ? .gzip : .identity, directive: directive,
            forbidsStoring: request.directive == .noStore, owner: owner, precondition: nil,
            authorization: request.key == 0 ? nil : SharedBytes(utf8: String(request.key)))
        if let answer = stored(summary) {
            if answer.source.freshness.isFresh(at: now) {
                if answer.wantsCompression() { compress(answer) }
                return send(answer, to: client)
            }
            if sendStale(answer, summary, client) { return }
        }
        resolve(summary, client)
    }

    private func stored(_ request: RequestSummary) -> Answer? {
        var answer = cache.answer(to: request.target.span, coding: request.coding, owner: nil, wallSeconds: wallSeconds)
        if answer == nil {
            answer = cache.answer(
                to: request.target.span, coding: request.coding, owner: request.owner, wallSeconds: wallSeconds)
        }
        if request.directive == .refresh, let found = answer, !found.source.freshness.isRecent(at: now, cache.windows) {
            return nil
        }
        return answer
    }

    private func sendStale(_ answer: Answer, _ request: RequestSummary, _ client: SimulatedClient) -> Bool {
        if request.forbidsStoring { return false }
        switch cache.decision(on: answer, owner: request.owner, directive: request.directive, now: now) {
        case .hit, .stale, .staleOnError: break
        case .fetch, .unsatisfiable: return false
        }
        if request.directive == .any {
            refresh(behind: answer, owner: request.owner, authorization: request.authorization)
        }
        send(answer, to: client)
        return true
    }

    private func compress(_ answer: Answer) {
        let body = answer.body
        if let coded = answer.preferred.compress(body.span), coded.count < body.count {
            cache.replace(answer, compressed: coded)
        }
    }

    func resolve(_ request: RequestSummary, _ client: SimulatedClient) {
        var request = request
        let resolution = responder.resolve(
            request, cache: &cache, delivered: request.progress.delivered, now: now, wallSeconds: wallSeconds)
        switch resolution {
        case .answer(let answer):
            let isStale = !answer.source.freshness.isFresh(at: now)
            if request.progress.forward == nil, isStale, request.directive == .any, !request.forbidsStoring {
                refresh(behind: answer, owner: request.owner, authorization: request.authorization)
            }
            send(answer, to: client)
        case .problem(let problem): send(problem.body.all, isWhole: false, to: client)
        case .fetch(let wants):
            request.progress.wants = wants
            client.pending = request
            client.machine.beganWaiting()
            for want in wants { self.want(want, for: client, request) }
        }
    }

    /// A fetch that this connection waited for has ended.
    func settled(
        _ client: SimulatedClient, _ resource: Resource, _ outcome: Dispatcher.Outcome, collapsed: Bool
    ) {
        guard var request = client.pending,
            let position = request.progress.wants.firstIndex(where: { $0.resource == resource })
        else { return }
        let want = request.progress.wants.remove(at: position)
        switch outcome {
        case .entry(let entry, let isNew):
            request.progress.delivered.add(entry, for: resource)
            if isNew {
                request.progress.forward = CacheStatus.Forward(
                    reason: want.reason, status: entry.status.rawValue, stored: false, collapsed: collapsed)
            }
        case .failure(let problem, let staleIfErrorCopy, _):
            let failure = RequestSummary.Failure(problem: problem, reason: want.reason, collapsed: collapsed)
            let copy =
                cache.staleIfErrorCopy(for: resource, owner: request.owner, after: problem, now: now)
                ?? staleIfErrorCopy
            if let copy {
                request.progress.delivered.add(copy, for: resource)
                request.progress.makeUp(for: failure)
            } else if resource == .catalog, let model = responder.model(of: request),
                let copy = cache.staleIfErrorCopy(for: model, owner: request.owner, after: problem, now: now)
            {
                request.progress.delivered.goOnWithoutCatalog(copy, for: model)
                request.progress.makeUp(for: failure)
            } else {
                request.progress.failure = request.progress.failure ?? failure
            }
        }
        guard request.progress.wants.isEmpty else {
            client.pending = request
            return
        }
        client.pending = nil
        guard client.machine.resumed() else { return }
        if let failure = request.progress.failure {
            if case .relayed(_, _, let body, _) = failure.problem {
                send(body.all, isWhole: false, to: client)
            } else {
                send(failure.problem.problem.body.all, isWhole: false, to: client)
            }
        } else {
            resolve(request, client)
        }
        goOn(client)
    }

    // MARK: Answers

    private func send(_ answer: Answer, to client: SimulatedClient) {
        var body = answer.body
        if answer.coding != .identity {
            let coded = FetchedResponse(
                status: 200, fields: [(name: "content-encoding", value: answer.coding == .br ? "br" : "gzip")],
                body: SharedBytes(copying: body.span), duration: .zero)
            guard let plain = try? coded.decoded(limit: Self.maximumBody) else {
                return ledger.violated(2, now, "a compressed answer cannot be decoded")
            }
            body = plain.body.all
        }
        send(body, isWhole: answer.status == .ok, to: client)
    }

    private func send(_ body: ByteSlice, isWhole: Bool, to client: SimulatedClient) {
        guard !client.waits.isEmpty else {
            return ledger.violated(3, now, "client \(client.slot) gets a second answer")
        }
        let wait = client.takeWait(at: awake)
        let marks = Ledger.Mark.all(in: body.span)
        log?(
            "\(now): client \(client.slot) gets \(isWhole ? "" : "error ")\(wait.subject.target) for key \(wait.key): \(marks.map { "\($0.content).\($0.row)" }.joined(separator: " "))"
        )
        if isWhole {
            counts.answers += 1
            let count = wait.subject.form == .count ? Ledger.Mark.count(in: body.span) : nil
            ledger.answered(wait.subject, wait.key, marks, count: count, begun: wait.begun, now: now)
        } else {
            counts.errors += 1
            ledger.refused(wait.key, marks, now: now)
        }
        sent(client, bytes: body.count)
    }

    func sent(_ client: SimulatedClient, bytes: Int) {
        if now < client.readsFrom {
            client.queued += bytes
            let action = client.machine.blocked(queued: client.queued, at: now, limits)
            return perform(action, client)
        }
        answered(client)
    }

    func answered(_ client: SimulatedClient) {
        // The client has read it, and what it has sent ahead begins only now.
        if !client.waits.isEmpty { client.waits[0].since = awake }
        switch client.machine.answered(isDraining: false, at: now, limits) {
        case .end: end(client)
        case .readNext: break
        }
    }

    /// The client reads again.
    func drains(_ client: SimulatedClient) {
        guard client.isOpen, client.queued > 0, now >= client.readsFrom else { return }
        client.queued = 0
        switch client.machine.drained(at: now, limits) {
        case .finish:
            answered(client)
            goOn(client)
        case .relay: if let passing = client.passing { drained(passing) }
        case .none: break
        }
    }
}
