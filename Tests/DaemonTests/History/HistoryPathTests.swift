import Foundation
import HistoryReference
import Settings
import TestSupport
import Testing

/// The paths that show the history.
@Suite(.timeLimit(.minutes(300))) struct HistoryPathTests {
    private static func models(_ price: Int) -> [(id: String, price: Int)] {
        [(id: "a/1", price: 7), (id: "b/2", price: price)]
    }

    /// A Larder that has recorded `count` changes of one price.
    private func serving(
        _ count: Int, workers: Int = 1, in folder: StateFolder = StateFolder(),
        _ body: (LiveLarder, ChangingOrigin) throws -> Void
    ) throws {
        let upstream = try ChangingOrigin(Self.models(0))
        let change = { (settings: inout Settings) in
            folder.record(&settings)
            settings.workers = workers
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            try larder.refresh()
            for price in 0..<count {
                upstream.publish(Self.models(price + 1))
                try larder.refresh()
                // Few lists wait to be recorded; more are left out.
                _ = try larder.words(price + 1)
            }
            #expect(try larder.words(count).count == count)
            try body(larder, upstream)
        }
    }

    @Test func `changes come as JSON, page by page`() throws {
        try serving(5) { larder, _ throws in
            let all = try larder.changes("since=0")
            #expect(all.map { $0["kind"] } == Array(repeating: .string("price"), count: 5))
            #expect(all[0]["before"] == (try PlainValue(parsing: #"{"pricing":{"prompt":"0.000"}}"#)))
            #expect(all[0]["after"] == (try PlainValue(parsing: #"{"pricing":{"prompt":"0.001"}}"#)))
            var (found, next): ([PlainValue], String) = ([], "0")
            for _ in 0..<3 {
                let page = try PlainValue(parsing: larder.get("/_larder/changes?limit=2&since=\(next)").body)
                guard case .array(let data) = page["data"], case .number(let cursor) = page["next"] else { break }
                found += data
                next = cursor
            }
            #expect(found == all)
            #expect(try larder.changes("since=\(next)") == [])
            #expect(try larder.changes("limit=2") == Array(all.suffix(2)))
            #expect(try larder.changes("since=1h&kind=price&id=b/*") == all)
            #expect(try larder.changes("kind=added") == [])
            #expect(try larder.changes("id=a/*") == [])
            #expect(try larder.changes("until=2020-01-01") == [])
        }
    }

    @Test func `bad requests are refused, and answers are validated and compressed`() throws {
        try serving(20) { larder, _ throws in
            for query in ["limit=0", "limit=x", "since=yesterday", "kind=big", "until=soon", "sinse=1"] {
                let answer = try larder.get("/_larder/changes?" + query)
                #expect(
                    answer.status == 400 && answer.text.contains(String(query.prefix(4))), "\(query): \(answer.text)")
            }
            #expect(try larder.get("/_larder/changes?until=1d", ["Accept": "text/event-stream"]).status == 400)
            #expect(try larder.request("POST", "/_larder/changes").fields["Allow"] == "GET, HEAD")
            #expect(try larder.get("/_larder/changes", ["Origin": "http://evil.example"]).status == 403)
            #expect(try larder.get("/_larder/changes.atom", ["Host": "evil.example"]).status == 421)
            #expect(try larder.get("/_larder/history/a/none").status == 404)
            for path in ["/_larder/changes?since=0", "/_larder/changes.atom", "/_larder/history/b/2"] {
                let plain = try larder.get(path)
                let tag = try #require(plain.fields["ETag"])
                #expect(try larder.get(path, ["If-None-Match": tag]).status == 304)
                #expect(try larder.request("HEAD", path).status == 200)
                // A small answer is not worth compressing.
                if path.hasSuffix("b/2") { continue }
                let coded = try larder.get(path, ["Accept-Encoding": "gzip"])
                #expect(coded.fields["Content-Encoding"] == "gzip" && coded.fields["ETag"] != tag, "\(path)")
                #expect(coded.body.count < plain.body.count)
            }
        }
    }

    @Test func `a feed has an entry for each change, with ids that outlive a restart`() throws {
        let folder = StateFolder()
        let upstream = try ChangingOrigin(Self.models(0))
        var feeds: [String] = []
        for _ in 0..<2 {
            try LiveLarder.serving(before: upstream.origin, { folder.record(&$0) }) { larder throws in
                if feeds.isEmpty {
                    for price in 0..<4 {
                        upstream.publish(Self.models(price))
                        try larder.refresh()
                    }
                }
                #expect(try larder.words(3).count == 3)
                feeds.append(try larder.get("/_larder/changes.atom").text)
            }
        }
        #expect(feeds[0].contains(" href=\"http://localhost/_larder/changes.atom\"/>"))
        let ids = feeds.map { $0.matches(of: /<id>(.*)<\/id>/).map { String($0.1) } }
        #expect(ids[0].count == 4 && Set(ids[0]).count == 4)
        #expect(ids[0] == ids[1])
    }

    @Test func `the history of a model has the points at which its price changed`() throws {
        try serving(2) { larder, upstream throws in
            let model = try PlainValue(parsing: larder.get("/_larder/history/b%2F2").body)
            #expect(model["id"] == .string("b/2"))
            guard case .array(let points) = model["data"] else { throw TimedOut("points", after: .zero) }
            #expect(points.last?["pricing"]["prompt"] == .string("0.002"))
            upstream.publish([(id: "a/1", price: 7), (id: "c/1", price: 1), (id: "c/2", price: 1)])
            try larder.refresh()
        }
    }

    @Test func `who knows of a change gets no list from before it, from whatever loop`() throws {
        let upstream = try ChangingOrigin(Self.models(0))
        let folder = StateFolder()
        let change = { (settings: inout Settings) in
            folder.record(&settings)
            settings.workers = 3
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            try larder.refresh()
            for price in 1...4 {
                // Each loop has the list.
                for _ in 0..<16 { _ = try larder.get("/models?output_modalities=all") }
                upstream.publish(Self.models(price))
                try larder.refresh()
                #expect(try larder.words(price).count == price)
                for _ in 0..<16 {
                    #expect(try larder.get("/models?output_modalities=all").text.contains("\"0.00\(price)\""))
                }
            }
        }
    }

    // MARK: Events

    /// A client that follows the changes.
    private final class Follower {
        let client: RawClient
        private var text = ""

        init(_ larder: LiveLarder, _ target: String = "/_larder/changes?since=0", last: String? = nil) throws {
            client = try larder.connect()
            var fields: MessageFields = ["Accept": "text/event-stream"]
            if let last { fields["Last-Event-ID"] = last }
            try client.sendRequest("GET", target, fields)
            let head = try client.readHead()
            #expect(head.status == 200 && head.fields["Content-Type"] == "text/event-stream")
            #expect(head.fields["Transfer-Encoding"] == "chunked" && head.fields["Connection"] == "close")
        }

        /// The ids of the next events.
        func ids(_ count: Int) throws -> [String] {
            var ids: [String] = []
            while ids.count < count {
                while let end = text.range(of: "\n\n") {
                    let event = text[..<end.lowerBound]
                    text.removeSubrange(..<end.upperBound)
                    if let line = event.split(separator: "\n").first(where: { $0.hasPrefix("id: ") }) {
                        ids.append(String(line.dropFirst(4)))
                        if ids.count == count { return ids }
                    }
                }
                let chunk = try client.readChunk()
                if chunk.isEmpty { throw TimedOut("an event", after: .zero) }
                text += String(decoding: chunk, as: UTF8.self)
            }
            return ids
        }
    }

    @Test(arguments: [1, 3])
    func `a stream that was cut goes on without loss or repetition`(workers: Int) throws {
        try serving(3, workers: workers) { larder, upstream throws in
            let follower = try Follower(larder)
            var ids = try follower.ids(3)
            for price in 10..<13 {
                upstream.publish(Self.models(price))
                try larder.refresh()
            }
            ids += try follower.ids(1)
            follower.client.reset()
            for price in 20..<24 {
                upstream.publish(Self.models(price))
                try larder.refresh()
            }
            let next = try Follower(larder, "/_larder/changes", last: ids.last)
            ids += try next.ids(6)
            upstream.publish(Self.models(30))
            try larder.refresh()
            ids += try next.ids(1)
            let all = try larder.allChanges().map { event -> String in
                guard case .number(let cursor) = event["cursor"] else { return "" }
                return cursor
            }
            #expect(ids == all)
            next.client.close()
        }
    }

    @Test func `streams are bounded, and end in good order when Larder drains`() throws {
        try serving(1) { larder, _ throws in
            let followers = try (0..<64).map { _ in try Follower(larder) }
            for follower in followers { #expect(try follower.ids(1).count == 1) }
            let refused = try larder.get("/_larder/changes", ["Accept": "text/event-stream"])
            #expect(refused.status == 503 && refused.fields["Retry-After"] != nil)
            followers[0].client.reset()
            try eventually("there is room again") {
                let client = try larder.connect()
                defer { client.close() }
                try client.sendRequest("GET", "/_larder/changes", ["Accept": "text/event-stream"])
                return try client.readHead().status == 200
            }
            larder.drain()
            for follower in followers.dropFirst() {
                // On a slow machine they are silent for so long that they get comments.
                var chunk = try follower.client.readChunk()
                while !chunk.isEmpty {
                    #expect(chunk == Array(":\n\n".utf8))
                    chunk = try follower.client.readChunk()
                }
                #expect(try follower.client.readToEnd().isEmpty)
            }
            try larder.waitForEnd()
        }
    }

    @Test func `a stream that begins while Larder drains ends in good order at once`() throws {
        try serving(1) { larder, _ throws in
            let idle = try larder.connect()
            #expect(try idle.get("/healthz").status == 200)
            let late = try larder.connect()
            try late.send("GET /_larder/changes HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n")
            try larder.settle()
            larder.drain()
            #expect(try idle.readToEnd().isEmpty)
            try late.send("\r\n")
            #expect(try late.readHead().status == 200)
            // Its client connects again, perhaps to another process.
            #expect(String(decoding: try late.readChunk(), as: UTF8.self).hasPrefix("retry: "))
            #expect(try late.readChunk().isEmpty)
            #expect(try late.readToEnd().isEmpty)
            late.close()
            try larder.waitForEnd()
        }
    }
}
