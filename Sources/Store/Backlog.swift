import Bytes

/// The pending changes, merged: at most one for each record.
///
/// They are written in this order: `setAside`, `removesAll`, `owners`, `damaged`, `records`, `notes`, `prunedBefore`,
/// `history`.
struct Backlog {
    /// The pending change of one record.
    enum Change {
        case put(StoredRecord)
        /// The last update of each body that the record may have, by its digest.
        case update([[UInt8]: RecordUpdate])
        case remove
    }

    /// What a reader must know about a record before it reads the disk.
    enum Prospect {
        /// The record on the disk is valid.
        case asStored
        /// This is the record, regardless of the disk.
        case record(StoredRecord)
        /// The record on the disk is valid, but the update for its body, if there is one, must be applied to it.
        case updated([[UInt8]: RecordUpdate])
        /// There is no record, regardless of the disk.
        case gone
    }

    /// The reason to set the database aside, if there is one.
    private(set) var setAside: String?
    private(set) var removesAll = false
    /// Whether somebody waits until the removals that are written are synced too.
    private(set) var awaitsSync = false
    private(set) var owners: Set<[UInt8]> = []
    /// The records on the disk that differ from what was put.
    private(set) var damaged: Set<RecordKey> = []
    private(set) var records: [RecordKey: Change] = [:]
    /// The records that were removed before the put that waits. Until it is written, the removed one is on the disk.
    private(set) var replaced: Set<RecordKey> = []
    private(set) var notes: [String: SharedBytes] = [:]
    private(set) var prunedBefore: Int64?
    /// The batches of histories, in order.
    private(set) var history: [PendingBatch] = []
    /// The memory that fields, bodies, notes and histories take.
    private(set) var bytes = 0
    private var removals = 0

    /// The maximum number of single removals and of owners, larger than any store has records. Keeping each one would
    /// take unbounded memory while the disk cannot be written. Above this limit, all records are removed.
    static let maximumRemovals = 16_384

    var isEmpty: Bool {
        setAside == nil && !removesAll && !awaitsSync && owners.isEmpty && damaged.isEmpty && records.isEmpty
            && notes.isEmpty && prunedBefore == nil && history.isEmpty
    }

    /// Whether there is a removal that must survive a restart.
    var hasRemovals: Bool {
        setAside != nil || removesAll || awaitsSync || !owners.isEmpty || removals > 0 || !replaced.isEmpty
    }

    /// The records that must not come back.
    var removed: some Sequence<RecordKey> {
        records.lazy.filter { if case .remove = $0.value { true } else { replaced.contains($0.key) } }.map(\.key)
    }

    var recordCount: Int { records.count - removals }

    /// The bytes that wait for this record now.
    func bytes(of key: RecordKey) -> Int { records[key].map(size) ?? 0 }

    func prospect(of key: RecordKey) -> Prospect {
        switch records[key] {
        case .put(let record): .record(record)
        case .update(let updates): setAside == nil && !damaged.contains(key) ? .updated(updates) : .gone
        case .remove: .gone
        case nil: setAside == nil && !damaged.contains(key) && !isRemoved(key) ? .asStored : .gone
        }
    }

    private func isRemoved(_ key: RecordKey) -> Bool { removesAll || owners.contains(key.owner) }

    mutating func put(_ record: StoredRecord) { set(.put(record), for: record.key) }

    mutating func update(_ update: RecordUpdate) {
        switch records[update.key] {
        case .put(var record):
            update.apply(to: &record)
            put(record)
        case .remove: break
        case .update(var updates):
            updates[update.digest] = update
            set(.update(updates), for: update.key)
        case nil: if !isRemoved(update.key) { set(.update([update.digest: update]), for: update.key) }
        }
    }

    mutating func remove(_ key: RecordKey) {
        set(.remove, for: key)
        if removals > Self.maximumRemovals { removeAllButPuts() }
    }

    mutating func removeAll(owner: [UInt8]) {
        for key in records.keys where key.owner == owner { set(nil, for: key) }
        owners.insert(owner)
        if owners.count > Self.maximumRemovals { removeAllButPuts() }
    }

    /// Records put since then stay: the removal does not apply to them.
    private mutating func removeAllButPuts() {
        removesAll = true
        owners = []
        damaged = []
        replaced = []
        keepPutsAlone()
    }

    mutating func removeEverything() {
        for key in records.keys { set(nil, for: key) }
        owners = []
        damaged = []
        removesAll = true
    }

    /// The record on the disk is removed. One that was put and waits stays: it is another. Updates stay too, as in
    /// `setAside`.
    mutating func discard(_ key: RecordKey) { damaged.insert(key) }

    mutating func setAside(_ reason: String) {
        // Earlier updates stay: they may apply to a put that waits even longer (see `append`).
        if setAside == nil { setAside = reason }
    }

    mutating func awaitSync() { awaitsSync = true }

    mutating func writeNote(_ note: Note) {
        bytes += note.bytes.count - (notes.updateValue(note.bytes, forKey: note.name)?.count ?? 0)
    }

    mutating func prune(before time: Int64) { prunedBefore = max(prunedBefore ?? time, time) }

    mutating func append(_ batch: PendingBatch) {
        history.append(batch)
        bytes += batch.batch.byteCount
    }

    /// Removes the batches of histories, and returns them.
    mutating func takeHistory() -> [PendingBatch] {
        defer { history = [] }
        bytes -= history.reduce(0) { $0 + $1.batch.byteCount }
        return history
    }

    /// Merges later changes.
    mutating func append(_ later: Backlog) {
        if let reason = later.setAside { setAside(reason) }
        if later.removesAll { removeEverything() }
        if later.awaitsSync { awaitSync() }
        for owner in later.owners { removeAll(owner: owner) }
        for key in later.damaged { discard(key) }
        for (key, change) in later.records {
            switch change {
            case .put(let record):
                if later.replaced.contains(key) { remove(key) }
                put(record)
            case .update(let updates): for change in updates.values { update(change) }
            case .remove: remove(key)
            }
        }
        for (name, bytes) in later.notes { writeNote(Note(name: name, bytes: bytes)) }
        if let time = later.prunedBefore { prune(before: time) }
        for batch in later.history { append(batch) }
    }

    /// Restores notes that were read from an abandoned database. Waiting notes are newer and win.
    mutating func keep(_ older: [Note]) { for note in older where notes[note.name] == nil { writeNote(note) } }

    /// The removals alone.
    var removalsAlone: Backlog {
        var result = Backlog()
        result.removesAll = removesAll
        result.awaitsSync = awaitsSync
        result.owners = owners
        for key in removed { result.remove(key) }
        return result
    }

    /// The removals are done, or the database is new and has nothing to remove, update or prune.
    mutating func forgetRemovals(databaseIsNew: Bool) {
        setAside = nil
        removesAll = false
        awaitsSync = false
        owners = []
        replaced = []
        if databaseIsNew {
            damaged = []
            prunedBefore = nil
            keepPutsAlone()
        } else {
            for (key, change) in records { if case .remove = change { set(nil, for: key) } }
        }
    }

    private mutating func keepPutsAlone() {
        for (key, change) in records {
            if case .put = change { continue }
            set(nil, for: key)
        }
    }

    private mutating func set(_ change: Change?, for key: RecordKey) {
        let before = records[key]
        records[key] = change
        bytes += (change.map(size) ?? 0) - (before.map(size) ?? 0)
        if case .remove? = change { removals += 1 }
        if case .remove? = before { removals -= 1 }
        switch (before, change) {
        case (.remove?, .put?): replaced.insert(key)
        case (_, .put?): break
        default: replaced.remove(key)
        }
    }

    private func size(_ change: Change) -> Int {
        switch change {
        case .put(let record): record.byteCount
        case .update(let updates): updates.values.reduce(0) { $0 + $1.fields.count }
        case .remove: 0
        }
    }
}
