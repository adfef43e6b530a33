import Daemon
import Glibc
import Settings
import TestSupport
import Testing

/// What the client sees when upstream fails, and upstream when the client does.
@Suite(.timeLimit(.minutes(300))) struct PassingFailureTests {
    private static func serving(
        _ reply: OriginReply, _ change: (inout Settings) -> Void = { _ in },
        _ body: (LiveLarder, ScriptedOrigin) throws -> Void
    ) throws {
        let origin = try ScriptedOrigin { _ in reply }
        try LiveLarder.serving(before: origin, change) { larder throws in try body(larder, origin) }
    }

    /// Expects an error of Larder's own, which says that the request was passed through and what became of it.
    private static func expectEnvelope(_ answer: RawResponse, _ status: Int, _ detail: String) {
        #expect(answer.cacheStatus == "larder; fwd=bypass; detail=\(detail)")
        #expect(answer.status == status)
        #expect(answer.fields["Content-Type"] == "application/json" && answer.fields["Cache-Control"] == "no-store")
        #expect(answer.text.hasPrefix(#"{"error":{"code":\#(status),"message":""#))
    }

    @Test(arguments: ["GET", "POST"])
    func `no upstream is 502, and the connection goes on`(method: String) throws {
        let (reservation, port) = try TestSocket.bound()
        defer { reservation.close() }
        try LiveLarder.serving(upstream: "http://127.0.0.1:\(port)/api/v1") { larder throws in
            let client = try larder.connect()
            for _ in 0..<2 {
                Self.expectEnvelope(try client.request(method, "/key", ["Content-Length": "0"]), 502, "unreachable")
            }
        }
    }

    @Test func `an upstream that says nothing is 504`() throws {
        try Self.serving(.hang, { $0.upstream.idleTimeout = .milliseconds(200) }) { larder, _ throws in
            Self.expectEnvelope(try larder.get("/key"), 504, "timeout")
        }
    }

    @Test(arguments: ["GET", "POST"])
    func `an upstream that goes before it has answered is 502`(method: String) throws {
        let replies: [(OriginReply, String)] = [
            (.close, "cut"), (.reset, "cut"), (.garbage(Array("HTTP/1.1 200 OK\r\nX: ".utf8)), "cut"),
            (.garbage([1, 2, 3, 13, 10]), "unusable"),
        ]
        for (reply, detail) in replies {
            try Self.serving(reply) { larder, origin throws in
                let client = try larder.connect()
                Self.expectEnvelope(try client.request(method, "/key", body: method == "POST" ? [65] : []), 502, detail)
                if method == "POST" { #expect(origin.requests.count == 1) }
                #expect(try client.get("/healthz").status == 200)
            }
        }
    }

    @Test func `interim responses without end are 502`() throws {
        let interim = Array(String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 200).utf8)
        try Self.serving(.garbage(interim)) { larder, _ throws in
            let client = try larder.begin("/key")
            for _ in 0..<100 { #expect(try client.readHead().status == 102) }
            Self.expectEnvelope(try client.readResponse(), 502, "unusable")
            #expect(try client.get("/healthz").status == 200)
        }
    }

    @Test(arguments: [
        "Content-Length: 9223372036854775808", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: -1",
        "Transfer-Encoding:\r\nContent-Length: 5",
    ])
    func `an answer without a length that can be is 502`(fields: String) throws {
        try Self.serving(.garbage(Array("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\nhello".utf8))) { larder, _ throws in
            Self.expectEnvelope(try larder.get("/key"), 502, "unusable")
        }
    }

    @Test func `a body that upstream cuts short never looks whole`() throws {
        let part = Array("part".utf8)
        for body in [OriginBody.cut(after: part, declared: 100), .cutChunks([part, part])] {
            try Self.serving(.response(status: 200, fields: [:], body: body)) { larder, _ throws in
                let client = try larder.begin("/key")
                #expect(throws: (any Error).self) { _ = try client.readResponse() }
                // Nor for an old client, for whom a close is the end: it is a reset.
                let old = try larder.connect()
                try old.send("GET /key HTTP/1.0\r\n\r\n")
                #expect(throws: SocketError.self) { _ = try old.readToEnd() }
            }
        }
    }

    @Test(arguments: [false, true])
    func `the request to upstream ends when its client disconnects`(isReset: Bool) throws {
        let reply = OriginReply.response(
            status: 200, fields: [:],
            body: .chunked(Array(repeating: Array("data: x\n\n".utf8), count: 100_000), pause: .milliseconds(20)))
        try Self.serving(reply) { larder, origin throws in
            let client = try larder.begin("/chat")
            #expect(try client.readHead().status == 200)
            _ = try client.readChunk()
            if isReset { client.reset() } else { client.close() }
            try origin.waitForConnections(atMost: 0)
        }
    }

    @Test func `the request to upstream ends when its client disconnects before the answer`() throws {
        try Self.serving(.hang) { larder, origin throws in
            for isReset in [false, true] {
                let client = try larder.begin("/chat")
                try origin.waitForRequests(isReset ? 2 : 1)
                if isReset { client.reset() } else { client.close() }
                try origin.waitForConnections(atMost: 0)
            }
            let half = try larder.connect()
            try half.sendRequest("POST", "/chat", ["Content-Length": "10"])
            try half.send("abc")
            half.close()
            try origin.waitForConnections(atMost: 0)
        }
    }

    @Test func `a POST is sent once, also when the kept connection has died under it`() throws {
        let origin = try ScriptedOrigin { $0.number == 1 ? .json("{}") : .close }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/key").status == 200)
            let client = try larder.connect()
            Self.expectEnvelope(try client.request("POST", "/chat", body: [65]), 502, "cut")
            #expect(origin.requests.count == 2)
            #expect(origin.requests.map(\.connection) == [1, 1])
        }
    }

    @Test func `a stream under way is finished while Larder drains`() throws {
        let gate = OriginGate()
        let reply = OriginReply.response(
            status: 200, fields: [:], body: .gated(Array("first".utf8), gate, Array("second".utf8)))
        try Self.serving(reply) { larder, _ throws in
            let client = try larder.begin("/chat")
            #expect(try client.readHead().status == 200)
            #expect(try client.readSome() == Array("first".utf8))
            larder.drain()
            try eventually("new connections are refused") { (try? larder.connect()) == nil }
            gate.open()
            #expect(try client.readToEnd() == Array("second".utf8))
            try larder.waitForEnd()
        }
    }

    @Test func `a stream that takes too long is cut when the time to drain is over`() throws {
        let reply = OriginReply.response(status: 200, fields: [:], body: .hanging(after: [65], declared: 9))
        try Self.serving(reply, { $0.server.drainTimeout = .milliseconds(200) }) { larder, origin throws in
            let client = try larder.begin("/chat")
            #expect(try client.readHead().status == 200)
            larder.drain()
            let rest = (try? client.readToEnd()) ?? []
            #expect(rest.count < 9)
            try larder.waitForEnd()
            try origin.waitForConnections(atMost: 0)
        }
    }
}
