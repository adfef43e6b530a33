import Bytes
import Caching
import Persistence
import Serving
import Store
import TestSupport
import Testing

/// A store that another process has for a while, or for good.
@Suite struct LendableStoreTests {
    private static let key = RecordKey(resource: "up o /providers", owner: [])

    private static func record(_ body: String) -> StoredRecord {
        StoredRecord(key: key, fields: .empty, digest: [0], body: SharedBytes(utf8: body), expires: 0, stored: 0)
    }

    /// What `look` and `afterDrops` have replied.
    private final class Replies: Sendable {
        private let all = Monitor<[String]>([])
        var current: [String] { all.current }
        func ask(_ store: LendableStore) {
            store.look(for: LendableStoreTests.key) { record in
                self.all.withValue { $0.append(record == nil ? "nothing" : "a record") }
            }
            store.afterDrops { isDurable in self.all.withValue { $0.append("\(isDurable)") } }
        }
    }

    @Test func `an open one passes everything on`() {
        let (memory, replies) = (MemoryEntryStore(), Replies())
        let store = LendableStore(memory)
        #expect(store.history == nil, "the store behind it has none")
        #expect(store.put(Self.record("a"), now: 0))
        replies.ask(store)
        store.drop(Self.key)
        store.prune(now: 0)
        store.noteClock(now: 0)
        store.take(StaleWindows())
        store.discard(Self.key)
        #expect(replies.current == ["a record", "true"])
        #expect(memory.calls == ["put", "drop", "prune", "clock", "take", "discard"])
        store.close()
        #expect(memory.calls.last == "close")
    }

    @Test func `while it is lent calls wait, and are carried out in order when it is back`() {
        let (memory, replies) = (MemoryEntryStore(), Replies())
        let store = LendableStore(memory)
        store.lend()
        store.lend()
        #expect(memory.calls == ["close"])
        store.dropEverything()
        #expect(store.put(Self.record("a"), now: 0))
        replies.ask(store)
        #expect(memory.calls == ["close"] && replies.current.isEmpty)
        let again = MemoryEntryStore()
        store.takeBack(again)
        #expect(again.calls == ["drop everything", "put"])
        #expect(replies.current == ["a record", "true"])
        store.drop(Self.key)
        store.close()
        #expect(again.calls == ["drop everything", "put", "drop", "close"])
        #expect(memory.calls == ["close"])
    }

    @Test func `one that does not come back refuses all calls, those too that waited`() {
        let replies = Replies()
        let store = LendableStore(MemoryEntryStore())
        store.lend()
        replies.ask(store)
        store.takeBack(nil)
        #expect(replies.current == ["nothing", "false"])
        replies.ask(store)
        #expect(replies.current == ["nothing", "false", "nothing", "false"])
        #expect(!store.put(Self.record("a"), now: 0))
        store.close()
    }

    @Test func `what waits has a limit`() {
        let store = LendableStore(MemoryEntryStore())
        let body = String(repeating: "x", count: 5 << 20)
        store.lend()
        #expect((0..<4).map { _ in store.put(Self.record(body), now: 0) } == [true, true, true, false])
    }

    @Test(arguments: [false, true])
    func `removals are reported when another process has it for good`(isEarly: Bool) {
        let removals = Monitor(0)
        let store = LendableStore(MemoryEntryStore())
        store.lend()
        if isEarly { store.dropAll(of: Owner(high: 1, low: 2)) }
        store.handOver { removals.withValue { $0 += 1 } }
        #expect(removals.current == (isEarly ? 1 : 0))
        store.noteClock(now: 0)
        store.drop(Self.key)
        store.dropEverything()
        #expect(removals.current == (isEarly ? 3 : 2))
    }

    @Test func `one that was not lent is not handed over`() {
        let memory = MemoryEntryStore()
        let store = LendableStore(memory)
        store.handOver { Issue.record("nothing was removed") }
        store.drop(Self.key)
        store.close()
        #expect(memory.calls == ["drop", "close"])
    }
}
