import Catalog

/// The upstream that is built into the program: it answers as the real one would, out of `DemoCatalog`.
public enum DemoUpstream {
    private static let whole = DemoAnswer.shared(list(DemoCatalog.models))
    /// What is said of a resource that is not built in.
    static let lack = "the built-in demo upstream has the model catalogue only"
    private static let modalities: Set = [
        "text", "image", "embeddings", "audio", "video", "rerank", "decisions", "speech", "transcription",
    ]

    /// The answer to `GET path?query`. The path may begin with `/api/v1` or `/v1`; the query comes without its mark.
    public static func answer(path: String, query: String = "", authorization: String? = nil) -> DemoAnswer {
        let resource = resource(of: path)
        if resource == "/models", query == "output_modalities=all" { return whole }
        let query = DemoQuery(query)
        switch resource {
        case "/models": return models(query)
        case "/models/count": return count(query)
        case "/models/user": return personal(query, authorization)
        case "/embeddings/models": return .shared(list(DemoCatalog.models.filter { answers($0, in: ["embeddings"]) }))
        case "/images/models": return .shared(list(DemoCatalog.models.filter { answers($0, in: ["image"]) }))
        case "/videos/models": return .shared(list(DemoCatalog.models.filter { answers($0, in: ["video"]) }))
        default:
            guard resource.hasPrefix("/model/") else { return .failure(404, lack) }
            return model(String(resource.dropFirst("/model/".count)))
        }
    }

    private static func resource(of path: String) -> String {
        var resource = PercentText.decoded(path)
        for root in ["/api/v1/", "/v1/"] where resource.hasPrefix(root) {
            resource.removeFirst(root.count - 1)
            break
        }
        if resource.count > 1, resource.hasSuffix("/") { resource.removeLast() }
        return resource
    }

    private static func models(_ query: DemoQuery) -> DemoAnswer {
        select(DemoCatalog.models, query) { .shared(list($0)) }
    }

    private static func count(_ query: DemoQuery) -> DemoAnswer {
        select(DemoCatalog.models, query) { .shared("{\"data\":{\"count\":\($0.count)}}") }
    }

    /// The list of whoever has a key: the catalogue without the authors that this caller has blocked.
    private static func personal(_ query: DemoQuery, _ authorization: String?) -> DemoAnswer {
        guard let authorization, !authorization.isEmpty else {
            return .failure(401, "No cookie auth credentials found")
        }
        let allowed = DemoCatalog.models.filter { !["deepseek", "x-ai"].contains($0.author) }
        return select(allowed, query) { .personal(list($0)) }
    }

    private static func model(_ name: String) -> DemoAnswer {
        var name = name
        for variant in [":nitro", ":floor", ":online"] where name.hasSuffix(variant) {
            name.removeLast(variant.count)
            break
        }
        let models = DemoCatalog.models
        guard let model = models.first(where: { $0.id == name }) ?? models.first(where: { $0.canonicalSlug == name })
        else { return .failure(404, "Not Found") }
        return .shared("{\"data\":\(model.json)}")
    }

    /// An answer with the rows that a query asks for, or a refusal where it has a value that upstream does not know.
    private static func select(
        _ models: [DemoModel], _ query: DemoQuery, _ answer: ([DemoModel]) -> DemoAnswer
    ) -> DemoAnswer {
        let wanted = query.list("output_modalities") ?? ["text"]
        guard wanted.allSatisfy({ $0 == "all" || modalities.contains($0) }) else { return bad("output_modalities") }
        if let sort = query["sort"], !KnownParameters.sorts.contains(sort) { return bad("sort") }
        var rows = wanted.contains("all") ? models : models.filter { answers($0, in: wanted) }
        for key in ["supported_parameters", "input_modalities"] {
            if let items = query.list(key) { rows = rows.filter { Set($0.list(key)).isSuperset(of: items) } }
        }
        return answer(DemoFacets.select(rows, by: query))
    }

    private static func answers(_ model: DemoModel, in modalities: [String]) -> Bool {
        !Set(model.list("output_modalities")).isDisjoint(with: modalities)
    }

    private static func list(_ models: [DemoModel]) -> String {
        let rows = models.map(\.json).joined(separator: ",")
        return "{\"data\":[\(rows)],\"total_count\":\(models.count),\"links\":{\"next\":null}}"
    }

    private static func bad(_ parameter: String) -> DemoAnswer { .failure(400, "Invalid \(parameter) value") }
}
