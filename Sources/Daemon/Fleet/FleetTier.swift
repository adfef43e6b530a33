import Bytes
import Caching
import EventLoop
import Fetching
import Fleet
import FleetService
import HTTPClient
import HTTPCore
import Persistence
import Serving

/// What the fleet's tier needs of the loop whose fetches it directs.
protocol FleetTierDelegate: AnyObject {
    /// Ask upstream.
    func fetch(_ flight: Dispatcher.Flight, for waiter: Dispatcher.Waiter, lease: FetchLease?)
    /// This copy of another replica is the answer.
    func taken(_ flight: Dispatcher.Flight, for waiter: Dispatcher.Waiter, _ entry: Entry, _ change: StateChange)
    /// Back off from upstream for so many milliseconds. A flight that waited for another replica ends.
    func backOff(_ resource: Resource, of owner: Owner?, for pause: UInt64, ending flight: Dispatcher.Flight?)
}

/// A loop's side of the fleet: before a fetch it asks the fleet, which may have a copy or be fetching one, and afterwards it
/// says what the fetch has brought. `Member` decides, on the fleet's thread.
final class FleetTier {
    /// A flight that the fleet knows of.
    private struct Pending {
        let flight: Dispatcher.Flight
        let waiter: Dispatcher.Waiter
        let resource: FleetResource
        /// The copy in memory when the flight began, and whether the fleet knows its body.
        let stored: Entry?
        let holdsBody: Bool
        /// The fetch, once there is one.
        var ticket: Ticket?
        /// Whether the fleet's copy is being read, and whether it was purged meanwhile.
        var isReading = false
        var isVoid = false
        /// What to do when the fleet has said whether the result may be kept.
        var completion: ((Bool) -> Void)?
    }

    private struct OpenPurge {
        let purge: Purge
        let done: (Withdrawal.Outcome, PurgeReport?) -> Void
        var outcome: Withdrawal.Outcome?
        var report: PurgeReport?
    }

    private let service: FleetService
    private let loop: Loop
    private let peers: Peers
    private let cache: LoopCache
    private let disk: DiskTier
    private var settings: ShardSettings
    unowned var delegate: (any FleetTierDelegate)?
    private var lastNumber: UInt64 = 0
    private var pending: [UInt64: Pending] = [:]
    private var purges: [UInt64: OpenPurge] = [:]
    private var withdrawals = FleetWithdrawals()
    private var resources = FleetResources()
    /// The keys of which this loop may hold copies, and whether it is known since what generation they may be served.
    private var owners: [Owner: Bool] = [:]
    /// The removals that could not be written to the disk yet. Before that they are not confirmed to the others.
    private var unwritten: [UInt64] = []
    private var nextSweep: UInt64 = 0

    /// The tier of one loop.
    init(
        _ membership: FleetMembership, _ settings: ShardSettings, on loop: Loop, peers: Peers, cache: LoopCache,
        disk: DiskTier
    ) {
        service = membership.service
        self.settings = settings
        self.loop = loop
        self.peers = peers
        self.cache = cache
        self.disk = disk
    }

    /// Applies changed settings.
    func reload(_ next: ShardSettings) { settings = next }

    /// Forgets everything under way, so that the loop can end.
    func end() {
        pending = [:]
        purges = [:]
        withdrawals = FleetWithdrawals()
        unwritten = []
    }

    private func number() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    private func resource(_ resource: Resource, of owner: Owner?) -> FleetResource {
        let name = Array("\(resource.kind.rawValue) \(resource.upstreamTarget)".utf8)
        let shared = service.resource(
            name, owner: owner.map(Identifier.init),
            isOfCatalogue: Purge.catalog.covers(resource, ownerHigh: nil))
        resources.note(shared.id, resource, owner)
        return shared
    }

    // MARK: Wants

    /// A fetch is about to begin: asks the fleet first. False if this one is not for the fleet.
    func want(_ flight: Dispatcher.Flight, for waiter: Dispatcher.Waiter) -> Bool {
        guard !waiter.forbidsStoring, flight.resource.kind != .past else { return false }
        if let owner = flight.owner { follow(owner) }
        let resource = resource(flight.resource, of: flight.owner)
        let stored = cache.responses.entry(for: flight.resource, owner: waiter.owner)
        let held = stored.flatMap { stored in
            stored.isShared == (flight.owner == nil) ? resources.body(of: resource.id, stored) : nil
        }
        let number = number()
        pending[number] = Pending(
            flight: flight, waiter: waiter, resource: resource, stored: stored, holdsBody: held != nil)
        let sendBack = peers.sendBack
        service.want(resource, WantRequest(held: held, oldest: oldest(flight.resource, waiter))) {
            sendBack(.fleet(.answered(number, $0)))
        }
        return true
    }

    /// The greatest age of a copy that will do: other replicas may have longer lifetimes.
    private func oldest(_ resource: Resource, _ waiter: Dispatcher.Waiter) -> UInt64 {
        let builder = cache.builder
        let lifetime = builder.lifetimes.respectsUpstream ? .max : builder.span(of: resource, CacheControl()).lifetime
        return waiter.directive == .refresh ? min(lifetime, cache.responses.windows.noCache) : lifetime
    }

    /// A message of the fleet's thread has arrived.
    func receive(_ message: FleetLoopMessage) {
        switch message {
        case .answered(let number, let answer): answered(number, answer)
        case .drop(let scope, let number): remove(scope.withdrawal, number)
        case .dropCopy(let id) where resources.isWithdrawn(id): break
        case .dropCopy(let id):
            switch resources.find(id) {
            case .one(let resource, let owner?): disk.withdraw(.copies(resource, owner)) { _ in }
            case .one(let resource, nil): disk.withdraw(.shared(resource)) { _ in }
            // What it was is forgotten. Another loop removes everything then, and knows no better.
            case .unknown: disk.withdraw(.fleetPurge(.all)) { _ in }
            case .none: resources.withdrawnElsewhere(id)
            }
        case .stored(let id): resources.stored(id)
        case .disconnected: resources.disconnected()
        case .backOff(let id, let pause):
            guard case .one(let resource, let owner) = resources.find(id) else { return }
            delegate?.backOff(resource, of: owner, for: UInt64(pause), ending: nil)
        case .dropPurged(let ticket, let number): dropPurged(ticket, number)
        case .purged(let ticket, let report):
            purges[ticket]?.report = report
            finishPurge(ticket)
        case .withdrawn(let ticket): for done in withdrawals.ended(ticket) { done() }
        }
    }

    private func answered(_ number: UInt64, _ answer: FleetAnswer) {
        guard let flight = pending[number] else { return }
        switch answer {
        case .fetch(let ticket, let limit, let ground):
            pending[number]?.ticket = ticket
            var isHeld = false
            if case .lease = ground {
                isHeld = true
                knowsGeneration(of: flight.flight.owner)
            }
            delegate?.fetch(
                flight.flight, for: flight.waiter, lease: FetchLease(number: number, isHeld: isHeld, limit: limit))
        case .completed(let keeps):
            pending[number] = nil
            if let completion = flight.completion { return completion(keeps) }
            // Somebody else has fetched it, which brings nothing here.
            delegate?.fetch(flight.flight, for: flight.waiter, lease: nil)
        case .take(let taken):
            knowsGeneration(of: flight.flight.owner)
            read(taken, number, flight)
        case .backOff(let milliseconds):
            pending[number] = nil
            delegate?.backOff(
                flight.flight.resource, of: flight.flight.owner, for: UInt64(max(1, milliseconds)),
                ending: flight.flight)
        case .giveUp:
            // Nothing of it can be shared, so this replica needs its own.
            pending[number] = nil
            delegate?.fetch(flight.flight, for: flight.waiter, lease: nil)
        }
    }

    private func read(_ taken: Taken, _ number: UInt64, _ flight: Pending) {
        pending[number]?.isReading = true
        let (resource, waiter, change) = (flight.flight.resource, flight.waiter, disk.change)
        let reading = FleetReading(
            resource: resource, owner: waiter.owner, list: waiter.list, stored: flight.stored,
            holdsBody: flight.holdsBody, builder: cache.builder, now: loop.nowMilliseconds,
            wallSeconds: loop.wallSeconds, limit: settings.source.client.maximumBody)
        loop.offload { () -> (Entry, StateChange)? in
            reading.entry(of: taken).map { ($0.entry, change($0.entry, resource, waiter.owner, $0.body)) }
        } then: { [self] (read: (Entry, StateChange)?) in
            guard let flight = pending.removeValue(forKey: number) else { return }
            if flight.isVoid {
                // It was purged meanwhile: the fleet has another one, or none.
                _ = want(flight.flight, for: flight.waiter)
            } else if let (entry, change) = read {
                resources.hold(
                    flight.resource.id, entry.metadata.digest, taken.record.digest)
                delegate?.taken(flight.flight, for: flight.waiter, entry, change)
            } else {
                delegate?.fetch(flight.flight, for: flight.waiter, lease: nil)
            }
        }
    }

    // MARK: Fetches

    /// Makes a copy for the fleet of what a fetch has brought, on any thread.
    var share: @Sendable (Entry, SharedBytes, Owner?, StaleWindows) -> (FleetCopy, BodyDigest)? {
        let service = service
        return { entry, body, owner, windows in
            FleetCopy(entry, body: body, owner: owner, windows: windows).map {
                ($0, service.digest(of: $0.body, isPrivate: owner != nil))
            }
        }
    }

    /// A fetch has ended. `done` is called when the fleet knows whether the result may be kept.
    func completed(_ lease: FetchLease, _ result: FetchResult, done: @escaping (Bool) -> Void = { _ in }) {
        guard let ticket = pending[lease.number]?.ticket else { return done(true) }
        pending[lease.number]?.completion = done
        service.fetched(ticket, result)
    }

    /// A fetch has ended with a copy that the fleet may have.
    func completed(
        _ lease: FetchLease, _ entry: Entry, _ copy: (FleetCopy, BodyDigest), done: @escaping (Bool) -> Void
    ) {
        if let id = pending[lease.number]?.resource.id { resources.hold(id, entry.metadata.digest, copy.1) }
        completed(lease, .copy(copy.0.facts, body: copy.0.body), done: done)
    }

    /// Upstream has refused a key, whose copies are removed here.
    func refused(_ owner: Owner) {
        if owner != .nobody { service.refused(Identifier(owner)) }
    }

    /// The copies of a resource that upstream no longer allows to share: the engine's records go. `done` is called when
    /// they are gone. A record that was withdrawn before and not seen since is not withdrawn again; if it is not gone yet,
    /// this waits for the same end.
    func withdraw(_ resource: Resource, of owner: Owner?, done: @escaping () -> Void) {
        let shared = self.resource(resource, of: owner)
        guard resources.withdraw(shared.id) else {
            if !withdrawals.join(shared.id, done) { done() }
            return
        }
        let number = number()
        withdrawals.began(number, of: shared.id, done)
        let sendBack = peers.sendBack
        service.withdraw(shared) { sendBack(.fleet(.withdrawn(number))) }
    }

    /// Copies that are being read are not used: they were removed meanwhile.
    func void(_ covers: (Resource, Owner) -> Bool) {
        for (number, flight) in pending where flight.isReading && covers(flight.flight.resource, flight.waiter.owner) {
            pending[number]?.isVoid = true
        }
    }

    // MARK: Purges

    /// Removes what another replica has purged, and confirms it once it cannot come back.
    private func remove(_ withdrawal: Withdrawal, _ number: UInt64) {
        disk.withdraw(withdrawal) { [self] in removed([number], $0) }
    }

    private func removed(_ numbers: [UInt64], _ outcome: Withdrawal.Outcome) {
        guard case .gone = outcome else { return unwritten += numbers }
        for number in numbers { service.dropped(number) }
    }

    /// Removes something on all replicas. `done` gets what happened here, and on how many replicas it is gone.
    func purge(_ purge: Purge, done: @escaping (Withdrawal.Outcome, PurgeReport?) -> Void) {
        let scope: PurgedScope
        switch purge {
        case .all: scope = .scope(.all)
        case .catalog: scope = .scope(.catalogue)
        case .key(let number): scope = .owner(number)
        // The engine has no names of paths.
        case .path: return disk.withdraw(.purge(purge)) { done($0, nil) }
        }
        let ticket = number()
        purges[ticket] = OpenPurge(purge: purge, done: done)
        let sendBack = peers.sendBack
        service.purge(scope) {
            sendBack(.fleet(.dropPurged(ticket, number: $0)))
        } done: {
            sendBack(.fleet(.purged(ticket, $0)))
        }
    }

    private func dropPurged(_ ticket: UInt64, _ number: UInt64) {
        guard let purge = purges[ticket]?.purge else { return service.dropped(number) }
        disk.withdraw(.fleetPurge(purge)) { [self] outcome in
            removed([number], outcome)
            guard case .gone = outcome else {
                purges.removeValue(forKey: ticket)?.done(outcome, nil)
                return
            }
            purges[ticket]?.outcome = outcome
            finishPurge(ticket)
        }
    }

    private func finishPurge(_ ticket: UInt64) {
        guard let open = purges[ticket], let outcome = open.outcome, let report = open.report else { return }
        purges[ticket] = nil
        open.done(outcome, report)
    }

    // MARK: Owners

    /// This loop has, or is about to have, a copy of a key.
    func follow(_ owner: Owner) {
        if owners.updateValue(owners[owner] ?? false, forKey: owner) == nil { service.follow(Identifier(owner)) }
    }

    /// The fleet has answered with what may be served to the owner: copies that were purged before are being removed.
    private func knowsGeneration(of owner: Owner?) { if let owner, owners[owner] != nil { owners[owner] = true } }

    /// A copy is stored here that the fleet may withdraw, also again. What may not leave this process is nothing to withdraw.
    func kept(_ entry: Entry, of resource: Resource, owner: Owner) {
        guard entry.status == .ok, FleetCopy.mayKeep(entry), resource.kind != .past else { return }
        resources.keep(self.resource(resource, of: entry.isShared ? nil : owner).id)
        if !entry.isShared { follow(owner) }
    }

    /// Whether a copy of the state directory may be used. The fleet may have removed it without this process knowing: one
    /// of an owner of whom it has not heard yet, or one that another replica has withdrawn. Then the fleet has a newer one,
    /// or upstream is asked.
    func mayRestore(_ entry: Entry, of resource: Resource, owner: Owner) -> Bool {
        guard entry.isShared || !service.status.isUp || owners[owner] == true else { return false }
        return !resources.isOutdated(self.resource(resource, of: entry.isShared ? nil : owner).id)
    }

    /// The periodic work: waits again for removals that could not be written, and forgets the keys without copies.
    func sweep() {
        if !unwritten.isEmpty {
            let numbers = unwritten
            unwritten = []
            disk.withdraw(.nothing, isOnDisk: true) { [self] in removed(numbers, $0) }
        }
        guard loop.nowMilliseconds >= nextSweep else { return }
        nextSweep = loop.nowMilliseconds + 60_000
        let busy = Set(pending.values.compactMap(\.flight.owner))
        for owner in owners.keys where !busy.contains(owner) && !cache.responses.hasEntries(of: owner) {
            owners[owner] = nil
            service.forget(Identifier(owner))
        }
    }
}

extension Scope {
    /// What is removed from memory and disk for it.
    fileprivate var withdrawal: Withdrawal {
        switch self {
        case .all, .withdrawals: .fleetPurge(.all)
        case .catalogue: .fleetPurge(.catalog)
        case .owner(let owner): .fleetKey(Owner(owner))
        }
    }
}
