import Bytes
import Caching
import Catalog
import HTTPCore
import Testing

@testable import Serving

@Suite struct ResponderViewTests {
    private static let views = [
        view("team", allow: ["acme/*"], deny: ["*/anvil"]), view("all"), view("rockets", query: "q=rocket"),
        view("first", pins: ["acme/rocket"]), view("young", query: "max_age_days=5"),
    ]

    private static func view(
        _ name: String, query: String = "", allow: [String] = [], deny: [String] = [], pins: [String] = []
    ) -> View {
        guard let view = try? View(name, query: query, allow: allow, deny: deny, pins: pins) else {
            preconditionFailure("no view")
        }
        return view
    }

    private var harness = ResponderHarness.stocked()

    init() { harness.views = ViewTable(Self.views) }

    @Test(
        arguments: [
            (
                "/view/team/api/v1/models",
                #"200 {"data":[{"id":"acme/rocket"}],"total_count":1,"links":{"next":null}}"#
            ),
            ("/view/team/v1/models/count", #"200 {"data":{"count":1}}"#),
            ("/view/team/models/count?q=anvil", #"200 {"data":{"count":0}}"#),
            ("/view/team/models/acme/rocket?x", #"200 {"data":{"id":"acme/rocket"},"id":"acme/rocket","object":"#),
            ("/view/team/api/v1/model/acme%2Frocket", #"200 {"data":{"id":"acme/rocket"}}"#),
            ("/view/team/openai/v1/models", #"200 {"object":"list","data":[{"id":"acme/rocket","object":"model""#),
            ("/view/team/api/v1/models/acme%2Frocket", #"200 {"data":{"id":"acme/rocket"}"#),
            ("/view/team/model/acme/rocket/", #"200 {"data":{"id":"acme/rocket"}}"#),
            ("/view/team/models/acme/anvil", #"404 the view "team" has no model "acme/anvil""#),
            (
                "/view/nobody/models",
                #"404 there is no view "nobody": the known ones are all, first, rockets, team, young"#
            ),
            ("/view//models", #"404 there is no view "": the known ones are"#),
            ("/view/Team/models", #"404 there is no view "Team""#),
            (
                "/view/all/v1/models?limit=1&q=acme",
                #"200 {"data":[{"id":"acme/anvil"}],"total_count":2,"links":{"next":"/view/all/api/v1/models?limit=1&q=acme&offset=1"}}"#
            ),
            (
                "/view/first/models?limit=1",
                #"200 {"data":[{"id":"acme/rocket"}],"total_count":2,"links":{"next":"/view/first/api/v1/models?limit=1&offset=1"}}"#
            ),
            (
                "/view/first/models?limit=1&sort=context-high-to-low",
                #"200 {"data":[{"id":"acme/rocket"}],"total_count":2"#
            ),
            ("/view/first/models?limit=1&offset=1", #"200 {"data":[{"id":"acme/anvil"}],"total_count":2"#),
            ("/view/team/models?limit=none", "400 limit must be an integer from 1 to 1000"),
            ("/view/team/providers", "miss: /providers"), ("/view/team/models/user", "miss: /models/user?output"),
            ("/view/team/models/acme/anvil/endpoints", "miss: /models/acme/anvil/endpoints"),
            ("/view/team/api/v1/benchmarks?x=1", "miss: /benchmarks?x=1"),
            ("/view/team/models?use_rss=true", "miss: /models?use_rss=true"),
            ("/view/team/models?category=x", "miss: /models?category=x&output_modalities=all"),
            ("/view/team/models/acme/saw", "miss: /model/acme/saw"),
        ] as [(String, String)])
    func `a route below a view is about what the view leaves`(target: String, expected: String) {
        var harness = harness
        let outcome = harness.outcome(target)
        #expect(outcome.hasPrefix(expected), "\(outcome)")
    }

    @Test func `a query with more facets than are asked one by one is refused below a view`() {
        var harness = harness
        let query = (0..<40).map { "p\($0)=1" }.joined(separator: "&")
        #expect(harness.outcome("/models?" + query).hasPrefix("miss: /models?"))
        #expect(harness.outcome("/view/team/models?" + query).hasPrefix("400 the query has too many parameters"))
    }

    @Test func `an answer is found by its target again, for its view alone, with tags of its own`() {
        var harness = harness
        let targets = [
            "/models", "/view/all/models", "/view/first/models", "/view/all/models/acme/anvil", "/models/acme/anvil",
            "/view/first/models/acme/anvil",
        ]
        let answers = targets.map { harness.answer(.make($0)) }
        #expect(Set(answers.compactMap { $0.map { text($0.entityTag) } }).count == targets.count)
        for (target, answer) in zip(targets, answers) { #expect(harness.cache.find(target) === answer, "\(target)") }
        #expect(answers.map { $0?.view } == [nil, 0, 1, 0, nil, 1])
    }

    @Test func `the facets of a view are those of everyone, and are joined with what it leaves`() {
        var harness = harness
        guard case .rows(let list, _) = harness.cache.entry(for: .catalog, owner: .nobody)?.content else {
            return #expect(Bool(false))
        }
        for (id, expected) in [("acme/anvil", "[]"), ("acme/rocket", #"[{"id":"acme/rocket"}]"#)] {
            harness.cache.store(
                .make(.facet(FacetHarness.rows([id], beside: list))), for: FacetHarness.facet("zdr=true"),
                owner: .nobody)
            #expect(harness.outcome("/view/team/models?zdr=true").hasPrefix(#"200 {"data":\#(expected),"total_count""#))
        }
    }

    @Test func `upstream's answer about a model counts if the catalogue has the model in the view`() {
        var harness = harness
        for (id, name, expected) in [
            ("acme/rocket", "acme/old", "200"), ("acme/rocket:nitro", "acme/rocket:nitro", "200"),
            ("acme/anvil", "acme/older", "404"), ("acme/saw", "acme/saw", "404"),
        ] {
            let model = ModelRow(.make(id), json: SharedBytes(utf8: #"{"id":"\#(id)"}"#))
            harness.cache.store(.make(.model(model)), for: .model(id: name), owner: .nobody)
            #expect(harness.outcome("/view/team/model/\(name)").hasPrefix(expected), "\(name)")
            #expect(harness.outcome("/model/\(name)").hasPrefix("200"))
        }
        // A new catalogue decides anew.
        #expect(harness.cache.find("/view/team/model/acme/old") != nil)
        harness.cache.store(.rows([.make("acme/anvil")]), for: .catalog, owner: .nobody)
        #expect(harness.cache.find("/view/team/model/acme/old") == nil)
        #expect(harness.outcome("/view/team/model/acme/old").hasPrefix("404"))
        #expect(Responder().model(of: .make("/model/acme/old")) != nil)
        #expect(Responder().model(of: .make("/view/team/model/acme/old")) == nil)
    }

    @Test func `a view by age is valid until a model crosses its bound`() {
        var harness = harness
        harness.wallSeconds = 1_699_900_000 + 86_400 * 5
        #expect(harness.outcome("/view/young/models/count") == #"200 {"data":{"count":1}}"#)
        #expect(harness.outcome("/view/young/model/acme/rocket").hasPrefix("200"))
        for target in ["/view/young/models/count", "/view/young/model/acme/rocket"] {
            #expect(harness.cache.find(target, wallSeconds: harness.wallSeconds) != nil)
            #expect(harness.cache.find(target, wallSeconds: harness.wallSeconds + 1) == nil)
        }
        harness.wallSeconds += 1
        #expect(harness.outcome("/view/young/models/count") == #"200 {"data":{"count":0}}"#)
        #expect(harness.outcome("/view/young/model/acme/rocket").hasPrefix("404"))
    }

    @Test func `what a view shows has changed when the view has`() {
        var harness = harness
        harness.views = ViewTable(Self.views, since: 2_000_000_000)
        #expect(harness.answer(.make("/view/all/models"))?.lastModified == 2_000_000_000)
        #expect(harness.answer(.make("/models"))?.lastModified == 784_111_777)
    }

    @Test func `the number of models that each view leaves is known with a catalogue`() {
        var harness = harness
        #expect(
            harness.cache.modelCounts(of: harness.views, wallSeconds: harness.wallSeconds) == [2, 2, 1, 1, 1])
        var empty = ResponderHarness()
        #expect(empty.cache.modelCounts(of: harness.views, wallSeconds: 0) == [nil, nil, nil, nil, nil])
    }

    @Test(arguments: ["", "/v1", "/api/v1", "/openai/v1"], ["", "/"])
    func `below a view the roots are the same`(root: String, slash: String) {
        #expect(route("/view/a\(root)/models\(slash)") == .models)
        #expect(route("/view/a\(root)/models/count\(slash)") == .count)
        #expect(route("/view/a\(root)/models/user\(slash)") == .user)
        let path = "/view/a\(root)/models/x/y\(slash)"
        guard case .model(let range, true) = route(path) else { return #expect(Bool(false), "\(path)") }
        #expect(String(decoding: Array(path.utf8)[range], as: UTF8.self) == "x/y")
        #expect(Route.base(of: Array(path.utf8).span) == (root == "/openai/v1" ? .openAI : .upstream))
    }

    @Test(
        arguments: [
            ("/view", Route.other), ("/views/a/models", .other), ("/api/v1/view/a/models", .other), ("/view/a", .other),
            ("/view/a/", .other), ("/view/a/view/b/models", .other), ("/view/a/chat/completions", .other),
            ("/view/a/_larder/status", .own), ("/view/a/metrics", .own), ("/view/a/healthz", .own),
            ("/view/a/readyz", .own), ("/view/a/_larder/export/litellm.json", .own),
        ])
    func `Larder's own paths are not below a view`(path: String, expected: Route) {
        #expect(route(path) == expected)
    }

    @Test(
        arguments: [
            ("/view/team/api/v1/chat/completions", "/api/v1/chat/completions"), ("/view/team/chat", "/api/v1/chat"),
            ("/view/team/v1/chat?a=b", "/api/v1/chat?a=b"), ("/view/team/openai/v1/chat", "/api/v1/chat"),
            ("/view/team/api/alpha/x", "/api/alpha/x"), ("/view/team", "/api/v1"), ("/view/team/", "/api/v1"),
            ("/view/a/view/b/x", "/api/v1/view/b/x"), ("/view", "/api/v1/view"),
        ])
    func `what is passed through goes without the prefix`(target: String, expected: String) throws {
        let bytes = Array(target.utf8)
        var out = ByteBuilder(capacity: 64)
        let found = Target(bytes.span)
        let parts = try #require(found)
        UpstreamMap(baseURL: "https://openrouter.ai/api/v1").appendTarget(for: bytes.span, parts, to: &out)
        #expect(out.span.text() == expected)
    }

    @Test func `a redirection to Larder stays below the view`() {
        let map = UpstreamMap(baseURL: "https://openrouter.ai/api/v1")
        let prefix = Array("/view/team".utf8)
        for (location, expected) in [
            ("https://openrouter.ai/api/v1/x", "/view/team/api/v1/x"), ("/api/alpha/y", "/view/team/api/alpha/y"),
            ("https://elsewhere.example/z", "https://elsewhere.example/z"), ("/login", "https://openrouter.ai/login"),
        ] {
            #expect(map.location(Array(location.utf8), below: prefix).span.text() == expected)
        }
    }

    private func route(_ path: String) -> Route { Route(path: Array(path.utf8).span) }
}
