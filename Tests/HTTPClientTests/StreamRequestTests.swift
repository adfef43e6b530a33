import Bytes
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(300))) struct StreamRequestTests {
    /// The head of a request as the server sees it, its `Host` shortened.
    private func head(_ method: String, _ target: String, _ fields: [(name: String, value: String)] = []) throws
        -> String
    {
        let origin = try Origin(answering: ok(""))
        defer { origin.stop() }
        _ = try exchange(.make(method, origin.url, target, fields: fields))
        return try #require(origin.requests.first).replacing(origin.url.dropFirst("http://".count), with: "origin")
    }

    @Test func `a request has what it was given, in order, and nothing else`() throws {
        #expect(try head("GET", "/") == "GET / HTTP/1.1\r\nHost: origin\r\n\r\n")
        let fields = [
            ("X-B", "1"), ("accept", "text/*"), ("X-A", "2"), ("User-Agent", "curious/1.0"), ("x-b", "3"),
            ("X-Empty", ""),
            ("Accept-Encoding", "zstd;q=0.1"), ("Cookie", "a=b; c=d"), ("Authorization", "Bearer k"), ("Referer", "x"),
        ]
        #expect(
            try head("GET", "/models", fields)
                == "GET /models HTTP/1.1\r\nHost: origin\r\nX-B: 1\r\naccept: text/*\r\nX-A: 2\r\n"
                + "User-Agent: curious/1.0\r\nx-b: 3\r\nX-Empty:\r\nAccept-Encoding: zstd;q=0.1\r\nCookie: a=b; c=d\r\n"
                + "Authorization: Bearer k\r\nReferer: x\r\n\r\n")
    }

    @Test(arguments: [
        "/api/alpha/x?q=%2f&a=b%20c&&x=[1]|2", "/a/../b/./c", "//x//", "/?", "/x?", "/x#y", "/%zz\\{}^`\"<>", "/ü",
    ])
    func `the target goes byte for byte`(target: String) throws {
        #expect(try head("GET", target).hasPrefix("GET \(target) HTTP/1.1\r\n"))
    }

    @Test func `bytes that are no UTF-8 go as they are`() throws {
        let origin = try Origin { connection in
            _ = connection.bytes(through: "\r\n")
            let rest = connection.bytes(through: "\r\n\r\n")
            connection.send(ok(rest.contains("\u{FFFD}") ? "raw" : "changed", "X-Back: \u{FC}\r\n"))
        }
        defer { origin.stop() }
        let asked = Asked(
            method: "GET", url: origin.url, target: [0x2F, 0xE9],
            fields: [(Array("X-Latin".utf8), [0x61, 0xE9, 0x62])])
        #expect(try exchange(asked).text == "raw")
    }

    @Test(arguments: ["GET", "POST", "OPTIONS", "DELETE", "PATCH", "PROPFIND", "get", "M-SEARCH"])
    func `any method goes without a body, and says nothing of one`(method: String) throws {
        #expect(try head(method, "/") == "\(method) / HTTP/1.1\r\nHost: origin\r\n\r\n")
    }

    @Test func `OPTIONS may ask for the whole server`() throws {
        #expect(try head("OPTIONS", "*").hasPrefix("OPTIONS * HTTP/1.1\r\n"))
    }

    @Test(arguments: ["GET", "POST", "PUT", "DELETE", "PATCH", "QUERY"], [0, 5])
    func `any method goes with a body and its length`(method: String, length: Int) throws {
        let origin = try Origin { connection in
            while connection.request() != nil {
                let body = String(decoding: connection.bytes(length), as: UTF8.self)
                connection.send(ok(body))
            }
        }
        defer { origin.stop() }
        let recorder = try exchange(.make(method, origin.url, body: .length(length))) { stream in
            if length > 0 { #expect(stream.send("hello")) }
            stream.finishBody()
        }
        #expect(recorder.text == (length == 0 ? "" : "hello"))
        #expect(recorder.calls.last == "ended")
        #expect(origin.requests[0].hasPrefix("\(method) / HTTP/1.1\r\n"))
        let lines = origin.requests[0].split(separator: "\r\n").dropFirst(2)
        #expect(lines == ["Content-Length: \(length)"])
    }

    @Test(arguments: [StreamRequest.Body.length(5), .chunked])
    func `a HEAD goes without its body`(body: StreamRequest.Body) throws {
        let origin = try Origin(answering: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        defer { origin.stop() }
        let recorder = try exchange(.make("HEAD", origin.url, body: body)) { stream in
            #expect(stream.send("hello"))
            stream.finishBody()
        }
        #expect(recorder.calls == ["200", "ended"])
        #expect(origin.requests[0].split(separator: "\r\n").count == 2)
    }

    @Test func `a body without a length goes in chunks, with its trailers`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send(ok(connection.bytes(through: "\r\n\r\n")))
        }
        defer { origin.stop() }
        let recorder = try exchange(.make("POST", origin.url, body: .chunked)) { stream in
            stream.send("hello")
            stream.finishBody(trailers: [("X-Sum", Array("1".utf8)), ("bad name", []), ("X-Sum", Array("2".utf8))])
        }
        #expect(recorder.text == "5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n")
        #expect(origin.requests[0].contains("\r\nTransfer-Encoding: chunked\r\n\r\n"))
        let plain = try exchange(.make("POST", origin.url, body: .chunked)) { $0.finishBody() }
        #expect(plain.text == "0\r\n\r\n")
    }

    @Test func `what curl sets by itself is not set twice`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send(ok(String(decoding: connection.bytes(2), as: UTF8.self)))
        }
        defer { origin.stop() }
        let fields = [("host", "elsewhere"), ("Content-Length", "7"), ("Transfer-Encoding", "chunked")]
        let recorder = try exchange(.make("POST", origin.url, fields: fields, body: .length(2))) { $0.send("hi") }
        #expect(recorder.text == "hi")
        let request = origin.requests[0]
        #expect(request.contains("Content-Length: 2\r\n") && !request.contains("elsewhere"))
        #expect(!request.contains("7\r\n\r\n") && !request.contains("chunked"))
    }

    @Test(arguments: [
        Asked.make("GET", "nonsense"), .make("GET", "ftp://127.0.0.1"), .make("CONNECT", "http://127.0.0.1"),
        .make("A B", "http://127.0.0.1"), .make("", "http://127.0.0.1"), .make("GET", "http://127.0.0.1", "/a b"),
        .make("GET", "http://127.0.0.1", "/a\r\nX: y"), .make("GET", "http://127.0.0.1", ""),
        .make("GET", "http://127.0.0.1", "x"), .make("GET", "http://127.0.0.1", fields: [("A", "b\r\nC: d")]),
        .make("GET", "http://127.0.0.1", fields: [("A:", "b")]), .make("PUT", "http://127.0.0.1", body: .length(-1)),
    ])
    func `what cannot be sent as it is fails`(asked: Asked) throws {
        let recorder = try exchange(asked)
        #expect(recorder.calls == ["other"])
    }

    @Test func `through a proxy goes the whole URL, and nothing is added either`() throws {
        let proxy = try Origin(answering: ok("by proxy"))
        defer { proxy.stop() }
        let recorder = try exchange(
            .make("GET", "http://models.invalid", "/list?a=%2f&&[1]|2"), settings: settings { $0.proxy = proxy.url })
        #expect(recorder.text == "by proxy")
        #expect(
            proxy.requests == ["GET http://models.invalid/list?a=%2f&&[1]|2 HTTP/1.1\r\nHost: models.invalid\r\n\r\n"])
    }

    @Test func `a proxy that wants to know who asks is told so, and upstream is asked in its own name`() throws {
        let proxy = try Origin(answering: ok("by proxy"))
        defer { proxy.stop() }
        let url = proxy.url.replacing("http://", with: "http://us%40er:pass%3Aword@")
        let recorder = try exchange(
            .make("POST", "http://models.invalid:8080", "/x", body: .length(2)), settings: settings { $0.proxy = url }
        ) { $0.send("hi") }
        #expect(recorder.text == "by proxy")
        #expect(
            proxy.requests == [
                "POST http://models.invalid:8080/x HTTP/1.1\r\nHost: models.invalid:8080\r\n"
                    + "Proxy-Authorization: Basic dXNAZXI6cGFzczp3b3Jk\r\nContent-Length: 2\r\n\r\n"
            ])
    }
}
