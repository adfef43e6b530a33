import Bytes
import Caching
import Catalog
import HTTPCore
import Testing

@testable import Serving

@Suite("Lists and counts")
struct ResponderTests {
    private static let anvil = #"{"id":"acme/anvil"}"#
    private static let rocket = #"{"id":"acme/rocket"}"#

    @Test(
        "What is not stored has to be asked for",
        arguments: [
            ("/models", "miss: /models?output_modalities=all"),
            ("/models/count", "miss: /models?output_modalities=all"),
            ("/api/v1/models?limit=1", "miss: /models?output_modalities=all"),
            ("/models/user", "miss: /models/user?output_modalities=all"),
            ("/models/acme/anvil", "miss: /models?output_modalities=all"),
            ("/models?use_rss=true", "miss: /models?use_rss=true"),
            ("/v1/providers?b=2&a=1", "miss: /providers?a=1&b=2"),
            ("/models?larder_as_of=1970-01-01&limit=1", "miss: /models?larder_as_of=1970-01-01T00:00:00Z"),
            ("/model/acme/anvil?larder_as_of=1970-01-01", "miss: /models?larder_as_of=1970-01-01T00:00:00Z"),
            ("/models/acme%2Fanvil/endpoints", "miss: /models/acme/anvil/endpoints"),
        ])
    func missing(target: String, expected: String) {
        var harness = ResponderHarness()
        #expect(harness.outcome(target) == expected)
    }

    @Test(
        "The reason to ask is reported",
        arguments: [
            (.any, 299_999, "200"), (.any, 300_000, "stale:"), (.refresh, 1_000, "request:"),
            (.refresh, 300_000, "request:"), (.storedOnly, 1_000, "200"), (.storedOnly, 300_000, "stale:"),
        ] as [(CacheDirective, UInt64, String)])
    func reasons(directive: CacheDirective, now: UInt64, expected: String) {
        var harness = ResponderHarness.stocked()
        harness.now = now
        #expect(harness.outcome("/models/count", directive: directive).split(separator: " ").first == expected[...])
    }

    @Test(
        "A list, its pages and its count",
        arguments: [
            ("/models", #"{"data":[\#(anvil),\#(rocket)],"total_count":2,"links":{"next":null}}"#),
            (
                "/v1/models/?limit=1",
                #"{"data":[\#(anvil)],"total_count":2,"links":{"next":"/api/v1/models?limit=1&offset=1"}}"#
            ),
            ("/models?offset=1&limit=1", #"{"data":[\#(rocket)],"total_count":2,"links":{"next":null}}"#),
            ("/models?context=100000", #"{"data":[\#(rocket)],"total_count":1,"links":{"next":null}}"#),
            ("/models?q=nothing", #"{"data":[],"total_count":0,"links":{"next":null}}"#),
            ("/models/count", #"{"data":{"count":2}}"#), ("/models/count?q=anvil", #"{"data":{"count":1}}"#),
        ])
    func lists(target: String, expected: String) {
        var harness = ResponderHarness.stocked()
        #expect(harness.outcome(target) == "200 " + expected)
    }

    @Test("A key's own list is its own, and its pages lead on to it")
    func userList() {
        var harness = ResponderHarness.stocked()
        harness.cache.store(.rows(ResponderHarness.models, isShared: false), for: .userList, owner: .alice)
        #expect(
            harness.outcome("/models/user?limit=1", owner: .alice)
                == #"200 {"data":[{"id":"acme/anvil"}],"total_count":2,"links":"#
                + #"{"next":"/api/v1/models/user?limit=1&offset=1"}}"#)
        #expect(harness.outcome("/models/user", owner: .bob) == "miss: /models/user?output_modalities=all")
    }

    @Test(
        "A value that makes no sense is refused, and nothing is asked for",
        arguments: ["limit=0", "offset=-1", "context=abc", "min_price=x", "min_age_days=1.5"])
    func invalid(query: String) {
        var harness = ResponderHarness()
        let name = query.prefix { $0 != "=" }
        #expect(harness.outcome("/models?" + query).hasPrefix("400 \(name) must be "))
        #expect(harness.outcome("/models/count?" + query).hasPrefix("400 \(name) must be "))
    }

    @Test(
        "What was fetched for a request counts, whatever its freshness and the demand",
        arguments: [CacheDirective.any, .refresh])
    func delivered(directive: CacheDirective) {
        var harness = ResponderHarness()
        harness.delivered.add(.rows(ResponderHarness.models, lifetime: 0), for: .catalog)
        #expect(harness.outcome("/models/count", directive: directive) == #"200 {"data":{"count":2}}"#)
        #expect(harness.cache.answerCount == 0)
        harness.delivered.add(.rows([.make("a/b")], lifetime: 0), for: .catalog)
        #expect(harness.outcome("/models/count", directive: directive) == #"200 {"data":{"count":1}}"#)
    }

    @Test("A refusal is passed on to the list that it was given for")
    func refusal() {
        var harness = ResponderHarness()
        harness.delivered.add(.refusal(.unauthorized, body: "no"), for: .catalog)
        #expect(harness.outcome("/models", owner: .alice) == "401 no")
        #expect(harness.outcome("/models/count", owner: .alice) == "401 no")
    }

    @Test("A feed is upstream's own, and passed on as it came")
    func feed() {
        var harness = ResponderHarness.stocked()
        #expect(harness.outcome("/models?use_rss=true") == "miss: /models?use_rss=true")
        let resource = Resource.opaque(path: "/models", query: "use_rss=true")
        harness.delivered.add(.make(.body(SharedBytes(utf8: "<rss/>")), contentType: "text/xml"), for: resource)
        #expect(harness.outcome("/models?use_rss=true") == "200 <rss/>")
    }
}
