import Bytes
import Catalog
import JSONDocument

/// A composed list of models, taken apart again.
struct ComposedList {
    /// What is wrong with `body` as the answer to a query: `selection` says what it should hold. nil if it is right.
    static func fault(in body: SharedBytes, _ selection: Selection, ids: [[UInt8]]?) -> String? {
        guard let root = try? JSONDocument(parsing: body.span).root else {
            return "the answer is not JSON: \(body.span.text())"
        }
        guard root["total_count"]?.rawNumber == String(selection.totalCount) else { return "total_count is wrong" }
        guard let data = root["data"], data.kind == .array, data.count == selection.rows.count else {
            return "data has not \(selection.rows.count) rows"
        }
        if let ids {
            let shown = data.elements.map { Array(($0["id"]?.string ?? "").utf8) }
            if shown != ids { return "data has other rows, or in another order" }
        }
        guard let next = root["links"]?["next"] else { return "links.next is missing" }
        return next.isNull == (selection.nextOffset == nil) ? nil : "links.next does not fit the page"
    }

    /// The query of the link to the next page, or nil on the last one.
    static func nextQuery(in body: SharedBytes) -> [UInt8]? {
        guard let root = try? JSONDocument(parsing: body.span).root else { return nil }
        let path = Array("/api/v1/models?".utf8)
        guard let next = root["links"]?["next"].map({ $0.text.copied() }), next.starts(with: path) else { return nil }
        return Array(next.dropFirst(path.count))
    }
}
