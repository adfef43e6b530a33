import Bytes
import Caching
import Fetching
import HTTPClient
import HTTPCore
import Persistence
import Serving
import TestSupport

/// What `FetchCoordinator`, `FetchRunner` and `LoopCache` do, on one loop, without a store and without a fleet.
extension WeekWorld {
    // MARK: For requests

    func want(_ want: Responder.Want, for client: SimulatedClient, _ request: RequestSummary) {
        let key = WaitingTable<SimulatedClient>.Want(
            resource: want.resource, owner: request.owner, directive: request.directive)
        guard let ticket = waiting.add(client, for: key, forbidsStoring: request.forbidsStoring) else { return }
        dispatch(
            want.resource,
            as: Dispatcher.Waiter(
                loop: 0, ticket: ticket, owner: request.owner, authorization: request.authorization,
                directive: request.directive, list: want.list,
                forbidsStoring: request.forbidsStoring || !rules.flightsAreJoined))
    }

    func refresh(behind answer: Answer, owner: Owner, authorization: SharedBytes?) {
        for resource in cache.beginRefreshes(behind: answer, owner: owner, now: now) {
            guard let ticket = waiting.addRefresh(of: resource, owner: owner) else { continue }
            dispatch(
                resource,
                as: Dispatcher.Waiter(
                    loop: 0, ticket: ticket, owner: owner, authorization: authorization, directive: .any,
                    list: resource.basis.flatMap { cache.entry(for: $0, owner: owner)?.list }, isRefresh: true))
        }
    }

    private func dispatch(_ resource: Resource, as waiter: Dispatcher.Waiter) {
        if let action = dispatcher.wanted(resource, by: waiter, cache: &cache, now: now) { perform(action) }
    }

    private func perform(_ action: Dispatcher.Action) {
        switch action {
        case .reply(let waiter, let outcome, let collapsed):
            replies += 1
            if !rules.repliesArrive, replies % 50 == 0 { return }
            settle(waiter.ticket, outcome, collapsed: collapsed)
        case .start(let flight, let waiter):
            perform(
                table.begin(
                    flight, as: waiter, stored: cache.entry(for: flight.resource, owner: waiter.owner),
                    url: flight.resource.upstreamTarget, now: now * 1_000_000, deadline: now + SimulatedUpstream.timeout
                ))
        }
    }

    private func settle(_ ticket: UInt64, _ outcome: Dispatcher.Outcome, collapsed: Bool) {
        guard let group = waiting.take(ticket) else { return }
        let (resource, owner) = (group.want.resource, group.want.owner)
        if let entry = outcome.entryToKeep(forbidsStoring: group.forbidsStoring) {
            keep(entry, for: resource, owner: owner)
        }
        let pause = outcome.pause(at: now)
        cache.refreshEnded(
            of: resource, owner: owner, notBefore: pause.notBefore, backoffUntil: pause.backoffUntil,
            isAboutKey: pause.isAboutKey)
        for (position, client) in group.clients.enumerated() {
            settled(client, resource, outcome, collapsed: collapsed || group.isRefresh || position > 0)
        }
    }

    private func keep(_ entry: Entry, for resource: Resource, owner: Owner) {
        guard now < entry.freshness.useEnds(cache.windows), builder.allows(entry, of: resource) else { return }
        if let held = cache.entry(for: resource, owner: owner),
            held === entry || held.freshness.storedAt > entry.freshness.storedAt
        {
            return
        }
        cache.store(entry, for: resource, owner: owner)
        track(entry)
    }

    private func track(_ entry: Entry) {
        kept.append(Kept(entry: entry, identity: entry.identity, bytes: sizes[entry.identity] ?? 0))
    }

    // MARK: Fetches

    func perform(_ actions: [FetchAdmission.Action]) {
        cache.setAside(table.bytes)
        for action in actions {
            switch action {
            case .receive(let ticket): receive(ticket)
            case .read(let ticket, let limit): beginReading(ticket, limit: limit)
            case .refuse(let ticket): fail(ticket, .busy)
            case .giveBack: break
            }
        }
    }

    private func receive(_ ticket: FetchTable.Ticket) {
        if rules.lateFetchesHeedPauses, let fetch = table[ticket],
            let problem = dispatcher.obstacle(toBegin: fetch.flight, for: fetch.waiter.owner, now: now)
        {
            return fail(ticket, problem)
        }
        guard let fetch = table.asked(ticket, now: now * 1_000_000, wallSeconds: wallSeconds),
            let thing = Subject.things.firstIndex(where: { $0.target == fetch.url })
        else { return ledger.violated(4, now, "upstream is asked for something unknown") }
        let key = fetch.waiter.authorization.flatMap { Int($0.span.text()) } ?? 0
        lastAsk += 1
        counts.asked += 1
        log?("\(now): upstream is asked for \(fetch.url) with key \(key)")
        let askedAt = ledger.asked(
            lastAsk,
            Ledger.Ask(
                thing: thing, key: key,
                isAlone: fetch.isVoid || fetch.waiter.forbidsStoring && rules.flightsAreJoined),
            now: now)
        let plan = upstream.plan(
            thing, key: key, tag: fetch.stored?.metadata.entityTag, now: now, ledger: &ledger, random: &upstreamRandom)
        asks[lastAsk] = Ask(ticket: ticket, thing: thing, key: key, askedAt: askedAt, plan: plan)
        for part in plan.parts { queue.add(.part(ask: lastAsk, bytes: part.bytes), at: now + part.after) }
        queue.add(.arrived(ask: lastAsk), at: now + plan.after)
    }

    /// Some of a body has arrived.
    func received(_ id: Int, _ bytes: Int) {
        guard let ask = asks[id] else { return }
        if table.mayReceive(bytes, ask.ticket) {
            asks[id]?.bytes = bytes
            // `FetchAdmission` may have given it more room.
            cache.setAside(table.bytes)
        } else {
            asks[id] = nil
            ledger.ended(id)
            perform(table.exceeded(ask.ticket))
        }
    }

    /// The transfer has ended.
    func arrived(_ id: Int) {
        guard let ask = asks.removeValue(forKey: id) else { return }
        ledger.ended(id)
        transferred[ask.ticket] = ask
        var (result, content) = (ask.plan.result, ask.plan.content)
        if !rules.cutsAreSeen, let beginning = ask.plan.beginning {
            (result, content) = (.success(beginning.response), beginning.content)
        }
        switch result {
        case .failure(let failure): fail(ask.ticket, FetchProblem(failure))
        case .success(let response):
            if ask.plan.confirms { counts.confirmed += 1 }
            if let content {
                statements[ask.ticket] = ledger.responded(
                    content, of: ask.thing, to: ask.key, askedAt: ask.askedAt, isPublic: ask.plan.isPublic,
                    confirms: ask.plan.confirms, isRefusal: ask.plan.isRefusal)
            }
            perform(table.received(response, ask.ticket))
        }
    }

    private func beginReading(_ ticket: FetchTable.Ticket, limit: Int) {
        guard let fetch = table[ticket], let response = fetch.response else { return }
        let circumstances = EntryBuilder.Circumstances(
            now: now, wallSeconds: wallSeconds, chance: random.chance(), stored: fetch.stored, askedAt: fetch.askedAt,
            delay: Int(now - fetch.began / 1_000_000) / 1000)
        let reading: Reading
        do throws(CodingProblem) {
            let readable = try response.readable(limit: limit)
            switch builder.build(fetch.flight.resource, from: readable, beside: fetch.waiter.list, circumstances) {
            case .success(let entry):
                reading = .entry(entry)
                // What a 304 confirms is known already.
                if let plan = transferred[ticket]?.plan, plan.kept > 0 { sizes[entry.identity] = plan.kept }
                track(entry)
                // It keeps the body itself, which counts once.
                if case .body = entry.content { transferred[ticket]?.bytes = 0 }
            case .failure(let problem): reading = .failed(problem)
            }
        } catch {
            let problem = FetchProblem(error, status: response.status)
            if case .tooLarge = error { reading = .tooLarge(problem) } else { reading = .failed(problem) }
        }
        queue.add(.read(ticket, reading), at: now + random.within(1...20))
    }

    func read(_ ticket: FetchTable.Ticket, _ reading: Reading) {
        switch reading {
        case .failed(let problem):
            if let actions = table.repeats(ticket) {
                receive(ticket)
                perform(actions)
            } else {
                fail(ticket, problem)
            }
        case .tooLarge(let problem):
            if let actions = table.outgrew(ticket) { perform(actions) } else { fail(ticket, problem) }
        case .entry(let entry):
            guard let (fetch, actions) = table.read(ticket, isRefusal: entry.status.refusesKey) else { return }
            transferred[ticket]?.bytes = 0
            fetched(fetch, ticket, entry)
            perform(actions)
        }
    }

    private func fetched(_ fetch: FetchContext, _ ticket: FetchTable.Ticket, _ entry: Entry) {
        let (resource, owner) = (fetch.flight.resource, fetch.waiter.owner)
        let completion = Completion(
            entry, .none, of: resource, owner: owner, mayShare: fetch.mayShare && builder.allows(entry, of: resource),
            windows: cache.windows)
        guard let withdrawal = completion.withdrawal else { return finish(ticket, completion.entry) }
        counts.withdrawals += 1
        takeOut(withdrawal)
        // A store may take a while to remove what it has.
        if random.percent(50) { return finish(ticket, completion.entry) }
        queue.add(.withdrawn(ticket, completion.entry), at: now + random.within(1...300))
    }

    func takeOut(_ withdrawal: Withdrawal) {
        guard rules.withdrawalsRemove else { return }
        switch withdrawal {
        case .shared(let resource): takeOutShared(resource)
        case .copies(let resource, let owner):
            takeOutShared(resource)
            cache.removeEntry(for: resource, owner: owner)
        case .key(let owner):
            cache.removeEntries(of: owner)
            table.void(of: owner)
        case .purge(let purge):
            _ = cache.remove(purge)
            table.void(purge)
            for (id, ask) in asks {
                guard let fetch = table[ask.ticket] else { continue }
                if purge.covers(fetch.flight.resource, ownerHigh: fetch.waiter.owner.high) { ledger.closed(id) }
            }
            guard rules.purgesCloseFetches else { break }
            dispatcher.close(purge)
            waiting.close { purge.covers($0.resource, ownerHigh: $0.owner.high) }
        case .nothing, .fleetPurge, .fleetKey: break
        }
    }

    private func takeOutShared(_ resource: Resource) {
        cache.removeEntry(for: resource, owner: nil)
        waiting.forEach { $0.pending?.progress.delivered.withdrawShared(resource) }
        table.withdrawShared(resource)
    }

    /// Stores a response, and answers those who wait for it.
    func finish(_ ticket: FetchTable.Ticket, _ response: Entry) {
        guard let fetch = table.finished(ticket) else { return }
        if let statement = statements.removeValue(forKey: ticket) { ledger.used(statement) }
        if let ask = transferred.removeValue(forKey: ticket) {
            if ask.plan.failure != nil, rules.cutsAreSeen {
                ledger.violated(2, now, "upstream failed at \(fetch.url), and its answer is used")
            }
            ledger.succeeded(ask.thing, ask.key, isRefusal: ask.plan.isRefusal)
        }
        let entry = fetch.delivered(response)
        let (resource, owner) = (fetch.flight.resource, fetch.waiter.owner)
        if !fetch.isVoid, !fetch.waiter.forbidsStoring {
            keep(entry, for: resource, owner: owner)
            if let parameter = IgnoredParameters.Parameter(resource, entry, owner: owner) {
                cache.ignoredParameters.insert(parameter, seenAt: entry.freshness.storedAt)
            }
        }
        for action in dispatcher.completed(fetch.flight, with: entry, cache: &cache, now: now) { perform(action) }
    }

    private func fail(_ ticket: FetchTable.Ticket, _ problem: FetchProblem) {
        guard let (fetch, actions) = table.failed(ticket) else { return }
        log?("\(now): \(fetch.url): \(problem)")
        statements[ticket] = nil
        if let ask = transferred.removeValue(forKey: ticket), problem.hasAsked {
            counts.failed += 1
            if let failure = ask.plan.failure {
                ledger.failed(ask.thing, ask.key, failure, wish: ask.plan.wish, now: now)
            } else {
                ledger.violated(2, now, "a whole answer of upstream counts as a failure: \(problem)")
            }
        }
        let actionsOfFailure = dispatcher.failed(
            fetch.flight, with: passed(problem), cache: &cache, chance: random.chance(), now: now)
        for action in actionsOfFailure { perform(action) }
        perform(actions)
    }

    /// A problem as the rules pass it on.
    private func passed(_ problem: FetchProblem) -> FetchProblem {
        if !rules.failuresCount { return .busy }
        guard !rules.wishesCount else { return problem }
        switch problem {
        case .status(let status, _): return .status(status, retryAfter: nil)
        case .relayed(let status, let type, let body, _):
            return .relayed(status, contentType: type, body: body, retryAfter: nil)
        default: return problem
        }
    }

    // MARK: Purges

    func purge(_ scope: Int) {
        counts.withdrawals += 1
        let purge: Purge =
            switch scope {
            case 0: .all
            case 1: .catalog
            default: .key(owner(scope - 1).high >> 32)
            }
        takeOut(.purge(purge))
        if scope == 0 { ledger.purged() }
    }
}
