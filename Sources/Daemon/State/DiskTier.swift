import Bytes
import Caching
import Catalog
import EventLoop
import Fetching
import Persistence
import Serving
import Store

/// What the disk tier needs of the loop whose copies it keeps.
protocol DiskTierDelegate: AnyObject {
    /// Continues with a request that waited for the store.
    func dispatch(_ resource: Resource, for waiter: Dispatcher.Waiter)
    /// A copy was read that is not in memory, for a request of an owner.
    func restored(_ entry: Entry, of resource: Resource, for owner: Owner)
    /// Removes from memory and from the store what this loop has, and returns what it was.
    func takeOut(_ withdrawal: Withdrawal, isFirst: Bool) -> Withdrawal.Taken
}

/// A loop's side of the store in which entries outlive the process: it writes the resources that the loop owns, reads
/// copies that are not in memory, and ends a withdrawal when it is durable. `DiskCopies` and `WithdrawalTable` decide.
final class DiskTier {
    private let loop: Loop
    private let peers: Peers
    private let cache: LoopCache
    /// Nil if nothing outlives the process.
    private let store: (any EntryStore)?
    private var copies: DiskCopies
    private var withdrawals = WithdrawalTable()
    unowned var delegate: (any DiskTierDelegate)?

    /// The tier of one loop. `room` is the memory for the names of copies, in bytes, and as much is for copies that are
    /// read.
    init(_ store: (any EntryStore)?, room: Int, on loop: Loop, peers: Peers, cache: LoopCache) {
        self.store = store
        self.loop = loop
        self.peers = peers
        self.cache = cache
        copies = DiskCopies(store?.names ?? EntryNames(upstream: ""), room: room)
    }

    /// The copies of the last process.
    func begin(_ start: StateAtStart) { copies.begin(start.keys) }

    /// Applies changed settings: the memory for copies that are read, in bytes.
    func limit(to room: Int) { copies.limit(to: room) }

    /// Forgets the withdrawals in progress.
    func end() { withdrawals = WithdrawalTable() }

    // MARK: Reading

    /// Reads a copy that is not in memory, before upstream is asked. False if there is none; then nothing was done.
    func read(_ resource: Resource, for waiter: Dispatcher.Waiter) -> Bool {
        guard store != nil else { return false }
        let next = copies.wanted(
            resource, by: waiter, now: loop.nowMilliseconds,
            isInMemory: !cache.responses.lacks(resource, owner: waiter.owner))
        switch next {
        case .proceed: return false
        case .wait: break
        case .look(let read): look([read])
        }
        return true
    }

    private func look(_ reads: [DiskRead]) {
        cache.responses.setAside(forReads: copies.bytes)
        let sendBack = peers.sendBack
        for read in reads { store?.look(for: copies.key(of: read)) { sendBack(.diskReadCompleted(read, $0)) } }
    }

    /// The store has answered.
    func looked(_ read: DiskRead, _ record: StoredRecord?) {
        guard let store, let record else {
            copies.missed(read)
            return resume(read)
        }
        let builder = cache.builder
        let first = copies.firstWaiter(of: read)
        let list = first?.list
        let now = loop.nowMilliseconds
        loop.offload {
            store.restore(read.resource, record, builder, beside: list, now: now)
        } then: { [self] restored in
            switch restored {
            case .entry(let entry):
                if let first, copies.mayUse(read) { delegate?.restored(entry, of: read.resource, for: first.owner) }
            case .none: copies.missed(read)
            case .damaged: if let key = copies.damaged(read) { store.discard(key) }
            }
            resume(read)
        }
    }

    /// Handles the waiters as if they had arrived only now.
    private func resume(_ read: DiskRead) {
        let (waiters, next) = copies.ended(read)
        look(next)
        for waiter in waiters { delegate?.dispatch(read.resource, for: waiter) }
    }

    // MARK: Writing

    /// Computes what a response changes, on any thread.
    var change: @Sendable (Entry, Resource, Owner, SharedBytes?) -> StateChange {
        let store = store
        return { store?.change(with: $0, for: $1, owner: $2, body: $3) ?? .none }
    }

    /// Writes what a response changes. False if there was no room for it.
    func write(_ entry: Entry, _ change: StateChange, for resource: Resource, owner: Owner) -> Bool {
        run(copies.write(entry, change, for: resource, owner: owner))
    }

    /// The store had no copy to confirm of a response with this body. The next fetch asks for the body, which is then
    /// written: with the validators it would get a 304 for as long as nothing changes.
    func notConfirmed(_ resource: Resource, _ owner: Owner, digest: [UInt8]) {
        guard let entry = cache.responses.entry(for: resource, owner: owner), entry.metadata.digest == digest,
            entry.metadata.hasValidator
        else { return }
        cache.responses.store(entry.withoutValidators(), for: resource, owner: owner)
    }

    /// Removes the shared copy of a resource and the one of an owner. True if there may have been one.
    func drop(_ resource: Resource, of owner: Owner) -> Bool {
        let actions = copies.drop(resource, nil) + copies.drop(resource, owner)
        run(actions)
        return !actions.isEmpty
    }

    /// False if there was no room for a record.
    @discardableResult
    private func run(_ actions: [DiskCopies.Action]) -> Bool {
        guard let store else { return true }
        let (now, sendBack) = (loop.nowMilliseconds, peers.sendBack)
        for action in actions {
            switch action {
            case .put(let record):
                guard store.put(record, now: now) else { return false }
                copies.stored(record)
            case .confirm(let entry, let key, let resource, let owner):
                let digest = entry.metadata.digest
                store.confirm(entry, for: key, now: now) { sendBack(.notConfirmed(resource, owner, digest: digest)) }
            case .drop(let key): store.drop(key)
            case .dropAll(let owner): store.dropAll(of: owner)
            case .dropEverything: store.dropEverything()
            }
        }
        return true
    }

    // MARK: Withdrawals

    /// Removes something everywhere, and calls `done` when it cannot come back, not even after a kill. It calls `done`
    /// at once if there is one loop and nothing in the store. `isOnDisk` means that something is already being removed
    /// from the store.
    func withdraw(
        _ withdrawal: Withdrawal, isOnDisk: Bool = false, done: @escaping (Withdrawal.Outcome) -> Void
    ) {
        let loops = withdrawal.rounds == 0 ? 1 : peers.count
        let ticket = withdrawals.add(
            withdrawal, loops: loops, isOnDisk: isOnDisk, now: loop.nowMilliseconds, done: done)
        guard withdrawal.rounds > 0 else { return withdrawn(ticket, Withdrawal.Taken()) }
        askAll(withdrawal, ticket, isFirst: true)
    }

    private func askAll(_ withdrawal: Withdrawal, _ ticket: UInt64, isFirst: Bool) {
        peers.sendToOthers(.withdraw(withdrawal, ticket, isFirst: isFirst, from: peers.index))
        withdrawn(ticket, delegate?.takeOut(withdrawal, isFirst: isFirst) ?? Withdrawal.Taken())
    }

    /// A loop has removed what it had.
    func withdrawn(_ ticket: UInt64, _ taken: Withdrawal.Taken) {
        switch withdrawals.answered(ticket, taken, loops: peers.count) {
        case .wait: break
        case .askAgain(let withdrawal): askAll(withdrawal, ticket, isFirst: false)
        case .writeRemovals:
            guard let store else { return removed(ticket, isDurable: true) }
            let sendBack = peers.sendBack
            store.afterDrops { sendBack(.removed(ticket, isDurable: $0)) }
        case .end: removed(ticket, isDurable: true)
        }
    }

    /// The removals are durable, or cannot be written.
    func removed(_ ticket: UInt64, isDurable: Bool) {
        guard let (done, outcome) = withdrawals.end(ticket, isDurable: isDurable) else { return }
        done(outcome)
    }

    /// Continues without the loops or the store that have not answered in time.
    func endOverdue() {
        for done in withdrawals.overdue(at: loop.nowMilliseconds) { done(.late) }
        for (resource, waiter) in copies.overdue(at: loop.nowMilliseconds) {
            delegate?.dispatch(resource, for: waiter)
        }
    }

    /// Removes from the store what this loop wrote. True if it must be waited for.
    func takeOut(_ withdrawal: Withdrawal, isFirst: Bool) -> Bool {
        guard store != nil else { return false }
        let actions = copies.takeOut(withdrawal, isFirst: isFirst)
        run(actions)
        switch withdrawal {
        // A response waits for this, so without a copy there is no wait for the disk.
        case .purge(.path): return !actions.isEmpty
        case .purge, .fleetPurge: return isFirst
        case .nothing, .shared, .copies, .key, .fleetKey: return !actions.isEmpty
        }
    }
}
