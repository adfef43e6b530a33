import Foundation
import Testing

@testable import Demo

@Suite("The built-in catalogue")
struct DemoCatalogTests {
    private static func object(_ model: DemoModel) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(model.json.utf8))
        return try #require(value as? [String: Any])
    }

    @Test("Each model is an object with every field that has to be there", arguments: DemoCatalog.models.map(\.id))
    func fields(id: String) throws {
        let model = try #require(DemoCatalog.models.first { $0.id == id })
        let object = try Self.object(model)
        let required = [
            "id", "canonical_slug", "name", "created", "pricing", "context_length", "architecture", "top_provider",
            "per_request_limits", "supported_parameters", "default_parameters", "supported_voices", "links",
        ]
        for field in required { #expect(object[field] != nil, "\(field)") }
        #expect(object["id"] as? String == id)
        #expect(object["canonical_slug"] as? String == model.canonicalSlug)
        #expect(object["supported_parameters"] as? [String] == model.list("supported_parameters"))
        #expect((object["hugging_face_id"] is String) == model.isOpen)

        let architecture = try #require(object["architecture"] as? [String: Any])
        #expect(architecture["output_modalities"] as? [String] == model.list("output_modalities"))
        #expect(architecture["input_modalities"] as? [String] == model.list("input_modalities"))
        #expect(architecture["tokenizer"] is String)
        let pricing = try #require(object["pricing"] as? [String: Any])
        for field in ["prompt", "completion"] {
            let price = try #require(pricing[field] as? String)
            #expect(Decimal(string: price) != nil)
            #expect(!price.contains("e"))
        }
        let links = try #require(object["links"] as? [String: Any])
        #expect(links["details"] as? String == "/api/v1/models/\(model.canonicalSlug)/endpoints")
        let provider = try #require(object["top_provider"] as? [String: Any])
        #expect(provider["is_moderated"] is Bool)
    }

    @Test("There are two dozen models, each with a name of its own")
    func unique() {
        #expect(DemoCatalog.models.count == 24)
        #expect(Set(DemoCatalog.models.map(\.id)).count == 24)
    }

    @Test("There is a model for each case that clients meet")
    func cases() throws {
        let ids = DemoCatalog.models.map(\.id)
        for id in ["openai/gpt-4o", "openrouter/auto", "~openai/gpt-latest", "qwen/qwen3-coder:free"] {
            #expect(ids.contains(id), "\(id)")
        }
        for modality in ["text", "image", "embeddings", "speech"] {
            #expect(DemoCatalog.models.contains { $0.list("output_modalities").contains(modality) }, "\(modality)")
        }
        for text in [
            "\"prompt\":\"-1\"", "\"artificial_analysis\"", "\"elo\"", "\"overrides\"", "\"expiration_date\":\"2",
        ] {
            #expect(DemoCatalog.models.contains { $0.json.contains(text) }, "\(text)")
        }
    }

    @Test("An alias leads to a model of the catalogue")
    func aliases() throws {
        let aliases = DemoCatalog.models.filter { $0.id.hasPrefix("~") }
        #expect(!aliases.isEmpty)
        for alias in aliases {
            let target = try #require(try Self.object(alias)["alias_target"] as? [String: String])
            #expect(DemoCatalog.models.contains { $0.id == target["slug"] })
            #expect(alias.author == "openai")
        }
    }
}
