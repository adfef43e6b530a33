import Foundation
import Testing

@testable import Demo

@Suite("The built-in upstream")
struct DemoUpstreamTests {
    private static func get(_ target: String, key: String? = nil) -> DemoAnswer {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        return DemoUpstream.answer(path: parts[0], query: parts.count == 2 ? parts[1] : "", authorization: key)
    }

    private static func ids(_ target: String, key: String? = nil) throws -> [String] {
        let answer = get(target, key: key)
        #expect(answer.status == 200)
        let body = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        let rows = try #require(body?["data"] as? [[String: Any]])
        #expect(body?["total_count"] as? Int == rows.count)
        #expect((body?["links"] as? [String: Any])?["next"] is NSNull)
        return rows.compactMap { $0["id"] as? String }
    }

    private static func text(_ target: String, key: String? = nil) -> String {
        String(decoding: get(target, key: key).body, as: UTF8.self)
    }

    @Test("The whole catalogue comes in its order, under any root", arguments: ["", "/v1", "/api/v1", "/openai/v1"])
    func whole(root: String) throws {
        #expect(try Self.ids(root + "/models?output_modalities=all") == DemoCatalog.models.map(\.id))
        let fields = Self.get(root + "/models?output_modalities=all").fields
        #expect(fields.contains { $0.0 == "Content-Type" && $0.1 == "application/json" })
        #expect(fields.contains { $0.0 == "Cache-Control" && $0.1.hasPrefix("public, max-age=120") })
    }

    @Test("Without a modality only models that answer in text are listed")
    func textAlone() throws {
        let all = DemoCatalog.models.filter { $0.list("output_modalities").contains("text") }
        #expect(try Self.ids("/models") == all.map(\.id))
        #expect(try Self.ids("/models/?output_modalities=") == all.map(\.id))
        #expect(all.count < DemoCatalog.models.count)
        #expect(try Self.ids("/embeddings/models") == ["openai/text-embedding-3-small"])
        #expect(try Self.ids("/models?output_modalities=Embeddings,speech").count == 2)
        #expect(Self.get("/models?output_modalities=smell").status == 400)
    }

    @Test("An order that there is not is refused, whatever is asked to be in it")
    func orders() {
        for target in ["/models", "/models/count", "/models/user"] {
            let refusal = Self.get("\(target)?sort=trending", key: "Bearer a")
            #expect(refusal.status == 400)
            #expect(String(decoding: refusal.body, as: UTF8.self).contains("Invalid sort value"))
            #expect(Self.get("\(target)?sort=newest", key: "Bearer a").status == 200)
        }
    }

    @Test("The count agrees with the list")
    func count() throws {
        #expect(Self.text("/models/count?output_modalities=all") == "{\"data\":{\"count\":24}}")
    }

    @Test(
        "A facet gives some of the models, the same ones at every call",
        arguments: [
            "category=programming", "category=marketing/seo", "category=marketing%2Fseo", "zdr=true", "region=eu",
            "distillable=true", "distillable=false", "providers=OpenAI", "providers=mistral", "providers=DeepInfra",
            "min_tool_success_rate=0.9", "max_tool_success_rate=0.9", "supported_parameters=tools",
            "input_modalities=image,file",
        ])
    func facets(query: String) throws {
        let target = "/models?\(query)&output_modalities=all"
        let rows = try Self.ids(target)
        #expect((1..<24).contains(rows.count))
        #expect(try Self.ids(target) == rows)
        #expect(Set(rows).isSubset(of: DemoCatalog.models.map(\.id)))
    }

    @Test("Facets combine, and providers are joined by OR")
    func combination() throws {
        let both = try Self.ids("/models?providers=OpenAI,Anthropic&output_modalities=all")
        #expect(Set(both.map { $0.drop { $0 == "~" }.prefix { $0 != "/" } }) == ["openai", "anthropic"])
        let safe = try Self.ids("/models?providers=OpenAI,Anthropic&zdr=true&output_modalities=all")
        #expect(Set(safe) == Set(both.filter { $0.hasPrefix("anthropic/") }))
    }

    @Test(
        "An order that only upstream knows has all models, each time in another order",
        arguments: ["throughput-high-to-low", "latency-low-to-high", "most-popular", "top-weekly"])
    func orders(sort: String) throws {
        let rows = try Self.ids("/models?sort=\(sort)&output_modalities=all")
        #expect(Set(rows) == Set(DemoCatalog.models.map(\.id)))
        #expect(rows != DemoCatalog.models.map(\.id))
    }

    @Test("An unknown parameter changes nothing")
    func unknownParameter() throws {
        #expect(try Self.ids("/models?output_modalities=all&colour=blue").count == 24)
    }

    @Test("A caller's own list needs a key, and is shared with nobody")
    func personal() throws {
        #expect(Self.get("/models/user").status == 401)
        #expect(Self.text("/models/user") == #"{"error":{"message":"No cookie auth credentials found","code":401}}"#)
        let own = try Self.ids("/models/user?output_modalities=all", key: "Bearer x")
        #expect((1..<24).contains(own.count))
        #expect(Self.get("/models/user", key: "Bearer x").fields.contains { $0.1 == "private, no-store" })
    }

    @Test(
        "One model is found by its name, by its lasting name and as a variant",
        arguments: [
            ("/model/openai/gpt-4o", "openai/gpt-4o"), ("/api/v1/model/openai/gpt-4o/", "openai/gpt-4o"),
            ("/model/openai/gpt-4o:nitro", "openai/gpt-4o"), ("/model/openai/gpt-4o%3Afloor", "openai/gpt-4o"),
            ("/model/openai/gpt-4o:online", "openai/gpt-4o"), ("/model/~openai/gpt-latest", "~openai/gpt-latest"),
            ("/model/qwen/qwen3-coder:free", "qwen/qwen3-coder:free"),
            ("/model/anthropic/claude-sonnet-5-20260630", "anthropic/claude-sonnet-5"),
        ])
    func oneModel(target: String, id: String) throws {
        let model = try #require(DemoCatalog.models.first { $0.id == id })
        #expect(Self.get(target).status == 200)
        #expect(Self.text(target) == "{\"data\":\(model.json)}")
    }

    @Test(
        "Another model is not there",
        arguments: ["/model/openai/gpt-9", "/model/openai/gpt-4o:free"])
    func unknownModel(target: String) {
        #expect(Self.get(target).status == 404)
        #expect(Self.text(target) == #"{"error":{"message":"Not Found","code":404}}"#)
    }

    @Test(
        "Of anything else it is said that the demo has no such thing",
        arguments: [
            "/", "/model", "/model/", "/chat/completions", "/models/openai/gpt-4o", "/models/openai/gpt-4o/endpoints",
            "/modelsx", "/providers", "/api/v1/endpoints/zdr",
        ])
    func missing(target: String) {
        #expect(Self.get(target).status == 404)
        let message = "the built-in demo upstream has the lists of models and chat/completions only"
        #expect(Self.text(target) == "{\"error\":{\"message\":\"\(message)\",\"code\":404}}")
    }

    @Test(
        "Percent-encoding is undone",
        arguments: [
            ("a%2Fb", "a/b"), ("%c3%A4", "ä"), ("%", "%"), ("%2", "%2"), ("%zz", "%zz"), ("%+1", "%+1"), ("a+b", "a+b"),
        ])
    func percent(text: String, expected: String) {
        #expect(PercentText.decoded(text) == expected)
    }
}
