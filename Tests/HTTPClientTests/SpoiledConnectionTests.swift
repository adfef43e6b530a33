import Bytes
import EventLoop
import TestSupport
import Testing

@testable import HTTPClient

/// What upstream sends on a connection that nobody has asked anything on is nobody's answer.
@Suite(.timeLimit(.minutes(300))) struct SpoiledConnectionTests {
    /// A second response comes a moment after the first, as when a balancer says 408 to a connection that rests.
    private static let late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nlate"

    /// How many connections are to be spoiled, and how far that is.
    private struct Spoiling: Sendable {
        let count: Int
        /// The answers that the client has got.
        let answered = Shared(0)
        /// How often its kernel has something more.
        let delivered = Shared(0)

        var isDone: Bool { delivered.value == count }
    }

    /// Answers each request with its target. Once the client has all answers to `/spoiled`, it says something more on
    /// their connections.
    private func origin(_ spoiling: Spoiling = Spoiling(count: 0)) throws -> Origin {
        try Origin { connection in
            while let head = connection.request() {
                if head.contains("Content-Length: 5") { _ = connection.bytes(5) }
                if head.contains("chunked") { _ = connection.bytes(through: "0\r\n\r\n") }
                connection.send(ok(head.hasPrefix("HEAD") ? "" : String(head.split(separator: " ")[1])))
                if head.contains("spoiled") {
                    while spoiling.answered.value < spoiling.count { pause() }
                    connection.send(Self.late)
                    connection.waitUntilDelivered()
                    spoiling.delivered.update { $0 += 1 }
                }
            }
        }
    }

    @Test func `a fetch gets its own answer, on a new connection`() throws {
        let spoiling = Spoiling(count: 1)
        let origin = try origin(spoiling)
        defer { origin.stop() }
        var texts: [String?] = []
        try withClient { client, loop in
            client.fetch(FetchRequest(url: "\(origin.url)/spoiled")) { _ in
                spoiling.answered.update { $0 += 1 }
                when({ spoiling.isDone }, on: loop) {
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
        // Whether the loop sees what has come before the next request begins.
        for isSeen in [false, true] {
            let spoiling = Spoiling(count: 1)
            let origin = try origin(spoiling)
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
                let first = StreamRecorder()
                first.onEnd = { _ in
                    #expect(client.pool.count == 1)
                    spoiling.answered.update { $0 += 1 }
                    if isSeen { return when({ client.pool.count == 0 }, on: loop) { ask(0) } }
                    while !spoiling.isDone { pause() }
                    ask(0)
                }
                begin(.make("GET", origin.url, "/spoiled"), on: client, first)
            }
            for (index, recorder) in recorders.enumerated() {
                #expect(recorder.calls.first == "200" && recorder.calls.last == "ended", "\(recorder.calls)")
                #expect(recorder.text == (method == "HEAD" ? "" : "/\(index)"))
            }
            #expect(origin.requests.count == 3)
            #expect(origin.connections == 2)
        }
    }

    @Test func `many that are spoiled at once are no matter`() throws {
        let spoiling = Spoiling(count: 20)
        let origin = try origin(spoiling)
        defer { origin.stop() }
        var texts: [String?] = []
        try withClient { client, loop in
            for _ in 0..<20 {
                client.fetch(FetchRequest(url: "\(origin.url)/spoiled")) { _ in
                    spoiling.answered.update { $0 += 1 }
                }
            }
            when({ spoiling.isDone }, on: loop) {
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

    /// Answers a second request once the server has it: it turns to the next connection only when the first is gone.
    private func answerSecond(of origin: TLSOrigin, on loop: Loop) {
        func hasBoth() -> Bool {
            String(decoding: origin.received, as: UTF8.self).ranges(of: " HTTP/1.1\r\n").count == 2
        }
        when(hasBoth, on: loop) { origin.send(ok("two")) }
    }

    /// Over TLS, the bytes may wait with the kernel, or in the record of which curl has read the first part: it reads a
    /// fetch 4096 bytes at a time.
    @Test(arguments: [100, 4_096 - 41]) func `a fetch gets its own answer over TLS as well`(length: Int) throws {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        let first = ok(String(repeating: "x", count: length))
        var texts: [String?] = []
        try withClient(settings { $0.caFile = origin.caFile }) { client, loop in
            func askAgain() {
                client.fetch(FetchRequest(url: origin.url)) { outcome in texts.append(outcome.text) }
                answerSecond(of: origin, on: loop)
            }
            if length == 100 { origin.send(first) } else { origin.send(first + Self.late) }
            client.fetch(FetchRequest(url: origin.url)) { outcome in
                texts.append(outcome.text)
                guard length == 100 else { return askAgain() }
                origin.send(Self.late)
                when({ unreadBytes(fromPort: origin.port) > 0 }, on: loop, askAgain)
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
                if !comesAtOnce {
                    origin.send(Self.late)
                    // The loop does not see it before the next request begins.
                    while unreadBytes(fromPort: origin.port) == 0 { pause() }
                }
                begin(.make("POST", origin.url, body: .length(5)), on: client, two) { $0.send("hello") }
                answerSecond(of: origin, on: loop)
            }
            origin.send(comesAtOnce ? ok("one") + Self.late : ok("one"))
            begin(.make("GET", origin.url), on: client, one)
        }
        #expect(one.text == "one")
        #expect(two.calls == ["200", "body", "ended"])
        #expect(two.text == "two")
    }
}
