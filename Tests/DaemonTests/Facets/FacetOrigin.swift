import Bytes
import Catalog
import CatalogJSON
import Daemon
import TestSupport

/// A scripted origin that is the reference upstream, and what that answers to whole queries.
struct FacetOrigin {
    let reference: ReferenceOrigin
    let origin: ScriptedOrigin

    /// With the models of `{"data":[Model]}`.
    init(_ catalogue: [UInt8] = SampleCatalogue.json) throws {
        // Rows in the form that Larder writes, so that whole bodies can be compared.
        let reference = try ReferenceOrigin(
            listed: Self.rows(catalogue), hidden: Self.rows(ReferenceOrigin.hidden))
        self.reference = reference
        origin = try ScriptedOrigin { request in
            let isUser = request.path == "/api/v1/models/user"
            guard isUser || request.path == "/api/v1/models" else { return Replies.error(404) }
            let fields: MessageFields = isUser ? ["Cache-Control": "private, no-store"] : Replies.shared
            switch reference.answer(asked: request.query) {
            case .list(let text): return Replies.body(Array(text.utf8), fields)
            case .refusal: return .json(ReferenceOrigin.refusal, status: 400)
            }
        }
    }

    private static func rows(_ catalogue: [UInt8]) throws -> [String] {
        let snapshot = try CatalogReader.read(catalogue.span)
        return (0..<snapshot.count).map { snapshot.row($0).span.text() }
    }
}
