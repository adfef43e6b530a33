import Bytes
import Catalog

/// The upstream that is built into the program: it answers as the real one would, out of `DemoCatalog`.
public enum DemoUpstream {
    private static let whole = DemoAnswer.shared(list(DemoCatalog.models))
    /// What is said of a resource that is not built in.
    package static let lack = "the built-in demo upstream has the lists of models and chat/completions only"
    private static let modalities: Set = [
        "text", "image", "embeddings", "audio", "video", "rerank", "decisions", "speech", "transcription",
    ]

    /// The answer to `GET path?query`. The path may begin with `/api/v1`, `/v1` or `/openai/v1`; the query comes
    /// without its mark.
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

    /// The answer to a request that is passed through. `wallSeconds` is the Unix time.
    package static func answer(_ request: DemoRequest, body: [UInt8], wallSeconds: Int64) -> DemoAnswer {
        switch request.method {
        case "GET", "HEAD":
            return answer(path: request.path, query: request.query, authorization: request.authorization)
        case "POST" where resource(of: request.path) == "/chat/completions":
            return DemoChat.answer(to: body, wallSeconds: wallSeconds)
        default: return .failure(404, lack)
        }
    }

    /// The model that a name stands for, with or without the suffix of a variant.
    package static func find(_ name: String) -> DemoModel? {
        var name = name
        for variant in [":nitro", ":floor", ":online"] where name.hasSuffix(variant) {
            name.removeLast(variant.count)
            break
        }
        let models = DemoCatalog.models
        return models.first { $0.id == name } ?? models.first { $0.canonicalSlug == name }
    }

    private static func resource(of path: String) -> String {
        var resource = PercentText.decoded(path)
        for root in ["/api/v1/", "/v1/", "/openai/v1/"] where resource.hasPrefix(root) {
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

    /// The list of a caller with a key: the catalogue without the authors that this caller has blocked.
    private static func personal(_ query: DemoQuery, _ authorization: String?) -> DemoAnswer {
        guard let authorization, !authorization.isEmpty else {
            return .failure(401, "No cookie auth credentials found")
        }
        let allowed = DemoCatalog.models.filter { !["deepseek", "x-ai"].contains($0.author) }
        return select(allowed, query) { .personal(list($0)) }
    }

    private static func model(_ name: String) -> DemoAnswer {
        guard let model = find(name) else { return .failure(404, "Not Found") }
        return .shared("{\"data\":\(model.json)}")
    }

    /// An answer with the rows that a query asks for, or a refusal where it has a value that upstream does not know.
    private static func select(
        _ models: [DemoModel], _ query: DemoQuery, _ answer: ([DemoModel]) -> DemoAnswer
    ) -> DemoAnswer {
        let wanted = query.list("output_modalities") ?? ["text"]
        guard wanted.allSatisfy({ $0 == "all" || modalities.contains($0) }) else { return bad("output_modalities") }
        if let sort = query["sort"], !ParameterTable.sort.kind.knownValues.contains(sort) { return bad("sort") }
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

/// What the built-in upstream answers.
public struct DemoAnswer: Sendable {
    /// The status code.
    public let status: Int

    /// The header fields, without those that frame the body.
    public let fields: [(String, String)]

    /// The body in the pieces in which it is sent: several for a stream of events, else one.
    package let pieces: [[UInt8]]

    /// The whole body.
    public var body: [UInt8] { pieces.count == 1 ? pieces[0] : pieces.flatMap { $0 } }

    /// An answer that may be shared between callers, with the header fields of the real one.
    package static func shared(_ json: String) -> DemoAnswer {
        let control = "public, max-age=120, stale-while-revalidate=3600, stale-if-error=3600"
        return DemoAnswer(status: 200, json, [("Cache-Control", control), ("Vary", "Host")])
    }

    /// An answer for its caller alone.
    package static func personal(_ json: String) -> DemoAnswer {
        DemoAnswer(status: 200, json, [("Cache-Control", "private, no-store")])
    }

    /// An answer that is not for a cache, to a request that has a body.
    package static func made(_ json: String) -> DemoAnswer { DemoAnswer(status: 200, json, []) }

    /// A stream of server-sent events (HTML standard, section 9.2), each a piece of its own.
    package static func events(_ events: [String]) -> DemoAnswer {
        DemoAnswer(
            status: 200, fields: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")],
            pieces: events.map { Array("\($0)\n\n".utf8) })
    }

    /// An error in the envelope of the real ones.
    package static func failure(_ status: Int, _ message: String) -> DemoAnswer {
        DemoAnswer(status: status, "{\"error\":{\"message\":\(quoted(message)),\"code\":\(status)}}", [])
    }

    /// A JSON string.
    package static func quoted(_ text: String) -> String {
        var out = ByteBuilder(capacity: text.utf8.count + 16)
        out.append("\"")
        out.append(jsonEscaped: Array(text.utf8).span)
        out.append("\"")
        return out.span.text()
    }

    private init(status: Int, _ json: String, _ fields: [(String, String)]) {
        self.init(
            status: status, fields: [("Content-Type", "application/json")] + fields, pieces: [Array(json.utf8)])
    }

    private init(status: Int, fields: [(String, String)], pieces: [[UInt8]]) {
        self.status = status
        self.fields = fields
        self.pieces = pieces
    }
}
