import Bytes
import Caching
import Catalog
import EventLoop
import HTTPCore
import Logging
import Serving
import Store
import Upstream

extension Shard {
    // MARK: For the requests of this loop

    /// Finds the answer to a request, or what is wanting for it.
    func resolve(_ request: PendingRequest) -> Responder.Resolution {
        settings.responder.resolve(
            request.summary, cache: &cache, delivered: request.delivered, now: loop.nowMilliseconds,
            wallSeconds: loop.wallSeconds)
    }

    /// Has something fetched for a connection, which is told by `settled`.
    func fetch(_ want: Responder.Want, for connection: Connection, _ request: PendingRequest) {
        let summary = request.summary
        let key = WaitingTable.Want(resource: want.resource, owner: summary.owner, demand: summary.demand)
        guard let ticket = waiting.add(connection, for: key) else { return }
        ask(
            want.resource,
            as: Dispatcher.Party(
                loop: index, ticket: ticket, owner: summary.owner, authorization: request.authorization,
                demand: summary.demand, list: want.list))
    }

    /// Fetches the catalogue without a key, before anyone has asked for it.
    func warmUp() {
        guard leader(of: .catalog) == index else { return }
        ask(
            .catalog,
            as: Dispatcher.Party(
                loop: index, ticket: WaitingTable.noTicket, owner: .nobody, authorization: nil, demand: .any,
                isRefresh: true))
    }

    /// Has the stale entries that an answer was made of fetched anew, with the key of the request that it went to.
    func refresh(behind answer: Answer, owner: Owner, authorization: @autoclosure () -> SharedBytes?) {
        let resources = cache.beginRefreshes(behind: answer, owner: owner, now: loop.nowMilliseconds)
        guard !resources.isEmpty else { return }
        let key = authorization()
        for resource in resources {
            guard let ticket = waiting.addRefresh(of: resource, owner: owner) else { continue }
            ask(
                resource,
                as: Dispatcher.Party(
                    loop: index, ticket: ticket, owner: owner, authorization: key, demand: .any,
                    list: resource.basis.flatMap { cache.entry(for: $0, owner: owner)?.list }, isRefresh: true))
        }
    }

    private func ask(_ resource: Resource, as party: Dispatcher.Party) {
        let leader = leader(of: resource)
        if leader == index {
            lead(resource, for: party)
        } else {
            peers[leader].send(.wanted(resource, party))
        }
    }

    /// The loop that leads the fetches of a resource: the same for every loop that asks, which is what makes a fetch single.
    private func leader(of resource: Resource) -> Int { Int(resource.spread % UInt64(settings.shardCount)) }

    /// What was asked for under a ticket has come, or will not.
    func settle(_ ticket: UInt64, _ outcome: Dispatcher.Outcome, collapsed: Bool) {
        guard let group = waiting.take(ticket) else { return }
        let (resource, owner) = (group.want.resource, group.want.owner)
        let now = loop.nowMilliseconds
        var notBefore: UInt64 = 0
        var leftAloneUntil: UInt64 = 0
        var isAboutKey = false
        switch outcome {
        case .entry(let entry, _):
            keep(entry, for: resource, owner: owner)
            // A refusal leaves a copy that others share as it is; they ask for themselves.
            if case .refusal = entry.content {
                isAboutKey = true
                notBefore = now + Self.refreshPause
            }
        case .failure(let problem, let spare, let until):
            if let spare { keep(spare, for: resource, owner: owner) }
            leftAloneUntil = until
            notBefore = max(until, now + Self.refreshPause)
            isAboutKey = problem.isAboutKey
        }
        cache.refreshEnded(
            of: resource, owner: owner, notBefore: notBefore, leftAloneUntil: leftAloneUntil,
            isAboutKey: isAboutKey)
        for (place, connection) in group.connections.enumerated() {
            connection.settled(resource, outcome, collapsed: collapsed || group.isRefresh || place > 0)
        }
    }

    /// The shortest time between two refreshes that a loop asks for, in milliseconds, where the first has brought nothing.
    private static let refreshPause: UInt64 = 1_000

    /// The copy that this loop has for a request whose fetch has failed.
    func spare(for resource: Resource, of request: RequestSummary, _ problem: FetchProblem) -> Entry? {
        cache.spare(for: resource, owner: request.owner, after: problem, now: loop.nowMilliseconds)
    }

    /// Keeps an entry that may be of use later, unless there is a newer one.
    func keep(_ entry: Entry, for resource: Resource, owner: Owner) {
        // What was read under earlier settings may not be for everyone any more.
        guard loop.nowMilliseconds < entry.freshness.useEnds(cache.windows),
            settings.entryBuilder.allows(entry, of: resource)
        else { return }
        if let held = cache.entry(for: resource, owner: owner),
            held === entry || held.freshness.storedAt > entry.freshness.storedAt
        {
            return
        }
        cache.store(entry, for: resource, owner: owner)
    }

    // MARK: For the resources that this loop leads

    /// Someone, here or on another loop, wants what this loop leads.
    func lead(_ resource: Resource, for party: Dispatcher.Party) {
        if !recall(resource, for: party) { dispatch(resource, for: party) }
    }

    /// The same once the state directory has been asked.
    func dispatch(_ resource: Resource, for party: Dispatcher.Party) {
        guard let action = dispatcher.wanted(resource, by: party, cache: &cache, now: loop.nowMilliseconds) else {
            return
        }
        perform(action)
    }

    /// A fetch under way.
    private struct Voyage {
        let flight: Dispatcher.Flight
        let party: Dispatcher.Party
        /// The entry that was stored when it began, whose validators were sent if it has any.
        let stored: Entry?
        /// When it began, in nanoseconds.
        let began: UInt64
    }

    private func perform(_ action: Dispatcher.Action) {
        switch action {
        case .reply(let party, let outcome, let collapsed):
            if party.loop == index {
                settle(party.ticket, outcome, collapsed: collapsed)
            } else {
                peers[party.loop].send(.settled(ticket: party.ticket, outcome, collapsed: collapsed))
            }
        case .start(let flight, let party):
            let stored = cache.entry(for: flight.resource, owner: party.owner)
            let voyage = Voyage(flight: flight, party: party, stored: stored, began: loop.nowNanoseconds)
            origin.fetch(
                flight.resource.upstreamTarget, authorization: party.authorization, validators: stored?.received
            ) { [self] result in
                switch result {
                case .success(let response): read(response, of: voyage)
                case .failure(.cancelled): break
                case .failure(let failure): failed(flight, FetchProblem(failure), bytes: 0, began: voyage.began)
                }
            }
        }
    }

    /// Reads a response on the thread pool: that of the catalogue takes milliseconds.
    private func read(_ response: FetchedResponse, of voyage: Voyage) {
        let builder = settings.entryBuilder
        let (flight, owner, list) = (voyage.flight, voyage.party.owner, voyage.party.list)
        let state = state
        let circumstances = EntryBuilder.Circumstances(
            now: loop.nowMilliseconds, wallSeconds: loop.wallSeconds, chance: Double.random(in: 0..<1),
            stored: voyage.stored)
        loop.offload {
            builder.build(flight.resource, from: response, beside: list, circumstances).map { entry in
                // What was confirmed is on disk already.
                let isNew = response.status != Status.notModified.rawValue
                let record =
                    isNew ? state?.record(of: entry, for: flight.resource, owner: owner, body: response.body) : nil
                return (entry, record)
            }
        } then: { [self] (result: Result<(Entry, StoredRecord?), FetchProblem>) in
            switch result {
            case .success((let entry, let record)): landed(voyage, entry, record, bytes: response.body.count)
            case .failure(let problem):
                failed(flight, problem, bytes: response.body.count, began: voyage.began)
            }
        }
    }

    /// The most memory to keep free from one catalogue to the next, in bytes. One that is given back comes anew for each of
    /// them, page by page, of which each takes about a microsecond.
    private static let keptForRefreshes = 12 << 20

    private func landed(_ voyage: Voyage, _ entry: Entry, _ record: StoredRecord?, bytes: Int) {
        let (flight, owner) = (voyage.flight, voyage.party.owner)
        recordFetch(of: flight.resource, status: entry.status.rawValue, bytes: bytes, began: voyage.began, nil)
        log.tell(
            .fetched, "fetched \(flight.resource.label)",
            [
                "status": "\(entry.status.rawValue)", "bytes": "\(bytes)",
                "sharing": entry.isShared ? "shared" : "per key",
            ])
        if entry.status == .unauthorized || entry.status == .forbidden, owner != .nobody {
            // Before the refusal itself is stored, here and where it was waited for.
            endEntries(of: owner)
            for (place, peer) in peers.enumerated() where place != index { peer.send(.refused(owner)) }
        }
        keep(entry, for: flight.resource, owner: owner)
        persist(entry, record, for: flight.resource, owner: owner)
        if flight.resource == .catalog {
            if entry.status == .ok {
                hasCatalog = true
                // Reading it took several times its size, which is free now.
                if entry.identity != voyage.stored?.identity {
                    let kept = voyage.stored == nil ? 0 : Self.keptForRefreshes
                    loop.offload({ ProcessMemory.trim(keeping: kept) }, then: {})
                }
            }
            tellReadiness(.ready)
        }
        let actions = dispatcher.landed(flight, with: entry, cache: &cache, now: loop.nowMilliseconds)
        for action in actions { perform(action) }
    }

    private func failed(_ flight: Dispatcher.Flight, _ problem: FetchProblem, bytes: Int, began: UInt64) {
        recordFetch(of: flight.resource, status: problem.status?.rawValue, bytes: bytes, began: began, problem)
        tellFailure(of: flight.resource, problem)
        if flight.resource == .catalog, !hasCatalog {
            tellReadiness(problem.isAboutKey ? .ready : .noCatalog)
        }
        let actions = dispatcher.failed(
            flight, with: problem, cache: &cache, chance: Double.random(in: 0..<1), now: loop.nowMilliseconds)
        for action in actions { perform(action) }
    }

    private func tellReadiness(_ readiness: Readiness) {
        self.readiness = readiness
        supervisor.send(.readiness(readiness))
        for (place, peer) in peers.enumerated() where place != index { peer.send(.readiness(readiness)) }
    }

    // MARK: Compression

    /// Makes the compressed form of an answer, away from the loop, for the next who asks for it.
    func compress(_ answer: Answer) {
        let body = answer.body
        let coding = answer.preferred
        loop.offload {
            coding.compress(body.span)
        } then: { [self] coded in
            if let coded, coded.count < body.count { cache.replace(answer, compressed: coded) }
        }
    }
}
