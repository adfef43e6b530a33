import Bytes
import Catalog
import HTTPCore
import Testing

@testable import Serving

@Suite("Prepared list")
struct PreparedListTests {
    @Test("It is found by the query that it answers, and by no other")
    func found() {
        var everything = Query()
        everything.outputModalities = nil
        let list = PreparedList(
            query: everything, identity: SharedBytes(utf8: "everything"),
            coded: [.gzip: SharedBytes(utf8: "ev"), .br: SharedBytes(utf8: "e")])
        let entry = Entry.rows([.make("a/b")], prepared: list)
        var paged = everything
        paged.page.limit = 500
        #expect(entry.prepared(for: everything).map { text($0.identity) } == "everything")
        #expect(entry.prepared(for: Query()) == nil)
        #expect(entry.prepared(for: paged) == nil)
        #expect(list.byteCount == 10 + 2 + 1)
    }

    @Test("Where none was made none is found")
    func none() {
        #expect(Entry.rows([.make("a/b")]).prepared(for: Query()) == nil)
        #expect(Entry.make(.body(.empty)).prepared(for: Query()) == nil)
    }
}
