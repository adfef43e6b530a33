import Bytes
import Caching
import Catalog
import Fetching
import Persistence
import Serving
import Store
import TestSupport
import Testing

/// Removals that a store could not write before another process got it.
@Suite struct LentRemovalsTests {
    /// A store that has no copies, and can write removals, or cannot, or does not say in time.
    private final class WritingStore: EntryStore {
        let names = EntryNames(upstream: "up")
        private let isDurable: Bool?
        private let done = Monitor<[String]>([])
        var calls: [String] { done.current }

        init(isDurable: Bool?) { self.isDurable = isDurable }

        func record(of entry: Entry, for key: RecordKey, body: SharedBytes) -> StoredRecord {
            StoredRecord(key: key, fields: .empty, digest: [0], body: body, expires: 0, stored: 0)
        }
        func put(_ record: StoredRecord, now: UInt64) -> Bool { false }
        func confirm(
            _ entry: Entry, for key: RecordKey, now: UInt64, reportMissing: @escaping @Sendable () -> Void
        ) {}
        func drop(_ key: RecordKey) { done.withValue { $0.append("drop") } }
        func dropAll(of owner: Owner) {}
        func dropEverything() { done.withValue { $0.append("drop everything") } }
        func afterDrops(reply: @escaping @Sendable (Bool) -> Void) { if let isDurable { reply(isDurable) } }
        func look(for key: RecordKey, reply: @escaping @Sendable (StoredRecord?) -> Void) { reply(nil) }
        func restore(
            _ resource: Resource, _ record: StoredRecord, _ builder: EntryBuilder, beside list: ModelList?, now: UInt64
        ) -> RestoredEntry { .none }
        func discard(_ key: RecordKey) {}
        func take(_ windows: StaleWindows) {}
        func prune(now: UInt64) {}
        func noteClock(now: UInt64) { done.withValue { $0.append("clock") } }
        func close() { done.withValue { $0.append("close") } }
    }

    @Test(arguments: [true, false, nil] as [Bool?])
    func `the next process learns of removals that could not be written`(isDurable: Bool?) {
        let store = LendableStore(WritingStore(isDurable: isDurable))
        store.drop(RecordKey(resource: "a"))
        store.lend()
        let removals = Monitor(0)
        store.handOver { removals.withValue { $0 += 1 } }
        #expect(removals.current == (isDurable == true ? 0 : 1))
        store.drop(RecordKey(resource: "b"))
        #expect(removals.current == (isDurable == true ? 1 : 2))
    }

    @Test(arguments: [true, false, nil] as [Bool?])
    func `when the store comes back without them, all copies are removed before anything else`(isDurable: Bool?) {
        let before = WritingStore(isDurable: isDurable)
        let store = LendableStore(before)
        store.drop(RecordKey(resource: "a"))
        store.lend()
        #expect(before.calls == ["drop", "close"])
        store.noteClock(now: 0)
        let again = WritingStore(isDurable: true)
        store.takeBack(again)
        #expect(again.calls == (isDurable == true ? ["clock"] : ["drop everything", "clock"]))
        // It is lent once more, with nothing left over.
        store.lend()
        store.handOver { Issue.record("no copy was removed") }
    }
}
