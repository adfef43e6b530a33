import Bytes
import Catalog
import History
import HistoryReference
import TestSupport
import Testing

@Suite struct EventQueryTests {
    private static let now: Int64 = 1_795_941_000

    private func parse(_ query: String) throws(InvalidParameter) -> EventQuery {
        try EventQuery(Array(query.utf8).span, now: Self.now)
    }

    @Test func anEmptyQueryAsksForTheNewest() throws {
        #expect(try parse("") == EventQuery())
        #expect(try parse("since=&until=&kind=&id=&limit=") == EventQuery())
        #expect(EventQuery().limit == 500)
    }

    private static let starts: [(text: String, start: EventQuery.Start)] = [
        ("0", .cursor(0)), ("17", .cursor(17)), ("7d", .time(now - 604_800)), ("90m", .time(now - 5400)),
        ("2026-11-29", .time(1_795_910_400)), ("2026-11-29T08:30:00Z", .time(now)),
        ("2026-11-29T09%3A30%3A00%2B01%3A00", .time(now)),
    ]

    @Test(arguments: starts)
    func sinceIsACursorATimeOrADuration(text: String, start: EventQuery.Start) throws {
        #expect(try parse("since=\(text)").since == start)
    }

    @Test func everyParameterIsRead() throws {
        let query = try parse("since=3&until=2026-11-29&kind=price,%20removed,&id=openai/*&limit=7&limit=9")
        #expect(query.since == .cursor(3))
        #expect(query.until == 1_795_910_400)
        #expect(query.kinds == [.price, .removed])
        #expect(query.id == GlobPattern("openai/*"))
        #expect(query.limit == 9)
    }

    private static let kinds =
        "added, removed, returned, price, context, parameters, modalities, expiration, renamed, alias, other, shrunk"
    private static let forms = "a date (2026-11-29), a time (2026-11-29T08:30:00Z) or a duration (30s, 5m, 12h, 7d)"
    private static let wrong: [(query: String, parameter: String, message: String)] = [
        ("since=yesterday", "since", "since must be a cursor (a whole number), \(forms), not \"yesterday\""),
        (
            "since=99999999999999999999", "since",
            "since must be a cursor (a whole number), \(forms), not \"99999999999999999999\""
        ),
        ("until=17", "until", "until must be \(forms), not \"17\""),
        ("kind=price,prices", "kind", "kind must be a list of \(kinds), not \"prices\""),
        ("kind=,", "kind", "kind must be a list of \(kinds), not \",\""),
        ("limit=0", "limit", "limit must be an integer from 1 to 1000, not \"0\""),
        ("limit=1001", "limit", "limit must be an integer from 1 to 1000, not \"1001\""),
        ("limit=ten", "limit", "limit must be an integer from 1 to 1000, not \"ten\""),
        ("kinds=price", "kinds", "kinds is unknown: did you mean kind?"),
        (
            "kilo%0Ametres=1", "kilo?metres",
            "kilo?metres is unknown: the known ones are since, until, kind, id, limit"
        ),
    ]

    @Test(arguments: wrong)
    func anErrorNamesTheParameter(query: String, parameter: String, message: String) {
        #expect(throws: InvalidParameter.self) { try parse(query) }
        do {
            _ = try parse(query)
        } catch {
            #expect(error.parameter == parameter)
            #expect(error.message == message)
        }
    }

    // MARK: Pages

    /// Events 1 to 10, one every ten seconds from 10 on.
    private static let events: [Event] = (1...10).map { (number: Int64) -> Event in
        let kind: ChangeKind = number % 2 == 0 ? .price : .context
        let id: String? = number == 10 ? nil : "author\(number % 3)/m\(number)"
        return Event.make(number, at: number * 10, kind, id: id)
    }

    private func page(_ set: (inout EventQuery) -> Void) -> EventPage {
        var query = EventQuery()
        set(&query)
        return query.page(of: Self.events)
    }

    @Test func withoutSinceTheNewestAreGivenNewestLast() {
        let page = page { $0.limit = 3 }
        #expect(page.events.map(\.cursor) == [8, 9, 10])
        #expect(page.next == 10)
        #expect(!page.hasMore)
    }

    @Test func pagesFollowEachOther() {
        var cursors: [Int64] = []
        var start: Int64 = 0
        for expected in [true, true, true, false] {
            let page = page {
                $0.since = .cursor(start)
                $0.limit = 3
            }
            cursors += page.events.map(\.cursor)
            start = page.next
            #expect(page.hasMore == expected)
        }
        #expect(cursors == Array(1...10))
        #expect(start == 10)
    }

    @Test func timesBoundTheEvents() {
        let page = page {
            $0.since = .time(30)
            $0.until = 60
        }
        #expect(page.events.map(\.cursor) == [3, 4, 5])
        #expect(page.next == 5)
        #expect(self.page { $0.since = .time(101) }.events.isEmpty)
        #expect(self.page { $0.since = .time(101) }.next == 10)
        #expect(self.page { $0.until = 10 }.next == 0)
        #expect(self.page { $0.since = .cursor(99) }.next == 99)
        #expect(
            self.page { query in
                query.since = .time(60)
                query.until = 30
            }.events.isEmpty)
    }

    @Test func kindsAndPatternsNarrowTheEvents() {
        #expect(page { $0.kinds = [.price] }.events.map(\.cursor) == [2, 4, 6, 8, 10])
        #expect(page { $0.id = GlobPattern("author1/*") }.events.map(\.cursor) == [1, 4, 7])
        #expect(page { $0.id = GlobPattern("*") }.events.map(\.cursor) == Array(1...9), "the catalogue has no id")
        // A page with no match still says how far it looked.
        #expect(page { $0.id = GlobPattern("none") }.next == 10)
    }

    @Test func aPageIsWhatAFilterGives() {
        var random = SeededGenerator(seed: 9)
        for _ in 0..<500 {
            var query = EventQuery()
            query.since =
                [
                    nil, .cursor(Int64.random(in: 0...11, using: &random)),
                    .time(Int64.random(in: 0...110, using: &random)),
                ].randomElement(using: &random) ?? nil
            query.until = Bool.random(using: &random) ? Int64.random(in: 0...110, using: &random) : nil
            query.kinds = Bool.random(using: &random) ? [.price] : nil
            query.id = Bool.random(using: &random) ? GlobPattern("author1/*") : nil
            query.limit = Int.random(in: 1...10, using: &random)
            let all = Self.events.filter(query.matches)
            let expected = query.since == nil ? all.suffix(query.limit) : all.prefix(query.limit)
            let page = query.page(of: Self.events)
            #expect(page.events == Array(expected))
            #expect(page.hasMore == (query.since != nil && all.count > query.limit))
            #expect(Self.paged(query) == page)
        }
    }

    /// The page as a store cuts it, which reads no more events than it needs.
    private static func paged(_ query: EventQuery) -> EventPage {
        var pager = EventPager(query)
        let inRange = events.filter { event in
            (pager.after.map { event.cursor > $0 } ?? true) && (pager.from.map { event.at >= $0 } ?? true)
                && (pager.until.map { event.at < $0 } ?? true)
        }
        for event in pager.readsBackwards ? inRange.reversed() : inRange where !pager.take(event) { break }
        let before = pager.placeBefore ?? .max
        return pager.page(last: events.last { $0.at < before }?.cursor ?? 0)
    }

    @Test func aPageIsJSON() throws {
        let page = page { $0.limit = 2 }
        let value = try PlainValue(parsing: page.json.span.copied())
        guard case .array(let data) = value["data"] else {
            Issue.record("data is no array")
            return
        }
        #expect(data.map { $0["cursor"] } == [.number("9"), .number("10")])
        #expect(value["next"] == .number("10"))
        #expect(value["has_more"] == .bool(false))
        #expect(EventQuery().page(of: []).json.span.text() == #"{"data":[],"next":0,"has_more":false}"#)
    }
}

@Suite struct GlobPatternTests {
    private static let cases: [(pattern: String, text: String, matches: Bool)] = [
        ("", "", true), ("", "a", false), ("*", "", true), ("*", "a/b", true), ("openai/*", "openai/gpt-5", true),
        ("openai/*", "openai/", true), ("openai/*", "xopenai/gpt", false), ("*:free", "a/b:free", true),
        ("*:free", "a/b:freed", false), ("a?c", "abc", true), ("a?c", "a/c", true), ("a?c", "ac", false),
        ("a*b*c", "aXbXbXc", true), ("a*b*c", "aXcXb", false), ("**", "x", true), ("*a*", "bab", true),
        ("A", "a", false),
        ("?", "é", true), ("[ab]", "a", false), ("[ab]", "[ab]", true), ("a.c", "abc", false),
        ("*gpt-?", "openai/gpt-5", true), ("~*", "~openai/latest", true),
    ]

    @Test(arguments: cases)
    func aPatternDescribesTheWholeText(pattern: String, text: String, matches: Bool) {
        #expect(GlobPattern(pattern).matches(text) == matches)
    }

    /// By trying every length of every star.
    private func plainly(_ pattern: Substring, _ text: Substring) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return (0...text.count).contains { plainly(pattern.dropFirst(), text.dropFirst($0)) }
        }
        guard let head = text.first, first == "?" || first == head else { return false }
        return plainly(pattern.dropFirst(), text.dropFirst())
    }

    @Test func randomPatternsMatchAsTheyPlainlyDo() {
        var random = SeededGenerator(seed: 11)
        var matched = 0
        for _ in 0..<5000 {
            let pattern = String(
                (0..<Int.random(in: 0...6, using: &random)).map { _ in "ab*?".randomElement(using: &random) ?? "a" })
            let text = String(
                (0..<Int.random(in: 0...7, using: &random)).map { _ in "ab".randomElement(using: &random) ?? "a" })
            let expected = plainly(pattern[...], text[...])
            matched += expected ? 1 : 0
            #expect(GlobPattern(pattern).matches(text) == expected, "\(pattern) \(text)")
        }
        #expect(matched > 100)
    }
}
