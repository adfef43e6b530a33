import Bytes
import Catalog
import CatalogJSON
import History
import HistoryReference
import JSONDocument
import TestSupport
import Testing

/// Catalogues are recorded one after the other: what is reported, and what is stored.
@Suite struct TimelineTests {
    @Test func theFirstCatalogueIsNoChange() {
        var history = RecordedTimeline()
        #expect(history.record(.make(["a/b": "", "a/c": ""]), at: 100) == [])
        #expect(history.records.beginning == 100)
        #expect(history.list(asOf: 99) == nil)
        #expect(history.list(asOf: 100) == #"{"data":[{"id":"a/b"},{"id":"a/c"}]}"#)
        #expect(history.list(asOf: .max) == #"{"data":[{"id":"a/b"},{"id":"a/c"}]}"#)
    }

    @Test func anotherURLIsAnotherHistory() {
        var first = RecordedTimeline()
        first.record(.make(["a/b": ""]), at: 100)
        var second = RecordedTimeline()
        #expect(second.record(.make(["x/y": ""]), at: 200) == [])
        #expect(first.list(asOf: 300) == #"{"data":[{"id":"a/b"}]}"#)
    }

    @Test func theSameCatalogueStoresNothing() {
        var timeline = Timeline()
        let snapshot = Snapshot.make(["a/b": "", "a/c": ""])
        #expect(!timeline.record(snapshot, in: .plain, at: 1, digest: testDigest).isEmpty)
        #expect(timeline.record(snapshot, in: .plain, at: 2, digest: testDigest) == [])
        #expect(timeline.record(.make(["a/b": "", "a/c": ""]), in: .plain, at: 3, digest: testDigest) == [])
    }

    @Test func changesAreReportedInOrderWithRisingCursors() {
        var history = RecordedTimeline()
        history.record(.make(["a/1": "", "a/2": #""name":"x""#, "a/3": "", "a/4": "", "a/5": ""]), at: 1)
        let events = history.record(
            .make(["a/9": #""name":"N""#, "a/1": #""context_length":5"#, "a/2": #""name":"y""#, "a/3": "", "a/4": ""]),
            at: 2)
        #expect(
            events == [
                "removed a/5 {} -", #"added a/9 - {"name":"N"}"#, #"context a/1 {} {"context_length":5}"#,
                #"renamed a/2 {"name":"x"} {"name":"y"}"#,
            ])
        #expect(history.records.events.map(\.cursor) == [1, 2, 3, 4])
        #expect(history.records.events.allSatisfy { $0.at == 2 })
        #expect(history.timeline.lastCursor == 4)
    }

    @Test func aRemovedModelReturns() throws {
        var history = RecordedTimeline()
        history.record(.make(["a/1": #""name":"x""#, "a/2": "", "a/3": "", "a/4": ""]), at: 1)
        #expect(history.record(.make(["a/2": "", "a/3": "", "a/4": ""]), at: 2) == [#"removed a/1 {"name":"x"} -"#])
        try history.restart()
        #expect(
            history.record(.make(["a/1": "", "a/2": "", "a/3": "", "a/4": ""]), at: 3) == ["returned a/1 - {}"])
        #expect(history.record(.make(["a/2": "", "a/3": "", "a/4": ""]), at: 4) == ["removed a/1 {} -"])
    }

    // MARK: Shrinking

    private static let ten: KeyValuePairs<String, String> = [
        "a/0": "", "a/1": "", "a/2": "", "a/3": "", "a/4": "", "a/5": "", "a/6": "", "a/7": "", "a/8": "", "a/9": "",
    ]
    private static let five: KeyValuePairs<String, String> = [
        "a/0": "", "a/1": "", "a/2": "", "a/3": "", "a/4": "",
    ]
    private static let shrunk = #"shrunk - {"count":10} {"count":5}"#

    @Test(arguments: [false, true])
    func halfAListIsReportedAsOneEventUntilItIsConfirmed(restarts: Bool) throws {
        var history = RecordedTimeline()
        history.record(.make(Self.ten), at: 1)
        #expect(history.record(.make(Self.five), at: 2) == [Self.shrunk])
        if restarts { try history.restart() }
        let removed = (5...9).map { "removed a/\($0) {} -" }
        #expect(history.record(.make(Self.five), at: 3) == removed)
        #expect(history.record(.make(Self.five), at: 4) == [])
        // What was served is what it was.
        #expect(history.list(asOf: 2) == ListEnvelope.plain.list(of: .make(Self.five)))
    }

    @Test(arguments: [false, true])
    func modelsThatAreBackWereNeverAway(restarts: Bool) throws {
        var history = RecordedTimeline()
        history.record(.make(Self.ten), at: 1)
        #expect(history.record(.make(Self.five), at: 2) == [Self.shrunk])
        if restarts { try history.restart() }
        #expect(history.record(.make(Self.ten), at: 3) == [])
        #expect(history.list(asOf: 3) == ListEnvelope.plain.list(of: .make(Self.ten)))
    }

    @Test func modelsThatAreBackTellWhatChangedMeanwhile() {
        var history = RecordedTimeline()
        history.record(.make(["a/0": "", "a/1": #""name":"x""#]), at: 1)
        #expect(history.record(.make(["a/0": ""]), at: 2) == [#"shrunk - {"count":2} {"count":1}"#])
        #expect(
            history.record(.make(["a/0": "", "a/1": #""name":"y""#]), at: 3)
                == [#"renamed a/1 {"name":"x"} {"name":"y"}"#])
    }

    @Test func otherChangesOfAShrunkenListAreReportedAtOnce() {
        var history = RecordedTimeline()
        history.record(.make(Self.ten), at: 1)
        let events = history.record(.make(["a/new": "", "a/0": #""context_length":1"#]), at: 2)
        #expect(
            events == [
                #"shrunk - {"count":10} {"count":1}"#, "added a/new - {}", #"context a/0 {} {"context_length":1}"#,
            ])
    }

    // MARK: Time

    @Test func aClockThatIsSetBackStandsStill() {
        var history = RecordedTimeline()
        history.record(.make(["a/0": ""]), at: 100)
        history.record(.make(["a/0": #""name":"x""#]), at: 50)
        #expect(history.records.events.map(\.at) == [100])
        #expect(history.list(asOf: 99) == nil)
        #expect(history.list(asOf: 100) == #"{"data":[{"id":"a/0","name":"x"}]}"#)
        history.record(.make(["a/0": #""name":"y""#]), at: 101)
        #expect(history.list(asOf: 100) == #"{"data":[{"id":"a/0","name":"x"}]}"#)
    }

    @Test func theLastOfSeveralCataloguesInOneSecondCounts() {
        var history = RecordedTimeline()
        history.record(.make(["a/0": ""]), at: 1)
        for name in ["x", "y", "z"] { history.record(.make(["a/0": "\"name\":\"\(name)\""]), at: 2) }
        #expect(history.list(asOf: 1) == #"{"data":[{"id":"a/0"}]}"#)
        #expect(history.list(asOf: 2) == #"{"data":[{"id":"a/0","name":"z"}]}"#)
        // The first row, the last one, and the envelope.
        #expect(history.records.intervalCount == 3)
    }

    // MARK: Lists of earlier times

    @Test func aNewModelAtTheFrontTakesOneInterval() {
        var history = RecordedTimeline()
        history.record(.make(Self.ten), at: 1)
        var next: [(id: String, row: String)] = Self.ten.map { ($0.key, "{\"id\":\"\($0.key)\"}") }
        next.insert(("a/new", "{}"), at: 0)
        let actions = history.timeline.record(.make(next), in: .plain, at: 2, digest: testDigest)
        #expect(actions.opened.map(\.id) == ["a/new"])
        #expect(actions.count == 3, "an event, a row and an interval")
    }

    @Test func rowsThatAreThereTwiceKeepTheirIntervals() {
        var history = RecordedTimeline()
        let twins: [(id: String, row: String)] = [("a/0", "{}"), ("a/0", "{}"), ("a/1", "[]"), ("a/0", "{}")]
        history.record(.make(twins), at: 1)
        let actions = history.timeline.record(.make(twins + [("a/2", "1")]), in: .plain, at: 2, digest: testDigest)
        #expect(actions.opened.map(\.id) == ["a/2"])
    }

    @Test func hundredsOfRowsInOnePlaceStayInOrder() {
        var history = RecordedTimeline()
        var ids = ["a/first", "a/last"]
        history.record(.make(ids.map { ($0, "{\"id\":\"\($0)\"}") }), at: 0)
        for step in 1...300 {
            ids.insert("a/\(step)", at: 1)
            let snapshot = Snapshot.make(ids.map { ($0, "{\"id\":\"\($0)\"}") })
            history.record(snapshot, at: Int64(step))
            #expect(history.list(asOf: Int64(step)) == ListEnvelope.plain.list(of: snapshot))
        }
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"))
    func realListsAreGivenBackByteForByte() throws {
        var history = RecordedTimeline()
        var lists: [String] = []
        // Twice, so that each follows each neighbour in both directions.
        for list in RealLists.all + RealLists.all.reversed() {
            let snapshot = try CatalogReader.read(list.body.span)
            let envelope = try Self.envelope(of: list.body, rows: snapshot)
            lists.append(envelope.list(of: snapshot))
            #expect(lists.last == (try Self.compact(list.body)), "\(list.name)")
            history.record(snapshot, in: envelope, at: Int64(lists.count) * 1000)
            try history.restart()
        }
        for (index, list) in lists.enumerated() {
            for offset: Int64 in [0, 1, 999] {
                #expect(history.list(asOf: Int64(index + 1) * 1000 + offset) == list)
            }
        }
    }

    /// A list as Larder keeps it: without white space.
    private static func compact(_ body: [UInt8]) throws -> String {
        var out = ByteBuilder()
        try JSONDocument(parsing: body.span).root.write(into: &out)
        return out.span.text()
    }

    private static func envelope(of body: [UInt8], rows: Snapshot) throws -> ListEnvelope {
        let text = try compact(body)
        let list = ListEnvelope(head: [], tail: []).list(of: rows)
        let head = "{\"data\":["
        return ListEnvelope(head: Array(head.utf8), tail: Array(text.utf8.dropFirst(head.utf8.count + list.utf8.count)))
    }

    @Test(arguments: 1...10)
    func randomEditsAreGivenBackByteForByte(seed: UInt64) throws {
        var editor = CatalogEditor(seed: seed)
        var random = SeededGenerator(seed: seed)
        var history = RecordedTimeline()
        var lists: [(time: Int64, list: String)] = []
        var time: Int64 = 0
        for _ in 0..<40 {
            let snapshot = try CatalogEditor.snapshot(editor.rows, &random)
            let envelope = ListEnvelope.counted(Bool.random(using: &random) ? snapshot.count : 7)
            history.record(snapshot, in: envelope, at: time)
            if lists.last?.time == time { lists.removeLast() }
            lists.append((time, envelope.list(of: snapshot)))
            if Int.random(in: 0..<5, using: &random) == 0 { try history.restart() }
            time += Int64.random(in: 0...3, using: &random)
            editor.edit()
        }
        for (place, entry) in lists.enumerated() {
            #expect(history.list(asOf: entry.time) == entry.list)
            let end = place + 1 < lists.count ? lists[place + 1].time : time
            #expect(history.list(asOf: max(entry.time, end - 1)) == entry.list)
        }
        let cursors = history.records.events.map(\.cursor)
        #expect(cursors == cursors.indices.map { Int64($0) + 1 })
    }

    // MARK: Pruning

    @Test func pruningForgetsWhatEndedBefore() throws {
        var history = RecordedTimeline()
        for step in 0..<10 {
            let other = step == 3 ? "" : #""description":"constant""#
            history.record(
                .make(["a/0": "\"name\":\"\(step)\"", "a/1": other, "a/2": "", "a/3": ""]), at: Int64(step * 100))
        }
        let lists = (0..<10).map { history.list(asOf: Int64($0 * 100)) }
        history.records.apply(history.timeline.prune(keep: 500, now: 1000))
        #expect(history.records.beginning == 500)
        #expect(history.list(asOf: 499) == nil)
        #expect(history.list(asOf: 500) == lists[5])
        for step in 6..<10 { #expect(history.list(asOf: Int64(step * 100)) == lists[step]) }
        // Names 5 to 9, three other rows, the envelope.
        #expect(history.records.rowCount == 9)
        #expect(history.records.events.map(\.at) == [500, 600, 700, 800, 900])
        #expect(history.timeline.prune(keep: 500, now: 1000) == [], "the same again")

        try history.restart()
        #expect(history.timeline.prune(keep: 500, now: 1000) == [], "the same again after a restart")
    }

    @Test func pruningUpToATimeEndsAtTheLastRecording() {
        var history = RecordedTimeline()
        for step in 1...4 { history.record(.make(["a/0": "\"name\":\"\(step)\""]), at: Int64(step * 100)) }
        #expect(history.timeline.prune(before: 401) == [])
        history.records.apply(history.timeline.prune(before: 300))
        #expect(history.records.beginning == 300)
        #expect(history.list(asOf: 299) == nil)
        #expect(history.list(asOf: 300) == #"{"data":[{"id":"a/0","name":"3"}]}"#)
        #expect(history.records.events.map(\.at) == [300, 400])
        #expect(history.timeline.prune(before: 300) == [], "the same again")
        history.records.apply(history.timeline.prune(before: 400))
        #expect(history.list(asOf: 400) == #"{"data":[{"id":"a/0","name":"4"}]}"#)
    }

    @Test func aCatalogueRecordedWhileTheClockWasAheadMakesNothingOld() {
        var history = RecordedTimeline()
        history.record(.make(["a/0": ""]), at: 100)
        history.record(.make(["a/0": #""name":"x""#]), at: 1_000_000)
        #expect(history.timeline.prune(keep: 500, now: 200) == [.prune(before: -300)])
        history.record(.make(["a/0": #""name":"y""#]), at: 300)
        history.records.apply(history.timeline.prune(keep: 500, now: 300))
        #expect(history.list(asOf: 100) == #"{"data":[{"id":"a/0"}]}"#)
        #expect(history.records.beginning == 100)
    }

    @Test func cursorsAreNotUsedAgainAfterPruning() throws {
        var history = RecordedTimeline()
        history.record(.make(["a/0": ""]), at: 1)
        history.record(.make(["a/0": #""name":"x""#]), at: 2)
        history.records.apply(history.timeline.prune(keep: 10, now: 1000))
        #expect(history.records.events.isEmpty)
        try history.restart()
        history.record(.make(["a/0": #""name":"y""#]), at: 1001)
        #expect(history.records.events.map(\.cursor) == [2])
        #expect(history.list(asOf: 1000) == #"{"data":[{"id":"a/0","name":"x"}]}"#)
    }

    @Test func aModelThatWasRemovedLongAgoIsNew() {
        var history = RecordedTimeline()
        history.record(.make(["a/0": "", "a/1": "", "a/2": "", "a/3": ""]), at: 1)
        history.record(.make(["a/0": "", "a/1": "", "a/2": ""]), at: 2)
        history.records.apply(history.timeline.prune(keep: 10, now: 1000))
        #expect(history.record(.make(["a/0": "", "a/1": "", "a/2": "", "a/3": ""]), at: 1001) == ["added a/3 - {}"])
    }

    @Test func aStateThatDoesNotFitTheCatalogueIsRefused() throws {
        var history = RecordedTimeline()
        history.record(.make(["a/0": "", "a/1": ""]), at: 1)
        let state = try #require(history.records.state)
        func fits(_ catalogue: Snapshot) -> Bool { Timeline(state, latest: catalogue, digest: testDigest) != nil }
        #expect(fits(.make(["a/0": "", "a/1": ""])))
        #expect(!fits(.make(["a/1": "", "a/0": ""])))
        #expect(!fits(.make(["a/0": ""])))
        #expect(!fits(.make(["a/0": "", "a/1": #""name":"x""#])))
        #expect(!fits(.make([("a/0", #"{"id":"a/0"}"#), ("a/2", #"{"id":"a/1"}"#)])))
        #expect(HistoryRecords().state == nil)
    }
}
