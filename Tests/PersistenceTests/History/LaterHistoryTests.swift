import Bytes
import Catalog
import History
import Store
import TestSupport
import Testing

@testable import Persistence

/// A history that a later version has written: its seals are right, and this version does not know all that is in it.
@Suite(.timeLimit(.minutes(300))) struct LaterHistoryTests {
    private static let key = RecordKey(resource: "r")

    /// A folder with a copy in it.
    private static func folder() throws -> HistoryFolder {
        let folder = try HistoryFolder()
        folder.store.put(
            StoredRecord(
                key: key, fields: .empty, digest: [UInt8](repeating: 1, count: 32), body: SharedBytes(utf8: "copy"),
                expires: .max, stored: 0))
        return folder
    }

    private static func batch(_ journal: inout HistoryJournal, price: Int, at time: Int64) throws -> HistoryBatch {
        let rows = try Snapshot.of([#"{"id":"a/1","pricing":{"prompt":"\#(price)"}}"#])
        let addition = journal.record(rows, at: time, keep: nil)
        return try #require(addition).batch
    }

    private static func expectAllIsThere(_ folder: HistoryFolder) throws {
        // What damage had been found would be dealt with by now.
        let copy: StoredRecord? = try HistoryFolder.wait { folder.store.read(key, reply: $0) }
        #expect(copy.map { $0.body.span.text() } == "copy")
        try folder.restart()
        let kept: StoredRecord? = try HistoryFolder.wait { folder.store.read(key, reply: $0) }
        #expect(kept != nil)
        #expect(folder.reported.current == [])
    }

    @Test func `an event of an unknown kind is skipped, and the others are read`() throws {
        let folder = try Self.folder()
        let seal = folder.database.seal
        var journal = try folder.journal(now: 5)
        for time: Int64 in 5...9 {
            var batch = try Self.batch(&journal, price: Int(time), at: time)
            if time == 7 || time == 9 {
                let name: [UInt8] = [0, 0, 0, 1] + Array("x".utf8)
                batch.events = batch.events.map { seal.stored($0.cursor, $0.at, content: name) }
            }
            #expect(try folder.append(batch))
        }
        var query = EventQuery()
        #expect(try folder.page(query)?.events.map(\.at) == [6, 8])
        query.since = .cursor(0)
        let page = try #require(try folder.page(query))
        #expect(page.events.map(\.at) == [6, 8])
        #expect(page.next == 5004, "the last one is not asked for again")
        #expect(try folder.list(asOf: 9)?.contains(#""prompt":"9""#) == true)
        try Self.expectAllIsThere(folder)
    }

    @Test func `with a state of a later form the history is not available, and nothing is set aside`() throws {
        let folder = try Self.folder()
        let database = folder.database
        var journal = try folder.journal(now: 5)
        var batch = try Self.batch(&journal, price: 1, at: 5)
        batch.state = database.seal.stored(content: [2, 7, 7, 7], batch: batch.base + 1)
        #expect(try folder.append(batch))
        for read: HistoryRead in [.latest, .list(at: 5), .model("a/1")] {
            let answer: HistoryAnswer = try HistoryFolder.wait { database.read(read, reply: $0) }
            guard case .unavailable = answer else {
                Issue.record("\(read) found something")
                continue
            }
        }
        let page: HistoryResult<HistoryPage> = try HistoryFolder.wait {
            database.readEvents(EventQuery(), reply: $0)
        }
        guard case .unavailable = page else {
            Issue.record("there are events")
            return
        }
        try Self.expectAllIsThere(folder)
    }
}
