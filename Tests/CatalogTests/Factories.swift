import Bytes
import Catalog

extension ModelFields {
    /// A model that passes an empty query, with what the test is about set.
    static func make(
        _ id: String = "acme/anvil", slug: String? = nil, alias: String? = nil, name: String = "",
        created: Int64? = nil,
        context: Int64? = nil, prompt: String? = nil, completion: String? = nil, inputs: [String] = [],
        outputs: [String] = ["text"], parameters: [String] = [], tokenizer: String? = nil, intelligence: String? = nil,
        coding: String? = nil, agentic: String? = nil, elo: String? = nil
    ) -> ModelFields {
        var model = ModelFields(id: id)
        model.canonicalSlug = slug
        model.aliasTarget = alias
        model.name = name
        model.created = created
        model.contextLength = context.map { Int128($0) }
        model.prices.prompt = prompt.flatMap { decimal($0) }
        model.prices.completion = completion.flatMap { decimal($0) }
        model.inputModalities = inputs
        model.outputModalities = outputs
        model.supportedParameters = parameters
        model.tokenizer = tokenizer
        model.benchmarks.intelligence = intelligence.flatMap { decimal($0) }
        model.benchmarks.coding = coding.flatMap { decimal($0) }
        model.benchmarks.agentic = agentic.flatMap { decimal($0) }
        model.designArenaElo = elo.flatMap { decimal($0) }
        return model
    }
}

extension Snapshot {
    /// A snapshot of those models; the row of each is `{"id":"..."}`.
    static func make(_ models: [ModelFields]) -> Snapshot {
        var builder = SnapshotBuilder()
        for model in models {
            let row = Array("{\"id\":\"\(model.id)\"}".utf8)
            builder.append(model, row: row.span)
        }
        return builder.finish()
    }

    /// The selection for a query that can be answered here; nil if it cannot.
    func select(_ query: String, now: Int64 = 0) -> Selection? {
        guard case .local(let parsed) = plan(query) else { return nil }
        return select(parsed, now: now)
    }

    /// The row that a name stands for.
    func index(of name: String) -> Int? {
        let bytes = Array(name.utf8)
        return index(ofModel: bytes.span)
    }

    /// The ids of the rows that answer a query.
    func ids(_ query: String, now: Int64 = 0) -> [String]? {
        select(query, now: now)?.rows.map { id(Int($0)).span.text() }
    }
}

/// How a query is to be answered.
func plan(_ query: String, upstreamParameters: Set<String> = []) -> QueryPlan {
    let bytes = Array(query.utf8)
    return QueryParser.parse(bytes.span, upstreamParameters: upstreamParameters)
}

/// A number read exactly.
func decimal(_ text: String) -> FixedDecimal? {
    let bytes = Array(text.utf8)
    return FixedDecimal(parsing: bytes.span)
}

/// A number read as a bound.
func bound(_ text: String, shift: Int = 0, _ rounding: FixedDecimal.Rounding) -> FixedDecimal? {
    let bytes = Array(text.utf8)
    return FixedDecimal(bound: bytes.span, shift: shift, rounding: rounding)
}

/// Bytes as text, which an expectation can take where it cannot take a span.
func text(_ bytes: SharedBytes) -> String { bytes.span.text() }

func text(_ slice: ByteSlice) -> String { slice.span.text() }

extension FacetRowsBuilder {
    /// A builder beside a snapshot.
    init(beside snapshot: Snapshot?) { self.init(beside: snapshot.map { ModelList.snapshot($0) }) }

    /// The facet, with rows that are shared with no one.
    func finish() -> FacetRows {
        var pool = RowPool()
        return finish(in: &pool)
    }
}
