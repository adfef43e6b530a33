import Bytes
import EventLoop
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(300))) struct StreamResponseTests {
    @Test func `the head comes as it was spelled, in order, with repeated fields`() throws {
        let origin = try Origin(
            answering: "HTTP/1.1 418 I'm a teapot\r\nX-Case: A\r\nSet-Cookie: a=1\r\nset-cookie:  b=2 \r\nX-Empty:\r\n"
                + "Content-Encoding: gzip\r\nSet-Cookie: c=3\r\nContent-Length: 5\r\n\r\nhello"
        )
        defer { origin.stop() }
        let recorder = try exchange(.make("GET", origin.url))
        #expect(recorder.calls == ["418", "body", "ended"])
        #expect(
            recorder.fields == [
                "X-Case=A", "Set-Cookie=a=1", "set-cookie=b=2", "X-Empty=", "Content-Encoding=gzip", "Set-Cookie=c=3",
                "Content-Length=5",
            ])
        #expect(recorder.text == "hello")
    }

    @Test func `chunks are told one by one, each before the next is sent`() throws {
        let seen = Shared(0)
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number in 1...20 {
                connection.send("8\r\ndata: \(number % 10)\n\r\n")
                while seen.value < number { pause() }
            }
            connection.send("0\r\n\r\n")
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        recorder.onBody = { recorder in seen.update { $0 = recorder.received / 8 } }
        _ = try exchange(.make("POST", origin.url, body: .length(0)), recorder: recorder)
        #expect(recorder.calls == ["200", "body", "ended"])
        #expect(recorder.received == 160)
    }

    @Test func `the head is told before the body is sent`() throws {
        let seen = Shared(false)
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
            while !seen.value { pause() }
            connection.send("ok")
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        recorder.onHead = { _ in seen.update { $0 = true } }
        #expect(try exchange(.make("GET", origin.url), recorder: recorder).text == "ok")
    }

    @Test func `interim responses are told, trailers too`() throws {
        let origin = try Origin(
            answering: "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nx-sum:2\r\n\r\n")
        defer { origin.stop() }
        let recorder = try exchange(.make("GET", origin.url))
        #expect(recorder.calls == ["102", "103", "200", "body", "ended"])
        #expect(recorder.interim == ["Link=</a>", "Link=</b>"])
        #expect(recorder.fields == ["Transfer-Encoding=chunked"])
        #expect(recorder.text == "hi")
        #expect(recorder.trailers == ["X-Sum=1", "x-sum=2"])
    }

    @Test func `trailers that came while receiving was paused are told after the body`() throws {
        let origin = try Origin(
            answering:
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n")
        defer { origin.stop() }
        let recorder = StreamRecorder()
        try withClient { client, loop in
            recorder.onHead = { recorder in
                recorder.stream?.pause()
                after(50, on: loop) {
                    #expect(recorder.calls == ["200"])
                    recorder.stream?.resume()
                    #expect(recorder.calls == ["200"])
                }
            }
            begin(.make("GET", origin.url), on: client, recorder)
        }
        #expect(recorder.calls == ["200", "body", "ended"])
        #expect(recorder.text == "hi")
        #expect(recorder.trailers == ["X-Sum=1", "X-More=2"])
    }

    @Test(arguments: [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", "HTTP/1.1 404 Not Found\r\nX: y\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("POST", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: \"x\"\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ])
    func `a response without a body ends with its head, and its connection is kept`(method: String, text: String) throws
    {
        let origin = try Origin(answering: text)
        defer { origin.stop() }
        var calls: [[String]] = []
        try withClient { client, _ in
            func next() {
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    calls.append(recorder.calls)
                    if calls.count < 3 { next() }
                }
                begin(.make(method, origin.url), on: client, recorder)
            }
            next()
        }
        #expect(calls.count == 3)
        #expect(calls.allSatisfy { $0.count == 2 && $0.last == "ended" }, "\(calls)")
        #expect(origin.connections == 1)
    }

    @Test(arguments: [
        ("204 No Content", "Content-Length: 5\r\n", "hello"), ("204 No Content", "Content-Length: 5\r\n", ""),
        ("204 No Content", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ])
    func `what announces a body that cannot be has none, and its connection is not used again`(
        status: String, field: String, body: String
    ) throws {
        let origin = try Origin { connection in
            while let request = connection.request() {
                connection.send(
                    request.contains("/first") ? "HTTP/1.1 \(status)\r\n\(field)\r\n\(body)" : ok("second"))
            }
        }
        defer { origin.stop() }
        let first = StreamRecorder()
        let second = StreamRecorder()
        try withClient { client, _ in
            first.onEnd = { _ in begin(.make("GET", origin.url), on: client, second) }
            begin(.make("GET", origin.url, "/first"), on: client, first)
        }
        #expect(first.calls == [String(status.prefix(3)), "ended"])
        #expect(second.text == "second")
        #expect(origin.connections == 2)
    }

    @Test(arguments: [301, 307])
    func `a redirect is a response`(status: Int) throws {
        let origin = try Origin(answering: "HTTP/1.1 \(status) X\r\nLocation: /there\r\nContent-Length: 2\r\n\r\nno")
        defer { origin.stop() }
        let recorder = try exchange(.make("GET", origin.url))
        #expect(recorder.calls == ["\(status)", "body", "ended"])
        #expect(origin.requests.count == 1)
    }

    @Test func `a coded body stays coded, a body of unknown length ends with the connection`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nnot br at all")
        }
        defer { origin.stop() }
        let recorder = try exchange(.make("GET", origin.url))
        #expect(recorder.text == "not br at all")
        #expect(recorder.calls.last == "ended")
    }

    @Test func `a connection is kept for the next stream, whatever the requests have for bodies`() throws {
        let origin = try Origin { connection in
            while let request = connection.request() {
                if request.contains("POST") { _ = connection.bytes(2) }
                if request.contains("chunked") { _ = connection.bytes(through: "0\r\n\r\n") }
                connection.send(ok("hello"))
            }
        }
        defer { origin.stop() }
        var texts: [String] = []
        try withClient { client, _ in
            func next() {
                let shapes: [(String, StreamRequest.Body)] = [("GET", .none), ("POST", .length(2)), ("PUT", .chunked)]
                if texts.count == 6 { return }
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    texts.append(recorder.text)
                    next()
                }
                let (method, body) = shapes[texts.count % 3]
                begin(.make(method, origin.url, body: body), on: client, recorder) { stream in
                    if body != .none { stream.send("hi") }
                    stream.finishBody()
                }
            }
            next()
        }
        #expect(texts == Array(repeating: "hello", count: 6))
        #expect(origin.connections == 1)
    }

    @Test func `many streams run at once`() throws {
        let origin = try Origin { connection in
            while let request = connection.request() { connection.send(ok(String(request.prefix(8)))) }
        }
        defer { origin.stop() }
        let recorders = (10..<50).map { _ in StreamRecorder() }
        try withClient { client, _ in
            for (number, recorder) in recorders.enumerated() {
                begin(.make("GET", origin.url, "/\(10 + number)"), on: client, recorder)
            }
            #expect(client.streamsUnderWay == 40)
        }
        #expect(recorders.enumerated().allSatisfy { $1.text == "GET /\(10 + $0) " })
    }
}

/// Does something later.
func after(_ milliseconds: Int, on loop: Loop, _ body: @escaping () -> Void) {
    var timer: LoopTimer?
    timer = LoopTimer(on: loop) {
        timer?.close()
        body()
    }
    timer?.start(after: milliseconds)
}
