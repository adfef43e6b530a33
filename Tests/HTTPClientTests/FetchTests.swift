import Bytes
import EventLoop
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(300))) struct FetchTests {
    @Test func `a response with a length comes whole, with its fields in order`() throws {
        let origin = try Origin(
            answering: ok("hello", "Content-Type: text/plain\r\nX-Two: 1\r\nETag:\t\"e\" \r\nx-two:2\r\nX-Empty:\r\n"))
        defer { origin.stop() }
        let response = try fetch("\(origin.url)/models?q=a%2Fb&x").get()
        #expect(response.status == 200)
        let body = response.body
        #expect(body.span.text() == "hello")
        #expect(
            response.fields.map { "\($0.name)=\($0.value)" }
                == ["content-length=5", "content-type=text/plain", "x-two=1", "etag=\"e\"", "x-two=2", "x-empty="])
        #expect(response.field("x-two") == "1")
        #expect(response.field("absent") == nil)
        #expect(response.duration > .zero)
        #expect(origin.requests.count == 1)
        #expect(origin.requests[0].hasPrefix("GET /models?q=a%2Fb&x HTTP/1.1\r\nHost: 127.0.0.1:"))
    }

    @Test func `a request bears its fields and our name, and asks for no coding by itself`() throws {
        let origin = try Origin(answering: ok(""))
        defer { origin.stop() }
        _ = try fetch(origin.url, fields: [("Authorization", "Bearer k"), ("If-None-Match", "\"e\""), ("X-Empty", "")])
        let lines = origin.requests[0].split(separator: "\r\n").map(String.init)
        for line in ["Authorization: Bearer k", "If-None-Match: \"e\"", "X-Empty:", "User-Agent: larder/test"] {
            #expect(lines.contains(line))
        }
        #expect(!lines.contains { $0.hasPrefix("Accept-Encoding:") })
    }

    @Test func `a POST goes out with no body, and a redirect is its answer`() throws {
        let origin = try Origin(answering: "HTTP/1.1 307 Go\r\nLocation: /again\r\nContent-Length: 2\r\n\r\nno")
        defer { origin.stop() }
        var request = FetchRequest(url: origin.url + "/do?all=1")
        request.method = .post
        var outcomes: [Outcome] = []
        try withClient { client, _ in client.fetch(request) { outcomes.append($0) } }
        #expect(outcomes.map(\.name) == ["307"] && outcomes.first?.text == "no")
        #expect(origin.requests.count == 1)
        #expect(origin.requests[0].hasPrefix("POST /do?all=1 HTTP/1.1\r\n"))
        #expect(origin.requests[0].contains("\r\nContent-Length: 0\r\n"))
    }

    @Test func `a unix socket is connected to, whatever the URL's host`() throws {
        let path = "/tmp/larder-upstream-\(UInt64.random(in: 0 ... .max)).sock"
        let origin = try Origin(at: .unix(path: path)) { connection in
            while connection.request() != nil { connection.send(ok("by the socket")) }
        }
        defer { origin.stop() }
        let outcome = try fetch("http://name.invalid/models", settings: settings { $0.unixSocket = path })
        #expect(outcome.text == "by the socket")
        #expect(origin.requests.first?.contains("\r\nHost: name.invalid\r\n") == true)
        let nowhere = try fetch("http://name.invalid/", settings: settings { $0.unixSocket = path + ".none" })
        #expect(nowhere.name == "unreachable")
    }

    @Test(arguments: [("a", "b\r\nInjected: 1"), ("a", "b\0"), ("a b", "c"), ("", "c"), ("a:", "b"), ("a", "\u{7F}")])
    func `a field that would break out of its line is not sent`(name: String, value: String) throws {
        let origin = try Origin(answering: ok(""))
        defer { origin.stop() }
        let failure = try fetch(origin.url, fields: [(name, value)]).failure
        #expect(failure == .other("a request field has an invalid character"))
        #expect(origin.connections == 0)
    }

    @Test(arguments: [
        "", "models", "/models", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://u:p@127.0.0.1/",
    ])
    func `what is no URL to fetch is refused`(url: String) throws {
        #expect(try fetch(url).failure == .other("the URL is not valid"))
    }

    @Test func `chunks are put together, and trailers are no fields`() throws {
        let origin = try Origin(
            answering: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5;x=y\r\nhello\r\n7\r\n, world\r\n0\r\nX-Trailer: 1\r\n\r\n")
        defer { origin.stop() }
        let outcome = try fetch(origin.url)
        #expect(outcome.text == "hello, world")
        #expect(try outcome.get().field("x-trailer") == nil)
    }

    @Test func `a body without a length ends with the connection`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.0 200 OK\r\n\r\nhello")
        }
        defer { origin.stop() }
        #expect(try fetch(origin.url).text == "hello")
    }

    @Test(arguments: ["gzip", "br", "zstd", "gzip, br"])
    func `a coded body comes as it was sent, and is not decoded on the loop`(coding: String) throws {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\nContent-Length: \(bytes.count)\r\n\r\n")
            connection.send(bytes)
        }
        defer { origin.stop() }
        let response = try fetch(origin.url, fields: [("Accept-Encoding", "gzip, br")]).get()
        let body = response.body
        #expect(body.span.copied() == bytes)
        #expect(response.field("content-encoding") == coding)
        #expect(origin.requests[0].contains("\r\nAccept-Encoding: gzip, br\r\n"))
    }

    @Test(arguments: ["gzip", "gzip, chunked", "deflate, chunked", "identity"])
    func `a transfer coding that was not asked for is refused`(coding: String) throws {
        let origin = try Origin(
            answering: "HTTP/1.1 200 OK\r\nTransfer-Encoding: \(coding)\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        defer { origin.stop() }
        #expect(try fetch(origin.url).failure?.name == "malformed")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: \t\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ])
    func `a response whose length two readers may see differently is refused, and its connection left`(response: String)
        throws
    {
        let origin = try Origin { connection in
            while connection.request() != nil { connection.send(connection.number == 1 ? response : ok("next")) }
        }
        defer { origin.stop() }
        var outcomes: [Outcome] = []
        try withClient { client, _ in
            client.fetch(FetchRequest(url: origin.url)) { outcome in
                outcomes.append(outcome)
                client.fetch(FetchRequest(url: origin.url)) { outcomes.append($0) }
            }
        }
        #expect(outcomes.map(\.name) == ["malformed", "200"])
        #expect(origin.connections == 2)
    }

    @Test func `interim responses without end are malformed`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            while connection.send("HTTP/1.1 102 Processing\r\n\r\n") {}
        }
        defer { origin.stop() }
        let failure = try #require(try fetch(origin.url).failure)
        #expect(failure == .malformed("its head has more than \(256 << 10) bytes"))
    }

    @Test func `interim responses do not put off the time limit`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            while connection.send("HTTP/1.1 102 Processing\r\n\r\n") { for _ in 0..<50 { pause() } }
        }
        defer { origin.stop() }
        let failure = try failure(expecting: .timeout(.head)) { limit in
            try fetch(origin.url, settings: settings { $0.timeout = limit }).failure
        }
        #expect(failure == .timeout(.head))
    }

    @Test func `heads of 1xx are passed over`() throws {
        let origin = try Origin(
            answering: "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                + ok("hello", "X-Late: 1\r\n"))
        defer { origin.stop() }
        let response = try fetch(origin.url).get()
        #expect(response.status == 200)
        #expect(response.fields.map(\.name) == ["content-length", "x-late"])
    }

    @Test(arguments: [204, 304, 401, 404, 429, 500, 503])
    func `any status is a response`(status: Int) throws {
        let length = status == 204 || status == 304 ? "" : "Content-Length: 2\r\n"
        let origin = try Origin(
            answering: "HTTP/1.1 \(status) X\r\n\(length)Retry-After: 7\r\n\r\n\(length.isEmpty ? "" : "no")")
        defer { origin.stop() }
        let response = try fetch(origin.url).get()
        #expect(response.status == status)
        #expect(response.field("retry-after") == "7")
    }

    @Test func `a connection is used again`() throws {
        let origin = try Origin(answering: ok("hello"))
        defer { origin.stop() }
        var texts: [String?] = []
        try withClient { client, _ in
            func next() {
                client.fetch(FetchRequest(url: origin.url)) { outcome in
                    texts.append(outcome.text)
                    if texts.count < 5 { next() }
                }
            }
            next()
        }
        #expect(texts == Array(repeating: "hello", count: 5))
        #expect(origin.connections == 1)
        #expect(origin.requests.count == 5)
    }

    @Test func `a kept connection that the server has closed meanwhile is not a failure`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send(ok("hello \(connection.number)"))
        }
        defer { origin.stop() }
        var texts: [String?] = []
        try withClient { client, loop in
            client.fetch(FetchRequest(url: origin.url)) { outcome in
                texts.append(outcome.text)
                var timer: LoopTimer?
                timer = LoopTimer(on: loop) {
                    timer?.close()
                    client.fetch(FetchRequest(url: origin.url)) { texts.append($0.text) }
                }
                timer?.start(after: 50)
            }
        }
        #expect(texts == ["hello 1", "hello 2"])
    }

    @Test(arguments: ["end", "reset", "unread"])
    func `a kept connection that the server closes as we ask is not a failure`(form: String) throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send(ok("hello \(connection.number)"))
            if connection.number > 1 { return }
            if form == "unread" {
                // What is closed with bytes that were not read is reset.
                for _ in 0..<100 { pause() }
            } else {
                _ = connection.request()
                if form == "reset" { connection.reset() }
            }
        }
        defer { origin.stop() }
        var results: [String] = []
        try withClient { client, _ in
            client.fetch(FetchRequest(url: origin.url)) { outcome in
                results.append(outcome.text ?? "")
                client.fetch(FetchRequest(url: origin.url)) { results.append($0.text ?? "\($0)") }
            }
        }
        #expect(results == ["hello 1", "hello 2"])
    }

    @Test func `two fetches run at once`() throws {
        // Neither is answered before both have been asked.
        let waiting = Barrier(2)
        let origin = try Origin { connection in
            let request = connection.request() ?? ""
            waiting.arrive()
            connection.send(ok(request.contains("/one") ? "1" : "2"))
        }
        defer { origin.stop() }
        var texts: Set<String> = []
        try withClient { client, _ in
            for name in ["one", "two"] {
                client.fetch(FetchRequest(url: "\(origin.url)/\(name)")) { texts.insert("\(name) \($0.text ?? "")") }
            }
            #expect(client.fetchesUnderWay == 2)
        }
        #expect(texts == ["one 1", "two 2"])
        #expect(origin.connections == 2)
    }

    @Test func `a large body comes whole`() throws {
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\r\n")
            connection.send(bytes)
        }
        defer { origin.stop() }
        let body = try fetch(origin.url).get().body
        #expect(body.span.copied() == bytes)
    }

    @Test func `of a large body that comes at once no more is taken at a time than others can wait for`() throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 2 << 20)
        let sent = Shared(false)
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\r\n")
            sent.update { $0 = true }
            connection.send(bytes)
        }
        defer { origin.stop() }
        var (turns, length) = (0, 0)
        try withClient { client, loop in
            let other = LoopTimer(on: loop) { if sent.value { turns += 1 } }
            other.start(after: 1, repeating: 1)
            client.fetch(FetchRequest(url: origin.url)) {
                length = (try? $0.get().body.count) ?? 0
                other.close()
            }
        }
        #expect(length == bytes.count)
        // A twentieth of it is 100 kilobytes.
        #expect(turns >= 10)
    }
}

/// Lets threads wait for each other.
private final class Barrier: Sendable {
    private let count: Shared<Int>

    init(_ count: Int) { self.count = Shared(count) }

    func arrive() {
        count.update { $0 -= 1 }
        while count.value > 0 { pause() }
    }
}
