import Bytes
import Catalog
import CatalogJSON
import TestSupport
import Testing

/// Each random query is answered twice: by the catalogue, from bytes to bytes, and by the reference implementation.
@Suite struct CatalogAgainstReferenceTests {
    @Test func randomQueriesOverTheSampleAgree() throws {
        try Comparison(SampleCatalogue.json, seed: 1).run(queries: 3000)
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"), arguments: RealLists.all.map(\.name))
    func randomQueriesOverRealListsAgree(list: String) throws {
        let body = try #require(RealLists.all.first { $0.name == list }?.body)
        try Comparison(body, seed: 2).run(queries: 300)
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"), arguments: RealLists.all.map(\.name))
    func rowsOfRealListsAreWrittenAsUpstreamWroteThem(list: String) throws {
        let body = try #require(RealLists.all.first { $0.name == list }?.body)
        try expectFaithfulRows(body)
    }

    @Test func rowsOfTheSampleAreWrittenAsTheyWere() throws {
        try expectFaithfulRows(SampleCatalogue.json)
    }

    @Test func walkingThePagesGivesTheWholeListOnce() throws {
        let snapshot = try CatalogReader.read(SampleCatalogue.json.span)
        for limit in [1, 2, 7, 24, 25, 26] {
            var seen: [Int32] = []
            var offset: Int? = 0
            while let start = offset {
                let query = Array("output_modalities=all&sort=newest&offset=\(start)&limit=\(limit)".utf8)
                guard case .local(let parsed) = QueryParser.parse(query.span) else { return #expect(Bool(false)) }
                let page = snapshot.select(parsed, now: 0)
                seen += page.rows
                offset = page.nextOffset
            }
            #expect(seen.count == SampleCatalogue.count)
            #expect(Set(seen).count == SampleCatalogue.count)
        }
    }

    private func expectFaithfulRows(_ body: [UInt8]) throws {
        let snapshot = try CatalogReader.read(body.span)
        let expected = PlainJSON.rows(body)
        #expect(snapshot.count == expected.count)
        for index in 0..<snapshot.count {
            #expect(PlainJSON.normalized(snapshot.row(index).span.copied()) == expected[index])
        }
    }
}

private struct Comparison {
    private let catalogue: ComparedCatalogue
    private let seed: UInt64

    init(_ body: [UInt8], seed: UInt64) throws {
        catalogue = try ComparedCatalogue(body)
        self.seed = seed
    }

    func run(queries: Int) throws {
        let (snapshot, reference, now) = (catalogue.snapshot, catalogue.reference, catalogue.now)
        var generator = QueryGenerator(reference, now: now, seed: seed)
        var answered = 0
        for _ in 0..<queries {
            let query = generator.next()
            let expected = reference.answer(query, now: now)
            let raw = Array(query.utf8)
            guard case .local(let parsed) = QueryParser.parse(raw.span) else {
                Issue.record("not answered here: \(query)")
                continue
            }
            let selection = snapshot.select(parsed, now: Int64(now))
            #expect(selection.rows.map { Int($0) } == expected.rows, "\(query)")
            #expect(selection.totalCount == expected.total, "\(query)")
            if expected.rows.count <= 30 {
                let body = Composer.list(.snapshot(snapshot, selection), rawQuery: raw.span)
                #expect(body.span.text() == catalogue.text(expected), "\(query)")
            }
            if !expected.rows.isEmpty && expected.total < snapshot.count { answered += 1 }
        }
        // Queries that find nothing, or everything, prove little; of a handful of models most do.
        #expect(answered > queries / 4 || snapshot.count < 20)
    }
}
