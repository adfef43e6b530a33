import Bytes
import TestSupport
import Testing

@testable import Store

/// A history in which a search takes longer than a statement may.
@Suite(.timeLimit(.minutes(300))) struct LargeHistoryTests {
    /// A batch with a row in the list for each number.
    private static func batch(after base: Int64, _ numbers: Range<Int64>) -> HistoryBatch {
        var batch = HistoryBatch(name: "h", base: base, state: SharedBytes([1]), time: 1)
        for number in numbers {
            let digest = fakeDigest(Array("\(number)".utf8))
            batch.rows.append(HistoryRow(digest: digest, bytes: SharedBytes([7])))
            batch.intervals.append(
                HistoryInterval(
                    number: number, position: number, id: "a/\(number)", digest: digest, began: 1, ended: nil,
                    seal: [1]))
        }
        return batch
    }

    private static func append(_ batch: HistoryBatch, to store: Store) throws -> Bool {
        let answer = Monitor<Bool?>(nil)
        let isTaken = store.append(batch) { isKept in answer.withValue { $0 = isKept } }
        #expect(isTaken)
        guard let isKept = answer.wait(.hang, until: { $0 }) else { throw TimedOut("a batch", after: .hang) }
        return isKept
    }

    private static func latest(_ store: Store) throws -> HistoryAnswer {
        let answer = Monitor<HistoryAnswer?>(nil)
        store.readHistory("h", .latest) { found in answer.withValue { $0 = found } }
        guard let found = answer.wait(.hang, until: { $0 }) else { throw TimedOut("a history", after: .hang) }
        return found
    }

    @Test func `a search that takes too long costs the history's answers and changes, and no copies`() throws {
        let folder = try Folder()
        let events = Events()
        do {
            let store = try Store.make(folder, events)
            store.start()
            store.put(.make())
            #expect(try Self.append(Self.batch(after: 0, 1..<3_001), to: store))
            #expect(store.close(deadline: .hang))
        }
        do {
            // Ten thousand steps, which are too few for three thousand rows.
            let store = try Store.make(folder, events, .make { $0.patience = 0 })
            store.start()
            guard case .unavailable = try Self.latest(store) else { throw TimedOut("no answer", after: .zero) }
            store.put(.make("/new"))
            var batch = Self.batch(after: 1, 3_001..<3_002)
            batch.prunedBefore = 1
            #expect(try !Self.append(batch, to: store))
            #expect(try store.readAndWait(RecordKey(resource: "/new"))?.isWhole == true)
            #expect(store.close(deadline: .hang))
        }
        let store = try Store.make(folder, events)
        #expect(store.list().map(\.key.resource) == ["/models", "/new"])
        store.start()
        guard case .found(let history) = try Self.latest(store) else { throw TimedOut("the history", after: .zero) }
        #expect(history.batch == 1 && history.intervals.count == 3_000)
        #expect(store.close(deadline: .hang))
        #expect(events.list == [.historyDropped(reason: "a search in the history takes too long")])
        #expect(folder.names == ["larder.db", "lock", "secret"])
    }
}
