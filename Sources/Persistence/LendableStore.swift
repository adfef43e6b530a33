package import Bytes
package import Caching
package import Catalog
package import Fetching
package import Serving
package import Store
import Threads

/// A store that can be closed while its user goes on, because another process needs what is behind it.
///
/// While it is lent, calls wait. If it is taken back, they are carried out in order. If it is not, they are refused; the
/// copies in memory are all that this process has then.
package final class LendableStore: EntryStore {
    package let names: EntryNames
    package let history: HistoryDatabase?
    private let lending: Lending
    private var state: Mutex<Lending.State> { lending.state }

    /// A store that is open.
    package init(_ store: any EntryStore) {
        names = store.names
        let lending = Lending(store)
        self.lending = lending
        history = store.history.map { HistoryDatabase(lending, $0.seal) }
    }

    // MARK: Lending

    /// Closes the store, until `takeBack` or `handOver`. It takes a moment, so do not call it on a loop that serves.
    package func lend() {
        let store = state.withLock { state -> (any EntryStore)? in
            guard state.phase == .open else { return nil }
            state.phase = .lent
            state.mayHaveLostDrops = true
            return state.store
        }
        guard let store else { return }
        // The answer comes before `close` returns, if at all.
        store.afterDrops { [lending] isDurable in lending.state.withLock { $0.mayHaveLostDrops = !isDurable } }
        store.close()
    }

    /// Continues with `store`, which is the same one opened again, or without one if it cannot be opened. If a removal
    /// could not be written before it was lent, all copies are removed: which ones it was is not known any more.
    package func takeBack(_ store: (any EntryStore)?) {
        guard let store else { return handOver {} }
        state.withLock { state in
            guard state.phase == .lent else { return }
            state.store = store
            state.phase = .open
            if state.mayHaveLostDrops { store.dropEverything() }
            for call in state.waiting { call.run(on: store) }
            state.waiting = []
            state.waitingBytes = 0
        }
    }

    /// The store is another process's for good. Calls `removed` whenever a copy is removed here, and at once if that has
    /// happened while the store was lent, or could not be written before: the other process still has it. A store that
    /// was not lent stays open.
    package func handOver(removed: @escaping @Sendable () -> Void) {
        let (refused, isLost) = state.withLock { state -> ([Call], Bool) in
            guard state.phase == .lent else { return ([], false) }
            defer { state.waiting = [] }
            state.phase = .handedOver
            state.removed = removed
            return (state.waiting, state.mayHaveLostDrops)
        }
        if isLost || refused.contains(where: \.isRemoval) { removed() }
        for call in refused { call.refuse() }
    }

    private func perform(_ call: Call) { lending.perform(call) }

    private var current: any EntryStore { state.withLock { $0.store } }

    // MARK: EntryStore

    package func record(of entry: Entry, for key: RecordKey, body: SharedBytes) -> StoredRecord {
        current.record(of: entry, for: key, body: body)
    }

    package func put(_ record: StoredRecord, now: UInt64) -> Bool {
        lending.store(.put(record, now: now), byteCount: record.body.count + record.fields.count) {
            $0.put(record, now: now)
        }
    }

    package func confirm(
        _ entry: Entry, for key: RecordKey, now: UInt64, reportMissing: @escaping @Sendable () -> Void
    ) { perform(.confirm(entry, key, now: now, reportMissing)) }

    package func drop(_ key: RecordKey) { perform(.drop(key)) }

    package func dropAll(of owner: Owner) { perform(.dropAll(owner)) }

    package func dropEverything() { perform(.dropEverything) }

    package func afterDrops(reply: @escaping @Sendable (Bool) -> Void) { perform(.afterDrops(reply)) }

    package func look(for key: RecordKey, reply: @escaping @Sendable (StoredRecord?) -> Void) {
        perform(.look(key, reply))
    }

    package func restore(
        _ resource: Resource, _ record: StoredRecord, _ builder: EntryBuilder, beside list: ModelList?, now: UInt64
    ) -> RestoredEntry { current.restore(resource, record, builder, beside: list, now: now) }

    package func discard(_ key: RecordKey) { perform(.discard(key)) }

    package func take(_ windows: StaleWindows) { perform(.take(windows)) }

    package func prune(now: UInt64) { perform(.prune(now: now)) }

    package func noteClock(now: UInt64) { perform(.noteClock(now: now)) }

    /// A store that is lent is another process's to close. What waits for it is lost, so take it back first.
    package func close() {
        let store = state.withLock { $0.phase == .open ? $0.store : nil }
        store?.close()
    }
}

/// The store of a `LendableStore` and the calls that wait for it. It is also what its history writes to and reads from.
private final class Lending: HistoryStorage {
    enum Phase { case open, lent, handedOver }

    struct State {
        /// The last store that was open.
        var store: any EntryStore
        var phase = Phase.open
        var waiting: [Call] = []
        var waitingBytes = 0
        /// Whether removals from before the store was lent may not be written.
        var mayHaveLostDrops = false
        var removed: @Sendable () -> Void = {}
    }

    let state: Mutex<State>

    /// How many bytes of records may wait. The handover of a store takes a second.
    private static let room = 16 << 20

    init(_ store: any EntryStore) { state = Mutex(State(store: store)) }

    /// Carries out a call, or lets it wait. It never waits for a disk, so other threads may wait for the lock.
    func perform(_ call: Call) {
        let removed = state.withLock { state -> (() -> Void)? in
            switch state.phase {
            case .open: call.run(on: state.store)
            case .lent: state.waiting.append(call)
            case .handedOver: return state.removed
            }
            return nil
        }
        guard let removed else { return }
        if call.isRemoval { removed() }
        call.refuse()
    }

    /// Stores something now, or later if there is room for it to wait. False if it is not stored.
    func store(_ call: Call, byteCount: Int, now store: (any EntryStore) -> Bool) -> Bool {
        state.withLock { state in
            switch state.phase {
            case .open: return store(state.store)
            case .lent:
                guard state.waitingBytes + byteCount <= Self.room else { return false }
                state.waitingBytes += byteCount
                state.waiting.append(call)
                return true
            case .handedOver: return false
            }
        }
    }

    // MARK: HistoryStorage

    func append(_ batch: HistoryBatch, reply: @escaping @Sendable (Bool) -> Void) -> Bool {
        store(.append(batch, reply), byteCount: batch.byteCount) { store in
            guard let history = store.history else { return false }
            history.append(batch, reply: reply)
            return true
        }
    }

    func readHistory(_ name: String, _ read: HistoryRead, reply: @escaping @Sendable (HistoryAnswer) -> Void) {
        perform(.readHistory(read, reply))
    }

    func setAside(reason: String) { perform(.reportDamagedHistory) }
}

/// A call that may have to wait.
private enum Call: Sendable {
    case put(StoredRecord, now: UInt64)
    case confirm(Entry, RecordKey, now: UInt64, @Sendable () -> Void)
    case drop(RecordKey)
    case dropAll(Owner)
    case dropEverything
    case afterDrops(@Sendable (Bool) -> Void)
    case look(RecordKey, @Sendable (StoredRecord?) -> Void)
    case discard(RecordKey)
    case take(StaleWindows)
    case prune(now: UInt64)
    case noteClock(now: UInt64)
    case append(HistoryBatch, @Sendable (Bool) -> Void)
    case readHistory(HistoryRead, @Sendable (HistoryAnswer) -> Void)
    case reportDamagedHistory

    /// Whether it removes copies.
    var isRemoval: Bool {
        switch self {
        case .drop, .dropAll, .dropEverything: true
        default: false
        }
    }

    func run(on store: any EntryStore) {
        switch self {
        case .put(let record, let now): _ = store.put(record, now: now)
        case .confirm(let entry, let key, let now, let reportMissing):
            store.confirm(entry, for: key, now: now, reportMissing: reportMissing)
        case .drop(let key): store.drop(key)
        case .dropAll(let owner): store.dropAll(of: owner)
        case .dropEverything: store.dropEverything()
        case .afterDrops(let reply): store.afterDrops(reply: reply)
        case .look(let key, let reply): store.look(for: key, reply: reply)
        case .discard(let key): store.discard(key)
        case .take(let windows): store.take(windows)
        case .prune(let now): store.prune(now: now)
        case .noteClock(let now): store.noteClock(now: now)
        case .append(let batch, let reply): run(on: store.history) { $0.append(batch, reply: reply) }
        case .readHistory(let read, let reply): run(on: store.history) { $0.read(read, reply: reply) }
        case .reportDamagedHistory: store.history?.reportDamage()
        }
    }

    private func run(on history: HistoryDatabase?, _ call: (HistoryDatabase) -> Void) {
        if let history { call(history) } else { refuse() }
    }

    /// Answers those who wait: there is no store.
    func refuse() {
        switch self {
        case .afterDrops(let reply): reply(false)
        case .look(_, let reply): reply(nil)
        case .append(_, let reply): reply(false)
        case .readHistory(_, let reply): reply(.unavailable)
        default: break
        }
    }
}
