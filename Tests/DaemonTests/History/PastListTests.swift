import Bytes
import Foundation
import HistoryReference
import JSONDocument
import Settings
import TestSupport
import Testing

/// Lists of earlier times, through the socket.
@Suite(.timeLimit(.minutes(300))) struct PastListTests {
    /// Waits until the second has changed, so that the next catalogue is recorded with another time. Returns the second
    /// before.
    private static func nextSecond() throws -> Int {
        let second = CoarseClock.seconds
        try eventually("the next second") { CoarseClock.seconds > second }
        return second
    }

    private static func text(_ seconds: Int) -> String { Instant(seconds: Int64(seconds)).text }

    /// A view that leaves other models of the same catalogue at other times.
    private static let young = ReferenceView(
        name: "young", query: "max_age_days=200&output_modalities=all", deny: ["*:free"])

    private static let dumps = ["2026-02-27", "2026-05-18", "2026-07-12"].compactMap { date in
        RealLists.all.first { $0.name == "openrouter-models-\(date).json" }?.body
    }

    @Test(.enabled(if: dumps.count == 3, "the three real lists are at hand"))
    func
        `real lists come back byte for byte, with the changes of the plain comparison, and answer queries as they did`()
        throws
    {
        let folder = StateFolder()
        let upstream = try ChangingOrigin(Replies.body(Self.dumps[0]))
        let change = { (settings: inout Settings) in
            folder.record(&settings)
            settings.workers = 2
            settings.views["young"].query = Self.young.query
            settings.views["young"].deny = Self.young.deny
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            var (lists, times): ([[UInt8]], [Int]) = ([], [])
            var (plain, expected): (PlainTimeline, [PlainChange]) = (PlainTimeline(), [])
            for body in Self.dumps {
                upstream.answer(Replies.body(body))
                lists.append(try larder.refresh().body)
                let rows = try #require(try JSONDocument(parsing: body.span).root["data"]).elements
                expected += plain.record(rows.map { PlainValue($0) })
                #expect(try larder.words(expected.count).count == expected.count)
                times.append(try Self.nextSecond())
            }
            let reported = try larder.allChanges().map(PlainChange.init(json:))
            #expect(reported.count == expected.count && expected.count > 100)
            #expect(PlainComparison.sorted(reported) == PlainComparison.sorted(expected))

            let client = try larder.connect()
            for (time, (body, list)) in zip(times, zip(Self.dumps, lists)) {
                let asOf = "larder_as_of=" + Self.text(time)
                let whole = try client.get("/models?output_modalities=all&" + asOf)
                let isSame = whole.body == list
                #expect(whole.status == 200 && isSame, "\(whole.text.prefix(200))")
                let reference = try ReferenceCatalog(json: body)
                let rows = RawRows.of(list)
                var generator = QueryGenerator(reference, now: time, seed: UInt64(time))
                for number in 0..<1000 {
                    let query = generator.next() + "&" + asOf
                    let answer = reference.answer(query, now: time)
                    let found = try client.get("/models?" + query)
                    let isRight = found.body == RawRows.text(answer, rows)
                    #expect(isRight, "/models?\(query)")
                    guard number % 10 == 0 else { continue }
                    #expect(try client.get("/models/count?" + query).text == #"{"data":{"count":\#(answer.total)}}"#)
                    let viewed = reference.answer(query, now: time, in: Self.young)
                    let isRightInView = try client.get("/view/young/models?" + query).body == RawRows.text(viewed, rows)
                    #expect(isRightInView, "/view/young/models?\(query)")
                }
            }
            // All of them came from one loop's lists, and none from upstream.
            #expect(upstream.origin.requests.count == 3)
        }
    }

    @Test func `a list of an earlier time is an answer like others, and never goes upstream`() throws {
        let folder = StateFolder()
        let upstream = try ChangingOrigin([(id: "a/1", price: 1), (id: "a/2", price: 2)])
        try LiveLarder.serving(before: upstream.origin, { folder.record(&$0) }) { larder throws in
            let before = CoarseClock.seconds - 100
            let first = try larder.refresh().body
            #expect(try larder.words(0) == [])
            let time = Self.text(try Self.nextSecond())
            upstream.publish([(id: "a/1", price: 5), (id: "a/3", price: 3)])
            try larder.refresh()
            #expect(try larder.words(2).count >= 1)
            let asked = upstream.origin.requests.count

            let target = "/models?output_modalities=all&larder_as_of=" + time
            let list = try larder.get(target)
            #expect(list.body == first && list.isHit && list.fields["Age"] != nil)
            let tag = try #require(list.fields["ETag"])
            #expect(try larder.get(target, ["If-None-Match": tag]).status == 304)
            #expect(try larder.get(target, ["Cache-Control": "no-cache"]).body == first)
            #expect(try larder.get(target, ["Cache-Control": "no-store"]).body == first)
            #expect(try larder.get(target, ["Cache-Control": "only-if-cached"]).body == first)
            #expect(try larder.get("/models/count?larder_as_of=" + time).text == #"{"data":{"count":2}}"#)
            #expect(try larder.get("/openai/v1/models?larder_as_of=" + time).text.contains(#""object":"list""#))
            let page = try larder.get("/models?limit=1&larder_as_of=" + time).text
            #expect(page.contains(#""next":"/api/v1/models?limit=1&larder_as_of="#))
            #expect(try larder.get("/model/a/2?larder_as_of=" + time).text.contains("0.002"))
            #expect(try larder.get("/models/a/2?larder_as_of=" + time).text.contains(#""object":"model""#))
            #expect(try larder.get("/model/a/3?larder_as_of=" + time).status == 404)
            #expect(try larder.get("/model/a/2:nitro?larder_as_of=" + time).status == 404)

            let early = try larder.get("/models?larder_as_of=" + Self.text(before))
            #expect(early.status == 404 && early.text.contains("the history begins at 20"), "\(early.text)")
            for (query, word) in [
                ("larder_as_of=soon", "larder_as_of must be a date"), ("larder_as_of=2999-01-01", "future"),
                ("larder_as_of=\(time)&category=x", "category"), ("larder_as_of=\(time)&sort=top-weekly", "sort"),
                ("larder_as_of=\(time)&use_rss=true", "use_rss"), ("larder_as_of=\(time)&unheard=1", "unheard"),
                ("larder_as_of=\(time)&limit=0", "limit"),
            ] {
                let answer = try larder.get("/models?" + query)
                #expect(answer.status == 400 && answer.text.contains(word), "\(query): \(answer.text)")
            }
            for path in ["/models/user", "/models/a/1/endpoints", "/providers", "/benchmarks"] {
                #expect(try larder.get("\(path)?larder_as_of=\(time)").status == 400, "\(path)")
            }
            #expect(upstream.origin.requests.count == asked)
        }
    }

    @Test func `below a view a list of an earlier time is what the view leaves of it`() throws {
        let folder = StateFolder()
        let upstream = try ChangingOrigin([(id: "a/1", price: 1), (id: "b/1", price: 1), (id: "a/gone", price: 2)])
        let change = { (settings: inout Settings) in
            folder.record(&settings)
            settings.views["some"].allow = ["a/*"]
            settings.views["some"].pin = ["a/gone"]
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            try larder.refresh()
            #expect(try larder.words(0) == [])
            let asOf = "larder_as_of=" + Self.text(try Self.nextSecond())
            upstream.publish([(id: "a/1", price: 5), (id: "b/1", price: 1)])
            try larder.refresh()
            #expect(try larder.words(2).count == 2)
            for _ in 0..<2 {
                #expect(try larder.get("/view/some/models/count?" + asOf).text == #"{"data":{"count":2}}"#)
                #expect(try larder.get("/view/some/models/count").text == #"{"data":{"count":1}}"#)
                #expect(try larder.get("/models/count?" + asOf).text == #"{"data":{"count":3}}"#)
            }
            let page = try larder.get("/view/some/v1/models?limit=1&" + asOf)
            #expect(page.text.hasPrefix(#"{"data":[{"id":"a/gone","#) && page.text.contains(#""total_count":2"#))
            #expect(page.text.contains(#""next":"/view/some/api/v1/models?limit=1&larder_as_of="#))
            let tag = try #require(page.fields["ETag"])
            #expect(try larder.get("/view/some/v1/models?limit=1&" + asOf, ["If-None-Match": tag]).status == 304)
            #expect(try larder.get("/view/some/model/a/gone?" + asOf).text.contains("a/gone"))
            for (model, view) in [("b/1", "some"), ("a/none", "some"), ("a/gone", "none")] {
                let answer = try larder.get("/view/\(view)/model/\(model)?\(asOf)")
                #expect(answer.status == 404 && answer.cacheStatus == "larder; detail=view", "\(answer.text)")
            }
            #expect(upstream.origin.requests.count == 2)
        }
    }

    @Test func `each of many times that are asked for at once has the list that was there then`() throws {
        let folder = StateFolder()
        let upstream = try ChangingOrigin([(id: "a/1", price: 1)])
        let change = { (settings: inout Settings) in
            folder.record(&settings)
            settings.workers = 2
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            var times: [(second: Int, price: Int)] = []
            for price in 1...3 {
                upstream.publish([(id: "a/1", price: price)])
                try larder.refresh()
                #expect(try larder.words(price - 1).count == price - 1)
                for _ in 0..<2 { times.append((try Self.nextSecond(), price)) }
            }
            let early = times[0].second - 1_000
            var asked: [(client: RawClient, price: Int?)] = []
            for _ in 0..<20 {
                for (second, price) in times {
                    asked.append((try larder.begin("/model/a/1?larder_as_of=" + Self.text(second)), price))
                }
                asked.append((try larder.begin("/model/a/1?larder_as_of=" + Self.text(early)), nil))
            }
            for (client, price) in asked {
                let answer = try client.readResponse()
                #expect(answer.status == (price == nil ? 404 : 200), "\(answer.text)")
                if let price { #expect(answer.text.contains("\"0.00\(price)\""), "\(answer.text)") }
                client.close()
            }
        }
    }

    @Test func `lists of many times share the memory of one`() throws {
        let folder = StateFolder()
        let upstream = try ChangingOrigin((0..<400).map { (id: "a/\($0)", price: $0) })
        try LiveLarder.serving(before: upstream.origin, { folder.record(&$0) }) { larder throws in
            try larder.refresh()
            #expect(try larder.words(0) == [])
            let first = try Self.nextSecond()
            for _ in 0..<4 { _ = try Self.nextSecond() }
            let bytes = { () throws -> Int in
                let status = try PlainValue(parsing: larder.get("/_larder/status").body)
                guard case .number(let bytes) = status["cache"]["bytes"] else { return -1 }
                return Int(bytes) ?? -1
            }
            let none = try bytes()
            #expect(try larder.get("/models/count?larder_as_of=" + Self.text(first)).status == 200)
            let one = try bytes()
            #expect(try larder.get("/models/count?larder_as_of=" + Self.text(first + 1)).status == 200)
            let two = try bytes()
            #expect(none > 0 && one - none > 200_000, "a list counts against cache.max_bytes: \(none), \(one)")
            #expect(two - one < (one - none) / 10, "\(none), \(one), \(two)")
        }
    }
}

extension PlainChange {
    /// A change as `/_larder/changes` shows it.
    init(json: PlainValue) {
        func part(_ name: String) -> PlainValue? { json[name] == .null ? nil : json[name] }
        self.init(
            id: json["id"].text ?? "", kind: json["kind"].text ?? "", before: part("before"), after: part("after"))
    }
}
