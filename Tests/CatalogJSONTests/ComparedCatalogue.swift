import Bytes
import Catalog
import CatalogJSON
import TestSupport

/// One catalogue twice, as Larder reads it and as the reference does, at one moment.
struct ComparedCatalogue {
    let snapshot: Snapshot
    let reference: ReferenceCatalog
    let now: Int

    init(_ body: [UInt8]) throws {
        snapshot = try CatalogReader.read(body.span)
        reference = try ReferenceCatalog(json: body)
        now = reference.latest + 3 * 86_400
    }

    /// The body that an answer of the reference has.
    func text(_ answer: ReferenceCatalog.Answer) -> String {
        let rows = answer.rows.map { snapshot.row($0).span.text() }.joined(separator: ",")
        let next = answer.next.map { "\"\($0)\"" } ?? "null"
        return "{\"data\":[\(rows)],\"total_count\":\(answer.total),\"links\":{\"next\":\(next)}}"
    }
}
