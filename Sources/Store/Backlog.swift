import Bytes

/// The changes that wait to be written, as what they come to together: at most one for each record.
///
/// They are written in this order: `setAside`, `removesAll`, `owners`, `records`, `notes`, `prunedBefore`.
struct Backlog {
    /// What is to become of one record.
    enum Change {
        case put(StoredRecord)
        case update(RecordUpdate)
        case remove
    }

    /// What a reader has to know of a record before it looks at the disk.
    enum Prospect {
        /// What the disk has is right.
        case asStored
        /// This is the record, whatever the disk has.
        case record(StoredRecord)
        /// What the disk has is right but for this.
        case updated(RecordUpdate)
        /// There is none, whatever the disk has.
        case gone
    }

    /// Why the database is to be set aside, if it is.
    private(set) var setAside: String?
    private(set) var removesAll = false
    private(set) var owners: Set<[UInt8]> = []
    private(set) var records: [RecordKey: Change] = [:]
    private(set) var notes: [String: SharedBytes] = [:]
    private(set) var prunedBefore: Int64?
    /// What fields, bodies and notes take in memory.
    private(set) var bytes = 0
    private var removals = 0

    /// More single removals than any store has records, and more owners: keeping each would take memory without an end while
    /// the disk cannot be written. Past it, all records go.
    static let maximumRemovals = 16_384

    var isEmpty: Bool {
        setAside == nil && !removesAll && owners.isEmpty && records.isEmpty && notes.isEmpty && prunedBefore == nil
    }

    /// Whether something must not be found again after a restart.
    var hasRemovals: Bool { setAside != nil || removesAll || !owners.isEmpty || removals > 0 }

    var recordCount: Int { records.count - removals }

    /// What waits for this record at present, in bytes.
    func bytes(of key: RecordKey) -> Int { records[key].map(size) ?? 0 }

    func prospect(of key: RecordKey) -> Prospect {
        switch records[key] {
        case .put(let record): .record(record)
        case .update(let update): setAside == nil ? .updated(update) : .gone
        case .remove: .gone
        case nil: setAside == nil && !isRemoved(key) ? .asStored : .gone
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
        case .update, nil: if !isRemoved(update.key) { set(.update(update), for: update.key) }
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

    /// What was put since stays: a removal is not about that any more.
    private mutating func removeAllButPuts() {
        removesAll = true
        owners = []
        keepPutsAlone()
    }

    mutating func removeEverything() {
        for key in records.keys { set(nil, for: key) }
        owners = []
        removesAll = true
    }

    mutating func setAside(_ reason: String) {
        // What came before it stays: it may be about a put that waits longer still (see `append`).
        if setAside == nil { setAside = reason }
    }

    mutating func writeNote(_ note: Note) {
        bytes += note.bytes.count - (notes.updateValue(note.bytes, forKey: note.name)?.count ?? 0)
    }

    mutating func prune(before time: Int64) { prunedBefore = max(prunedBefore ?? time, time) }

    /// Takes on what came later.
    mutating func append(_ later: Backlog) {
        if let reason = later.setAside { setAside(reason) }
        if later.removesAll { removeEverything() }
        for owner in later.owners { removeAll(owner: owner) }
        for (key, change) in later.records {
            switch change {
            case .put(let record): put(record)
            case .update(let change): update(change)
            case .remove: remove(key)
            }
        }
        for (name, bytes) in later.notes { writeNote(Note(name: name, bytes: bytes)) }
        if let time = later.prunedBefore { prune(before: time) }
    }

    /// Puts notes back that were read from a database which had to be given up; what waits is newer.
    mutating func keep(_ older: [Note]) { for note in older where notes[note.name] == nil { writeNote(note) } }

    /// Only what removes.
    var removalsAlone: Backlog {
        var result = Backlog()
        result.removesAll = removesAll
        result.owners = owners
        for (key, change) in records { if case .remove = change { result.remove(key) } }
        return result
    }

    /// The removals are done, or the database is a new one that has nothing to be removed, updated or pruned.
    mutating func forgetRemovals(databaseIsNew: Bool) {
        setAside = nil
        removesAll = false
        owners = []
        if databaseIsNew {
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
    }

    private func size(_ change: Change) -> Int {
        switch change {
        case .put(let record): record.byteCount
        case .update(let update): update.fields.count
        case .remove: 0
        }
    }
}
