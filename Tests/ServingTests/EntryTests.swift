import Bytes
import Catalog
import HTTPCore
import Testing

@testable import Serving

@Suite("Entries")
struct EntryTests {
    @Test(
        "The bytes are those of the content, and something for the rest",
        arguments: [
            (.body(SharedBytes(utf8: "12345")), 5), (.refusal(.notFound, SharedBytes(utf8: "123")), 3),
            (.model(ModelRow(ModelFields(id: "1234"), json: SharedBytes(utf8: "123456"))), 10), (.body(.empty), 0),
        ] as [(Entry.Content, Int)])
    func byteCount(content: Entry.Content, expected: Int) {
        #expect(Entry.make(content).byteCount == expected + Entry.overhead)
    }

    @Test("A prepared list counts, and rows count for themselves")
    func rows() {
        let plain = Entry.rows([.make("a/b")])
        let list = PreparedList(
            query: Query(), identity: SharedBytes(utf8: "1234567"), coded: [.gzip: SharedBytes(utf8: "123")])
        let prepared = Entry.rows([.make("a/b")], prepared: list)
        #expect(plain.byteCount == Entry.overhead)
        #expect(plain.bases.count == 1)
        #expect(prepared.byteCount == plain.byteCount + 10)
    }

    @Test("A list, and a facet's rows, are counted by the snapshots that they stand in")
    func bases() {
        let snapshot = Snapshot.make([.make("a/b"), .make("a/c")])
        let list = Entry.make(.list(RowList(snapshot)))
        #expect(list.bases.map { ObjectIdentifier($0) } == [ObjectIdentifier(snapshot)])
        #expect(Entry.overhead + 8..<Entry.overhead + 512 ~= list.byteCount)
        #expect(Entry.make(.facet(FacetHarness.rows(["a/b"], beside: snapshot))).bases.isEmpty)
        #expect(Entry.make(.facet(FacetHarness.rows(["a/b", "a/d"], beside: snapshot))).bases.map(\.count) == [1])
        #expect(Entry.make().bases.isEmpty)
    }
}
