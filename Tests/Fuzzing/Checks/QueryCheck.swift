import Bytes
import Catalog

/// Parses bytes as the query of a request and answers it from a small catalogue.
public enum QueryCheck {
    /// The first second of 2027.
    static let now: Int64 = 1_798_761_600

    /// What is wrong, or nil.
    public static func fault(in input: [UInt8]) -> String? {
        let canonical = QueryParser.canonical(input.span)
        if QueryParser.canonical(canonical.span) != canonical { return "canonical form is not canonical" }
        return fault(in: input, upstream: [])
            ?? fault(in: input, upstream: ["supported_parameters", "max_price", "providers", "x"])
    }

    private static func fault(in input: [UInt8], upstream: Set<String>) -> String? {
        switch QueryParser.parse(input.span, upstreamParameters: upstream) {
        case .local(let query): return fault(in: query, input, upstream)
        case .forward(let query): return fault(in: query, input, upstream)
        case .invalid(let parameter):
            let isPrintable = parameter.message.unicodeScalars.allSatisfy { $0.value >= 0x20 }
            return isPrintable && !parameter.parameter.isEmpty ? nil : "a message that cannot be shown"
        }
    }

    // MARK: Answered here

    private static func fault(in query: Query, _ input: [UInt8], _ upstream: Set<String>) -> String? {
        let canonical = QueryParser.canonical(input.span)
        guard case .local(query) = QueryParser.parse(canonical.span, upstreamParameters: upstream) else {
            return "the canonical form has another meaning"
        }
        let list = SmallCatalogue.list
        let selection = list.select(query, now: now)
        let body = Composer.list(.snapshot(list, selection), rawQuery: input.span)
        let ids = selection.rows.map { list.id(Int($0)).span.copied() }
        if let fault = ComposedList.fault(in: body, selection, ids: ids) { return fault }
        if Composer.count(selection).span.text() != "{\"data\":{\"count\":\(selection.totalCount)}}" {
            return "the count is wrong"
        }

        var unpaged = query
        unpaged.page.offset = nil
        unpaged.page.limit = nil
        let all = list.select(unpaged, now: now).rows
        let isPaged = query.page.offset != nil || query.page.limit != nil
        let page =
            isPaged
            ? all.dropFirst(Int(clamping: query.page.offset ?? 0)).prefix(Int(query.page.limit ?? 500)) : all[...]
        if all.count != selection.totalCount || Array(page) != selection.rows { return "the page is not a part of all" }

        let link = ComposedList.nextQuery(in: body)
        if upstream.isEmpty, let fault = disagreement(on: input, selection, next: link) { return fault }
        guard let next = link else { return nil }
        var expected = query
        expected.page.offset = selection.nextOffset.map(Int64.init)
        guard case .local(expected) = QueryParser.parse(next.span, upstreamParameters: upstream) else {
            return "the next link is another query: \(next.span.text())"
        }
        return nil
    }

    // MARK: Asked of upstream

    private static func fault(in query: ForwardedQuery, _ input: [UInt8], _ upstream: Set<String>) -> String? {
        let canonical = QueryParser.canonical(input.span)
        guard case .forward(let again) = QueryParser.parse(canonical.span, upstreamParameters: upstream),
            again.clauses == query.clauses, again.local == query.local,
            again.isWhole == query.isWhole
        else { return "the canonical form has another meaning" }
        for clause in query.clauses {
            for name in clause.names {
                if let fault = fault(in: name, of: clause, upstream) { return fault }
            }
        }
        if query.isWhole { return nil }

        let facets = query.clauses.map { $0.names.map(SmallCatalogue.facet) }
        let joined = ModelList.snapshot(SmallCatalogue.list).select(query, facets: facets, now: now)
        let body = Composer.list(.joined(joined), rawQuery: input.span)
        return ComposedList.fault(in: body, joined.selection, ids: nil)
    }

    /// A facet is asked by a query of its own, which must mean that facet and nothing else.
    private static func fault(in name: FacetName, of clause: FacetClause, _ upstream: Set<String>) -> String? {
        let pair = Array(name.pair.utf8)
        if QueryParser.canonical(pair.span) != pair { return "a facet's name is not canonical: \(name.pair)" }
        let plan = QueryParser.parse(Array(name.query.utf8).span, upstreamParameters: upstream)
        guard case .forward(let query) = plan, query.clauses.count == 1, query.clauses[0].names == [name],
            query.clauses[0].parameter == clause.parameter
        else { return "a facet's query asks for something else: \(name.query)" }
        var whole = Query()
        whole.outputModalities = nil
        return query.local == whole ? nil : "a facet's query has a filter: \(name.query)"
    }
}
