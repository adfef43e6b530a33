import Bytes
import Catalog
import Foundation
import History
import HistoryReference
import Persistence
import Store
import TestSupport
import Testing

/// A history on the disk does what `HistoryRecords` does in memory.
@Suite(.timeLimit(.minutes(300))) struct HistoryDatabaseTests {
    /// Queries of all kinds over events at these times, with these cursors.
    private static func query(_ times: ClosedRange<Int64>, _ cursors: [Int64], _ random: inout SeededGenerator)
        -> EventQuery
    {
        var query = EventQuery()
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            query.since = .cursor(
                (cursors.randomElement(using: &random) ?? 0) + Int64.random(in: -1...1, using: &random))
        case 1: query.since = .time(Int64.random(in: times, using: &random))
        default: break
        }
        if Bool.random(using: &random) { query.until = Int64.random(in: times, using: &random) }
        if Bool.random(using: &random) {
            query.kinds = Set(ChangeKind.allCases.filter { _ in Bool.random(using: &random) })
        }
        if Int.random(in: 0..<3, using: &random) == 0 { query.id = GlobPattern("a1/*") }
        query.limit = Int.random(in: 1...12, using: &random)
        return query
    }

    @Test(arguments: 1...6)
    func `random catalogues are given back as they were recorded, over restarts and prunings`(seed: UInt64) throws {
        let folder = try HistoryFolder()
        var editor = ListEditor(seed: seed)
        var random = SeededGenerator(seed: seed)
        var journal = try folder.journal()
        var timeline = Timeline()
        var records = HistoryRecords()
        var time: Int64 = 1_000
        for step in 0..<60 {
            let catalogue = try editor.catalogue
            let keep: Int64? = step % 20 == 19 ? 25 : nil
            records.apply(
                timeline.record(
                    catalogue, in: ListEnvelope(head: [], tail: []), at: time, digest: { RowDigest(of: $0) }))
            if let keep { records.apply(timeline.prune(keep: keep, now: time)) }
            if let addition = journal.record(catalogue, at: time, keep: keep) {
                #expect(try folder.append(addition.batch))
                #expect(addition.span.lastCursor == timeline.lastCursor)
                #expect(addition.span.beginning == records.beginning)
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                try folder.restart()
                journal = try folder.journal()
            }
            time += Int64.random(in: 0...3, using: &random)
            editor.edit()
        }
        for past in 990...time + 1 {
            let expected = records.list(asOf: past).map { $0.span.text() }
            let found = try folder.list(asOf: past)?.split(separator: "\n").joined(separator: ",")
            #expect(found == expected, "as of \(past)")
        }
        let cursors = records.events.map(\.cursor)
        for _ in 0..<300 {
            let query = Self.query(990...time + 1, cursors, &random)
            #expect(try folder.page(query) == query.page(of: records.events), "\(query)")
        }
        for number in 1...20 {
            let id = "a\(number % 3)/m-\(number)"
            guard case .found(let stored) = try HistoryFolder.wait({ folder.database.readModel(id, reply: $0) }) else {
                Issue.record("no history of \(id)")
                continue
            }
            let expected = ModelHistory(id: id, rows: records.rows(ofModel: id))
            #expect(ModelHistory(id: id, stored, folder.database.seal) == expected)
        }
        #expect(folder.reported.current == [])
    }

    @Test func `a batch that does not continue what is stored changes nothing`() throws {
        let folder = try HistoryFolder()
        var journal = try folder.journal(now: 5)
        let first = try recorded(&journal, [#"{"id":"a/b","n":1}"#], at: 5, keep: nil)
        #expect(try folder.append(first.batch))
        #expect(try !folder.append(first.batch), "the same again")
        var other = journal
        let second = try recorded(&journal, [#"{"id":"a/b","n":2}"#], at: 6, keep: nil)
        let third = try recorded(&other, [#"{"id":"a/b","n":3}"#], at: 6, keep: nil)
        #expect(try folder.append(second.batch))
        #expect(try !folder.append(third.batch), "another second one")
        #expect(try folder.list(asOf: 6) == #"{"id":"a/b","n":2}"#)
        #expect(try folder.page(EventQuery())?.events.map(\.cursor) == [5001])
    }

    @Test func `after the database was set aside a new history begins, with greater numbers`() throws {
        let folder = try HistoryFolder()
        var journal = try folder.journal(now: 5)
        for number in 1...3 {
            let addition = try recorded(&journal, [#"{"id":"a/b","n":\#(number)}"#], at: 5, keep: nil)
            #expect(try folder.append(addition.batch))
        }
        folder.store.setAside(reason: "a test")
        let lost = try recorded(&journal, [#"{"id":"a/b","n":9}"#], at: 6, keep: nil)
        #expect(try !folder.append(lost.batch))
        #expect(try folder.list(asOf: 6) == nil)
        journal = try folder.journal(now: 7)
        for number in 1...2 {
            let addition = try recorded(&journal, [#"{"id":"a/b","n":\#(number)}"#], at: 7, keep: nil)
            #expect(try folder.append(addition.batch))
        }
        var query = EventQuery()
        query.since = .cursor(5003)
        #expect(try folder.page(query)?.events.map(\.cursor) == [7001])
    }

    @Test func `each upstream has a history of its own, and one that is not used any more is forgotten`() throws {
        let first = try HistoryFolder(upstream: "https://first.example")
        var journal = try first.journal()
        let begun = try recorded(&journal, [#"{"id":"a/b"}"#], at: 10, keep: nil)
        #expect(try first.append(begun.batch))
        let store = first.store
        let secret = try StateSecret.read(first.path)
        let second = HistoryDatabase(store, secret: secret, upstream: "https://second.example")
        guard case .none = try HistoryFolder.wait(second.readLatest) else {
            Issue.record("the second history has something")
            return
        }
        var other = HistoryJournal(second.seal, now: 0)
        let addition = try recorded(&other, [#"{"id":"x/y"}"#], at: 20, keep: nil)
        #expect(addition.events.isEmpty)
        #expect(try HistoryFolder.wait { second.append(addition.batch, reply: $0) })
        #expect(try first.list(asOf: 30) == #"{"id":"a/b"}"#)
        let later = try recorded(&other, [#"{"id":"x/z"}"#], at: 500, keep: 100)
        #expect(try HistoryFolder.wait { second.append(later.batch, reply: $0) })
        #expect(try first.list(asOf: 30) == nil, "it had no change for longer than is kept")
    }

    @Test func `purging all copies leaves the history`() throws {
        let folder = try HistoryFolder()
        var journal = try folder.journal()
        let addition = try recorded(&journal, [#"{"id":"a/b"}"#], at: 10, keep: nil)
        #expect(try folder.append(addition.batch))
        folder.store.removeEverything()
        #expect(try HistoryFolder.wait(folder.store.afterRemovals))
        try folder.restart()
        #expect(try folder.list(asOf: 10) == #"{"id":"a/b"}"#)
    }
}

/// Records a catalogue of these rows, which adds something.
private func recorded(
    _ journal: inout HistoryJournal, _ rows: [String], at time: Int64, keep: Int64?
) throws -> HistoryAddition {
    let addition = journal.record(try .of(rows), at: time, keep: keep)
    return try #require(addition)
}

/// The secret of a state directory.
enum StateSecret {
    static func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path + "/secret")))
    }
}
