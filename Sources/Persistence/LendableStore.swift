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
    private enum Phase { case open, lent, handedOver }

    private struct State {
        /// The last store that was open.
        var store: any EntryStore
        var phase = Phase.open
        var waiting: [Call] = []
        var waitingBytes = 0
        var removed: @Sendable () -> Void = {}
    }

    package let names: EntryNames
    private let state: Mutex<State>

    /// How many bytes of records may wait. The handover of a store takes a second.
    private static let room = 16 << 20

    /// A store that is open.
    package init(_ store: any EntryStore) {
        names = store.names
        state = Mutex(State(store: store))
    }

    // MARK: Lending

    /// Closes the store, until `takeBack` or `handOver`. It takes a moment, so do not call it on a loop that serves.
    package func lend() {
        let store = state.withLock { state -> (any EntryStore)? in
            guard state.phase == .open else { return nil }
            state.phase = .lent
            return state.store
        }
        store?.close()
    }

    /// Goes on with `store`, which is the same one opened again; or without one, if it cannot be opened.
    package func takeBack(_ store: (any EntryStore)?) {
        guard let store else { return handOver {} }
        state.withLock { state in
            guard state.phase == .lent else { return }
            state.store = store
            state.phase = .open
            for call in state.waiting { call.run(on: store) }
            state.waiting = []
            state.waitingBytes = 0
        }
    }

    /// The store is another process's for good. Calls `removed` whenever a copy is removed here, and at once if that has
    /// happened while the store was lent: the other process has it still. A store that was not lent stays open.
    package func handOver(removed: @escaping @Sendable () -> Void) {
        let refused = state.withLock { state -> [Call] in
            guard state.phase == .lent else { return [] }
            defer { state.waiting = [] }
            state.phase = .handedOver
            state.removed = removed
            return state.waiting
        }
        if refused.contains(where: \.isRemoval) { removed() }
        for call in refused { call.refuse() }
    }

    /// Carries out a call, or lets it wait. It never waits for a disk, so other threads may wait for the lock.
    private func perform(_ call: Call) {
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

    private var current: any EntryStore { state.withLock { $0.store } }

    // MARK: EntryStore

    package func record(of entry: Entry, for key: RecordKey, body: SharedBytes) -> StoredRecord {
        current.record(of: entry, for: key, body: body)
    }

    package func put(_ record: StoredRecord, now: UInt64) -> Bool {
        state.withLock { state in
            switch state.phase {
            case .open: return state.store.put(record, now: now)
            case .lent:
                let size = record.body.count + record.fields.count
                guard state.waitingBytes + size <= Self.room else { return false }
                state.waitingBytes += size
                state.waiting.append(.put(record, now: now))
                return true
            case .handedOver: return false
            }
        }
    }

    package func confirm(_ entry: Entry, for key: RecordKey, now: UInt64) { perform(.confirm(entry, key, now: now)) }

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

    package func reportDamage() { perform(.reportDamage) }

    package func take(_ windows: StaleWindows) { perform(.take(windows)) }

    package func prune(now: UInt64) { perform(.prune(now: now)) }

    package func noteClock(now: UInt64) { perform(.noteClock(now: now)) }

    package func close() {
        let store = state.withLock { $0.phase == .open ? $0.store : nil }
        store?.close()
    }
}

/// A call that may have to wait.
private enum Call: Sendable {
    case put(StoredRecord, now: UInt64)
    case confirm(Entry, RecordKey, now: UInt64)
    case drop(RecordKey)
    case dropAll(Owner)
    case dropEverything
    case afterDrops(@Sendable (Bool) -> Void)
    case look(RecordKey, @Sendable (StoredRecord?) -> Void)
    case reportDamage
    case take(StaleWindows)
    case prune(now: UInt64)
    case noteClock(now: UInt64)

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
        case .confirm(let entry, let key, let now): store.confirm(entry, for: key, now: now)
        case .drop(let key): store.drop(key)
        case .dropAll(let owner): store.dropAll(of: owner)
        case .dropEverything: store.dropEverything()
        case .afterDrops(let reply): store.afterDrops(reply: reply)
        case .look(let key, let reply): store.look(for: key, reply: reply)
        case .reportDamage: store.reportDamage()
        case .take(let windows): store.take(windows)
        case .prune(let now): store.prune(now: now)
        case .noteClock(let now): store.noteClock(now: now)
        }
    }

    /// Answers whoever waits: there is no store.
    func refuse() {
        switch self {
        case .afterDrops(let reply): reply(false)
        case .look(_, let reply): reply(nil)
        default: break
        }
    }
}
