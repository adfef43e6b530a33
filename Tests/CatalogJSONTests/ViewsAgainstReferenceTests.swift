import Bytes
import Catalog
import CatalogJSON
import TestSupport
import Testing

/// Random queries over random views, each answered by the catalogue, by a list of shared rows, and by the reference.
@Suite struct ViewsAgainstReferenceTests {
    @Test func `random queries over random views of the sample agree`() throws {
        try Comparison(SampleCatalogue.json, seed: 21).run(views: 250, queries: 8)
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"), arguments: RealLists.all.map(\.name))
    func `random queries over random views of real lists agree`(list: String) throws {
        let body = try #require(RealLists.all.first { $0.name == list }?.body)
        try Comparison(body, seed: 22).run(views: 30, queries: 8)
    }

    @Test(arguments: [1, 3, 7, 100])
    func `the pages of a view are the view, each model once`(limit: Int) throws {
        let snapshot = try CatalogReader.read(SampleCatalogue.json.span)
        var compiled = CompiledViews()
        let view = try View("v", query: "output_modalities=all&sort=newest", deny: ["*:free"])
        let filter = compiled.filter(view, of: [snapshot], now: 0)
        let whole = try select("", snapshot, filter)
        #expect(whole.rows.count > 3 && whole.rows.count < snapshot.count)
        #expect(whole.rows.count == filter.rows(of: snapshot).count)
        var seen: [Int32] = []
        var offset: Int? = 0
        while let start = offset {
            let page = try select("offset=\(start)&limit=\(limit)", snapshot, filter)
            #expect(page.totalCount == whole.rows.count)
            seen += page.rows
            offset = page.nextOffset
        }
        #expect(seen == whole.rows)
    }

    private func select(_ query: String, _ snapshot: Snapshot, _ filter: ViewFilter) throws -> Selection {
        guard case .local(let parsed) = QueryParser.parse(Array(query.utf8).span, standardOutputs: nil) else {
            throw NotLocal()
        }
        return snapshot.select(parsed, in: filter, now: 0)
    }
}

private struct NotLocal: Error {}

private struct Comparison {
    private let catalogue: ComparedCatalogue
    private let seed: UInt64

    init(_ body: [UInt8], seed: UInt64) throws {
        catalogue = try ComparedCatalogue(body)
        self.seed = seed
    }

    func run(views: Int, queries: Int) throws {
        let (snapshot, reference, now) = (catalogue.snapshot, catalogue.reference, catalogue.now)
        var generator = QueryGenerator(reference, now: now, seed: seed)
        var viewGenerator = ViewGenerator(reference, now: now, seed: seed)
        var compiled = CompiledViews()
        let list = RowList(snapshot)
        var answered = 0
        var pinned = 0
        for _ in 0..<views {
            let plain = viewGenerator.next()
            let view = try View(
                plain.name, query: plain.query, allow: plain.allow, deny: plain.deny, pins: plain.pins)
            for _ in 0..<queries {
                let query = generator.next()
                let expected = reference.answer(query, now: now, in: plain)
                let raw = Array(query.utf8)
                guard case .local(let parsed) = QueryParser.parse(raw.span, standardOutputs: view.standardOutputs)
                else {
                    Issue.record("not answered here: \(query)")
                    continue
                }
                let filter = compiled.filter(view, of: [snapshot], now: Int64(now))
                let selection = snapshot.select(parsed, in: filter, now: Int64(now))
                #expect(selection.rows.map { Int($0) } == expected.rows, "\(query) over \(plain)")
                #expect(selection.totalCount == expected.total, "\(query) over \(plain)")
                #expect(list.select(parsed, in: filter, now: Int64(now)) == selection, "\(query) over \(plain)")
                if expected.rows.count <= 30 {
                    let body = Composer.list(
                        .snapshot(snapshot, selection), rawQuery: raw.span, prefix: Array("/view/\(plain.name)".utf8))
                    #expect(body.span.text() == catalogue.text(expected), "\(query) over \(plain)")
                }
                if !expected.rows.isEmpty && expected.total < snapshot.count { answered += 1 }
                if let first = expected.rows.first, plain.pins.contains(snapshot.id(first).span.text()) { pinned += 1 }
            }
        }
        // Views that leave nothing, or everything, prove little.
        #expect(answered > views * queries / 8 || snapshot.count < 20)
        #expect(pinned > views / 8 || snapshot.count < 20)
    }
}
