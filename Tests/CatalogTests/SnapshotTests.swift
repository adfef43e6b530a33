import Bytes
import Catalog
import Testing

@Suite struct SnapshotTests {
    private let snapshot = Snapshot.make([
        .make("acme/hammer:free", slug: "acme/hammer-1"),
        .make("acme/hammer", slug: "acme/hammer-1", created: 7),
        .make("acme/hammer-2", slug: "acme/hammer-1"),
        .make("acme/tongs:beta", slug: "acme/tongs-0"),
        .make("acme/tongs:free", slug: "acme/tongs-0"),
        .make("~acme/hammer-latest", slug: "~acme/hammer-latest", alias: "acme/hammer-9"),
        .make("~acme/other-latest", alias: "acme/hammer"),
        .make("acme/hammer-1", slug: "acme/elsewhere"),
        .make("plain"),
    ])

    @Test(
        arguments: [
            ("acme/hammer", 1), ("acme/hammer:free", 0), ("acme/hammer-1", 7), ("acme/tongs-0", 3),
            ("acme/tongs:free", 4),
            ("~acme/hammer-latest", 5), ("acme/hammer-9", 5), ("acme/elsewhere", 7), ("plain", 8), ("", nil),
            ("acme/hamme", nil), ("ACME/hammer", nil), ("acme/hammer:nitro", nil),
        ] as [(String, Int?)])
    func namesAreLookedUpByIDThenSlugThenAliasTarget(name: String, row: Int?) {
        #expect(snapshot.index(of: name) == row)
    }

    @Test func ofOneSlugTheModelComesBeforeItsVariants() {
        let snapshot = Snapshot.make([
            .make("a/x:free", slug: "a/x-1"), .make("a/x:beta", slug: "a/x-1"), .make("a/x", slug: "a/x-1"),
            .make("a/x2", slug: "a/x-1"),
        ])
        #expect(snapshot.index(of: "a/x-1") == 2)
    }

    @Test func everyRowOfManyIsFound() {
        let snapshot = Snapshot.make((0..<5000).map { .make("author-\($0 % 70)/model-\($0)", slug: "slug-\($0)") })
        for number in 0..<5000 {
            #expect(snapshot.index(of: "author-\(number % 70)/model-\(number)") == number)
            #expect(snapshot.index(of: "slug-\(number)") == number)
        }
    }

    @Test func rowsComeWithoutTheirComma() {
        #expect(text(snapshot.row(0)) == "{\"id\":\"acme/hammer:free\"}")
        #expect(text(snapshot.row(8)) == "{\"id\":\"plain\"}")
        #expect(snapshot.count == 9)
    }

    @Test(arguments: [(1, "acme"), (5, "acme"), (8, "plain")])
    func authorsAreTheFirstPartOfTheID(row: Int, author: String) {
        #expect(text(ModelRow(snapshot, row).author) == author)
    }

    @Test func fieldsAreHandedOut() {
        #expect(snapshot.created(1) == 7)
        #expect(snapshot.created(0) == nil)
        #expect(text(snapshot.id(5)) == "~acme/hammer-latest")
    }

    @Test func theIdentityIsThatOfTheRows() {
        #expect(Snapshot.make([.make("a")]).identity == Snapshot.make([.make("a", name: "other")]).identity)
        #expect(Snapshot.make([.make("a")]).identity != Snapshot.make([.make("b")]).identity)
        #expect(Snapshot.make([.make("a"), .make("b")]).identity != Snapshot.make([.make("b"), .make("a")]).identity)
    }
}
