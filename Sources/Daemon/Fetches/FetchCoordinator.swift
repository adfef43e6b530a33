import Bytes
import Caching
import Catalog
import EventLoop
import Fetching
import Fleet
import HTTPClient
import HTTPCore
import Logging
import Persistence
import Serving

/// Brings the resources that the requests of a loop lack: asks the loop that owns each of them, and does the same for
/// the resources that this loop owns. There `Dispatcher` decides, `FetchRunner` fetches, and `DiskTier` is asked first.
final class FetchCoordinator {
    private var waiting = WaitingTable<Connection>()
    private var dispatcher = Dispatcher()
    private var catalog: CatalogReadiness
    private let runner: FetchRunner
    let disk: DiskTier
    let history: HistoryTier
    /// Nil without a fleet.
    let fleet: FleetTier?
    private let cache: LoopCache
    private let telemetry: Telemetry
    private let loop: Loop
    private let peers: Peers

    /// Starts with no fetches. Throws if the upstream of the settings cannot be used.
    init(
        _ settings: ShardSettings, store: (any EntryStore)?, fleet membership: FleetMembership?, on loop: Loop,
        peers: Peers, cache: LoopCache, telemetry: Telemetry
    ) throws(UpstreamError) {
        self.loop = loop
        self.peers = peers
        self.cache = cache
        self.telemetry = telemetry
        catalog = CatalogReadiness(warmsUp: settings.source.warmsUp)
        disk = DiskTier(store, room: Self.diskRoom(settings), on: loop, peers: peers, cache: cache)
        history = HistoryTier(
            store?.history, keep: settings.historyKeep, on: loop, peers: peers, cache: cache, telemetry: telemetry)
        runner = try FetchRunner(settings, on: loop, cache: cache, disk: disk)
        fleet = membership.map { [disk] in FleetTier($0, settings, on: loop, peers: peers, cache: cache, disk: disk) }
        runner.share = fleet?.share
        fleet?.delegate = self
        disk.delegate = self
        history.past.delegate = self
        runner.delegate = self
    }

    /// The memory for the names of copies on the disk; as much is for copies that are read from it.
    private static func diskRoom(_ settings: ShardSettings) -> Int { settings.keeping.bytes / 8 }

    /// Begins with the copies of the last process.
    func begin(_ start: StateAtStart) {
        disk.begin(start)
        guard let entry = start.catalog else { return }
        cache.responses.store(entry, for: .catalog, owner: .nobody)
        fleet?.kept(entry, of: .catalog, owner: .nobody)
        catalog.restored()
        if peers.index == 0 { peers.supervisor.send(.readiness(.ready)) }
    }

    /// The periodic work.
    func sweep() {
        runner.sweep()
        disk.endOverdue()
        fleet?.sweep()
        history.sweep()
        if catalog.wantsRetry(at: loop.nowMilliseconds) { warmUp() }
    }

    /// Applies changed settings to further fetches.
    func reload(_ next: ShardSettings) {
        runner.reload(next, log: telemetry.log)
        disk.limit(to: Self.diskRoom(next))
        fleet?.reload(next)
        history.take(next)
    }

    /// Lets the loop close. The remaining waiters were cut off. The table would keep the connections alive, and they
    /// would keep their shard alive.
    func close() {
        waiting = WaitingTable()
        disk.end()
        fleet?.end()
        history.close()
        runner.close()
    }

    /// Where fetches and passed-through requests go.
    var origin: Origin { runner.origin }

    /// What `/readyz` answers.
    var readiness: Readiness { catalog.readiness }

    /// The resources that back off now.
    var pauses: [BackoffReport] { dispatcher.pauses(at: loop.nowMilliseconds) }

    // MARK: For the requests of this loop

    /// Starts a fetch for a connection; `Connection.settled` reports the result.
    func want(_ want: Responder.Want, for connection: Connection, _ request: RequestSummary) {
        let key = WaitingTable<Connection>.Want(
            resource: want.resource, owner: request.owner, directive: request.directive)
        guard let ticket = waiting.add(connection, for: key, forbidsStoring: request.forbidsStoring) else { return }
        let waiter = Dispatcher.Waiter(
            loop: peers.index, ticket: ticket, owner: request.owner, authorization: request.authorization,
            directive: request.directive, list: want.list, forbidsStoring: request.forbidsStoring, via: request.via)
        ask(want.resource, as: waiter)
    }

    /// Fetches the catalogue without a key, before the first request for it. During a back-off nothing is sent.
    func warmUp() {
        guard peers.owner(of: .catalog) == peers.index else { return }
        catalog.beganWarmUp(at: loop.nowMilliseconds)
        let waiter = Dispatcher.Waiter(
            loop: peers.index, ticket: noWaitingTicket, owner: .nobody, authorization: nil, directive: .any,
            isRefresh: true)
        ask(.catalog, as: waiter)
    }

    /// Fetches the stale entries of an answer again, with the key of the request that was answered.
    func refresh(
        behind answer: Answer, owner: Owner, authorization: () -> SharedBytes?, via: () -> SharedBytes?
    ) {
        let resources = cache.responses.beginRefreshes(behind: answer, owner: owner, now: loop.nowMilliseconds)
        guard !resources.isEmpty else { return }
        let (key, via) = (authorization(), via())
        for resource in resources {
            guard let ticket = waiting.addRefresh(of: resource, owner: owner) else { continue }
            let waiter = Dispatcher.Waiter(
                loop: peers.index, ticket: ticket, owner: owner, authorization: key, directive: .any,
                list: resource.basis.flatMap { cache.responses.entry(for: $0, owner: owner)?.list },
                isRefresh: true, via: via)
            ask(resource, as: waiter)
        }
    }

    private func ask(_ resource: Resource, as waiter: Dispatcher.Waiter) {
        let owner = peers.owner(of: resource)
        if owner == peers.index {
            wanted(resource, by: waiter)
        } else {
            peers.send(.wanted(resource, waiter), to: owner)
        }
    }

    /// The fetch under a ticket has succeeded or failed.
    func settle(_ ticket: UInt64, _ outcome: Dispatcher.Outcome, collapsed: Bool) {
        guard let group = waiting.take(ticket) else { return }
        let (resource, owner) = (group.want.resource, group.want.owner)
        if let entry = outcome.entryToKeep(forbidsStoring: group.forbidsStoring) {
            cache.keep(entry, for: resource, owner: owner)
            if !entry.isShared { fleet?.follow(owner) }
        }
        let pause = outcome.pause(at: loop.nowMilliseconds)
        cache.responses.refreshEnded(
            of: resource, owner: owner, notBefore: pause.notBefore, backoffUntil: pause.backoffUntil,
            isAboutKey: pause.isAboutKey)
        for (position, connection) in group.clients.enumerated() {
            connection.settled(resource, outcome, collapsed: collapsed || group.isRefresh || position > 0)
        }
    }

    // MARK: For the resources that this loop owns

    /// A request, on this loop or another, needs a resource that this loop owns.
    func wanted(_ resource: Resource, by waiter: Dispatcher.Waiter) {
        if case .past(let time) = resource { return history.wanted(time, by: waiter) }
        if !disk.read(resource, for: waiter) { dispatch(resource, for: waiter) }
    }

    private func perform(_ action: Dispatcher.Action) {
        switch action {
        case .reply(let waiter, let outcome, let collapsed): reply(waiter, outcome, collapsed: collapsed)
        case .start(let flight, let waiter):
            if fleet?.want(flight, for: waiter) != true { runner.begin(flight, for: waiter, lease: nil) }
        }
    }

    /// Stores a response, and notifies the waiters.
    private func finish(_ ticket: FetchTable.Ticket, _ response: Entry, _ change: StateChange) {
        guard let fetch = runner.finished(ticket) else { return }
        deliver(
            fetch.delivered(response), change, to: fetch.flight, owner: fetch.waiter.owner, stored: fetch.stored,
            isStored: !fetch.isVoid && !fetch.waiter.forbidsStoring, isTaken: false)
    }

    private func deliver(
        _ response: Entry, _ change: StateChange, to flight: Dispatcher.Flight, owner: Owner, stored: Entry?,
        isStored: Bool, isTaken: Bool
    ) {
        var entry = response
        if isStored {
            // If the store had no room for it, the next response must include the body again.
            if !disk.write(entry, change, for: flight.resource, owner: owner) { entry = entry.withoutValidators() }
            keep(entry, for: flight.resource, owner: owner)
        }
        if flight.resource == .catalog {
            // Before its changes can be read: otherwise a client that knows of them could still get the former list.
            if isStored, entry.isShared, entry.status == .ok { peers.sendToOthers(.catalogue(entry)) }
            // Reading it took several times its size; that memory is free now.
            if entry.status == .ok, entry.identity != stored?.identity {
                let kept = stored == nil ? 0 : keptForRefreshes
                loop.offload({ ProcessMemory.trim(keeping: kept) }, then: {})
            }
            report(catalog.responded(entry.status, isStored: isStored))
            if isStored, change.isKept { history.fetched(entry) }
        }
        let actions = dispatcher.completed(
            flight, with: entry, isTaken: isTaken, cache: &cache.responses, now: loop.nowMilliseconds)
        for action in actions { perform(action) }
    }

    /// Stores an entry, and notifies all loops if it shows that upstream ignores the parameter of a facet.
    private func keep(_ entry: Entry, for resource: Resource, owner: Owner) {
        cache.keep(entry, for: resource, owner: owner)
        fleet?.kept(entry, of: resource, owner: owner)
        guard let parameter = IgnoredParameters.Parameter(resource, entry, owner: owner) else { return }
        cache.responses.ignoredParameters.insert(parameter, seenAt: entry.freshness.storedAt)
        peers.sendToOthers(.ignored(parameter, seenAt: entry.freshness.storedAt))
    }

    private func report(_ readiness: Readiness) {
        peers.supervisor.send(.readiness(readiness))
        peers.sendToOthers(.readiness(readiness))
    }

    /// The loop that owns the catalogue's fetches has found out whether Larder is ready.
    func heard(_ readiness: Readiness) { catalog.heard(readiness) }
}

extension FetchCoordinator: PastListsDelegate {
    func reply(_ waiter: Dispatcher.Waiter, _ outcome: Dispatcher.Outcome, collapsed: Bool) {
        if waiter.loop == peers.index {
            settle(waiter.ticket, outcome, collapsed: collapsed)
        } else {
            peers.send(.settled(ticket: waiter.ticket, outcome, collapsed: collapsed), to: waiter.loop)
        }
    }
}

extension FetchCoordinator: FetchRunnerDelegate {
    func obstacle(to fetch: FetchContext) -> FetchProblem? {
        dispatcher.obstacle(toBegin: fetch.flight, for: fetch.waiter.owner, now: loop.nowMilliseconds)
    }

    func fetched(_ fetch: FetchContext, _ ticket: FetchTable.Ticket, _ response: FetchedEntry) {
        let (resource, owner, entry) = (fetch.flight.resource, fetch.waiter.owner, response.entry)
        telemetry.fetched(
            resource, key: owner.high, entry.status, isShared: entry.isShared, bytes: response.bytes,
            began: fetch.began)
        let completion = Completion(
            entry, response.change, of: resource, owner: owner,
            mayShare: fetch.mayShare && cache.builder.allows(entry, of: resource), windows: cache.responses.windows)
        let end = { [self] in finish(ticket, completion.entry, completion.change) }
        guard let fleet else { return remove(completion, of: fetch, done: end) }
        if entry.status.refusesKey {
            // Here the copies go first, so that the fleet needs to notify the others only.
            remove(completion, of: fetch) { [self] in
                fleet.refused(owner)
                complete(fetch, ticket, nil, done: end)
            }
        } else {
            complete(fetch, ticket, completion.entry === entry ? response : nil) { [self] in
                remove(completion, of: fetch, done: end)
            }
        }
    }

    /// Reports the result of a fetch to the fleet, and gets to know whether it may be kept.
    private func complete(
        _ fetch: FetchContext, _ ticket: FetchTable.Ticket, _ response: FetchedEntry?, done: @escaping () -> Void
    ) {
        guard let fleet, let lease = fetch.lease else { return done() }
        let completed = { [self] (keeps: Bool) in
            runner.judged(ticket, keeps: keeps)
            done()
        }
        if let response, let copy = response.copy {
            fleet.completed(lease, response.entry, copy, done: completed)
        } else {
            fleet.completed(lease, response == nil ? .nothing : .unshared, done: completed)
        }
    }

    /// Removes the copies that a response ends before anyone is answered, since upstream demands it: from memory, from the
    /// store and from the fleet.
    private func remove(_ completion: Completion, of fetch: FetchContext, done: @escaping () -> Void) {
        let (resource, owner) = (fetch.flight.resource, fetch.waiter.owner)
        var parts = 1
        let end = {
            parts -= 1
            if parts == 0 { done() }
        }
        let isOnDisk = completion.dropsCopies && disk.drop(resource, of: owner)
        if let withdrawal = completion.withdrawal ?? (isOnDisk ? .nothing : nil) {
            parts += 1
            disk.withdraw(withdrawal, isOnDisk: isOnDisk) { _ in end() }
        }
        if let fleet, completion.entry.status == .ok {
            let mayKeep = FleetCopy.mayKeep(completion.entry)
            var owners: [Owner?] = mayKeep ? [] : [owner]
            if !resource.isPersonal, !mayKeep || !completion.entry.isShared { owners.append(nil) }
            for owner in owners {
                parts += 1
                fleet.withdraw(resource, of: owner, done: end)
            }
        }
        end()
    }

    func failed(_ fetch: FetchContext, _ problem: FetchProblem, bytes: Int) {
        let flight = fetch.flight
        telemetry.failed(
            flight.resource, key: fetch.waiter.owner.high, problem, bytes: bytes, began: fetch.began)
        if flight.resource == .catalog, let readiness = catalog.failed() { report(readiness) }
        let actions = dispatcher.failed(
            flight, with: problem, cache: &cache.responses, chance: Double.random(in: 0..<1),
            now: loop.nowMilliseconds)
        if let lease = fetch.lease {
            let pause = problem.hasAsked ? dispatcher.pause(of: flight, now: loop.nowMilliseconds) : 0
            fleet?.completed(lease, pause > 0 ? .failed(pause: UInt32(clamping: pause)) : .nothing)
        }
        for action in actions { perform(action) }
    }
}

extension FetchCoordinator: FleetTierDelegate {
    func fetch(_ flight: Dispatcher.Flight, for waiter: Dispatcher.Waiter, lease: FetchLease?) {
        runner.begin(flight, for: waiter, lease: lease)
    }

    func taken(_ flight: Dispatcher.Flight, for waiter: Dispatcher.Waiter, _ entry: Entry, _ change: StateChange) {
        telemetry.taken(flight.resource)
        deliver(
            entry, change, to: flight, owner: waiter.owner,
            stored: cache.responses.entry(for: flight.resource, owner: waiter.owner), isStored: true, isTaken: true)
    }

    func backOff(_ resource: Resource, of owner: Owner?, for pause: UInt64, ending flight: Dispatcher.Flight?) {
        if flight?.resource == .catalog, let readiness = catalog.failed() { report(readiness) }
        let actions = dispatcher.backOff(
            resource, of: owner, for: pause, ending: flight, cache: &cache.responses, now: loop.nowMilliseconds)
        for action in actions { perform(action) }
    }
}

extension FetchCoordinator: DiskTierDelegate {
    func dispatch(_ resource: Resource, for waiter: Dispatcher.Waiter) {
        let action = dispatcher.wanted(resource, by: waiter, cache: &cache.responses, now: loop.nowMilliseconds)
        if let action { perform(action) }
    }

    func restored(_ entry: Entry, of resource: Resource, for owner: Owner) {
        guard fleet?.mayRestore(entry, of: resource, owner: owner) ?? true else { return }
        keep(entry, for: resource, owner: owner)
        // A catalogue that upstream lets nobody share is not among what the process begins with.
        guard resource == .catalog, entry.status == .ok else { return }
        catalog.restored()
        report(catalog.readiness)
    }

    /// Fetches and reads in progress do not bring back what is removed. The second round only removes what other loops
    /// had sent before they received the first.
    func takeOut(_ withdrawal: Withdrawal, isFirst: Bool) -> Withdrawal.Taken {
        var taken = Withdrawal.Taken()
        switch withdrawal {
        case .nothing: break
        case .shared(let resource): takeOutShared(resource)
        case .copies(let resource, let owner):
            takeOutShared(resource)
            cache.responses.removeEntry(for: resource, owner: owner)
        case .key(let owner), .fleetKey(let owner):
            cache.responses.removeEntries(of: owner)
            fleet?.void { $1 == owner }
            if isFirst { runner.void(of: owner, byFleet: withdrawal == .fleetKey(owner)) }
        case .purge(let purge), .fleetPurge(let purge):
            taken.names = cache.responses.remove(purge)
            fleet?.void { purge.covers($0, ownerHigh: $1.high) }
            guard isFirst else { break }
            runner.void(purge, byFleet: withdrawal == .fleetPurge(purge))
            dispatcher.close(purge)
            waiting.close { purge.covers($0.resource, ownerHigh: $0.owner.high) }
            if purge.covers(.catalog, ownerHigh: nil) { catalog.purged() }
        }
        taken.isOnDisk = disk.takeOut(withdrawal, isFirst: isFirst)
        return taken
    }

    /// Removes the shared copy from memory, also where it is about to be used.
    private func takeOutShared(_ resource: Resource) {
        cache.responses.removeEntry(for: resource, owner: nil)
        waiting.forEach { $0.withdrawShared(resource) }
        runner.withdrawShared(resource)
        fleet?.void { shared, _ in shared == resource }
    }
}
