import Bytes
public import Catalog
public import EventLoop
import JSONDocument
import Pacing

extension CatalogReader {
    /// Reads the list of models that upstream answered with for one facet, beside the list that they are of; nil to keep
    /// every row whole. Rows that are kept whole are looked for in the pool. No model at all is an answer as good as any.
    public static func readFacet(
        _ body: Span<UInt8>, beside list: ModelList?, in pool: Guarded<RowPool> = Guarded(RowPool())
    ) throws(CatalogError) -> FacetRows {
        let elements = try dataArray(body)
        var builder = FacetRowsBuilder(beside: list)
        var row = ByteBuilder(capacity: 4096)
        var number = 0
        for element in elements.elements {
            let id = try modelID(element, called: { "data[\(number)]" })
            if !builder.append(id: Array(id.utf8).span) {
                row.removeAll()
                element.write(into: &row)
                builder.append(ModelFields(id: id, of: element), row: row.span)
            }
            number += 1
            Pace.rest()
        }
        return pool.withValue { builder.finish(in: &$0) }
    }

    /// Reads a key's own list, whose rows are looked for in the pool. A key whose settings allow no model at all has an empty
    /// list, which is as good as any.
    public static func readList(
        _ body: Span<UInt8>, in pool: Guarded<RowPool>
    ) throws(CatalogError) -> RowList {
        let elements = try dataArray(body)
        // The rows come out compact, so they need no more room than they took.
        var rows = RowBytes(capacity: body.count)
        var row = ByteBuilder(capacity: 4096)
        var models: [(id: String, value: JSONValue)] = []
        models.reserveCapacity(elements.count)
        for element in elements.elements {
            models.append((try modelID(element, called: { "data[\(models.count)]" }), element))
            row.removeAll()
            element.write(into: &row)
            rows.append(row.span)
            Pace.rest()
        }
        // Fields are read only of the few rows that are new.
        return pool.withValue { $0.list(rows) { ModelFields(id: models[$0].id, of: models[$0].value) } }
    }

    /// Checks that a body is JSON, an object or an array.
    public static func checkJSON(_ body: Span<UInt8>) throws(CatalogError) {
        let kind = try root(body).kind
        guard kind == .object || kind == .array else { throw .unexpected("the body is neither an object nor an array") }
    }
}
