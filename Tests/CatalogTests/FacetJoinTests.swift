import Bytes
import Catalog
import Testing

@Suite struct FacetJoinTests {
    private let list = Snapshot.make([
        .make("a/one", created: 1, prompt: "0.1", completion: "0.1"), .make("a/two", created: 2, outputs: ["image"]),
        .make("b/three", created: 2, prompt: "0.3", completion: "0.3"), .make("b/four", created: 4),
    ])

    @Test func `a row has to stand in every facet`() {
        let facets = [
            "zdr": ["b/four", "a/one", "b/three"], "providers=X": ["a/one"], "providers=X%2CY": ["b/three", "a/one"],
        ]
        #expect(list.ids("zdr=true&providers=Y,X", facets) == ["a/one", "b/three"])
        #expect(list.ids("zdr=true&providers=X", facets) == ["a/one"])
        #expect(list.ids("providers=X,Y", facets) == ["a/one", "b/three"])
    }

    @Test func `the order is that of the sort, else of the category, else of the list`() {
        let facets = [
            "zdr": ["b/four", "b/three", "a/one"], "category": ["b/three", "b/four", "a/one"],
            "sort": ["b/four", "a/one", "b/three"],
        ]
        #expect(list.ids("zdr=true", facets) == ["a/one", "b/three", "b/four"])
        #expect(list.ids("zdr=true&category=x", facets) == ["b/three", "b/four", "a/one"])
        #expect(list.ids("zdr=true&category=x&sort=top-weekly", facets) == ["b/four", "a/one", "b/three"])
    }

    @Test func `an order that is known here goes before upstream's, which then orders the ties`() {
        let facets = ["category": ["b/three", "a/two", "a/one", "b/four"]]
        let query = "category=x&output_modalities=all&sort=newest"
        #expect(list.ids(query, facets) == ["b/four", "b/three", "a/two", "a/one"])
    }

    @Test
    func `in an order that is known here a row without a value comes behind one of zero, in the list and in a facet`() {
        let list = Snapshot.make([
            .make("a/none"), .make("a/zero", context: 0), .make("a/some", context: 1), .make("a/other"),
        ])
        let ids = ["c/none", "a/none", "c/zero", "a/zero", "a/some", "c/some"]
        let facet = FacetRows.make(ids, beside: list) {
            .make($0, context: ["c/zero": 0, "c/some": 1][$0])
        }
        let context = list.join("zdr=true&sort=context-high-to-low") { _ in facet }
        #expect(context?.ids == ["a/some", "c/some", "a/zero", "c/zero", "a/none", "c/none"])
        let ranked = list.join("category=x&sort=context-high-to-low") { _ in facet }
        #expect(ranked?.ids == ["a/some", "c/some", "c/zero", "a/zero", "c/none", "a/none"])
    }

    @Test func `local filters, pages and totals come after the facets`() {
        let facets = ["zdr": ["b/four", "a/two", "a/one"], "sort": ["b/four", "a/two", "a/one", "b/three"]]
        #expect(list.ids("zdr=true", facets) == ["a/one", "b/four"])
        #expect(list.ids("zdr=true&output_modalities=image", facets) == ["a/two"])
        let page = list.join("zdr=true&sort=most-popular&limit=1", facets)
        #expect(page?.selection.totalCount == 2)
        #expect(page?.selection.nextOffset == 1)
        let raw = Array("sort=most-popular&limit=1".utf8)
        #expect(
            page.map { text(Composer.list(.joined($0), rawQuery: raw.span)) }
                == #"{"data":[{"id":"b/four"}],"total_count":2,"links":{"next":"#
                + #""/api/v1/models?sort=most-popular&limit=1&offset=1"}}"#)
    }

    @Test func `a row that only a facet holds is filtered and shown as the facet gave it, behind the others`() {
        let facets = ["zdr": ["c/five", "b/four", "c/six"], "region": ["b/four", "c/five"]]
        #expect(list.ids("zdr=true", facets) == ["b/four", "c/five", "c/six"])
        #expect(list.ids("zdr=true&region=eu", facets) == ["b/four", "c/five"])
        #expect(list.ids("zdr=true&q=C/", facets) == ["c/five", "c/six"])
        #expect(list.ids("zdr=true&sort=newest", facets) == ["b/four", "c/five", "c/six"])
        #expect(list.ids("zdr=true&output_modalities=image", facets) == [])
    }

    @Test func `an empty facet is an answer`() {
        #expect(list.ids("zdr=true", ["zdr": []]) == [])
        #expect(list.join("zdr=true", ["zdr": []])?.selection.totalCount == 0)
        #expect(Snapshot.make([]).ids("zdr=true", ["zdr": ["c/five"]]) == ["c/five"])
    }

    @Test func `what upstream names twice stands once`() {
        #expect(
            list.ids("sort=top-weekly", ["sort": ["b/four", "c/five", "b/four", "c/five"]]) == ["b/four", "c/five"])
    }

    @Test func `a facet that was read beside another list is matched by id`() {
        let older = Snapshot.make([.make("b/four"), .make("gone/away"), .make("a/one")])
        let facet = FacetRows.make(["a/one", "gone/away", "b/four", "b/three"], beside: older)
        let joined = list.join("sort=top-weekly") { _ in facet }
        // The list has lost one since, and got another that the facet had to keep: both are as the list has them now.
        #expect(joined.map { $0.ids } == ["a/one", "b/four", "b/three"])
    }

    @Test func `a facet that is to be shown is filtered and shown in its own form`() {
        let facet = FacetRows.make(["b/three", "a/one"], beside: nil, row: #"{"id":"ID","cheap":true}"#) {
            .make($0, prompt: "0.01", completion: "0.01")
        }
        let query = "supported_parameters=tools&zdr=true&max_price=20000"
        let zdr = FacetRows.make(["a/one", "b/three", "b/four"], beside: list)
        let joined = list.join(query, upstreamParameters: ["supported_parameters"]) {
            $0.hasPrefix("zdr") ? zdr : facet
        }
        #expect(joined?.ids == ["a/one", "b/three"])
        let body = joined.map { text(Composer.list(.joined($0), rawQuery: Span())) } ?? ""
        #expect(body.hasPrefix(#"{"data":[{"id":"a/one","cheap":true},{"id":"b/three","cheap":true}],"#))
    }

    @Test func `a whole list takes a facet a few bytes a row`() {
        let models = (0..<421).map { ModelFields.make("author-\($0 % 60)/model-number-\($0)") }
        let list = Snapshot.make(models)
        let same = FacetRows.make(models.map(\.id), beside: list)
        #expect(same.byteCount == 421 * 4)
        let whole = FacetRows.make(models.map(\.id), beside: nil)
        #expect(whole.bases.reduce(0) { $0 + $1.byteCount } > 421 * 512)
    }

    @Test func `two facets are told apart by their ids, their order and the rows that they keep`() {
        let facets = [
            FacetRows.make(["a/one", "b/four"], beside: list), .make(["b/four", "a/one"], beside: list),
            .make(["a/one"], beside: list), .make([], beside: list), .make(["a/one", "c/five"], beside: list),
            .make(["a/one", "c/five"], beside: list, row: "{}"),
        ]
        #expect(Set(facets.map(\.identity)).count == facets.count)
        // What the numbers mean is the same beside another list.
        let other = Snapshot.make([.make("b/four"), .make("a/one")])
        #expect(FacetRows.make(["a/one", "b/four"], beside: other).identity == facets[0].identity)
    }

    @Test func `the moment at which an age limit changes the result is known for every source`() {
        let facet = FacetRows.make(["a/one", "c/five"], beside: list) { .make($0, created: 0) }
        let joined = list.join("sort=top-weekly&min_age_days=1", now: 0) { _ in facet }
        #expect(joined?.selection.totalCount == 0)
        #expect(joined?.selection.validUntil == 86_400)
    }
}

extension FacetRows {
    /// The facet of those models, read beside a list; what the list has not is kept with this row.
    fileprivate static func make(
        _ ids: [String], beside list: Snapshot?, row: String = #"{"id":"ID"}"#,
        model: (String) -> ModelFields = { .make($0) }
    ) -> FacetRows {
        var builder = FacetRowsBuilder(beside: list)
        for id in ids where !builder.append(id: Array(id.utf8).span) {
            let parts = row.split(separator: "ID", omittingEmptySubsequences: false)
            builder.append(model(id), row: Array(parts.joined(separator: id).utf8).span)
        }
        return builder.finish()
    }
}

extension Snapshot {
    /// The rows for a query, each facet being what `facet` has for its pair; nil if it is no query with facets.
    fileprivate func join(
        _ query: String, upstreamParameters: Set<String> = [], now: Int64 = 0, facet: (String) -> FacetRows
    ) -> JoinedSelection? {
        guard case .forward(let forwarded) = plan(query, upstreamParameters: upstreamParameters) else { return nil }
        return ModelList.snapshot(self).select(
            forwarded, facets: forwarded.clauses.map { $0.names.map { facet($0.pair) } }, now: now)
    }

    /// The same with facets by parameter or by parameter and value, read beside this list.
    fileprivate func join(_ query: String, _ facets: [String: [String]]) -> JoinedSelection? {
        join(query) { pair in
            let name = String(pair.prefix { $0 != "=" })
            return .make(facets[pair] ?? facets[name] ?? [], beside: self)
        }
    }

    fileprivate func ids(_ query: String, _ facets: [String: [String]]) -> [String]? { join(query, facets)?.ids }
}

extension JoinedSelection {
    /// The ids of the page.
    fileprivate var ids: [String] {
        let body = text(Composer.list(.joined(self), rawQuery: Span()))
        return body.components(separatedBy: #""id":""#).dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
