import Bytes
import Catalog
import CatalogJSON
import TestSupport
import Testing
import Threads

/// Each random query is answered twice: from rows that are shared with other lists, and from a snapshot of the same rows.
@Suite struct RowListAgainstSnapshotTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `random lists over the sample answer as snapshots do`(seed: UInt64) throws {
        var comparison = try ListComparison(SampleCatalogue.json, seed: seed)
        for _ in 0..<60 { try comparison.run(queries: 20) }
        #expect(comparison.severalBases > 10)
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"), arguments: RealLists.all.map(\.name))
    func `random lists over real ones answer as snapshots do`(name: String) throws {
        let body = try #require(RealLists.all.first { $0.name == name }?.body)
        var comparison = try ListComparison(body, seed: 4)
        for _ in 0..<6 { try comparison.run(queries: 20) }
    }
}

private struct ListComparison {
    private let catalogue: Snapshot
    private let reference: ReferenceCatalog
    private let now: Int
    private let pool = Mutex(RowPool())
    private var random: SeededGenerator
    private var generator: QueryGenerator
    /// The last few lists, as keys have them, and the snapshots that they equal.
    private var earlier: [(list: RowList, snapshot: Snapshot)] = []
    /// How many of the lists had rows in several places.
    private(set) var severalBases = 0

    init(_ body: [UInt8], seed: UInt64) throws {
        catalogue = try CatalogReader.read(body.span)
        reference = try ReferenceCatalog(json: body)
        now = reference.latest + 3 * 86_400
        random = SeededGenerator(seed: seed)
        generator = QueryGenerator(reference, now: now, seed: seed)
        let snapshot = catalogue
        #expect(pool.withLock { $0.catalogue(snapshot) } === snapshot)
    }

    /// Makes a list, and asks it and its facets this and that.
    mutating func run(queries: Int) throws {
        let body = someRows(oneIn: Int.random(in: 1...3, using: &random))
        let list = try CatalogReader.readList(body.span, in: pool)
        // An empty list is no catalogue.
        let snapshot = list.count == 0 ? SnapshotBuilder().finish() : try CatalogReader.read(body.span)
        #expect(list.count == snapshot.count)
        if list.bases.count > 1 { severalBases += 1 }
        earlier.append((list, snapshot))
        if earlier.count > 4 { earlier.removeFirst() }
        for _ in 0..<queries {
            let query = generator.next()
            try compare(query, list, snapshot)
            try compareJoined(query, list, snapshot)
        }
    }

    private func compare(_ query: String, _ list: RowList, _ snapshot: Snapshot) throws {
        let raw = Array(query.utf8)
        guard case .local(let parsed) = QueryParser.parse(raw.span) else { throw NotLocal() }
        let expected = snapshot.select(parsed, now: Int64(now))
        let selection = list.select(parsed, now: Int64(now))
        #expect(selection == expected, "\(query)")
        let isSame = same(
            Composer.list(.list(list, selection), rawQuery: raw.span, resource: "models/user"),
            Composer.list(.snapshot(snapshot, expected), rawQuery: raw.span, resource: "models/user"))
        #expect(isSame, "\(query)")
    }

    /// Facets of random models of the catalogue, some of which the list has not, or has in another form.
    private mutating func compareJoined(_ query: String, _ list: RowList, _ snapshot: Snapshot) throws {
        let facets = ["zdr=true", "category=x", "region=eu", "distillable=true", "sort=top-weekly"]
        let chosen = facets.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random))
        // Of two orders the last one holds, and the parameter left to upstream may be in the query as well.
        let raw = Array(([query] + chosen + ["context=5"]).joined(separator: "&").utf8)
        let shown: Set<String> = Bool.random(using: &random) ? ["context"] : []
        guard case .forward(let forwarded) = QueryParser.parse(raw.span, upstreamParameters: shown) else {
            throw NotLocal()
        }
        var ofList: [[FacetRows]] = []
        var ofSnapshot: [[FacetRows]] = []
        for clause in forwarded.clauses {
            var terms: [(FacetRows, FacetRows)] = []
            for name in clause.names {
                let body = someRows(oneIn: 2)
                // It may have been read beside a list that was refreshed since, or beside none.
                let beside = Bool.random(using: &random) ? (list, snapshot) : earlier[0]
                terms.append(
                    (
                        try CatalogReader.readFacet(
                            body.span, beside: name.isShown ? nil : .rows(beside.0), in: pool),
                        try CatalogReader.readFacet(body.span, beside: name.isShown ? nil : .snapshot(beside.1))
                    ))
            }
            ofList.append(terms.map(\.0))
            ofSnapshot.append(terms.map(\.1))
        }
        #expect(ofList.joined().map(\.identity) == ofSnapshot.joined().map(\.identity))
        let selection = ModelList.rows(list).select(forwarded, facets: ofList, now: Int64(now))
        let expected = ModelList.snapshot(snapshot).select(forwarded, facets: ofSnapshot, now: Int64(now))
        #expect(selection.selection == expected.selection, "\(raw.span.text())")
        let isSame = same(
            Composer.list(.joined(selection), rawQuery: raw.span), Composer.list(.joined(expected), rawQuery: raw.span))
        #expect(isSame, "\(raw.span.text())")
    }

    /// A list of one in so many rows of the catalogue, in its order or in any, some of them changed.
    private mutating func someRows(oneIn share: Int) -> [UInt8] {
        var numbers = (0..<catalogue.count).filter { _ in Int.random(in: 0..<share, using: &random) == 0 }
        if Bool.random(using: &random) { numbers.shuffle(using: &random) }
        let changes = Int.random(in: 0...9, using: &random)
        let rows = numbers.map { number -> String in
            var row = catalogue.row(number).span.text()
            if Int.random(in: 0..<10, using: &random) < changes {
                // The last one of a name counts. There are few values, so that different lists have equal rows.
                row.removeLast()
                let figure = Int.random(in: 0...2, using: &random)
                row += #","context_length":\#(figure * 8192),"created":\#(reference.latest - figure)}"#
            }
            return row
        }
        return Array("{\"data\":[\(rows.joined(separator: ","))]}".utf8)
    }

    private func same(_ left: SharedBytes, _ right: SharedBytes) -> Bool { left.span.equals(right.span) }

    private struct NotLocal: Error {}
}
