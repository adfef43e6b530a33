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
            (.model(plain: SharedBytes(utf8: "1234"), openAI: SharedBytes(utf8: "123456")), 10), (.body(.empty), 0),
        ] as [(Entry.Content, Int)])
    func byteCount(content: Entry.Content, expected: Int) {
        #expect(Entry.make(content).byteCount == expected + Entry.overhead)
    }

    @Test("Rows count with their prepared lists")
    func rows() {
        let plain = Entry.rows([.make("a/b")])
        let list = PreparedLists.List(
            query: Query(), identity: SharedBytes(utf8: "1234567"), gzip: SharedBytes(utf8: "123"))
        let prepared = Entry.rows([.make("a/b")], prepared: [list])
        #expect(plain.byteCount > Entry.overhead + 10)
        #expect(prepared.byteCount == plain.byteCount + 10)
    }
}
