import Bytes
import Foundation
import HTTPCore
import HistoryReference
import Settings
import TestSupport
import Testing

/// What is recorded of catalogues, and what looks like a change and is none.
@Suite(.timeLimit(.minutes(300))) struct HistoryRecordingTests {
    private static let three = [(id: "a/1", price: 1), (id: "a/2", price: 2), (id: "a/3", price: 3)]
    private static let changed = [(id: "a/1", price: 1), (id: "a/2", price: 9), (id: "a/3", price: 3)]

    @Test(arguments: [1, 3])
    func `failures, restarts, purges and confirmations are no changes`(workers: Int) throws {
        let upstream = try ChangingOrigin(Self.three)
        let folder = StateFolder()
        let change = { (settings: inout Settings) in
            folder.record(&settings)
            settings.workers = workers
            settings.stale.ifError = .seconds(3600)
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            try larder.refresh()
            upstream.answer(Replies.error(500))
            try larder.refresh()
            upstream.answer(Replies.body(Array(#"{"data":[]}"#.utf8)))
            try larder.refresh()
            upstream.answer(.reset)
            try larder.refresh()
            #expect(try larder.words(0) == [])
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            #expect(try larder.get("/models").status == 200, "the copy of the last process")
            upstream.publish(Self.three, ["Cache-Control": "public", "ETag": "\"1\""])
            try larder.refresh()
            upstream.answer(.response(status: 304, fields: ["ETag": "\"1\""], body: .bytes([])))
            try larder.refresh()
            #expect(try larder.request("POST", "/_larder/purge?all=1").status == 200)
            upstream.publish(Self.three)
            try larder.refresh()
            #expect(try larder.words(0) == [])
            upstream.publish(Self.changed)
            try larder.refresh()
            #expect(try larder.words(1) == ["price a/2"])
        }
        upstream.publish(Self.three + [(id: "a/4", price: 4)])
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            try larder.refresh()
            let words = try larder.words(3)
            #expect(words.first == "price a/2" && Set(words.dropFirst()) == ["added a/4", "price a/2"])
        }
    }

    @Test func `half a list is one change until it is confirmed`() throws {
        let ten = (0..<10).map { (id: "a/\($0)", price: $0) }
        let upstream = try ChangingOrigin(ten)
        let folder = StateFolder()
        try LiveLarder.serving(before: upstream.origin, { folder.record(&$0) }) { larder throws in
            try larder.refresh()
            upstream.publish(Array(ten.prefix(4)))
            try larder.refresh()
            #expect(try larder.words(1) == ["shrunk -"])
            upstream.publish(ten)
            try larder.refresh()
            upstream.publish(Array(ten.prefix(4)), ["Cache-Control": "public", "ETag": "\"4\""])
            try larder.refresh()
            #expect(try larder.words(2) == ["shrunk -", "shrunk -"])
        }
        // The restart does not confirm it; a 304 does.
        upstream.answer(.response(status: 304, fields: ["ETag": "\"4\""], body: .bytes([])))
        try LiveLarder.serving(before: upstream.origin, { folder.record(&$0) }) { larder throws in
            #expect(try larder.words(2).count == 2)
            try larder.refresh()
            let removed = (4..<10).map { "removed a/\($0)" }
            #expect(try larder.words(8) == ["shrunk -", "shrunk -"] + removed)
        }
    }

    @Test func `another upstream has another history`() throws {
        let (first, second) = (try ChangingOrigin(Self.three), try ChangingOrigin([(id: "x/1", price: 1)]))
        let folder = StateFolder()
        for upstream in [first, second] {
            try LiveLarder.serving(before: upstream.origin, { folder.record(&$0) }) { larder throws in
                try larder.refresh()
                #expect(try larder.words(0) == [])
            }
        }
        first.publish(Self.changed)
        try LiveLarder.serving(before: first.origin, { folder.record(&$0) }) { larder throws in
            try larder.refresh()
            #expect(try larder.words(1) == ["price a/2"])
        }
        try LiveLarder.serving(before: second.origin, { folder.record(&$0) }) { larder throws in
            #expect(try larder.words(0) == [])
        }
    }

    @Test(arguments: ["private", "public, no-store", ""])
    func `what may not be shared or stored is not recorded`(directives: String) throws {
        let fields: MessageFields = directives.isEmpty ? [:] : ["Cache-Control": directives]
        let upstream = try ChangingOrigin(ChangingOrigin.list(Self.three, fields))
        let folder = StateFolder()
        try LiveLarder.serving(before: upstream.origin, { folder.record(&$0) }) { larder throws in
            try larder.refresh()
            upstream.publish(Self.changed, fields)
            try larder.refresh()
            #expect(try larder.get("/models?larder_as_of=2020-01-01").text.contains("has not begun"))
            #expect(try larder.words(0) == [])
        }
    }

    /// What upstream sends with its list if its clock is ahead by so many seconds.
    private static func sent(_ seconds: Int64) -> MessageFields {
        var date = ByteBuilder()
        HTTPDate.append(Int64(CoarseClock.seconds) + seconds, to: &date)
        var fields = Replies.shared
        fields["Date"] = date.span.text()
        return fields
    }

    @Test(arguments: [-28_800, 28_800] as [Int64])
    func `while this machine's clock differs from upstream's, nothing is recorded`(seconds: Int64) throws {
        let upstream = try ChangingOrigin(ChangingOrigin.list(Self.three, Self.sent(seconds)))
        let folder = StateFolder()
        try LiveLarder.serving(before: upstream.origin, { folder.record(&$0) }) { larder throws in
            try larder.refresh()
            upstream.publish(Self.changed, Self.sent(seconds))
            #expect(try larder.refresh().text.contains("0.009"), "it is served all the same")
            // The clock is set right: the history begins.
            upstream.publish(Self.changed, Self.sent(0))
            try larder.refresh()
            upstream.publish(Self.changed + [(id: "a/4", price: 4)], Self.sent(0))
            try larder.refresh()
            #expect(try larder.words(1) == ["added a/4"])
        }
    }

    @Test func `two replicas have the same changes`() throws {
        let upstream = try ChangingOrigin(Self.three)
        let (one, other) = (StateFolder(), StateFolder())
        try LiveLarder.serving(before: upstream.origin, { one.record(&$0) }) { first throws in
            try LiveLarder.serving(before: upstream.origin, { other.record(&$0) }) { second throws in
                for rows in [Self.three, Self.changed, Self.changed + [(id: "a/4", price: 4)], Self.three] {
                    upstream.publish(rows)
                    try first.refresh()
                    try second.refresh()
                }
                let expected = ["price a/2", "added a/4", "price a/2", "removed a/4"]
                let words = try first.words(expected.count)
                #expect(words.sorted() == expected.sorted())
                #expect(try second.words(expected.count) == words)
            }
        }
    }

    @Test func `without a state directory, or with the history off, the paths say so`() throws {
        let upstream = try ChangingOrigin(Self.three)
        let folder = StateFolder()
        let off = { (settings: inout Settings) in
            folder.record(&settings)
            settings.history.enabled = false
        }
        for change in [{ _ in }, off] as [(inout Settings) -> Void] {
            try LiveLarder.serving(before: upstream.origin, change) { larder throws in
                try larder.refresh()
                for path in [
                    "/_larder/changes", "/_larder/changes.atom", "/_larder/history/a/1",
                    "/models?larder_as_of=2026-01-01",
                ] {
                    let answer = try larder.get(path)
                    #expect(answer.status == 404 && answer.text.contains("no history is kept"), "\(path)")
                }
                let stream = try larder.get("/_larder/changes", ["Accept": "text/event-stream"])
                #expect(stream.status == 404)
            }
        }
    }
}
