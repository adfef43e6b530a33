import Daemon
import TestSupport
import Testing

/// How an answer that is passed through is framed for the client, whatever upstream's framing was.
@Suite(.timeLimit(.minutes(300))) struct PassedAnswerTests {
    private static func serving(
        _ handler: @escaping ScriptedOrigin.Handler, _ body: (LiveLarder) throws -> Void
    ) throws {
        try LiveLarder.serving(before: try ScriptedOrigin(handler), { _ in }, body)
    }

    private static func raw(_ text: String) -> OriginReply { .garbage(Array(text.utf8)) }

    @Test func `interim responses reach a client that knows them, before the final one`() throws {
        let reply = Self.raw(
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        try Self.serving({ _ in reply }) { larder throws in
            let client = try larder.begin("/key")
            let hints = try client.readHead()
            #expect(hints.status == 103 && hints.fields.values("Link") == ["</a>", "</b>"])
            #expect(hints.fields["Content-Length"] == nil && hints.fields["Transfer-Encoding"] == nil)
            #expect(try client.readHead().status == 102)
            #expect(try client.readResponse().text == "ok")
            #expect(try client.get("/healthz").status == 200)

            let old = try larder.connect()
            try old.send("GET /key HTTP/1.0\r\n\r\n")
            let answer = try old.readResponse()
            #expect(answer.status == 200 && answer.text == "ok")
        }
    }

    @Test func `upstream says whether the body may come`() throws {
        let origin = try ScriptedOrigin { .json(#"{"bytes":\#($0.body.count)}"#) }
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            for _ in 0..<2 {
                try client.sendRequest("POST", "/chat", ["Expect": "100-continue", "Content-Length": "5"])
                #expect(try client.readHead().status == 100)
                try client.send("hello")
                #expect(try client.readResponse().text == #"{"bytes":5}"#)
            }
            #expect(origin.requests.count == 2)
        }
    }

    @Test(arguments: [417, 401, 413])
    func `upstream may answer before the body, which then is not wanted`(status: Int) throws {
        let origin = try ScriptedOrigin(readsBodies: false) { _ in Replies.error(status, "not so") }
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            try client.sendRequest("POST", "/chat", ["Expect": "100-continue", "Content-Length": "5"])
            let answer = try client.readResponse()
            #expect(answer.status == status && answer.text.contains("not so"))
            #expect(answer.fields["Connection"] == "close")
            #expect(try client.readToEnd().isEmpty)
            #expect(origin.requests.count == 1)
        }
    }

    @Test func `answers without a body have none, and the connection goes on`() throws {
        try Self.serving({ request in
            switch request.path {
            case "/api/v1/204": .status(204)
            case "/api/v1/204/length": Self.raw("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX: y\r\n\r\n")
            case "/api/v1/103":
                Self.raw(
                    "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nX: y\r\n\r\nHTTP/1.1 204 No Content\r\n"
                        + "content-length: 0\r\n\r\n")
            case "/api/v1/200": Self.raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            case "/api/v1/304": .status(304, ["ETag": "\"x\"", "Content-Length": "12"])
            case "/api/v1/chunked": .response(status: 200, fields: [:], body: .chunked([Array("abc".utf8)]))
            default: .json(#"{"a":"b"}"#)
            }
        }) { larder throws in
            let client = try larder.connect()
            for _ in 0..<2 {
                let gone = try client.get("/204")
                #expect(gone.status == 204 && gone.fields["Transfer-Encoding"] == nil)
                // RFC 9110 section 8.6: of these two kinds none has a length; a 304 and an answer to HEAD may.
                for method in ["GET", "HEAD", "OPTIONS"] {
                    let answer = try client.request(method, "/204/length")
                    #expect(answer.status == 204 && answer.fields["Content-Length"] == nil && answer.fields["X"] == "y")
                }
                try client.sendRequest("GET", "/103")
                let hints = try client.readHead()
                #expect(hints.status == 103 && hints.fields["Content-Length"] == nil && hints.fields["X"] == "y")
                let final = try client.readResponse()
                #expect(final.status == 204 && final.fields["Content-Length"] == nil)
                #expect(try client.get("/200").fields["Content-Length"] == "0")
                let same = try client.get("/304")
                #expect(same.fields["Content-Length"] == "12")
                #expect(same.status == 304 && same.fields["ETag"] == "\"x\"" && same.fields["Transfer-Encoding"] == nil)
                let head = try client.request("HEAD", "/key")
                #expect(head.status == 200 && head.fields["Content-Length"] == "9")
                #expect(try client.request("HEAD", "/chunked").status == 200)
                #expect(try client.get("/key").text == #"{"a":"b"}"#)
            }
        }
    }

    @Test func `chunks stay chunks, with their trailers, and become the whole for an old client`() throws {
        let reply = Self.raw(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                + "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n")
        try Self.serving({ _ in reply }) { larder throws in
            let client = try larder.connect()
            try client.sendRequest("GET", "/key", ["Connection": "close"])
            let text = String(decoding: try client.readToEnd(), as: UTF8.self)
            #expect(text.contains("\r\nTransfer-Encoding: chunked\r\n") && text.contains("\r\nTrailer: X-Sum\r\n"))
            #expect(text.hasSuffix("\r\n0\r\nX-Sum: 5\r\n\r\n"))

            for line in ["", "Connection: keep-alive\r\n"] {
                let old = try larder.connect()
                try old.send("GET /key HTTP/1.0\r\n\(line)\r\n")
                let answer = try old.readHead()
                #expect(answer.fields["Transfer-Encoding"] == nil && answer.fields["Content-Length"] == nil)
                #expect(answer.fields["Connection"] == "close")
                #expect(String(decoding: try old.readToEnd(), as: UTF8.self) == "abcde")
            }
        }
    }

    @Test func `a body that upstream ends by closing is chunked for the client`() throws {
        let whole: [UInt8] = Array(repeating: 7, count: 100_000)
        try Self.serving({ _ in .response(status: 200, fields: [:], body: .untilClose(whole)) }) { larder throws in
            let client = try larder.connect()
            for _ in 0..<2 {
                let answer = try client.get("/key")
                let isWhole = answer.body == whole
                #expect(isWhole && answer.fields["Transfer-Encoding"] == "chunked")
            }
        }
    }

    @Test func `a length beside chunks is not told`() throws {
        let reply = Self.raw(
            "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        try Self.serving({ _ in reply }) { larder throws in
            let client = try larder.connect()
            for _ in 0..<2 {
                let answer = try client.get("/key")
                #expect(answer.text == "abc" && answer.fields["Content-Length"] == nil)
            }
        }
    }

    @Test(arguments: [
        "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3x\r\n", "Content-Length: +3\r\n",
        "Content-Length: 3, 4\r\n", "Content-Length : 3\r\n", "Transfer-Encoding : chunked\r\n",
        "X Y: z\r\nContent-Length: 3\r\n",
    ])
    func `an answer whose end is told in two ways is not passed on`(lines: String) throws {
        try Self.serving({ _ in Self.raw("HTTP/1.1 200 OK\r\n\(lines)\r\nabc\r\n0\r\n\r\n") }) { larder throws in
            let client = try larder.connect()
            let answer = try client.get("/key")
            #expect(answer.status == 502)
            #expect(answer.text.hasPrefix(#"{"error":{"code":502,"message":""#))
            #expect(try client.get("/healthz").text == #"{"status":"ok"}"#)
        }
    }
}
