import Bytes
import Caching
import Catalog
import HTTPCore
import Serving
import Testing

/// Queries that nobody asks twice must not take the room of those that all ask.
@Suite struct FacetRoomTests {
    private let ids = (0..<421).map { "author-\($0 % 60)/model-number-\($0)" }

    @Test func `3,000 parameters that nobody knows stay within bounds, and push out neither catalogue nor hot facet`() {
        let maximum = 420_000
        let harness = FacetHarness(maximumBytes: maximum)
        let list = harness.storeCatalog(ids, at: 0)
        harness.storeFacet("zdr=true", ids, at: 0)
        #expect(harness.answer("/models?zdr=true") != nil)
        var most = 0
        for number in 0..<3_000 {
            harness.now += 1
            let wants = harness.wants("/models?_=\(number)") ?? []
            #expect(wants.map(\.resource) == [FacetHarness.facet("_=\(number)")])
            #expect(wants.first?.isBeside(list) == true)
            harness.storeFacet("_=\(number)", ids, at: harness.now)
            #expect(harness.answer("/models?_=\(number)") != nil)
            // A hit is a look-up of the answer alone.
            if number % 5 == 0 { #expect(harness.stored("/models?zdr=true") != nil) }
            most = max(most, harness.cache.bytes)
        }
        #expect(most <= maximum)
        #expect(harness.cache.evictions > 3_000)
        #expect(harness.stored("/models?zdr=true") != nil)
        #expect(harness.wants("/models?zdr=true&limit=3") == nil)
    }

    @Test func `of the facets themselves, thousands find room where one list does not`() {
        let harness = FacetHarness(maximumBytes: 10 << 20)
        harness.storeCatalog(ids, at: 0)
        let before = harness.cache.bytes
        for number in 0..<1_000 { harness.storeFacet("_=\(number)", ids, at: 0) }
        let each = (harness.cache.bytes - before) / 1_000
        #expect(each < 2_800)
        #expect(harness.cache.evictions == 0)
    }

    @Test func `what is new does not make room for what is old, though that has answers`() {
        let harness = FacetHarness(maximumBytes: 100_000)
        harness.storeCatalog(["a/one"], at: 0)
        for number in 0..<60 {
            let rows = (0..<3).map { "row/\($0)-of-\(number)" }
            harness.storeFacet("_=\(number)", rows, at: 0)
            #expect(harness.answer("/models/count?_=\(number)") != nil)
            #expect(harness.stored("/models/count?_=\(number)") != nil)
            #expect(harness.wants("/models?_=\(number)") == nil)
        }
        #expect(harness.cache.evictions > 30)
    }

    @Test func `a long name counts as much as what it names`() {
        let harness = FacetHarness(maximumBytes: 1 << 20)
        harness.storeCatalog(["a/one"], at: 0)
        for number in 0..<500 {
            harness.storeFacet("_=\(String(repeating: "x", count: 8_000))\(number)", [], at: 0)
        }
        #expect(harness.cache.entryCount < 150)
    }
}
