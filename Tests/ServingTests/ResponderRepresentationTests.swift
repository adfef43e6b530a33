import Bytes
import Caching
import Catalog
import HTTPCore
import Testing

@testable import Serving

@Suite struct ResponderRepresentationTests {
    private static let anvil =
        #"{"id":"acme/anvil","object":"model","created":1690000000,"owned_by":"acme","shutdown_date":null}"#
    private static let rocket =
        #"{"id":"acme/rocket","object":"model","created":1699900000,"owned_by":"acme","shutdown_date":null}"#

    @Test(
        arguments: [
            ("/openai/v1/models", #"{"object":"list","data":[\#(anvil),\#(rocket)]}"#),
            ("/openai/v1/models/?limit=1&sort=newest", #"{"object":"list","data":[\#(rocket)]}"#),
            ("/openai/v1/models?q=nothing", #"{"object":"list","data":[]}"#),
            ("/openai/v1/models?larder_fields=id&limit=1", #"{"object":"list","data":[\#(anvil)]}"#),
            ("/openai/v1/models/count", #"{"data":{"count":2}}"#),
            ("/openai/v1/models/acme/anvil", anvil), ("/openai/v1/models/acme%2Frocket", rocket),
            ("/openai/v1/model/acme/anvil", anvil),
            (
                "/models?larder_fields=id&limit=1",
                #"{"data":[{"id":"acme/anvil"}],"total_count":2,"links":{"next":"/api/v1/models?larder_fields=id&limit=1&offset=1"}}"#
            ),
            ("/models/count?larder_fields=id", #"{"data":{"count":2}}"#),
            (
                "/_larder/export/litellm.json?q=anvil",
                #"{"openrouter/acme/anvil":{"litellm_provider":"openrouter","mode":"chat"}}"#
            ),
        ] as [(String, String)])
    func `a path has its representation`(target: String, body: String) {
        var counter = Counter.stocked()
        #expect(counter.told(target) == "200 " + body)
    }

    @Test func `representations of one list have tags of their own`() {
        var counter = Counter.stocked()
        let targets = [
            "/models?limit=2", "/openai/v1/models?limit=2", "/models?limit=2&larder_fields=id",
            "/models?limit=2&larder_fields=name", "/_larder/export/litellm.json?limit=2", "/models/acme/anvil",
            "/openai/v1/models/acme/anvil", "/model/acme/anvil",
        ]
        let tags = targets.compactMap { counter.answer(.make($0)).map { text($0.entityTag) } }
        #expect(Set(tags).count == targets.count)
    }

    @Test func `an export has every kind of model, and is looked up anew each time`() {
        var counter = Counter()
        var painter = ModelFields.make("acme/brush")
        painter.outputModalities = ["image"]
        counter.cache.store(.rows(Counter.models + [painter]), for: .catalog, owner: .nobody)
        #expect(counter.told("/_larder/export/litellm.json?q=brush").contains("openrouter/acme/brush"))
        #expect(!counter.told("/openai/v1/models").contains("acme/brush"))
        let target = "/_larder/export/litellm.json"
        #expect(counter.answer(.make(target))?.isOwn == true)
        #expect(counter.cache.find(target) == nil)
        #expect(counter.answer(.make("/models"))?.isOwn == false)
        #expect(counter.cache.find("/models") != nil)
    }

    @Test(
        arguments: [
            ("/openai/v1/models?use_rss=true", "miss: /models?use_rss=true"),
            ("/openai/v1/providers", "miss: /providers"), ("/openai/v1/models/acme/saw", "miss: /model/acme/saw"),
            (
                "/_larder/export/litellm.json?use_rss=true",
                "400 upstream answers this query as a whole, so it cannot be exported"
            ),
            ("/openai/v1/models?larder_field=id", "400 larder_field is unknown: did you mean larder_fields?"),
        ] as [(String, String)])
    func `what the list cannot answer is as on the other bases`(target: String, expected: String) {
        var counter = Counter.stocked()
        #expect(counter.told(target) == expected)
    }

    @Test func `members can be chosen of a query with facets`() {
        var counter = Counter.stocked()
        let target = "/models?category=x&larder_fields=name"
        guard case .fetch(let wants) = counter.resolve(.make(target)) else { return #expect(Bool(false)) }
        #expect(wants.map(\.resource.upstreamTarget) == ["/models?category=x&output_modalities=all"])
    }

    @Test func `a model that upstream was asked for is shown in the form of the base`() {
        var counter = Counter.stocked()
        let model = ModelRow(.make("acme/saw", created: 7), json: SharedBytes(utf8: #"{"id":"acme/saw"}"#))
        counter.cache.store(.make(.model(model)), for: .model(id: "acme/saw"), owner: .nobody)
        #expect(
            counter.told("/openai/v1/models/acme/saw")
                == #"200 {"id":"acme/saw","object":"model","created":7,"owned_by":"acme","shutdown_date":null}"#)
    }
}
