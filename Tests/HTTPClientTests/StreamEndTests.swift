import Bytes
import EventLoop
import Glibc
import HTTPClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(300))) struct StreamEndTests {
    @Test(arguments: ["head", "body", "upload"])
    func `cancelling closes the connection at once, and tells nothing`(position: String) throws {
        let left = Shared(false)
        let hasRead = Shared(false)
        let origin = try Origin { connection in
            _ = connection.request()
            if position == "body" { connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello") }
            if position == "upload" { _ = connection.bytes(5) }
            hasRead.update { $0 = true }
            let isLeft = connection.isLeft()
            left.update { $0 = isLeft }
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        var leftWhileOpen = false
        try withClient { client, loop in
            let body = position == "upload" ? StreamRequest.Body.length(10) : .none
            func look(_ times: Int) {
                leftWhileOpen = left.value
                if !leftWhileOpen, times > 0 { after(20, on: loop) { look(times - 1) } }
            }
            func cancel() {
                recorder.stream?.cancel()
                #expect(client.streamsUnderWay == 0)
                look(10_000)
            }
            if position == "body" { recorder.onBody = { _ in cancel() } }
            begin(.make("POST", origin.url, body: body), on: client, recorder) { stream in stream.send("hello") }
            if position != "body" { when({ hasRead.value }, on: loop, cancel) }
        }
        #expect(leftWhileOpen)
        #expect(recorder.calls == (position == "body" ? ["200", "body"] : []))
        #expect(recorder.stream?.isOver == true)
    }

    @Test func `cancelling at once, twice, or within a call tells nothing more`() throws {
        let origin = try Origin(answering: ok("hello"))
        defer { origin.stop() }
        let recorders = (0..<3).map { _ in StreamRecorder() }
        recorders[1].onHead = { $0.stream?.cancel() }
        recorders[2].onBody = { $0.stream?.cancel() }
        try withClient { client, _ in
            for recorder in recorders { begin(.make("GET", origin.url), on: client, recorder) }
            recorders[0].stream?.cancel()
            recorders[0].stream?.cancel()
        }
        #expect(recorders.map(\.calls) == [[], ["200"], ["200", "body"]])
    }

    @Test func `a stream that is over takes every call`() throws {
        let origin = try Origin(answering: ok("hello"))
        defer { origin.stop() }
        let recorder = try exchange(.make("GET", origin.url))
        let stream = try #require(recorder.stream)
        #expect(stream.send("more"))
        stream.finishBody()
        stream.pause()
        stream.resume()
        stream.cancel()
        #expect(recorder.calls == ["200", "body", "ended"])
    }

    @Test func `pausing and going on before there is a connection does no harm`() throws {
        let origin = try Origin(answering: ok("hello"))
        defer { origin.stop() }
        let recorder = try exchange(.make("GET", origin.url)) { stream in
            stream.pause()
            stream.resume()
        }
        #expect(recorder.calls == ["200", "body", "ended"])
    }

    @Test func `within a call everything may be done`() throws {
        let origin = try Origin(answering: ok("hello"))
        defer { origin.stop() }
        let outer = StreamRecorder()
        let inner = StreamRecorder()
        var text: String?
        try withClient { client, _ in
            outer.onBody = { _ in
                begin(.make("GET", origin.url), on: client, inner)
                client.fetch(FetchRequest(url: origin.url)) { text = $0.text }
            }
            begin(.make("GET", origin.url), on: client, outer)
        }
        #expect(outer.text + inner.text + (text ?? "") == "hellohellohello")
    }

    @Test func `closing the client fails every stream, within a call too`() throws {
        let origin = try Origin { connection in
            guard let request = connection.request() else { return }
            if request.contains("/slow") { connection.hang() } else { connection.send(ok("quick")) }
        }
        defer { origin.stop() }
        let slow = StreamRecorder()
        let quick = StreamRecorder()
        let bad = StreamRecorder()
        try withClient { client, _ in
            quick.onHead = { _ in client.close() }
            begin(.make("GET", origin.url, "/slow"), on: client, slow)
            begin(.make("GET", origin.url), on: client, quick)
            begin(.make("A B", origin.url), on: client, bad)
        }
        #expect(slow.calls == ["cancelled"])
        #expect(quick.calls == ["200", "cancelled"])
        #expect(bad.calls == ["other"])
        let late = StreamRecorder()
        try withClient { client, _ in
            client.close()
            late.stream = client.stream(Asked.make("GET", origin.url).request, delegate: late)
        }
        #expect(late.calls == ["cancelled"])
    }

    @Test(arguments: [
        ("", [String]()), ("HTTP/1.1 200 OK\r\nContent-Le", []), ("HTTP/1.1 200 OK\r\nX: y\r\n", []),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", ["200", "body"]),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", ["200", "body"]),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ["200", "body"]),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n", ["200", "body"]),
        ("HTTP/1.1 100 Continue\r\n\r\n", ["100"]),
    ])
    func `a response that is cut is told as far as it came`(text: String, calls: [String]) throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send(text)
        }
        defer { origin.stop() }
        let recorder = try exchange(.make("GET", origin.url))
        #expect(recorder.calls == calls + ["cut"])
    }

    @Test func `a cut that came while receiving was paused is told after the body`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        try withClient { client, loop in
            recorder.onHead = { recorder in
                recorder.stream?.pause()
                after(50, on: loop) { recorder.stream?.resume() }
            }
            begin(.make("GET", origin.url), on: client, recorder)
        }
        #expect(recorder.calls == ["200", "body", "cut"])
        #expect(recorder.text == "hello")
    }

    @Test(arguments: [
        ("SSH-2.0-OpenSSH_9.2\r\n", "another protocol"),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nbytes", "an upgrade"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello", "no chunks"),
        ("HTTP/1.1 200 OK\r\nX-Folded: one\r\n  two\r\nContent-Length: 0\r\n\r\n", "a folded line"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "another coding"),
    ])
    func `what is not HTTP is malformed`(text: String, kind: String) throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send(text)
        }
        defer { origin.stop() }
        #expect(try exchange(.make("GET", origin.url)).calls.last == "malformed", "\(kind)")
    }

    @Test func `a server that is not there is unreachable`() throws {
        let (url, reservation) = try nobody()
        defer { reservation.close() }
        let recorder = try exchange(.make("POST", url, body: .chunked)) { $0.send("hello") }
        #expect(recorder.calls == ["unreachable"])
        #expect(try exchange(.make("GET", "http://nonexistent.invalid")).calls == ["name-not-resolved"])
    }

    @Test(arguments: [("head", FetchPhase.head), ("body", .body), ("upload", .head), ("paused", .body)])
    func `a stream on which nothing moves is given up`(position: String, phase: FetchPhase) throws {
        let origin = try Origin { connection in
            _ = connection.request()
            if position == "body" || position == "paused" {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            }
            connection.hang()
        }
        defer { origin.stop() }
        let failure = try failure(expecting: .timeout(phase)) { limit in
            let recorder = StreamRecorder()
            recorder.onHead = { recorder in if position == "paused" { recorder.stream?.pause() } }
            return try exchange(
                .make("POST", origin.url, body: position == "upload" ? .chunked : .none),
                settings: settings { $0.idleTimeout = limit }, recorder: recorder
            ).failure
        }
        #expect(failure == .timeout(phase))
    }

    @Test func `a stream on which something moves goes on for longer than the limits of fetches and of idleness`()
        throws
    {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n")
            for _ in 0..<30 {
                usleep(50_000)
                connection.send("x")
            }
        }
        defer { origin.stop() }
        let recorder = try exchange(
            .make("GET", origin.url),
            settings: settings {
                $0.idleTimeout = 1_200
                $0.timeout = 100
            })
        #expect(recorder.calls == ["200", "body", "ended"])
    }

    @Test func `a body that ends before its length is a failure`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.hang()
        }
        defer { origin.stop() }
        let recorder = try exchange(.make("PUT", origin.url, body: .length(10))) { stream in
            stream.send("hello")
            stream.finishBody()
        }
        #expect(recorder.failure == .other("the request's body ended 5 bytes too early"))
    }
}
