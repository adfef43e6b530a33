import Bytes
import Catalog
import CatalogJSON
import History
import HistoryReference
import TestSupport
import Testing

@Suite struct LockFileTests {
    private static let catalogue = Snapshot.make([
        "b/two":
            #""canonical_slug":"b/two-1","context_length":2000,"pricing":{"prompt":"2","completion":"3"},"name":"x""#,
        "a/one:free":
            #""pricing":{"overrides":[{"utc_end":1,"prompt":"1"}],"completion":null},"expiration_date":"2026-12-31""#,
        "a/one": "",
    ])

    private static let text = #"""
        {
          "larder_lock": 1,
          "models": [
            {"id":"a/one","canonical_slug":null,"context_length":null,"expiration_date":null,"pricing":{}},
            {"id":"a/one:free","canonical_slug":null,"context_length":null,"expiration_date":"2026-12-31","pricing":{"overrides":[{"prompt":"1","utc_end":1}]}},
            {"id":"b/two","canonical_slug":"b/two-1","context_length":2000,"expiration_date":null,"pricing":{"completion":"3","prompt":"2"}}
          ]
        }

        """#

    @Test func theFileIsSortedWithALineForEachModel() {
        #expect(LockFile(Self.catalogue, rows: 0..<3).text.span.text() == Self.text)
        #expect(LockFile(Self.catalogue, rows: [2, 0, 1, 1]).text.span.text() == Self.text)
        #expect(LockFile([]).text.span.text() == "{\n  \"larder_lock\": 1,\n  \"models\": []\n}\n")
    }

    @Test func theOrderAndNamesOfOtherMembersDoNotMatter() {
        let other = Snapshot.make([
            "a/one": #""name":"new","links":{}"#,
            "b/two": #""pricing":{"completion":"3","prompt":"2"},"context_length":2000,"canonical_slug":"b/two-1""#,
            "a/one:free": #""expiration_date":"2026-12-31","pricing":{"overrides":[{"prompt":"1","utc_end":1}]}"#,
        ])
        #expect(LockFile(other, rows: 0..<3).text.span.text() == Self.text)
    }

    @Test func whatIsWrittenIsRead() throws {
        let lock = try LockFile(parsing: Array(Self.text.utf8).span)
        #expect(lock == LockFile(Self.catalogue, rows: 0..<3))
        #expect(lock.text.span.text() == Self.text)
        // In another order and with other white space.
        let plain = try PlainValue(parsing: Self.text)
        var random = SeededGenerator(seed: 5)
        for _ in 0..<50 {
            let shuffled = Array(plain.shuffledJSON(&random).utf8)
            #expect(try LockFile(parsing: shuffled.span) == lock)
        }
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"))
    func realListsAreLockedAndRead() throws {
        for list in RealLists.all {
            let snapshot = try CatalogReader.read(list.body.span)
            let lock = LockFile(snapshot, rows: 0..<snapshot.count)
            #expect(lock.models.count == snapshot.count)
            let text = lock.text
            let read = try LockFile(parsing: text.span)
            #expect(read == lock)
            let comparison = LockComparison(read, with: snapshot, now: 0)
            #expect(comparison.differences.isEmpty)
            #expect(comparison.exitCode == 0)
        }
    }

    private static let model =
        #"{"id":"a","canonical_slug":null,"context_length":1,"expiration_date":null,"pricing":{}}"#
    private static let wrong: [(text: String, error: String)] = [
        ("", "line 1: a value is missing"), ("{", "line 1: the name of a member is missing"),
        ("{}", "line 1: the file lacks larder_lock"), ("[]", "line 1: the file is not an object"),
        ("{\n\"larder_lock\": 1,\n\"models\": [}\n}", "line 3: a value is missing"),
        ("{\"larder_lock\":1,\"models\":[]} x", "line 1: something follows the value"),
        ("{\"larder_lock\":1,\"models\":[],}", "line 1: the name of a member is missing"),
        ("{\"larder_lock\":2,\"models\":[]}", "line 1: larder_lock is not 1: another version wrote this file"),
        ("{\"larder_lock\":1,\"models\":{}}", "line 1: models is not an array"),
        ("{\"larder_lock\":1,\n\"model\":[]}", "line 2: the file has an unknown member model"),
        ("{\"larder_lock\":1,\"models\":[],\n\"models\":[]}", "line 2: the file has a repeated member models"),
        ("{\"larder_lock\":1,\"models\":[\n1]}", "line 2: models[0] is not an object"),
        ("{\"larder_lock\":1,\"models\":[\(model),\n\(model)]}", "line 2: a is repeated"),
        (
            "{\"larder_lock\":1,\"models\":[\n\(model.replacing("\"id\":\"a\",", with: ""))]}",
            "line 2: models[0] lacks id"
        ),
        (
            "{\"larder_lock\":1,\"models\":[\n\(model.replacing("\"a\"", with: "7"))]}",
            "line 2: models[0].id is not a name"
        ),
        (
            "{\"larder_lock\":1,\"models\":[\n\(model.replacing("\"a\"", with: "\"\""))]}",
            "line 2: models[0].id is not a name"
        ),
        (
            "{\"larder_lock\":1,\"models\":[\n\(model.replacing("length\":1", with: "length\":\"1\""))]}",
            "line 2: models[0].context_length is neither a number nor null"
        ),
        (
            "{\"larder_lock\":1,\"models\":[\n\(model.replacing("slug\":null", with: "slug\":1"))]}",
            "line 2: models[0].canonical_slug is neither a string nor null"
        ),
        (
            "{\"larder_lock\":1,\"models\":[\n\(model.replacing("date\":null", with: "date\":false"))]}",
            "line 2: models[0].expiration_date is neither a string nor null"
        ),
        (
            "{\"larder_lock\":1,\"models\":[\n\(model.replacing("{}", with: "null"))]}",
            "line 2: models[0].pricing is not an object"
        ),
        (
            "{\"larder_lock\":1,\"models\":[\n\(model.replacing("{}", with: "{\"a\":1,\"a\":1}"))]}",
            "line 2: models[0].pricing has a repeated member"
        ),
        ("<<<<<<< HEAD\n", "line 1: a value is missing"),
    ]

    @Test(arguments: wrong)
    func anErrorNamesLineAndMember(text: String, error: String) {
        do throws(LockError) {
            _ = try LockFile(parsing: Array(text.utf8).span)
            Issue.record("it was read")
        } catch let problem {
            #expect(problem.description == error)
        }
    }

    @Test func bytesThatAreNoUTF8AreRefused() {
        #expect(throws: LockError.self) { try LockFile(parsing: [0x22, 0xFF, 0x22].span) }
    }
}
