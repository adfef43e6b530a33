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
        var harness = ResponderHarness.stocked()
        #expect(harness.outcome(target) == "200 " + body)
    }

    @Test func `representations of one list have tags of their own`() {
        var harness = ResponderHarness.stocked()
        let targets = [
            "/models?limit=2", "/openai/v1/models?limit=2", "/models?limit=2&larder_fields=id",
            "/models?limit=2&larder_fields=name", "/_larder/export/litellm.json?limit=2", "/models/acme/anvil",
            "/openai/v1/models/acme/anvil", "/model/acme/anvil",
        ]
        let tags = targets.compactMap { harness.answer(.make($0)).map { text($0.entityTag) } }
        #expect(Set(tags).count == targets.count)
    }

    @Test func `the forms of a model that upstream names have tags of their own, in a view and without one`() throws {
        let prefixes = ["", "/view/team"]
        let paths = ["/model/acme/rocket:nitro", "/models/acme/rocket:nitro", "/openai/v1/models/acme/rocket:nitro"]
        for prefix in prefixes {
            var harness = ResponderHarness.stocked()
            harness.views = ViewTable([try View("team", query: "", allow: ["acme/*"], deny: [], pins: [])])
            let model = ModelRow(.make("acme/rocket:nitro"), json: SharedBytes(utf8: #"{"id":"acme/rocket:nitro"}"#))
            harness.cache.store(.make(.model(model)), for: .model(id: "acme/rocket:nitro"), owner: .nobody)
            let answers = paths.compactMap { harness.answer(.make(prefix + $0)) }
            #expect(answers.count == paths.count)
            #expect(Set(answers.map { text($0.body) }).count == paths.count)
            #expect(Set(answers.map { text($0.entityTag) }).count == paths.count, "\(prefix)")
        }
    }

    @Test(
        arguments: [
            "/providers", "/endpoints/zdr", "/embeddings/models", "/images/models", "/videos/models", "/benchmarks",
            "/datasets/x", "/classifications/task", "/tools", "/tools/x", "/models/acme/anvil/endpoints",
            "/model/acme/anvil", "/models/acme/anvil", "/model/acme/saw", "/openai/v1/models/acme/anvil",
            "/view/team/providers", "/view/team/model/acme/anvil", "/_larder/export/litellm.json",
        ])
    func `what is no list refuses Larder's own parameters that are unknown there`(path: String) throws {
        var harness = ResponderHarness.stocked()
        harness.views = ViewTable([try View("team", query: "", allow: ["acme/*"], deny: [], pins: [])])
        #expect(
            harness.outcome(path + "?larder_x=1&a=b")
                == "400 larder_x is unknown: the known ones are larder_fields, larder_as_of")
        #expect(
            harness.outcome(path + "?a=b&larder_field=id") == "400 larder_field is unknown: did you mean larder_fields?"
        )
        #expect(
            harness.outcome(path + "?l%61rder_fields=id") == "400 larder_fields works on /models and /models/user only")
        #expect(harness.outcome(path + "?larder_fields=.").hasPrefix("400 larder_fields must be"))
        // An empty value counts as absent, and the last of a name counts.
        #expect(!harness.outcome(path + "?larder_x=").hasPrefix("400"))
        #expect(!harness.outcome(path + "?larder_fields=id&larder_fields=").hasPrefix("400"))
    }

    @Test func `an export has every kind of model, and is looked up anew each time`() {
        var harness = ResponderHarness()
        var painter = ModelFields.make("acme/brush")
        painter.outputModalities = ["image"]
        harness.cache.store(.rows(ResponderHarness.models + [painter]), for: .catalog, owner: .nobody)
        #expect(harness.outcome("/_larder/export/litellm.json?q=brush").contains("openrouter/acme/brush"))
        #expect(!harness.outcome("/openai/v1/models").contains("acme/brush"))
        let target = "/_larder/export/litellm.json"
        #expect(harness.answer(.make(target))?.isOwn == true)
        #expect(harness.cache.find(target) == nil)
        #expect(harness.answer(.make("/models"))?.isOwn == false)
        #expect(harness.cache.find("/models") != nil)
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
        var harness = ResponderHarness.stocked()
        #expect(harness.outcome(target) == expected)
    }

    @Test func `members can be chosen of a query with facets`() {
        var harness = ResponderHarness.stocked()
        let target = "/models?category=x&larder_fields=name"
        guard case .fetch(let wants) = harness.resolve(.make(target)) else { return #expect(Bool(false)) }
        #expect(wants.map(\.resource.upstreamTarget) == ["/models?category=x&output_modalities=all"])
    }

    @Test func `a model that upstream was asked for is shown in the form of the base`() {
        var harness = ResponderHarness.stocked()
        let model = ModelRow(.make("acme/saw", created: 7), json: SharedBytes(utf8: #"{"id":"acme/saw"}"#))
        harness.cache.store(.make(.model(model)), for: .model(id: "acme/saw"), owner: .nobody)
        #expect(
            harness.outcome("/openai/v1/models/acme/saw")
                == #"200 {"id":"acme/saw","object":"model","created":7,"owned_by":"acme","shutdown_date":null}"#)
    }
}
