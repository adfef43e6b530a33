import Bytes
import Catalog
import CatalogJSON
import History
import HistoryReference
import JSONDocument
import TestSupport
import Testing

/// Whole catalogues: by id, and against the second comparison (`PlainComparison`).
@Suite struct CatalogComparisonTests {
    @Test func modelsThatComeAndGoAreReported() throws {
        let old = Snapshot.make(["a/gone": #""name":"Gone","description":"long""#, "a/stays": ""])
        let new = Snapshot.make(["a/new": #""context_length":1,"name":"New","expiration_date":null"#, "a/stays": ""])
        let comparison = CatalogComparison(from: old, to: new)
        #expect(comparison.missing == [0])
        #expect(comparison.formerCount == 2)
        let change = try #require(comparison.changes.first)
        #expect(comparison.changes.count == 1)
        #expect(change.id == "a/new")
        #expect(change.change.kind == .added)
        #expect(change.change.before == nil)
        #expect(change.change.after == Array(#"{"context_length":1,"name":"New"}"#.utf8))
    }

    @Test func aModelThatWasThereBeforeReturns() {
        let comparison = CatalogComparison(
            from: .make([:]), to: .make(["a/b": "", "a/c": ""]), wasRemoved: { $0 == "a/c" })
        #expect(comparison.changes.map(\.change.kind) == [.added, .returned])
    }

    @Test func anotherOrderOfRowsIsNoChange() {
        let comparison = CatalogComparison(
            from: .make(["a/b": "", "a/c": "", "a/d": ""]), to: .make(["a/d": "", "a/b": "", "a/c": ""]))
        #expect(comparison.changes.isEmpty)
        #expect(comparison.missing.isEmpty)
    }

    @Test func ofSeveralRowsWithOneIDTheFirstCounts() {
        let comparison = CatalogComparison(
            from: .make(["a/b": #""name":"1""#, "a/b": #""name":"2""#]),
            to: .make(["a/b": #""name":"1""#, "a/b": #""name":"3""#, "a/b": #""name":"4""#]))
        #expect(comparison.changes.isEmpty)
        #expect(comparison.formerCount == 1)
        let gone = CatalogComparison(from: .make(["a/b": #""name":"1""#, "a/b": ""]), to: .make([:]))
        #expect(gone.missing == [0])
    }

    // MARK: Against the second comparison

    private func expectSame(
        _ old: Snapshot, _ oldRows: [PlainValue], _ new: Snapshot, _ newRows: [PlainValue],
        removedBefore: Set<String> = [], _ comment: Comment
    ) throws -> [PlainChange] {
        let comparison = CatalogComparison(from: old, to: new, wasRemoved: { removedBefore.contains($0) })
        var found = try comparison.changes.map { try PlainChange($0) }
        let expected = PlainComparison.changes(oldRows, newRows, removedBefore: removedBefore)
        let gone = comparison.missing.map { row in
            let id = old.id(row)
            return id.span.text()
        }
        #expect(gone.sorted() == expected.filter { $0.kind == "removed" }.map(\.id), comment)
        found = PlainComparison.sorted(found)
        #expect(found == expected.filter { $0.kind != "removed" }, comment)
        return expected
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"))
    func realListsOfDifferentDatesDifferAsTheSecondComparisonSays() throws {
        let lists = try RealLists.all.map { list in
            let data = try JSONDocument(parsing: list.body.span).root["data"]
            return (
                name: list.name, snapshot: try CatalogReader.read(list.body.span),
                rows: data.map { $0.elements.map { PlainValue($0) } } ?? []
            )
        }
        var kinds: [String: Int] = [:]
        for old in lists {
            for new in lists {
                let changes = try expectSame(
                    old.snapshot, old.rows, new.snapshot, new.rows, removedBefore: ["openai/gpt-5", "x-ai/grok-4"],
                    "\(old.name) -> \(new.name)")
                for change in changes { kinds[change.kind, default: 0] += 1 }
                if old.name == new.name { #expect(changes.isEmpty) }
            }
        }
        // The lists are different enough for the test to mean something.
        for kind in ["added", "removed", "price", "context", "parameters", "modalities", "expiration", "other"] {
            #expect(kinds[kind] ?? 0 > 0, "no change of the kind \(kind)")
        }
    }

    @Test(arguments: 1...20)
    func randomEditsDifferAsTheSecondComparisonSays(seed: UInt64) throws {
        var editor = CatalogEditor(seed: seed)
        var random = SeededGenerator(seed: seed &+ 1000)
        var rows = editor.rows
        var snapshot = try CatalogEditor.snapshot(rows, &random)
        var changes = 0
        for step in 0..<25 {
            editor.edit()
            let next = try CatalogEditor.snapshot(editor.rows, &random)
            changes += try expectSame(snapshot, rows, next, editor.rows, "seed \(seed), step \(step)").count
            (rows, snapshot) = (editor.rows, next)
        }
        #expect(changes > 10)
    }
}
