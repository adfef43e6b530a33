import Bytes
import EventLoop
import Glibc
import HTTPClient
import TestSupport
import Testing

/// What upstream sends on a connection that nobody has asked anything on is nobody's answer.
@Suite(.timeLimit(.minutes(30))) struct SpoiledConnectionTests {
    /// A second response comes a moment after the first, as when a balancer says 408 to a connection that rests.
    private static let late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nlate"

    /// Answers each request with its target, and says something more some milliseconds after that for `/spoiled`.
    private func origin(after milliseconds: UInt32 = 20) throws -> Origin {
        try Origin { connection in
            while let head = connection.request() {
                if head.contains("Content-Length: 5") { _ = connection.bytes(5) }
                if head.contains("chunked") { _ = connection.bytes(through: "0\r\n\r\n") }
                connection.send(ok(head.hasPrefix("HEAD") ? "" : String(head.split(separator: " ")[1])))
                if head.contains("spoiled") {
                    usleep(milliseconds * 1_000)
                    connection.send(Self.late)
                }
            }
        }
    }

    @Test func `a fetch gets its own answer, on a new connection`() throws {
        let origin = try origin()
        defer { origin.stop() }
        var texts: [String?] = []
        try withClient { client, loop in
            client.fetch(FetchRequest(url: "\(origin.url)/spoiled")) { _ in
                after(150, on: loop) {
                    client.fetch(FetchRequest(url: "\(origin.url)/two")) { two in
                        texts.append(two.text)
                        client.fetch(FetchRequest(url: "\(origin.url)/three")) { texts.append($0.text) }
                    }
                }
            }
        }
        #expect(texts == ["/two", "/three"])
        #expect(origin.requests.count == 3)
        #expect(origin.connections == 2)
    }

    @Test(arguments: ["GET", "HEAD", "PUT", "POST", "PATCH"], [StreamRequest.Body.none, .length(5), .chunked])
    func `a stream gets its own answer, and upstream each request once`(
        method: String, body: StreamRequest.Body
    ) throws {
        let origin = try origin()
        defer { origin.stop() }
        let recorders = [StreamRecorder(), StreamRecorder()]
        try withClient { client, loop in
            func ask(_ index: Int) {
                begin(.make(method, origin.url, "/\(index)", body: body), on: client, recorders[index]) { stream in
                    if body != .none { stream.send("hello") }
                    stream.finishBody()
                }
            }
            recorders[0].onEnd = { _ in ask(1) }
            client.fetch(FetchRequest(url: "\(origin.url)/spoiled")) { _ in after(150, on: loop) { ask(0) } }
        }
        for (index, recorder) in recorders.enumerated() {
            #expect(recorder.calls.first == "200" && recorder.calls.last == "ended", "\(recorder.calls)")
            #expect(recorder.text == (method == "HEAD" ? "" : "/\(index)"))
        }
        #expect(origin.requests.count == 3)
        #expect(origin.connections == 2)
    }

    @Test func `many that are spoiled at once are no matter`() throws {
        let origin = try origin(after: 100)
        defer { origin.stop() }
        var texts: [String?] = []
        try withClient { client, loop in
            for _ in 0..<20 { client.fetch(FetchRequest(url: "\(origin.url)/spoiled")) { _ in } }
            after(400, on: loop) {
                for _ in 0..<20 { client.fetch(FetchRequest(url: "\(origin.url)/two")) { texts.append($0.text) } }
            }
        }
        #expect(texts == Array(repeating: "/two", count: 20))
        #expect(origin.requests.count == 40)
    }

    @Test func `a connection on which nothing waits is used again, next to one that waits for its answer`() throws {
        let origin = try origin()
        defer { origin.stop() }
        var texts: [String?] = []
        try withClient { client, loop in
            func next(_ count: Int) {
                if count == 0 { return }
                let recorder = StreamRecorder()
                recorder.onEnd = {
                    texts.append($0.text)
                    next(count - 1)
                }
                begin(.make("GET", origin.url, "/\(count)"), on: client, recorder)
            }
            next(5)
        }
        #expect(texts == ["/5", "/4", "/3", "/2", "/1"])
        #expect(origin.connections == 1)
    }

    /// Over TLS, the bytes may wait with the kernel, or in the record of which curl has read the first part: it reads a
    /// fetch 4096 bytes at a time.
    @Test(arguments: [100, 4_096 - 41]) func `a fetch gets its own answer over TLS as well`(length: Int) throws {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        let first = ok(String(repeating: "x", count: length))
        var texts: [String?] = []
        try withClient(settings { $0.caFile = origin.caFile }) { client, loop in
            if length == 100 { origin.send(first) } else { origin.send(first + Self.late) }
            client.fetch(FetchRequest(url: origin.url)) { outcome in
                texts.append(outcome.text)
                if length == 100 { origin.send(Self.late) }
                after(200, on: loop) {
                    client.fetch(FetchRequest(url: origin.url)) { outcome in texts.append(outcome.text) }
                    // Only once the first connection is gone does the server turn to the next.
                    after(300, on: loop) { origin.send(ok("two")) }
                }
            }
        }
        #expect(texts == [String(repeating: "x", count: length), "two"])
    }

    @Test(arguments: [true, false]) func `a stream gets its own answer over TLS as well`(comesAtOnce: Bool) throws {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        let one = StreamRecorder()
        let two = StreamRecorder()
        try withClient(settings { $0.caFile = origin.caFile }) { client, loop in
            one.onEnd = { _ in
                if !comesAtOnce { origin.send(Self.late) }
                after(200, on: loop) {
                    begin(.make("POST", origin.url, body: .length(5)), on: client, two) { $0.send("hello") }
                    // Only once the first connection is gone does the server turn to the next.
                    after(300, on: loop) { origin.send(ok("two")) }
                }
            }
            origin.send(comesAtOnce ? ok("one") + Self.late : ok("one"))
            begin(.make("GET", origin.url), on: client, one)
        }
        #expect(one.text == "one")
        #expect(two.calls == ["200", "body", "ended"])
        #expect(two.text == "two")
    }
}
