import Bytes
import Caching
import Catalog
import Fetching
import Persistence
import Serving
import Store
import TestSupport

/// A store that keeps entries in memory, as objects, and fails when a test says so.
final class MemoryEntryStore: EntryStore {
    /// What fails.
    struct Faults {
        /// Nothing more can be stored.
        var isFull = false
        /// Drops cannot be made durable.
        var isReadOnly = false
        /// What is restored differs from what was written.
        var isDamaged = false
        /// Nothing is answered.
        var isSilent = false
    }

    private struct State {
        var records: [RecordKey: StoredRecord] = [:]
        /// The entries of records, which name them by a number in place of the digest.
        var entries: [Entry] = []
        var faults = Faults()
        var calls: [String] = []
        var looks = 0
    }

    let names = EntryNames(upstream: "memory")
    private let state = Monitor(State())

    /// What was called, but for looking and restoring.
    var calls: [String] { state.current.calls }
    /// How often a copy was looked up.
    var looks: Int { state.current.looks }
    /// The keys of what is stored.
    var keys: Set<RecordKey> { Set(state.current.records.keys) }

    /// Changes what fails from now on.
    func fail(_ change: (inout Faults) -> Void) { state.withValue { change(&$0.faults) } }

    func record(of entry: Entry, for key: RecordKey, body: SharedBytes) -> StoredRecord {
        let number = state.withValue {
            $0.entries.append(entry)
            return UInt8($0.entries.count - 1)
        }
        return StoredRecord(key: key, fields: .empty, digest: [number], body: body, expires: 0, stored: 0)
    }

    func put(_ record: StoredRecord, now: UInt64) -> Bool {
        state.withValue {
            $0.calls.append("put")
            if !$0.faults.isFull { $0.records[record.key] = record }
            return !$0.faults.isFull
        }
    }

    func confirm(_ entry: Entry, for key: RecordKey, now: UInt64, reportMissing: @escaping @Sendable () -> Void) {
        let isThere = state.withValue { state -> Bool in
            state.calls.append("confirm")
            guard let record = state.records[key] else { return false }
            state.entries[Int(record.digest[0])] = entry
            return true
        }
        if !isThere { reportMissing() }
    }

    func drop(_ key: RecordKey) {
        state.withValue {
            $0.calls.append("drop")
            $0.records[key] = nil
        }
    }

    func dropAll(of owner: Owner) {
        state.withValue {
            $0.calls.append("drop all")
            $0.records = $0.records.filter { $0.key.owner != EntryNames.bytes(owner) }
        }
    }

    func dropEverything() {
        state.withValue {
            $0.calls.append("drop everything")
            $0.records = [:]
        }
    }

    func afterDrops(reply: @escaping @Sendable (Bool) -> Void) {
        let faults = state.current.faults
        if !faults.isSilent { reply(!faults.isReadOnly) }
    }

    func look(for key: RecordKey, reply: @escaping @Sendable (StoredRecord?) -> Void) {
        let state = state.withValue {
            $0.looks += 1
            return $0
        }
        if !state.faults.isSilent { reply(state.records[key]) }
    }

    func restore(
        _ resource: Resource, _ record: StoredRecord, _ builder: EntryBuilder, beside list: ModelList?, now: UInt64
    ) -> RestoredEntry {
        let state = state.current
        return state.faults.isDamaged ? .damaged : .entry(state.entries[Int(record.digest[0])])
    }

    func discard(_ key: RecordKey) {
        state.withValue {
            $0.calls.append("discard")
            $0.records[key] = nil
        }
    }

    func take(_ windows: StaleWindows) { state.withValue { $0.calls.append("take") } }
    func prune(now: UInt64) { state.withValue { $0.calls.append("prune") } }
    func noteClock(now: UInt64) { state.withValue { $0.calls.append("clock") } }
    func close() { state.withValue { $0.calls.append("close") } }
}
