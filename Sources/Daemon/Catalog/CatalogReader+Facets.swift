import Bytes
public import Catalog
import JSONDocument

extension CatalogReader {
    /// Reads the list of models that upstream answered with for one facet, beside the list that they are of; nil to keep
    /// every row whole. No model at all is an answer as good as any.
    public static func readFacet(
        _ body: Span<UInt8>, beside list: Snapshot?
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
        }
        return builder.finish()
    }

    /// Checks that a body is JSON, an object or an array.
    public static func checkJSON(_ body: Span<UInt8>) throws(CatalogError) {
        let kind = try root(body).kind
        guard kind == .object || kind == .array else { throw .unexpected("the body is neither an object nor an array") }
    }
}
