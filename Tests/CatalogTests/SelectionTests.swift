import Catalog
import Testing

@Suite struct SelectionTests {
    private let snapshot = Snapshot.make((0..<1203).map { .make("m\($0)", context: Int64($0 % 2)) })

    @Test(
        arguments: [
            ("", 0, 1203, nil),
            ("limit=1", 0, 1, 1),
            ("limit=1000", 0, 1000, 1000),
            ("offset=0", 0, 500, 500),
            ("offset=1", 1, 500, 501),
            ("offset=703", 703, 500, nil),
            ("offset=702", 702, 500, 1202),
            ("offset=1200&limit=3", 1200, 3, nil),
            ("offset=1200&limit=2", 1200, 2, 1202),
            ("offset=1203", 0, 0, nil),
            ("offset=9223372036854775807&limit=1000", 0, 0, nil),
            ("limit=&offset=", 0, 1203, nil),
        ] as [(String, Int, Int, Int?)])
    func pages(query: String, first: Int, count: Int, next: Int?) throws {
        let selection = try #require(snapshot.select(query))
        #expect(selection.totalCount == 1203)
        let rows: [Int32] = Array(Int32(first)..<Int32(first + count))
        #expect(selection.rows == rows)
        #expect(selection.nextOffset == next)
    }

    @Test(arguments: [1, 7, 500, 601, 602, 1000])
    func walkingThePagesVisitsEachMatchOnce(limit: Int) throws {
        var seen: [Int32] = []
        var offset: Int? = 0
        while let start = offset {
            let page = try #require(snapshot.select("context=1&sort=newest&offset=\(start)&limit=\(limit)"))
            #expect(page.totalCount == 601)
            seen += page.rows
            offset = page.nextOffset
        }
        let odd: [Int32] = Array(stride(from: 1, to: 1203, by: 2))
        #expect(seen == odd)
    }

    @Test func fingerprintsTellRowsTotalsAndPagesApart() throws {
        let queries = [
            "", "limit=1", "limit=2", "offset=1&limit=1", "offset=0&limit=1000", "context=1", "context=1&limit=1",
            "offset=1202&limit=1", "offset=5000", "q=nothing",
        ]
        let prints = try queries.map { try #require(snapshot.select($0)).fingerprint }
        #expect(Set(prints).count == queries.count)
        let again = queries.map { snapshot.select($0)?.fingerprint }
        #expect(prints == again)
    }

    @Test func anEmptySnapshotAnswersToo() throws {
        let empty = Snapshot.make([])
        #expect(empty.count == 0)
        for query in ["", "q=a&sort=newest", "arch=x&model_authors=y&supported_parameters=z&min_age_days=1", "limit=3"]
        {
            let selection = try #require(empty.select(query))
            #expect(selection.rows.isEmpty && selection.totalCount == 0 && selection.nextOffset == nil)
        }
    }
}
