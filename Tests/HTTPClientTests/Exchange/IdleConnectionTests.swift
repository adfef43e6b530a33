import EventLoop
import HTTPClient
import Testing

/// Which connections exchanges go out on, with real ones.
@Suite(.timeLimit(.minutes(300))) struct IdleConnectionTests {
    /// Asks one request after the other, a POST each, and answers with the texts or failures.
    private func ask(
        _ count: Int, _ origin: Origin, settings: UpstreamSettings = settings(), pause: Int = 0,
        between: @escaping (UpstreamClient) -> Void = { _ in }
    ) throws -> [String] {
        var texts: [String] = []
        try withClient(settings) { client, loop in
            func next() {
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    texts.append(recorder.failure?.name ?? recorder.text)
                    if texts.count == count { return }
                    between(client)
                    after(pause, on: loop, next)
                }
                begin(.make("POST", origin.url, body: .length(0)), on: client, recorder)
            }
            next()
        }
        return texts
    }

    @Test(arguments: [
        ("Keep-Alive: timeout=1\r\n", 3), ("Keep-Alive: max=9, Timeout=0\r\n", 3), ("Keep-Alive: timeout=60\r\n", 1),
        ("Keep-Alive: x\r\n", 1),
    ])
    func `a connection that upstream is about to close carries no further request`(field: String, connections: Int)
        throws
    {
        let origin = try Origin { connection in
            while connection.request() != nil { connection.send(ok("\(connection.number)", field)) }
        }
        defer { origin.stop() }
        let texts = try ask(3, origin)
        #expect(texts == (connections == 1 ? ["1", "1", "1"] : ["1", "2", "3"]))
        #expect(origin.connections == connections)
    }

    // The exact limit is in IdlePoolTests: here the clocks are real, and a millisecond may pass between their readings.
    @Test(arguments: [0, 500, 2_000, 3_600_000]) func `a connection that was kept across a suspend carries no request`(
        suspended: UInt64
    ) throws {
        let origin = try Origin { connection in
            // The other end has forgotten an old connection: nothing comes any more.
            while connection.request() != nil { connection.send(ok("\(connection.number)")) }
        }
        defer { origin.stop() }
        let texts = try ask(2, origin) { client in
            client.feignedSuspend = suspended
        }
        #expect(texts == ["1", suspended < 1_000 ? "1" : "2"])
    }

    // With a rest, the loop has looked at the kept connection already when the thread stands still.
    @Test(arguments: ["end", "response"], [false, true])
    func `what came on a kept connection while the thread could not run is seen before the next request`(
        form: String, rests: Bool
    ) throws {
        let isDue = Shared(false)
        let isDone = Shared(false)
        let origin = try Origin { connection in
            var answered = 0
            while connection.request() != nil {
                connection.send(ok("\(connection.number)"))
                answered += 1
                if connection.number > 1 || answered != 20 { continue }
                while !isDue.value { pause() }
                if form == "end" { connection.endSending() } else { connection.send(ok("not asked for")) }
                connection.waitUntilDelivered()
                isDone.update { $0 = true }
            }
        }
        defer { origin.stop() }
        var texts: [String] = []
        try withClient { client, loop in
            func next() {
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    texts.append(recorder.failure?.name ?? recorder.text)
                    if texts.count == 22 { return }
                    if texts.count != 20 { return next() }
                    if rests { after(5, on: loop, stand) } else { stand() }
                }
                begin(.make("POST", origin.url, body: .length(0)), on: client, recorder)
            }
            /// The thread does nothing for a while, and begins the next request before it looks at the sockets again.
            func stand() {
                let begin = loop.nowNanoseconds
                isDue.update { $0 = true }
                while !isDone.value || loop.nowNanoseconds < begin + 10_000_000 { pause() }
                next()
            }
            next()
        }
        #expect(texts == [String](repeating: "1", count: 20) + ["2", "2"])
    }

    /// Answers a first request on each of several connections at once, and nothing more on those.
    private func forgetful(_ connections: Int, form: String) throws -> Origin {
        let arrived = Shared(0)
        return try Origin { connection in
            guard connection.request() != nil else { return }
            if connection.number <= connections {
                arrived.update { $0 += 1 }
                while arrived.value < connections { pause() }
            }
            connection.send(ok("\(connection.number)"))
            if connection.number > connections {
                while connection.request() != nil { connection.send(ok("\(connection.number)")) }
                return
            }
            guard connection.request() != nil else { return }
            if form == "reset" { return connection.reset() }
            connection.hang()
        }
    }

    @Test(arguments: ["silence", "cancel", "reset"])
    func `one failure on a kept connection discards those that are as old`(form: String) throws {
        let origin = try forgetful(5, form: form)
        defer { origin.stop() }
        var first: [String] = []
        var later: [String] = []
        try withClient(settings { $0.idleTimeout = 4_000 }) { client, loop in
            func next() {
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    later.append(recorder.failure?.name ?? recorder.text)
                    if later.count < 4 { next() }
                }
                begin(.make("POST", origin.url, body: .length(0)), on: client, recorder)
                if form == "cancel", later.isEmpty {
                    after(100, on: loop) {
                        recorder.stream?.cancel()
                        later.append("cancelled")
                        next()
                    }
                }
            }
            for _ in 0..<5 {
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    first.append(recorder.text)
                    if first.count == 5 { after(20, on: loop, next) }
                }
                begin(.make("GET", origin.url), on: client, recorder)
            }
        }
        #expect(first.sorted() == ["1", "2", "3", "4", "5"])
        #expect(later == [["silence": "timeout", "cancel": "cancelled", "reset": "cut"][form], "6", "6", "6"])
        #expect(origin.connections == 6)
    }

    @Test func `a GET that met a dead kept connection is sent again on a new one, not on the next dead one`() throws {
        let origin = try forgetful(3, form: "reset")
        defer { origin.stop() }
        var count = 0
        let recorder = StreamRecorder()
        try withClient { client, loop in
            for _ in 0..<3 {
                let first = StreamRecorder()
                first.onEnd = { _ in
                    count += 1
                    if count == 3 { after(20, on: loop) { begin(.make("GET", origin.url), on: client, recorder) } }
                }
                begin(.make("GET", origin.url), on: client, first)
            }
        }
        #expect(recorder.text == "4")
        #expect(origin.requests.count == 5)
    }

    @Test func `interim responses without end are malformed`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            while connection.send("HTTP/1.1 102 Processing\r\n\r\n") {}
        }
        defer { origin.stop() }
        let recorder = try exchange(.make("POST", origin.url, body: .length(0)))
        #expect(recorder.calls.last == "malformed")
        #expect(recorder.calls.count == 101)
        #expect(recorder.failure?.message.contains("more than 100 interim responses") == true)
    }

    @Test func `interim responses do not put off the time limit`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            while connection.send("HTTP/1.1 102 Processing\r\n\r\n") { for _ in 0..<50 { pause() } }
        }
        defer { origin.stop() }
        let failure = try failure(expecting: .timeout(.head)) { limit in
            let recorder = try exchange(
                .make("POST", origin.url, body: .length(0)), settings: settings { $0.idleTimeout = limit })
            // Some came.
            return recorder.calls.count > 1 ? recorder.failure : nil
        }
        #expect(failure == .timeout(.head))
    }
}
