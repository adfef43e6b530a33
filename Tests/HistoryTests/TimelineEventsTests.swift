import Catalog
import CatalogJSON
import History
import HistoryReference
import JSONDocument
import TestSupport
import Testing

/// Whole histories against the plain one.
@Suite struct TimelineEventsTests {
    private func changes(_ actions: [HistoryAction]) throws -> [PlainChange] {
        PlainComparison.sorted(
            try actions.events.map { try PlainChange(ModelChange(id: $0.id ?? "", $0.change)) })
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"))
    func realListsOneAfterAnotherGiveTheChangesOfThePlainTimeline() throws {
        var timeline = Timeline()
        var plain = PlainTimeline()
        var kinds: [String: Int] = [:]
        // By date, then back again: what is lost and comes back, and lists that are a part of the one before.
        let byDate = RealLists.all.sorted { $0.name.suffix(15) < $1.name.suffix(15) }
        for (index, list) in (byDate + byDate.reversed()).enumerated() {
            let data = try #require(try JSONDocument(parsing: list.body.span).root["data"])
            let snapshot = try CatalogReader.read(list.body.span)
            let actions = timeline.record(snapshot, in: .plain, at: Int64(index), digest: testDigest)
            let expected = plain.record(data.elements.map { PlainValue($0) })
            #expect(try changes(actions) == expected, "\(list.name)")
            for change in expected { kinds[change.kind, default: 0] += 1 }
        }
        for kind in ["added", "removed", "returned", "price", "context", "parameters", "expiration", "other", "shrunk"]
        {
            #expect(kinds[kind] ?? 0 > 0, "no event of the kind \(kind)")
        }
    }

    @Test(arguments: 1...10)
    func listsThatShrinkAtRandomTellWhatThePlainTimelineTells(seed: UInt64) throws {
        var editor = CatalogEditor(seed: seed)
        var random = SeededGenerator(seed: seed)
        var history = RecordedTimeline()
        var plain = PlainTimeline()
        var lost: [PlainValue] = []
        var shrunk = 0
        for step in 0..<40 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: lost += editor.lose()
            case 1:
                editor.restore(lost)
                lost = []
            case 2: editor.edit()
            default: break
            }
            let snapshot = try CatalogEditor.snapshot(editor.rows, &random)
            let actions = history.timeline.record(snapshot, in: .plain, at: Int64(step), digest: testDigest)
            history.records.apply(actions)
            let expected = plain.record(editor.rows)
            #expect(try changes(actions) == expected, "seed \(seed), step \(step)")
            shrunk += expected.count { $0.kind == "shrunk" }
            if Bool.random(using: &random) { try history.restart() }
        }
        #expect(shrunk > 1)
    }
}
