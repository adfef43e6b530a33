import Bytes
import Caching
import Catalog
import HTTPCore
import Serving
import Testing

/// What a query with facets asks for, and what becomes of its answer.
@Suite struct FacetResponderTests {
    private let query = "/models?zdr=true&providers=Y,X&region=eu"
    private static let pairs = ["providers=X,Y", "region=eu", "zdr=true"]

    @Test func `a list that is not there is fetched first, then all facets at once, to be read beside it`() {
        let harness = FacetHarness()
        #expect(harness.wants(query)?.map(\.resource) == [.catalog])
        let list = harness.storeCatalog(["a/one", "b/two"], at: 0)
        let wants = harness.wants(query) ?? []
        #expect(wants.map(\.resource) == Self.pairs.map { FacetHarness.facet($0) })
        #expect(wants.allSatisfy { $0.isBeside(list) && $0.reason == .miss })
    }

    @Test func `a stale list is fetched together with the facets, which are read beside it`() {
        let harness = FacetHarness()
        let list = harness.storeCatalog(["a/one", "b/two"], at: 0)
        harness.now = FacetHarness.lifetime
        let wants = harness.wants(query) ?? []
        #expect(wants.map(\.resource) == [.catalog] + Self.pairs.map { FacetHarness.facet($0) })
        #expect(wants.map(\.reason) == [.stale, .miss, .miss, .miss])
        #expect(wants.dropFirst().allSatisfy { $0.isBeside(list) })
    }

    @Test func `what is there is not asked for, and other queries have the use of it`() {
        let harness = FacetHarness()
        harness.storeCatalog(["a/one", "b/two"], at: 0)
        harness.storeFacet("zdr=true", ["b/two"], at: 0)
        harness.storeFacet("providers=X,Y", ["a/one"], at: 0)
        #expect(harness.wants(query)?.map(\.resource) == [FacetHarness.facet("region=eu")])
        #expect(harness.body("/models?zdr=true")?.contains(#"[{"id":"b/two"}]"#) == true)
        #expect(harness.body("/models/count?providers=Y,X,Y") == #"{"data":{"count":1}}"#)
        #expect(harness.body("/models?providers=X,Y&zdr=true")?.contains(#"[],"total_count":0"#) == true)
    }

    @Test func `an answer that depends on ages as well is as new as its making`() {
        let harness = FacetHarness()
        harness.storeCatalog(["a/one", "b/two"], at: 0)
        harness.storeFacet("zdr=true", ["b/two"], at: 0)
        harness.wallSeconds = 1_700_000_000
        #expect(harness.answer("/models?zdr=true&max_age_days=1")?.lastModified == 1_700_000_000)
        #expect(harness.answer("/models?zdr=true")?.lastModified == 0)
    }

    @Test func `a refresh asks for all that the query needs, once each, and then answers`() {
        let harness = FacetHarness()
        let list = harness.storeCatalog(["a/one", "b/two"], at: 0)
        for pair in Self.pairs { harness.storeFacet(pair, ["a/one"], at: 0) }
        var delivered = Responder.Delivery()
        let resources = [.catalog] + Self.pairs.map { FacetHarness.facet($0) }
        #expect(harness.wants(query, directive: .refresh)?.map(\.resource) == resources)
        for resource in resources {
            let entry =
                resource == .catalog
                ? FacetHarness.entry(.rows(list, nil), at: 9)
                : FacetHarness.entry(.facet(FacetHarness.rows(["b/two"], beside: list)), at: 9)
            delivered.add(entry, for: resource)
        }
        #expect(harness.body(query, directive: .refresh, delivered)?.contains(#"[{"id":"b/two"}]"#) == true)
    }

    @Test func `a key's own list has facets of its own`() {
        let harness = FacetHarness()
        #expect(harness.wants("/models/user?zdr=true")?.map(\.resource) == [.userList])
        harness.storeCatalog(["a/one"], as: .userList, at: 0)
        let wants = harness.wants("/models/user?zdr=true") ?? []
        #expect(wants.map(\.resource) == [FacetHarness.facet("zdr=true", of: .user)])
        #expect(wants.map(\.resource.upstreamTarget) == ["/models/user?zdr=true&output_modalities=all"])
        #expect(wants.allSatisfy { $0.resource.isPersonal })
    }

    @Test func `upstream's refusal of one facet answers the query, whatever else is missing`() throws {
        let harness = FacetHarness()
        harness.storeCatalog(["a/one"], at: 0)
        let resource = FacetHarness.facet("category=bad")
        harness.cache.store(
            FacetHarness.entry(.refusal(.badRequest, SharedBytes(utf8: "no")), isShared: false, at: 0), for: resource,
            owner: .nobody)
        let answer = try #require(harness.answer("/models?category=bad&zdr=true"))
        #expect(answer.status == .badRequest)
        #expect(harness.body("/models?category=bad&zdr=true") == "no")
    }

    @Test func `a number that makes no sense is refused before anything is fetched`() {
        let harness = FacetHarness()
        guard case .problem(let problem) = harness.resolve("/models?zdr=true&limit=0") else {
            return #expect(Bool(false))
        }
        #expect(problem.status == .badRequest)
    }

    @Test func `an answer is as old as the oldest of its parts, and fresh for as long as all are`() throws {
        let harness = FacetHarness()
        harness.storeCatalog(["a/one"], at: 5_000, lifetime: 20_000)
        harness.storeFacet("zdr=true", ["a/one"], at: 1_000, lifetime: 60_000)
        harness.now = 10_000
        let source = try #require(harness.answer("/models?zdr=true")).source
        #expect(source.freshness.age(at: 10_000) == 9)
        #expect(source.freshness.remaining(at: 10_000) == 15)
        #expect(source.maxAge == 20)
        #expect(source.isShared)
    }

    @Test func `an answer with one part that is a key's own is that key's own`() throws {
        let harness = FacetHarness()
        harness.storeCatalog(["a/one"], at: 0)
        harness.storeFacet("zdr=true", ["a/one"], isShared: false, at: 0)
        let answer = try #require(harness.answer("/models?zdr=true"))
        #expect(answer.owner == .nobody)
        #expect(!answer.source.isShared)
    }

    @Test func `an answer goes as soon as one of its parts is replaced`() {
        for replaced in 0..<3 {
            let harness = FacetHarness()
            harness.storeCatalog(["a/one"], at: 0)
            harness.storeFacet("zdr=true", ["a/one"], at: 0)
            harness.storeFacet("region=eu", ["a/one"], at: 0)
            #expect(harness.answer("/models?zdr=true&region=eu") != nil)
            #expect(harness.stored("/models?zdr=true&region=eu") != nil)
            switch replaced {
            case 0: harness.storeCatalog(["a/one"], at: 1)
            case 1: harness.storeFacet("zdr=true", [], at: 1)
            default: harness.storeFacet("region=eu", [], at: 1)
            }
            #expect(harness.stored("/models?zdr=true&region=eu") == nil)
            #expect(harness.cache.answerCount == 0)
        }
    }
}
