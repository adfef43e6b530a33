import Bytes
import Caching
import Catalog
import HTTPCore
import Testing

@testable import Serving

@Suite("Single models")
struct ResponderModelTests {
    private static let plain = #"200 {"data":{"id":"acme/anvil"}}"#
    private static let openAI =
        #"200 {"data":{"id":"acme/anvil"},"id":"acme/anvil","object":"model","created":1690000000,"owned_by":"acme","shutdown_date":null}"#

    @Test(
        "A model of the catalogue is found however its name is spelled",
        arguments: [
            ("/model/acme/anvil", plain), ("/api/v1/model/acme%2Fanvil/", plain), ("/models/acme/anvil", openAI),
            ("/v1/models/acme%2fanvil", openAI), ("/models/%61cme/anvil", openAI),
            ("http://localhost/models/acme/anvil?x=y", openAI),
        ])
    func found(target: String, expected: String) {
        var harness = ResponderHarness.stocked()
        #expect(harness.outcome(target) == expected)
    }

    @Test(
        "Any other name is asked for, decoded and escaped anew",
        arguments: [
            ("/models/acme/saw", "miss: /model/acme/saw"),
            ("/model/acme%2Fanvil:online", "miss: /model/acme/anvil:online"),
            ("/models/acme/ANVIL", "miss: /model/acme/ANVIL"), ("/model/a%3Fb/c", "miss: /model/a%3Fb/c"),
            ("/model/a%252Fb/c", "miss: /model/a%252Fb/c"), ("/model/a/%C3%A9", "miss: /model/a/%C3%A9"),
        ])
    func unknown(target: String, expected: String) {
        var harness = ResponderHarness.stocked()
        #expect(harness.outcome(target) == expected)
    }

    @Test("A name that is no UTF-8 is no model's", arguments: ["/model/a/%FF", "/models/%C3/x", "/models/a%2F%80"])
    func notUTF8(target: String) {
        var harness = ResponderHarness.stocked()
        #expect(harness.outcome(target) == "400 the model's name is not UTF-8")
    }

    @Test("What upstream gives for a name is answered in the form of the route")
    func delivered() {
        var harness = ResponderHarness.stocked()
        let entry = Entry.make(.model(ModelRow(.make("acme/saw", created: 7), json: SharedBytes(utf8: "{1}"))))
        harness.cache.store(entry, for: .model(id: "acme/saw"), owner: .nobody)
        #expect(harness.outcome("/model/acme/saw") == #"200 {"data":{1}}"#)
        #expect(
            harness.outcome("/models/acme/saw")
                == #"200 {"data":{1},"id":"acme/saw","object":"model","created":7,"owned_by":"acme","shutdown_date":null}"#
        )
        let tags = ["/model/acme/saw", "/models/acme/saw"].compactMap { harness.answer(.make($0))?.entityTag }
        #expect(Set(tags.map { text($0) }).count == 2)
    }

    @Test("The next catalogue decides again whether upstream is asked for a model", arguments: [true, false])
    func nextCatalogue(isFound: Bool) {
        let target = "/model/acme/saw"
        var harness = ResponderHarness.stocked()
        let entry =
            isFound
            ? Entry.make(.model(ModelRow(.make("acme/saw"), json: SharedBytes(utf8: "{1}"))))
            : .refusal(.notFound, body: "none")
        harness.cache.store(entry, for: .model(id: "acme/saw"), owner: .nobody)
        #expect(harness.outcome(target) == (isFound ? #"200 {"data":{1}}"# : "404 none"))
        let prepared = harness.cache.find(target) ?? harness.cache.find(target, owner: .nobody)
        #expect(prepared != nil)
        let models = ResponderHarness.models + [ModelFields.make("acme/saw", created: 1_690_000_000, context: 8_000)]
        harness.cache.store(.rows(models), for: .catalog, owner: .nobody)
        let left = harness.cache.find(target) ?? harness.cache.find(target, owner: .nobody)
        #expect(left == nil)
        #expect(harness.outcome(target) == #"200 {"data":{"id":"acme/saw"}}"#)
    }

    @Test(
        "Upstream's refusal of a name is remembered for its key", arguments: ["/model/acme/saw", "/models/acme%2Fsaw"])
    func refused(target: String) {
        var harness = ResponderHarness.stocked()
        harness.cache.store(.refusal(.notFound, body: "none"), for: .model(id: "acme/saw"), owner: .alice)
        #expect(harness.outcome(target, owner: .alice) == "404 none")
        #expect(harness.outcome(target, owner: .bob) == "miss: /model/acme/saw")
        harness.now = 5_000
        #expect(harness.outcome(target, owner: .alice) == "stale: /model/acme/saw")
    }

    @Test("A key that was refused the catalogue may still ask for one model")
    func catalogRefused() {
        var harness = ResponderHarness()
        harness.cache.store(.refusal(.forbidden), for: .catalog, owner: .alice)
        #expect(harness.outcome("/models/acme/anvil", owner: .alice) == "miss: /model/acme/anvil")
    }

    @Test("A catalogue that is stale is asked for before the model is")
    func staleCatalog() {
        var harness = ResponderHarness.stocked()
        harness.now = 300_000
        #expect(harness.outcome("/models/acme/saw") == "stale: /models?output_modalities=all")
        #expect(harness.outcome("/models/acme/anvil", directive: .refresh) == "request: /models?output_modalities=all")
    }
}
