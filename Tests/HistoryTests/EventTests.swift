import Bytes
import History
import HistoryReference
import JSONDocument
import Testing

extension Event {
    /// An event with what the test is about set.
    static func make(
        _ cursor: Int64, at: Int64 = 0, _ kind: ChangeKind = .other, id: String? = "a/b", before: String? = nil,
        after: String? = nil
    ) -> Event {
        Event(
            cursor: cursor, at: at, id: id,
            RowChange(kind, before: before.map { Array($0.utf8) }, after: after.map { Array($0.utf8) }))
    }
}

@Suite struct EventTests {
    private static let events: [(event: Event, json: String)] = [
        (
            .make(
                17, at: 1_795_941_000, .price, id: "openai/gpt-5", before: #"{"pricing":{"prompt":"0.0000012"}}"#,
                after: #"{"pricing":{"prompt":"0.000001"}}"#),
            #"{"cursor":17,"at":"2026-11-29T08:30:00Z","kind":"price","id":"openai/gpt-5","#
                + #""before":{"pricing":{"prompt":"0.0000012"}},"after":{"pricing":{"prompt":"0.000001"}}}"#
        ),
        (
            .make(1, .removed, before: "{}"),
            #"{"cursor":1,"at":"1970-01-01T00:00:00Z","kind":"removed","id":"a/b","before":{},"after":null}"#
        ),
        (
            .make(2, .shrunk, id: nil, before: #"{"count":4}"#, after: #"{"count":2}"#),
            #"{"cursor":2,"at":"1970-01-01T00:00:00Z","kind":"shrunk","id":null,"before":{"count":4},"after":{"count":2}}"#
        ),
        (
            .make(3, .added, id: "q\"\\\n"),
            #"{"cursor":3,"at":"1970-01-01T00:00:00Z","kind":"added","id":"q\"\\\u000a","before":null,"after":null}"#
        ),
    ]

    @Test(arguments: events)
    func anEventIsOneObject(event: Event, json: String) throws {
        #expect(String(decoding: event.json, as: UTF8.self) == json)
        #expect(try PlainValue(parsing: event.json)["id"] == (event.id.map { .string($0) } ?? .null))
    }

    private static let summaries: [(event: Event, summary: String)] = [
        (
            .make(
                1, .price, id: "openai/gpt-5", before: #"{"pricing":{"prompt":"0.0000012"}}"#,
                after: #"{"pricing":{"prompt":"0.000001"}}"#), "openai/gpt-5: prompt price 0.0000012 -> 0.000001"
        ),
        (
            .make(
                1, .price, before: #"{"pricing":{"input_cache_read":"1","image":"0"}}"#,
                after: #"{"pricing":{"input_cache_read":"2","web_search":"3"}}"#),
            "a/b: input cache read price 1 -> 2, image price 0 is gone, web search price is now 3"
        ),
        (
            .make(1, .price, before: #"{"pricing":{"overrides":[]}}"#, after: #"{"pricing":{"overrides":[1]}}"#),
            "a/b: overrides price [] -> [1]"
        ),
        (.make(1, .added, after: #"{"name":"N"}"#), "a/b: added"), (.make(1, .removed, before: "{}"), "a/b: removed"),
        (.make(1, .returned, after: "{}"), "a/b: back in the catalogue"),
        (
            .make(
                1, .context, before: #"{"context_length":1,"top_provider":{"max_completion_tokens":null}}"#,
                after: #"{"context_length":2,"top_provider":{"max_completion_tokens":7}}"#),
            "a/b: context 1 -> 2, top provider's longest completion is now 7"
        ),
        (
            .make(
                1, .parameters, before: #"{"supported_parameters":["tools"]}"#,
                after: #"{"supported_parameters":["seed","stop"]}"#), "a/b: parameters +seed, +stop, -tools"
        ),
        (
            .make(
                1, .modalities, before: #"{"architecture":{"modality":"x","input_modalities":[]}}"#,
                after: #"{"architecture":{"modality":"y","input_modalities":["file"]}}"#),
            "a/b: modality x -> y, input modalities +file"
        ),
        (
            .make(1, .expiration, before: #"{"expiration_date":null}"#, after: #"{"expiration_date":"2026-12-31"}"#),
            "a/b: will be removed on 2026-12-31"
        ),
        (
            .make(1, .expiration, before: #"{"expiration_date":"2026-12-31"}"#, after: "{}"),
            "a/b: removal on 2026-12-31 cancelled"
        ),
        (
            .make(
                1, .expiration, before: #"{"expiration_date":"2026-12-31"}"#,
                after: #"{"expiration_date":"2027-01-31"}"#), "a/b: removal moved from 2026-12-31 to 2027-01-31"
        ),
        (
            .make(1, .renamed, before: #"{"name":"A \"1\""}"#, after: #"{"name":"\u00e9\ud83d\ude00"}"#),
            "a/b: name A \"1\" -> é😀"
        ),
        (
            .make(1, .renamed, before: #"{"canonical_slug":"a"}"#, after: #"{"canonical_slug":"b"}"#),
            "a/b: canonical slug a -> b"
        ),
        (
            .make(
                1, .alias, before: #"{"alias_target":{"slug":"x/1"}}"#, after: #"{"alias_target":{"slug":"x/2"}}"#),
            "a/b: alias of x/1 -> x/2"
        ),
        (.make(1, .alias, before: "{}", after: #"{"alias_target":{"slug":"x/2"}}"#), "a/b: now an alias of x/2"),
        (.make(1, .alias, before: #"{"alias_target":{"slug":"x/1"}}"#, after: "{}"), "a/b: no longer an alias of x/1"),
        (
            .make(1, .other, before: #"{"description":"x","reasoning":{"a":1}}"#, after: #"{"reasoning":{"b":1}}"#),
            "a/b: description, reasoning.a, reasoning.b changed"
        ),
        (
            .make(1, .shrunk, id: nil, before: #"{"count":400}"#, after: #"{"count":200}"#),
            "the catalogue shrank from 400 to 200 models at once; the next catalogue says whether that is so"
        ),
        // Never without words, whatever was stored.
        (.make(1, .price), "a/b: changed"), (.make(1, .price, before: "{", after: "[1"), "a/b: changed"),
        (
            .make(1, .shrunk, id: nil),
            "the catalogue shrank from ? to ? models at once; the next catalogue says whether that is so"
        ),
    ]

    @Test(arguments: summaries)
    func aSummaryIsPlainWords(event: Event, summary: String) {
        #expect(event.summary == summary)
    }

    // MARK: Server-sent events

    /// Reads a stream as WHATWG HTML, section 9.2.6, says.
    private func read(_ stream: String) -> [(id: String, name: String, data: String)] {
        var events: [(id: String, name: String, data: String)] = []
        var (id, name, data) = ("", "", [String]())
        let lines = stream.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        for line in lines.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                if !data.isEmpty { events.append((id, name, data.joined(separator: "\n"))) }
                (name, data) = ("", [])
                continue
            }
            if line.hasPrefix(":") { continue }
            let field = line.prefix { $0 != ":" }
            var value = line.dropFirst(field.count + 1)
            if value.hasPrefix(" ") { value.removeFirst() }
            switch field {
            case "id": id = String(value)
            case "event": name = String(value)
            case "data": data.append(String(value))
            default: break
            }
        }
        return events
    }

    @Test func aStreamIsReadBack() {
        var out = ByteBuilder()
        EventStream.append(retryAfter: 3000, to: &out)
        EventStream.append(.make(17, .price, before: #"{"a":1}"#), to: &out)
        EventStream.appendKeepAlive(to: &out)
        EventStream.append(.make(18, .removed, before: "{\n\"a\":\r\n1\r}"), to: &out)
        let text = out.span.text()
        #expect(text.hasPrefix("retry: 3000\n\nid: 17\nevent: price\ndata: {\"cursor\":17,"))
        let events = read(text)
        #expect(events.map(\.id) == ["17", "18"])
        #expect(events.map(\.name) == ["price", "removed"])
        #expect(events.first?.data == String(decoding: Event.make(17, .price, before: #"{"a":1}"#).json, as: UTF8.self))
        #expect(events.last?.data.contains("\"before\":{\n\"a\":\n1\n},") == true)
    }

    private static let identifiers: [(value: String, start: EventQuery.Start?)] = [
        ("17", .cursor(17)), ("0", .cursor(0)), ("999999999999999999", .cursor(999_999_999_999_999_999)), ("", nil),
        ("x", nil), ("-1", nil), ("1 ", nil), ("9999999999999999999", nil),
        ("1000000000000000000", nil),
    ]

    @Test(arguments: identifiers)
    func aReaderGoesOnBehindItsLastEvent(value: String, start: EventQuery.Start?) {
        #expect(EventStream.start(afterLastEventID: Array(value.utf8).span) == start)
    }
}
