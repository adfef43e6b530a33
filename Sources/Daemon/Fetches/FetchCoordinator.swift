import Bytes
import Caching
import Catalog
import EventLoop
import Fetching
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
    private let cache: LoopCache
    private let telemetry: Telemetry
    private let loop: Loop
    private let peers: Peers

    /// Starts with no fetches. Throws if the upstream of the settings cannot be used.
    init(
        _ settings: ShardSettings, store: (any EntryStore)?, on loop: Loop, peers: Peers, cache: LoopCache,
        telemetry: Telemetry
    ) throws(UpstreamError) {
        self.loop = loop
        self.peers = peers
        self.cache = cache
        self.telemetry = telemetry
        catalog = CatalogReadiness(warmsUp: settings.source.warmsUp)
        disk = DiskTier(store, room: settings.keeping.bytes / 8, on: loop, peers: peers, cache: cache)
        history = HistoryTier(store?.history, keep: settings.historyKeep, on: loop, peers: peers, cache: cache)
        runner = try FetchRunner(settings, on: loop, cache: cache, disk: disk)
        disk.delegate = self
        history.past.delegate = self
        runner.delegate = self
    }

    /// Begins with the copies of the last process.
    func begin(_ start: StateAtStart) {
        disk.begin(start)
        guard let entry = start.catalog else { return }
        cache.responses.store(entry, for: .catalog, owner: .nobody)
        catalog.restored()
        if peers.index == 0 { peers.supervisor.send(.readiness(.ready)) }
    }

    /// The periodic work.
    func sweep() {
        runner.sweep()
        disk.endOverdueWithdrawals()
        history.sweep()
    }

    /// Applies changed settings to further fetches.
    func reload(_ next: ShardSettings) {
        runner.reload(next, log: telemetry.log)
        history.take(next)
    }

    /// Lets the loop close. The remaining waiters were cut off. The table would keep the connections alive, and they
    /// would keep their shard alive.
    func close() {
        waiting = WaitingTable()
        disk.end()
        history.close()
        runner.close()
    }

    /// Where fetches and passed-through requests go.
    var origin: Origin { runner.origin }

    /// What `/readyz` answers.
    var readiness: Readiness { catalog.readiness }

    /// The resources that are left alone now.
    var pauses: [BackoffReport] { dispatcher.pauses(at: loop.nowMilliseconds) }

    // MARK: For the requests of this loop

    /// Starts a fetch for a connection; `Connection.settled` reports the result.
    func want(_ want: Responder.Want, for connection: Connection, _ request: RequestSummary) {
        let key = WaitingTable<Connection>.Want(
            resource: want.resource, owner: request.owner, directive: request.directive)
        guard let ticket = waiting.add(connection, for: key, forbidsStoring: request.forbidsStoring) else { return }
        ask(
            want.resource,
            as: Dispatcher.Waiter(
                loop: peers.index, ticket: ticket, owner: request.owner, authorization: request.authorization,
                directive: request.directive, list: want.list, forbidsStoring: request.forbidsStoring, via: request.via)
        )
    }

    /// Fetches the catalogue without a key, before the first request for it.
    func warmUp() {
        guard peers.owner(of: .catalog) == peers.index else { return }
        ask(
            .catalog,
            as: Dispatcher.Waiter(
                loop: peers.index, ticket: noWaitingTicket, owner: .nobody, authorization: nil, directive: .any,
                isRefresh: true))
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
            ask(
                resource,
                as: Dispatcher.Waiter(
                    loop: peers.index, ticket: ticket, owner: owner, authorization: key, directive: .any,
                    list: resource.basis.flatMap { cache.responses.entry(for: $0, owner: owner)?.list },
                    isRefresh: true, via: via))
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
        case .start(let flight, let waiter): runner.begin(flight, for: waiter)
        }
    }

    /// Stores a response, and notifies the waiters.
    private func finish(_ ticket: FetchTable.Ticket, _ response: Entry, _ change: StateChange) {
        guard let fetch = runner.finished(ticket) else { return }
        let (flight, owner) = (fetch.flight, fetch.waiter.owner)
        var entry = fetch.delivered(response)
        let isStored = !fetch.isVoid && !fetch.waiter.forbidsStoring
        if isStored {
            // If the store had no room for it, the next response must include the body again.
            if !disk.write(entry, change, for: flight.resource, owner: owner) { entry = entry.withoutValidators() }
            keep(entry, for: flight.resource, owner: owner)
        }
        if flight.resource == .catalog {
            // Reading it took several times its size; that memory is free now.
            if entry.status == .ok, entry.identity != fetch.stored?.identity {
                let kept = fetch.stored == nil ? 0 : keptForRefreshes
                loop.offload({ ProcessMemory.trim(keeping: kept) }, then: {})
            }
            report(catalog.responded(entry.status, isStored: isStored))
            if isStored, change.isKept, entry.isShared, case .rows(let rows, _) = entry.content {
                history.fetched(rows)
            }
        }
        let actions = dispatcher.completed(
            flight, with: entry, cache: &cache.responses, now: loop.nowMilliseconds)
        for action in actions { perform(action) }
    }

    /// Stores an entry, and tells all loops if it shows that upstream ignores the parameter of a facet.
    private func keep(_ entry: Entry, for resource: Resource, owner: Owner) {
        cache.keep(entry, for: resource, owner: owner)
        guard let parameter = IgnoredParameters.Parameter(resource, entry, owner: owner) else { return }
        let seenAt = entry.freshness.storedAt
        cache.responses.ignoredParameters.insert(parameter, seenAt: seenAt)
        peers.sendToOthers(.ignored(parameter, seenAt: seenAt))
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
    func fetched(
        _ fetch: FetchContext, _ ticket: FetchTable.Ticket, _ entry: Entry, _ change: StateChange, bytes: Int
    ) {
        let (resource, owner) = (fetch.flight.resource, fetch.waiter.owner)
        telemetry.fetched(
            resource, key: owner.high, entry.status, isShared: entry.isShared, bytes: bytes, began: fetch.began)
        let completion = Completion(
            entry, change, of: resource, owner: owner,
            mayShare: fetch.mayShare && cache.builder.allows(entry, of: resource), windows: cache.responses.windows)
        // The copies are removed before anyone is answered, since upstream demands it.
        let isOnDisk = completion.dropsCopies && disk.drop(resource, of: owner)
        guard let withdrawal = completion.withdrawal ?? (isOnDisk ? .nothing : nil) else {
            return finish(ticket, completion.entry, completion.change)
        }
        disk.withdraw(withdrawal, isOnDisk: isOnDisk) { [self] _ in
            finish(ticket, completion.entry, completion.change)
        }
    }

    func failed(_ fetch: FetchContext, _ problem: FetchProblem, bytes: Int) {
        let flight = fetch.flight
        telemetry.failed(
            flight.resource, key: fetch.waiter.owner.high, problem, bytes: bytes, began: fetch.began)
        if flight.resource == .catalog, let readiness = catalog.failed() { report(readiness) }
        let actions = dispatcher.failed(
            flight, with: problem, cache: &cache.responses, chance: Double.random(in: 0..<1),
            now: loop.nowMilliseconds)
        for action in actions { perform(action) }
    }
}

extension FetchCoordinator: DiskTierDelegate {
    func dispatch(_ resource: Resource, for waiter: Dispatcher.Waiter) {
        let action = dispatcher.wanted(
            resource, by: waiter, cache: &cache.responses, now: loop.nowMilliseconds)
        if let action { perform(action) }
    }

    func restored(_ entry: Entry, for read: DiskRead) {
        keep(entry, for: read.resource, owner: read.owner)
        // A catalogue that upstream lets nobody share is not among what the process begins with.
        guard read.resource == .catalog, entry.status == .ok else { return }
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
        case .key(let owner):
            cache.responses.removeEntries(of: owner)
            if isFirst { runner.void(of: owner) }
        case .purge(let purge):
            taken.names = cache.responses.remove(purge)
            guard isFirst else { break }
            runner.void(purge)
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
    }
}
