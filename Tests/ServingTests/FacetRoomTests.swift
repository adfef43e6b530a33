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
        let desk = FacetDesk(maximumBytes: maximum)
        let list = desk.storeCatalog(ids, at: 0)
        desk.storeFacet("zdr=true", ids, at: 0)
        #expect(desk.answer("/models?zdr=true") != nil)
        var most = 0
        for number in 0..<3_000 {
            desk.now += 1
            let wants = desk.wants("/models?_=\(number)") ?? []
            #expect(wants.map(\.resource) == [FacetDesk.facet("_=\(number)")])
            #expect(wants.first?.isBeside(list) == true)
            desk.storeFacet("_=\(number)", ids, at: desk.now)
            #expect(desk.answer("/models?_=\(number)") != nil)
            // A hit is a look-up of the answer alone.
            if number % 5 == 0 { #expect(desk.stored("/models?zdr=true") != nil) }
            most = max(most, desk.cache.bytes)
        }
        #expect(most <= maximum)
        #expect(desk.cache.evictions > 3_000)
        #expect(desk.stored("/models?zdr=true") != nil)
        #expect(desk.wants("/models?zdr=true&limit=3") == nil)
    }

    @Test func `of the facets themselves, thousands find room where one list does not`() {
        let desk = FacetDesk(maximumBytes: 10 << 20)
        desk.storeCatalog(ids, at: 0)
        let before = desk.cache.bytes
        for number in 0..<1_000 { desk.storeFacet("_=\(number)", ids, at: 0) }
        let each = (desk.cache.bytes - before) / 1_000
        #expect(each < 2_800)
        #expect(desk.cache.evictions == 0)
    }

    @Test func `what is new does not make room for what is old, though that has answers`() {
        let desk = FacetDesk(maximumBytes: 100_000)
        desk.storeCatalog(["a/one"], at: 0)
        for number in 0..<60 {
            let rows = (0..<3).map { "row/\($0)-of-\(number)" }
            desk.storeFacet("_=\(number)", rows, at: 0)
            #expect(desk.answer("/models/count?_=\(number)") != nil)
            #expect(desk.stored("/models/count?_=\(number)") != nil)
            #expect(desk.wants("/models?_=\(number)") == nil)
        }
        #expect(desk.cache.evictions > 30)
    }

    @Test func `a long name counts as much as what it names`() {
        let desk = FacetDesk(maximumBytes: 1 << 20)
        desk.storeCatalog(["a/one"], at: 0)
        for number in 0..<500 {
            desk.storeFacet("_=\(String(repeating: "x", count: 8_000))\(number)", [], at: 0)
        }
        #expect(desk.cache.entryCount < 150)
    }
}
