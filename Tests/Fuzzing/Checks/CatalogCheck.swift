import Bytes
import Catalog
import CatalogJSON
import JSONDocument

/// Takes bytes for a body from upstream, in every form that one can have.
public enum CatalogCheck {
    /// What is wrong, or nil.
    public static func fault(in input: [UInt8]) -> String? {
        faultInOthers(input) ?? faultInModel(input) ?? faultInList(input)
    }

    private static func faultInOthers(_ input: [UInt8]) -> String? {
        if let count = try? CatalogReader.readCount(input.span), count < 0 { return "a negative count" }
        let isList = (try? CatalogReader.checkList(input.span)) != nil
        let isJSON = (try? CatalogReader.checkJSON(input.span)) != nil
        if isList && !isJSON { return "a list that is not JSON" }
        let noQuery: [UInt8] = []
        for list in [nil, SmallCatalogue.list] {
            guard let facet = try? CatalogReader.readFacet(input.span, beside: list.map { .snapshot($0) }) else {
                continue
            }
            if !isList { return "a facet that is not a list" }
            guard case .forward(let query) = QueryParser.parse(Array("category=x".utf8).span) else { continue }
            let joined = ModelList.snapshot(SmallCatalogue.list).select(query, facets: [[facet]], now: QueryCheck.now)
            let body = Composer.list(.joined(joined), rawQuery: noQuery.span)
            if let fault = ComposedList.fault(in: body, joined.selection, ids: nil) { return fault }
        }
        return nil
    }

    private static func faultInModel(_ input: [UInt8]) -> String? {
        guard let model = try? CatalogReader.readModel(input.span) else { return nil }
        let shown = ModelRow(model.fields, json: model.row)
        let plain = Composer.model(shown)
        let open = Composer.openAIModel(shown)
        guard let source = try? JSONDocument(parsing: input.span).root["data"] else { return "a model without data" }
        for body in [plain, open] {
            guard let data = try? JSONDocument(parsing: body.span).root["data"] else {
                return "the model's answer is not JSON: \(body.span.text())"
            }
            if !data.isSame(as: source) { return "the model was changed: \(body.span.text())" }
        }
        guard let again = try? CatalogReader.readModel(plain.span), again.fields == model.fields else {
            return "the model does not read back the same"
        }
        return nil
    }

    private static func faultInList(_ input: [UInt8]) -> String? {
        guard let list = try? CatalogReader.read(input.span) else { return nil }
        guard let source = try? JSONDocument(parsing: input.span).root["data"] else { return "a list without data" }
        for query in queries {
            guard case .local(let parsed) = QueryParser.parse(Array(query.utf8).span) else {
                return "not answered here: \(query)"
            }
            let selection = list.select(parsed, now: QueryCheck.now)
            let body = Composer.list(.snapshot(list, selection), rawQuery: Array(query.utf8).span)
            let ids = selection.rows.map { list.id(Int($0)).span.copied() }
            if let fault = ComposedList.fault(in: body, selection, ids: ids) { return "\(query): \(fault)" }
            // Sorted or not, the whole list is the whole list.
            if query.hasPrefix(everything), Set(selection.rows) != Set(0..<Int32(list.count)) {
                return "\(query): not every row once"
            }
            if query == everything, let fault = fault(in: body, list, source) { return fault }
        }
        return nil
    }

    /// What is wrong with the whole list as it is answered, beside what upstream sent.
    private static func fault(in body: SharedBytes, _ list: Snapshot, _ source: JSONValue) -> String? {
        guard let data = try? JSONDocument(parsing: body.span).root["data"], data.isSame(as: source) else {
            return "the rows were changed"
        }
        guard let again = try? CatalogReader.read(body.span), again.count == list.count,
            again.identity == list.identity
        else { return "the list does not read back the same" }
        for row in 0..<list.count {
            let id = list.id(row).span
            guard id.equals(again.id(row).span), list.created(row) == again.created(row) else {
                return "row \(row) does not read back the same"
            }
            guard let found = list.index(ofModel: id), list.id(found).span.equals(id) else {
                return "row \(row) is not found by its id"
            }
            let open = Composer.openAIModel(ModelRow(list, row))
            if (try? JSONDocument(parsing: open.span)) == nil { return "row \(row) is not JSON as OpenAI's model" }
        }
        return nil
    }

    private static let everything = "output_modalities=all"

    private static let queries =
        [
            "", "limit=1", "q=a", "context=1", "min_price=0", "max_output_price=1e3", "min_age_days=0",
            "max_age_days=9223372036854775807", "arch=llama", "model_authors=acme", "input_modalities=text",
            "supported_parameters=tools", "max_coding_index=99",
        ]
        + [
            "", "&sort=newest", "&sort=context-high-to-low", "&sort=pricing-low-to-high", "&sort=pricing-high-to-low",
            "&sort=intelligence-high-to-low", "&sort=coding-high-to-low", "&sort=agentic-high-to-low",
            "&sort=design-arena-elo-high-to-low",
        ].map { everything + $0 }
}
