import Caching
import Catalog
import Foundation
import History
import Persistence
import Store
import TestSupport
import Testing

/// The history of a store that another process has for a while, or for good.
@Suite(.timeLimit(.minutes(300))) struct LentHistoryTests {
    /// A state directory that several stores open one after the other.
    private final class Folder {
        let path = "/tmp/larder-lent-\(UInt64.random(in: 0 ... .max))"

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func open() throws -> EntryDatabase {
            let directory = try StateDirectory(opening: path) { _ in }
            let store = try Store(in: directory)
            defer { store.start() }
            return EntryDatabase(
                store, secret: directory.secret, upstream: "https://example.org/api/v1", windows: StaleWindows(), now: 0
            )
        }
    }

    private static func batch(_ journal: inout HistoryJournal, price: Int, at time: Int64) throws -> HistoryBatch {
        let rows = try Snapshot.of([#"{"id":"a/1","pricing":{"prompt":"\#(price)"}}"#])
        let addition = journal.record(rows, at: time, keep: nil)
        return try #require(addition).batch
    }

    @Test func `what is recorded while the store is lent is stored when it is back`() throws {
        let folder = Folder()
        let lendable = LendableStore(try folder.open())
        let history = try #require(lendable.history)
        var journal = HistoryJournal(history.seal, now: 0)
        let first = try Self.batch(&journal, price: 1, at: 10)
        #expect(try HistoryFolder.wait { history.append(first, reply: $0) })

        lendable.lend()
        let second = try Self.batch(&journal, price: 2, at: 20)
        let (appended, read) = (Monitor<Bool?>(nil), Monitor<HistoryResult<HistoryPage>?>(nil))
        history.append(second) { isStored in appended.withValue { $0 = isStored } }
        history.readEvents(EventQuery()) { page in read.withValue { $0 = page } }
        #expect(appended.current == nil && read.current == nil)
        lendable.takeBack(try folder.open())
        #expect(appended.wait(.hang) { $0 } == true)
        guard case .found(let page) = read.wait(.hang, until: { $0 }) else {
            Issue.record("the events were not read")
            return
        }
        #expect(page.page.events.map(\.kind) == [.price])

        let third = try Self.batch(&journal, price: 3, at: 30)
        #expect(try HistoryFolder.wait { history.append(third, reply: $0) })
        lendable.close()
        // It is all in the directory.
        let again = try folder.open()
        let kept = try #require(again.history)
        guard case .found(let all) = try HistoryFolder.wait({ kept.readEvents(EventQuery(), reply: $0) }) else {
            Issue.record("there is no history")
            return
        }
        #expect(all.page.events.map(\.at) == [20, 30])
        again.close()
    }

    @Test func `when another process has the store for good, nothing is recorded and nothing is read`() throws {
        let folder = Folder()
        let lendable = LendableStore(try folder.open())
        let history = try #require(lendable.history)
        var journal = HistoryJournal(history.seal, now: 0)
        lendable.lend()
        let batch = try Self.batch(&journal, price: 1, at: 10)
        let waiting = Monitor<Bool?>(nil)
        history.append(batch) { isStored in waiting.withValue { $0 = isStored } }
        lendable.handOver { Issue.record("no copy was removed") }
        #expect(waiting.wait(.hang) { $0 } == false)
        #expect(try !HistoryFolder.wait { history.append(batch, reply: $0) })
        guard case .unavailable = try HistoryFolder.wait({ history.readLatest(reply: $0) }) else {
            Issue.record("the history was read")
            return
        }
        history.reportDamage()
        lendable.close()
    }
}
