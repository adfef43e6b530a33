import Daemon
import Settings
import TestSupport
import Testing

/// Whether a connection goes on behind an answer, and requests that are sent ahead.
@Suite(.timeLimit(.minutes(300))) struct PersistenceTests {
    private static func old(
        _ name: String, _ lines: String, _ ending: RawCase.Ending, target: String = "/models/count",
        holds: [String] = [], lacks: [String] = []
    ) -> RawCase {
        RawCase(name, "9112 9.3", "GET \(target) HTTP/1.0\r\n\(lines)\r\n", [200], ending, holds: holds, lacks: lacks)
    }

    /// How a client learns for how long the connection is kept.
    private static let keepAlive = ["Connection: keep-alive\r\n", "Keep-Alive: timeout=75\r\n"]

    @Test func `every kind of answer says for how long the connection waits`() throws {
        let line = { (text: String) in "\(text) HTTP/1.1\r\nHost: localhost\r\n" }
        for (timeout, keepAlive) in [(Duration.seconds(7), ["Keep-Alive: timeout=7\r\n"]), (.milliseconds(900), [])] {
            let lacks = keepAlive.isEmpty ? ["Keep-Alive"] : []
            var cases: [RawCase] = []
            for (target, status) in [
                ("GET /models/count", 200), ("HEAD /models/count", 200), ("GET /models?limit=0", 400),
                ("GET /healthz", 200),
                ("GET /_larder/", 200), ("GET /_larder/status", 200), ("OPTIONS /models", 204), ("POST /models", 405),
                ("GET /echo", 200), ("GET /favicon.ico", 200),
            ] {
                cases.append(
                    RawCase("\(target)", "9112 9.3", line(target) + "\r\n", [status], holds: keepAlive, lacks: lacks))
                cases.append(
                    RawCase(
                        "\(target), closing", "9112 9.6", line(target) + "Connection: close\r\n\r\n", [status], .closes,
                        lacks: ["Keep-Alive"]))
            }
            try RawCase.run(cases) { $0.server.idleTimeout = timeout }
        }
    }

    @Test func `Connection says so`() throws {
        try RawCase.run([
            .get("nothing said", "9112 9.3", lines: "", holds: Self.keepAlive),
            .get("keep-alive", "9112 9.3", lines: "Connection: keep-alive\r\n", holds: Self.keepAlive),
            .get("close", "9112 9.6", lines: "Connection: close\r\n", [200], .closes, lacks: ["Keep-Alive"]),
            .get("close in capitals", "9112 9.6", lines: "CONNECTION: CLOSE\r\n", [200], .closes),
            .get("close in a list", "9112 9.6", lines: "Connection: x, close ,y\r\n", [200], .closes),
            .get("close and keep-alive", "9112 9.3", lines: "Connection: keep-alive, close\r\n", [200], .closes),
            .get("close in a second line", "9112 9.6", lines: "Connection: x\r\nConnection: close\r\n", [200], .closes),
            .get("what only begins like close", "9112 9.6", lines: "Connection: closed\r\n"),
            .get("close elsewhere", "9112 9.6", lines: "Keep-Alive: close\r\nX: close\r\n"),
            .get("an empty one", "9110 7.6.1", lines: "Connection:\r\n"),
            RawCase(
                "close, passed through", "9112 9.6",
                "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", [200], .closes),
            RawCase(
                "close with a body, passed through", "9112 9.6",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", [200],
                .closes, holds: ["[abc]"]),
        ])
    }

    @Test func `a client of version 1 0 has to ask for more, and is told that it has it`() throws {
        let kept = Self.keepAlive
        try RawCase.run([
            Self.old("nothing said", "", .closes),
            Self.old("keep-alive", "Connection: keep-alive\r\n", .goesOn, holds: kept),
            Self.old("keep-alive in capitals", "Connection: Keep-Alive\r\n", .goesOn, holds: kept),
            Self.old("keep-alive and close", "Connection: keep-alive, close\r\n", .closes),
            Self.old("close", "Connection: close\r\n", .closes),
            Self.old("keep-alive, not cached", "Connection: keep-alive\r\n", .goesOn, target: "/healthz", holds: kept),
            Self.old(
                "keep-alive, passed through", "Connection: keep-alive\r\n", .goesOn, target: "/echo", holds: kept),
            Self.old("passed through", "", .closes, target: "/echo", holds: ["[]"]),
        ])
    }

    @Test func `requests that are sent ahead are answered in their order`() throws {
        let hit = "GET /models/count HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let echo = "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let post = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
        let chunks = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        let bad = "GET /models?limit=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        let last = "GET /models/count HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        let none = "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try RawCase.run([
            RawCase("hits", "9112 9.3.2", hit + hit + hit, [200, 200, 200]),
            RawCase("an error between hits", "9112 9.3.2", hit + bad + hit, [200, 400, 200]),
            RawCase("passed through, then hits", "9112 9.3.2", none + hit + bad, [404, 200, 400]),
            RawCase("passed through, twice", "9112 9.3.2", echo + none + echo, [200, 404, 200]),
            RawCase("bodies", "9112 9.3.2", post + hit + chunks + none + post, [200, 200, 200, 404, 200]),
            RawCase("a last one", "9112 9.6", hit + last + hit, [200, 200], .closes),
            RawCase("empty lines between them", "9112 2.2", hit + "\r\n" + echo + "\r\n\r\n" + hit, [200, 200, 200]),
            RawCase("what is none", "9112 9.3.2", hit + "x\r\n\r\n" + hit, [200, 400], .closes),
            RawCase("what is none behind a body", "9112 6.3", post + "x" + hit, [200, 400], .closes),
            RawCase("what is none behind chunks", "9112 7.1", chunks + "x" + hit, [200, 400], .closes),
        ])
    }

    /// Nothing is taken for a request before it is whole, however it is cut.
    @Test func `a request may be cut anywhere`() throws {
        let origin = try ScriptedOrigin(RawCase.upstream)
        let cases = [
            RawCase("a hit", "9112 3", "GET /models/count HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n", [200]),
            RawCase(
                "chunks", "9112 7.1",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3;e\r\nabc\r\n0\r\nT: u\r\n\r\n",
                [200], holds: ["[abc]"]),
            RawCase(
                "a length", "9112 6.2", "PUT /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", [200],
                holds: ["PUT /api/v1/echo [abc]"]),
            RawCase("a bad one", "9112 5.1", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", [400], .closes),
        ]
        try LiveLarder.serving(before: origin) { larder throws in
            let cut = cases.flatMap { one in (1..<one.bytes.count).map { (one, Optional($0)) } }
            try RawCase.run(cut, port: larder.port)
        }
    }

    @Test func `half a request that ends, or is reset, reaches nobody`() throws {
        let origin = try ScriptedOrigin(RawCase.upstream)
        try LiveLarder.serving(before: origin) { larder throws in
            for text in [
                "", "\r\n", "G", "GET /echo HTTP/1.1", "GET /echo HTTP/1.1\r\n",
                "GET /echo HTTP/1.1\r\nHost: localhost",
                "GET /echo HTTP/1.1\r\nHost: localhost\r\n", "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r",
            ] {
                let client = try larder.connect()
                try client.send(text)
                client.finishSending()
                let answer = (try? client.readToEnd()) ?? []
                #expect(answer.isEmpty)
                let leaving = try larder.connect()
                try leaving.send(text)
                leaving.reset()
            }
            // A body that ends early is never a whole one.
            for text in ["Content-Length: 3\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"] {
                let client = try larder.connect()
                try client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\n" + text)
                client.finishSending()
                let answer = (try? client.readToEnd()) ?? []
                #expect(answer.isEmpty)
            }
            #expect(try larder.get("/models/count").status == 200)
        }
        #expect(origin.requests.allSatisfy { !$0.path.hasSuffix("/echo") })
    }
}
