import Bytes
import Catalog
import Testing

@Suite struct FacetRowsTests {
    @Test func `a facet beside a list of shared rows takes a few bytes a row, and is the same as beside a snapshot`() {
        var pool = KeptPool()
        pool.catalogue(.make(rows: 0..<421))
        let rows = (0..<421).map { TestRow($0, version: $0 % 10 == 0 ? 1 : 0) }
        let list = pool.list(rows)
        let facet = FacetRows.make((0..<421).reversed(), beside: .rows(list))
        #expect(facet.byteCount == 421 * 4)
        #expect(facet.bases.isEmpty)
        let beside = FacetRows.make((0..<421).reversed(), beside: .snapshot(.make(rows: rows)))
        #expect(facet.identity == beside.identity)
    }

    @Test func `rows that facets of several keys keep whole are kept once`() {
        var pool = RowPool()
        let first = FacetRows.make(0..<400, beside: nil, in: &pool)
        let second = FacetRows.make((1..<400).reversed(), beside: nil, in: &pool)
        #expect(first.bases.map(\.count) == [400])
        #expect(second.bases.map { ObjectIdentifier($0) } == first.bases.map { ObjectIdentifier($0) })
        #expect(second.byteCount < 8192)
    }

    @Test func `a facet read beside a list is joined with the one that took its place`() {
        var pool = KeptPool()
        pool.catalogue(.make(rows: 0..<40))
        let older = pool.list(0..<40)
        let facet = FacetRows.make([7, 39, 3, 50], beside: .rows(older))
        // Of the newer one another row has changed, one is gone, and the one that the facet kept whole has come.
        pool.catalogue(.make(rows: 0..<60))
        let newer = pool.list(([50] + (0..<39)).map { TestRow($0, version: $0 == 3 ? 1 : 0) })
        guard case .forward(let query) = plan("sort=top-weekly") else { preconditionFailure("no facet") }
        let joined = ModelList.rows(newer).select(query, facets: [[facet]], now: 0)
        let rows = [TestRow(7), TestRow(3, version: 1), TestRow(50)].map(\.json).joined(separator: ",")
        #expect(
            text(Composer.list(.joined(joined), rawQuery: Span())).hasPrefix(#"{"data":[\#(rows)],"total_count":3,"#))
    }
}

extension KeptPool {
    fileprivate mutating func list(_ numbers: Range<Int>) -> RowList { list(Array(numbers)) }
}

extension FacetRows {
    /// The facet of the models with these numbers.
    fileprivate static func make(
        _ numbers: some Sequence<Int>, beside list: ModelList?, in pool: inout RowPool
    ) -> FacetRows {
        var builder = FacetRowsBuilder(beside: list)
        for row in numbers.map({ TestRow($0) }) where !builder.append(id: Array(row.id.utf8).span) {
            builder.append(row.fields, row: Array(row.json.utf8).span)
        }
        return builder.finish(in: &pool)
    }

    fileprivate static func make(_ numbers: some Sequence<Int>, beside list: ModelList?) -> FacetRows {
        var pool = RowPool()
        return make(numbers, beside: list, in: &pool)
    }
}
