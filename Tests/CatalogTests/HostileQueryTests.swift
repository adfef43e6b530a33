import Bytes
import Catalog
import JSONDocument
import TestSupport
import Testing

/// Queries that no client would send: whatever comes, the answer is whole and valid, or a clear refusal.
@Suite struct HostileQueryTests {
    private let snapshot = Snapshot.make(
        (0..<40).map {
            .make("a/\($0)", name: "Émile \($0)", created: Int64($0), context: Int64($0), prompt: "0.00000\($0)")
        })

    private static let pieces =
        ["limit=", "offset=", "q=", "sort=newest", "max_price=", "min_age_days=", "output_modalities=all", "o%66fset="]
        + [
            "&", "&&", "=", "%", "%2", "%zz", "%00", "%FF", "%C3%A9", "%22", "%5C", "+", ",", ";", "#", "\"", "\\",
            "\u{1}",
        ]
        + [
            "é", "🍰", "0", "1", "3", "9999999999999999999", "84444444444444444444444444444444444444", ".", "e", "-",
            "e9",
        ]

    @Test func everyQueryIsAnsweredOrRefused() throws {
        var random = SeededGenerator(seed: 11)
        var answered = 0
        for _ in 0..<4000 {
            let count = Int.random(in: 1...9, using: &random)
            var raw = (0..<count).flatMap { _ in Array((Self.pieces.randomElement(using: &random) ?? "").utf8) }
            // Now and then a byte that is no UTF-8, as a socket may well deliver.
            if Bool.random(using: &random) { raw.append(UInt8.random(in: 0x80...0xFF, using: &random)) }
            switch QueryParser.parse(raw.span) {
            case .local(let query):
                let selection = snapshot.select(query, now: 86_400 * 20)
                let body = Composer.list(.snapshot(snapshot, selection), rawQuery: raw.span)
                let root = try JSONDocument(parsing: body.span).root
                #expect(root["data"]?.count == selection.rows.count)
                #expect((root["links"]?["next"]?.isNull == true) == (selection.nextOffset == nil))
                answered += 1
            case .forward(let forwarded):
                // What goes upstream is fit for a request line, however it was written.
                let asked = forwarded.clauses.flatMap { $0.names.flatMap { Array($0.query.utf8) } }
                let isPlain = (asked + QueryParser.canonical(raw.span)).allSatisfy { $0 > 0x20 && $0 < 0x7F }
                #expect(isPlain)
                #expect(!forwarded.clauses.isEmpty && forwarded.clauses.allSatisfy { !$0.names.isEmpty })
            case .invalid(let problem):
                #expect(problem.message.utf8.count < 300)
            }
        }
        #expect(answered > 400)
    }

    @Test func theNextLinkLeadsToTheNextPage() throws {
        for query in ["limit=7&q=%C3%89", "q=mile+&limit=11", "q=%22&q=a/&limit=7&sort=newest", "offset=3&context=1"] {
            var seen: [Int32] = []
            var next: String? = query
            var total = 0
            while let raw = next.map({ Array($0.utf8) }) {
                guard case .local(let parsed) = QueryParser.parse(raw.span) else { return #expect(Bool(false)) }
                let selection = snapshot.select(parsed, now: 0)
                seen += selection.rows
                total = selection.totalCount
                let body = Composer.list(.snapshot(snapshot, selection), rawQuery: raw.span)
                let link = try JSONDocument(parsing: body.span).root["links"]?["next"]?.string
                next = link.map { String($0.dropFirst("/api/v1/models?".count)) }
            }
            #expect(Set(seen).count == seen.count)
            #expect(seen.count == total - (query.hasPrefix("offset=3") ? 3 : 0))
        }
    }

    @Test func aQueryOfManyParametersIsReadInOneGo() {
        let raw = Array(String(repeating: "q=a&limit=3&", count: 20_000).utf8)
        guard case .local(let query) = QueryParser.parse(raw.span) else { return #expect(Bool(false)) }
        #expect(query.page.limit == 3)
    }
}
