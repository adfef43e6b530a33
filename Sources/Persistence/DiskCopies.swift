import Bytes
package import Caching
package import Serving
package import Store

/// A copy that is being read from a store.
package struct DiskRead: Hashable, Sendable {
    package let resource: Resource
    /// Whose copy it is; nil if it is everyone's.
    package let owner: Owner?

    /// The copy of a resource that belongs to an owner, or to everyone.
    package init(resource: Resource, owner: Owner?) {
        self.resource = resource
        self.owner = owner
    }
}

/// What one loop knows of a store, and what it does there: which copies exist, and which are being read. A loop writes
/// the resources that it owns.
///
/// A copy is read once for all who wait for it, whatever their keys. Clients choose how many copies they ask for at
/// once, so a copy is read only when there is memory for it; the others wait.
///
/// It does no I/O: each call returns what to do with the store.
package struct DiskCopies {
    /// What to do with the store.
    package enum Action: Sendable {
        /// Write this record, and report with `stored` that there was room for it.
        case put(StoredRecord)
        /// Confirm the copy under this key, which a fetch for an owner brought.
        case confirm(Entry, RecordKey, Resource, Owner)
        case drop(RecordKey)
        case dropAll(Owner)
        case dropEverything
    }

    /// What a request does that needs a resource.
    package enum Next: Equatable, Sendable {
        /// The store has no copy of use to it: go on without.
        case proceed
        /// Wait: the copy is being read, or will be.
        case wait
        /// Wait, and look up this copy.
        case look(DiskRead)
    }

    private struct Pending {
        /// The name of the copy that is looked up.
        let key: RecordKey
        /// Its place in the queue for memory.
        let ticket: AdmissionQueue.Ticket
        /// The first that waited: a copy is restored for it.
        let first: Dispatcher.Waiter
        var waiters: [Dispatcher.Waiter]
        /// When requests no longer wait for it, in milliseconds.
        let deadline: UInt64
        /// Whether it took too long: then requests go on without it.
        var isLate = false
        /// Whether a copy with this key was written after the read began, which the read may not have found.
        var isRenewed = false
        /// Whether the copy was removed while it was being read: then it must not be used.
        var isVoid = false
    }

    /// How long requests wait for a read, in milliseconds. A disk may hang, and a store that another process has during an
    /// upgrade answers only when it is back.
    package static let patience: UInt64 = 5_000

    private let names: EntryNames
    private var index: DiskIndex
    private var reads: [DiskRead: Pending] = [:]
    private var memory: AdmissionQueue
    private var tickets: [AdmissionQueue.Ticket: DiskRead] = [:]
    private var lastTicket: AdmissionQueue.Ticket = 0

    /// Knows of no copy yet. `room` is the memory for names, in bytes, and as much is for copies that are read.
    package init(_ names: EntryNames, room: Int) {
        self.names = names
        index = DiskIndex(room: room)
        memory = AdmissionQueue(budget: room)
    }

    /// The copies that are in the store at the start, with their sizes in bytes.
    package mutating func begin(_ keys: [RecordKey: Int]) {
        for (key, bytes) in keys { index.insert(key, bytes: bytes) }
    }

    /// Applies changed settings: the memory for copies that are read, in bytes.
    package mutating func limit(to room: Int) { memory.budget = room }

    /// The bytes that reads in progress take.
    package var bytes: Int { memory.used }

    // MARK: Reading

    /// A request needs a resource at the time `now`, in milliseconds. `isInMemory` says whether an entry that may answer it
    /// is in memory; then none is read.
    package mutating func wanted(
        _ resource: Resource, by waiter: Dispatcher.Waiter, now: UInt64, isInMemory: @autoclosure () -> Bool
    ) -> Next {
        guard !index.isEmpty || !reads.isEmpty else { return .proceed }
        for owner in [waiter.owner, nil] {
            let read = DiskRead(resource: resource, owner: owner)
            if let pending = reads[read] {
                if pending.isLate { return .proceed }
                reads[read]?.waiters.append(waiter)
                return .wait
            }
            guard let bytes = index.size(of: key(of: read)) else { continue }
            return isInMemory() ? .proceed : begin(read, bytes: bytes, for: waiter, now: now)
        }
        return .proceed
    }

    private mutating func begin(_ read: DiskRead, bytes: Int, for waiter: Dispatcher.Waiter, now: UInt64) -> Next {
        lastTicket += 1
        reads[read] = Pending(
            key: key(of: read), ticket: lastTicket, first: waiter, waiters: [waiter],
            deadline: now.addingSaturated(Self.patience))
        tickets[lastTicket] = read
        let mayBegin = memory.ask(
            lastTicket, bytes: bytes * FetchAdmission.readingFactor, isUrgent: read.resource == .catalog)
        return mayBegin ? .look(read) : .wait
    }

    /// The name of a copy.
    package func key(of read: DiskRead) -> RecordKey { names.key(of: read.resource, owner: read.owner) }

    /// The first waiter of a read: its list is for a copy that refers to one.
    package func firstWaiter(of read: DiskRead) -> Dispatcher.Waiter? { reads[read]?.first }

    /// The waiters of the reads that have taken too long, which go on without the store. Those who come until such a read
    /// ends do not wait for it either. What it finds is used for later requests.
    package mutating func overdue(at now: UInt64) -> [(resource: Resource, waiter: Dispatcher.Waiter)] {
        var late: [(resource: Resource, waiter: Dispatcher.Waiter)] = []
        for (read, pending) in reads where !pending.isLate && now >= pending.deadline {
            late += pending.waiters.map { (read.resource, $0) }
            reads[read]?.waiters = []
            reads[read]?.isLate = true
        }
        return late
    }

    /// Whether a copy that was read may be used; not if it was removed meanwhile.
    package func mayUse(_ read: DiskRead) -> Bool { reads[read]?.isVoid != true }

    /// The store has no copy with the looked-up key that can be served. The shared copy of a resource may still be there
    /// if the owner's own was looked up, and a copy that was written meanwhile is.
    package mutating func missed(_ read: DiskRead) {
        guard let pending = reads[read], !pending.isRenewed else { return }
        index.remove(pending.key)
    }

    /// What the store has under the looked-up key differs from what was written. Returns the key of the copy to discard;
    /// nil if another copy has taken its place.
    package mutating func damaged(_ read: DiskRead) -> RecordKey? {
        guard let pending = reads[read], !pending.isRenewed else { return nil }
        index.remove(pending.key)
        return pending.key
    }

    /// A read has ended. Returns its waiters, which proceed as if they had arrived only now, and the copies to look up
    /// now that there is memory for them.
    package mutating func ended(_ read: DiskRead) -> (waiters: [Dispatcher.Waiter], next: [DiskRead]) {
        guard let pending = reads.removeValue(forKey: read) else { return ([], []) }
        tickets[pending.ticket] = nil
        memory.leave(pending.ticket)
        var next: [DiskRead] = []
        while let ticket = memory.next() {
            if let read = tickets[ticket] { next.append(read) }
        }
        return (pending.waiters, next)
    }

    // MARK: Writing

    /// What a response changes. A `put` comes last.
    package mutating func write(
        _ entry: Entry, _ change: StateChange, for resource: Resource, owner: Owner
    ) -> [Action] {
        // Upstream allows only one of the two kinds of copy.
        let (kept, other) = entry.isShared ? (nil, owner) : (owner, nil)
        switch change {
        case .put(let record):
            return drop(resource, other) + [.put(record)]
        case .confirm:
            let key = names.key(of: resource, owner: kept)
            renewed(key)
            return drop(resource, other) + (index.mayContain(key) ? [.confirm(entry, key, resource, owner)] : [])
        case .drop(let alsoShared):
            return drop(resource, owner) + (alsoShared ? drop(resource, nil) : [])
        case .none: return []
        }
    }

    /// There was room for a record.
    package mutating func stored(_ record: StoredRecord) {
        index.insert(record.key, bytes: record.body.count)
        renewed(record.key)
    }

    private mutating func renewed(_ key: RecordKey) {
        for (read, pending) in reads where pending.key == key { reads[read]?.isRenewed = true }
    }

    /// Removes a copy: nothing to do if there is none.
    package mutating func drop(_ resource: Resource, _ owner: Owner?) -> [Action] {
        let key = names.key(of: resource, owner: owner)
        return index.remove(key) ? [.drop(key)] : []
    }

    // MARK: Withdrawals

    /// Removes what is withdrawn; nothing to do if there is none of it. Reads in progress do not bring it back. The
    /// second round concerns memory only.
    package mutating func takeOut(_ withdrawal: Withdrawal, isFirst: Bool) -> [Action] {
        switch withdrawal {
        case .nothing: return []
        case .shared(let resource): return takeOutShared(resource)
        case .copies(let resource, let owner): return takeOutShared(resource) + drop(resource, owner)
        case .key(let owner), .fleetKey(let owner):
            guard isFirst else { return [] }
            voidReads { $0.owner == owner }
            return index.remove(ownedBy: EntryNames.bytes(owner)) ? [.dropAll(owner)] : []
        case .purge(let purge), .fleetPurge(let purge):
            guard isFirst else { return [] }
            voidReads { purge.covers($0.resource, ownerHigh: $0.owner?.high) }
            // For a copy whose name was forgotten, it is unknown whether the purge covers it.
            guard purge != .all, !index.isPartial else {
                index.removeAll()
                return [.dropEverything]
            }
            return index.remove(where: names.covered(by: purge)).map { .drop($0) }
        }
    }

    private mutating func takeOutShared(_ resource: Resource) -> [Action] {
        voidReads { $0.resource == resource }
        return drop(resource, nil)
    }

    private mutating func voidReads(_ covers: (DiskRead) -> Bool) {
        for read in reads.keys where covers(read) { reads[read]?.isVoid = true }
    }
}
