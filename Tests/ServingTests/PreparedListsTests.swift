import Bytes
import Catalog
import HTTPCore
import Testing

@testable import Serving

@Suite("Prepared lists")
struct PreparedListsTests {
    @Test("A list is found by the query that it answers, and by no other")
    func found() {
        var everything = Query()
        everything.outputModalities = nil
        let lists = PreparedLists([
            .init(query: Query(), identity: SharedBytes(utf8: "text"), coded: [:]),
            .init(
                query: everything, identity: SharedBytes(utf8: "everything"),
                coded: [.gzip: SharedBytes(utf8: "ev"), .br: SharedBytes(utf8: "e")]),
        ])
        var paged = Query()
        paged.limit = 500
        #expect(lists.list(for: Query()).map { text($0.identity) } == "text")
        #expect(lists.list(for: everything).map { text($0.identity) } == "everything")
        #expect(lists.list(for: paged) == nil)
        #expect(lists.byteCount == 4 + 10 + 2 + 1)
    }

    @Test("Of no lists none is found")
    func none() {
        #expect(PreparedLists([]).list(for: Query()) == nil)
        #expect(PreparedLists([]).byteCount == 0)
    }
}
