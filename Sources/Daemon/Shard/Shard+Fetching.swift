import Bytes
import Caching
import Catalog
import Compression
import EventLoop
import HTTPCore
import Logging
import Serving
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
                loop: index, ticket: WaitingTable.noTicket, owner: .nobody, authorization: nil, demand: .any))
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
        if case .entry(let entry, _) = outcome { store(entry, for: group.want.resource, owner: group.want.owner) }
        for (place, connection) in group.connections.enumerated() {
            connection.settled(group.want.resource, outcome, collapsed: collapsed || place > 0)
        }
    }

    private func store(_ entry: Entry, for resource: Resource, owner: Owner) {
        guard entry.freshness.isFresh(at: loop.nowMilliseconds),
            cache.entry(for: resource, owner: owner) !== entry
        else { return }
        cache.store(entry, for: resource, owner: owner)
    }

    // MARK: For the resources that this loop leads

    /// Someone, here or on another loop, wants what this loop leads.
    func lead(_ resource: Resource, for party: Dispatcher.Party) {
        guard let action = dispatcher.wanted(resource, by: party, cache: &cache, now: loop.nowMilliseconds) else {
            return
        }
        perform(action)
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
            let owner = party.owner
            let list = party.list
            let began = loop.nowNanoseconds
            origin.fetch(flight.resource.upstreamTarget, authorization: party.authorization) { [self] result in
                switch result {
                case .success(let response): read(response, for: flight, beside: list, owner: owner, began: began)
                case .failure(.cancelled): break
                case .failure(let failure): failed(flight, FetchProblem(failure), bytes: 0, began: began)
                }
            }
        }
    }

    /// Reads a response on the thread pool: that of the catalogue takes milliseconds.
    private func read(
        _ response: FetchedResponse, for flight: Dispatcher.Flight, beside list: ModelList?, owner: Owner, began: UInt64
    ) {
        let builder = settings.entryBuilder
        let now = loop.nowMilliseconds
        let wallSeconds = loop.wallSeconds
        loop.offload {
            builder.build(flight.resource, from: response, beside: list, now: now, wallSeconds: wallSeconds)
        } then: { [self] result in
            switch result {
            case .success(let entry): landed(flight, entry, owner: owner, bytes: response.body.count, began: began)
            case .failure(let problem): failed(flight, problem, bytes: response.body.count, began: began)
            }
        }
    }

    private func landed(_ flight: Dispatcher.Flight, _ entry: Entry, owner: Owner, bytes: Int, began: UInt64) {
        recordFetch(of: flight.resource, status: entry.status.rawValue, bytes: bytes, began: began, nil)
        log.tell(
            .fetched, "fetched \(flight.resource.label)",
            [
                "status": "\(entry.status.rawValue)", "bytes": "\(bytes)",
                "sharing": entry.isShared ? "shared" : "per key",
            ])
        if entry.status == .unauthorized || entry.status == .forbidden, owner != .nobody {
            // Before the refusal itself is stored, here and where it was waited for.
            cache.removeEntries(of: owner)
            for (place, peer) in peers.enumerated() where place != index { peer.send(.refused(owner)) }
        }
        store(entry, for: flight.resource, owner: owner)
        if flight.resource == .catalog {
            if entry.status == .ok { hasCatalog = true }
            tellReadiness(.ready)
        }
        let actions = dispatcher.landed(flight, with: entry, now: loop.nowMilliseconds)
        for action in actions { perform(action) }
    }

    private func failed(_ flight: Dispatcher.Flight, _ problem: FetchProblem, bytes: Int, began: UInt64) {
        recordFetch(of: flight.resource, status: problem.status?.rawValue, bytes: bytes, began: began, problem)
        tellFailure(of: flight.resource, problem)
        if flight.resource == .catalog, !hasCatalog {
            tellReadiness(problem.isAboutKey ? .ready : .noCatalog)
        }
        let actions = dispatcher.failed(
            flight, with: problem, chance: Double.random(in: 0..<1), now: loop.nowMilliseconds)
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
        loop.offload {
            Gzip.compress(body.span)
        } then: { [self] gzip in
            if let gzip, gzip.count < body.count { cache.replace(answer, compressed: gzip) }
        }
    }
}
