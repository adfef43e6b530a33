import Daemon
import Glibc
import Settings
import TestSupport
import Testing

/// What happens on a connection, from the client's side of the wire.
@Suite(.timeLimit(.minutes(300))) struct ConnectionTests {
    private static func serving(
        _ change: (inout Settings) -> Void = { _ in },
        _ handler: @escaping ScriptedOrigin.Handler = Replies.wellBehaved,
        _ body: (LiveLarder) throws -> Void
    ) throws {
        try LiveLarder.serving(before: try ScriptedOrigin(handler), change, body)
    }

    private static let get = "GET /models/count HTTP/1.1\r\nHost: localhost\r\n"

    // MARK: In good order

    @Test func `requests sent ahead are answered in their order, also when one has to wait`() throws {
        let gate = OriginGate()
        let handler: ScriptedOrigin.Handler = { request in
            request.query == "feed=x&use_rss=true" ? .held(gate, Replies.list(["x/x"])) : Replies.wellBehaved(request)
        }
        try Self.serving({ _ in }, handler) { larder throws in
            let client = try larder.connect()
            let targets = [
                "/models/count?output_modalities=all", "/models?use_rss=true&feed=x", "/model/acme/anvil", "/no",
                "/models?limit=0", "/models",
            ]
            try client.send(targets.map { "GET \($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
            #expect(try client.readResponse().text == #"{"data":{"count":25}}"#)
            try gate.waitForArrivals(1)
            gate.open()
            #expect(try client.readResponse().text.contains("x/x"))
            #expect(try client.readResponse().text.hasPrefix(#"{"data":{"id":"acme/anvil""#))
            #expect(try client.readResponse().fields["Cache-Status"] == "larder; fwd=bypass; fwd-status=404")
            #expect(try client.readResponse().status == 400)
            #expect(try client.readResponse().text.hasPrefix(#"{"data":[{"id":"acme/anvil""#))
            #expect(try client.get("/models").isHit)
        }
    }

    @Test func `a thousand requests sent ahead are all answered`() throws {
        try Self.serving { larder throws in
            let one = try larder.get("/models")
            let client = try larder.connect()
            let request = Array("GET /models HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
            try client.send(Array(repeatElement(request, count: 1000).joined()))
            for _ in 0..<1000 {
                let isSame = try client.readResponse().body == one.body
                #expect(isSame)
            }
        }
    }

    @Test func `a request may come byte by byte`() throws {
        try Self.serving { larder throws in
            let client = try larder.connect()
            for _ in 0..<2 {
                for byte in (Self.get + "\r\n").utf8 { try client.send([byte]) }
                #expect(try client.readResponse().status == 200)
            }
        }
    }

    @Test(arguments: [false, true])
    func `a client that has said all still gets its answers`(isHeld: Bool) throws {
        let gate = OriginGate()
        if !isHeld { gate.open() }
        try Self.serving({ _ in }, { .held(gate, Replies.wellBehaved($0)) }) { larder throws in
            let client = try larder.connect()
            try client.send(Self.get + "\r\n" + Self.get + "\r\n")
            client.finishSending()
            if isHeld {
                try gate.waitForArrivals(1)
                try client.socket.waitUntilDelivered()
                try larder.settle()
                gate.open()
            }
            #expect(try client.readResponse().status == 200)
            #expect(try client.readResponse().status == 200)
            #expect(try client.readToEnd().isEmpty)
        }
    }

    @Test(arguments: ["Connection: close", "connection: Close", "Connection: keep-alive, close"])
    func `a connection is kept until one side wants to end it`(field: String) throws {
        try Self.serving { larder throws in
            let client = try larder.connect()
            for _ in 0..<20 { #expect(try client.get("/models/count").fields["Connection"] == "keep-alive") }
            try client.send(Self.get + field + "\r\n\r\n")
            #expect(try client.readResponse().fields["Connection"] == "close")
            #expect(try client.readToEnd().isEmpty)
        }
    }

    @Test func `HTTP of the older kind is answered and ended`() throws {
        try Self.serving { larder throws in
            let client = try larder.connect()
            try client.send("GET /models/count HTTP/1.0\r\n\r\n")
            let answer = try client.readResponse()
            #expect(answer.status == 200 && answer.fields["Connection"] == "close")
            #expect(try client.readToEnd().isEmpty)
        }
    }

    @Test func `the target may be a whole URL`() throws {
        try Self.serving { larder throws in
            #expect(try larder.get("http://localhost/v1/models/count?output_modalities=all").text.contains("25"))
        }
    }

    // MARK: Limits of time

    /// Limits that a test can wait for. A slow machine needs a part of them between a connection and its first request.
    private static func quick(_ settings: inout Settings) {
        settings.server.headerTimeout = .seconds(3)
        settings.server.idleTimeout = .seconds(3)
        settings.server.bodyTimeout = .seconds(3)
    }

    @Test(arguments: ["G", "GET /models HTTP/1.1\r\n", "GET /models HTTP/1.1\r\nHost: localhost\r\n"])
    func `a head that does not end is answered when its time is over`(head: String) throws {
        try Self.serving(Self.quick) { larder throws in
            let client = try larder.connect()
            let began = ContinuousClock.now
            try client.send(head)
            let answer = try client.readResponse()
            #expect(answer.status == 408 && answer.fields["Connection"] == "close")
            #expect(answer.text.hasPrefix(#"{"error":{"code":408,"message":""#))
            #expect(ContinuousClock.now - began > .milliseconds(2500))
            #expect(try client.readToEnd().isEmpty)
        }
    }

    @Test func `a head that trickles in has no more time than another`() throws {
        let change = { (settings: inout Settings) in
            Self.quick(&settings)
            // More than come until a test counts as hung.
            settings.server.maxHeaders = 10_000
        }
        try Self.serving(change) { larder throws in
            let client = try larder.connect()
            try client.send(Self.get)
            try eventually("its time is over") {
                let isOver = client.socket.wait(for: POLLIN, until: .now + .milliseconds(100))
                if !isOver { try client.send("X-More: 1\r\n") }
                return isOver
            }
            #expect(try client.readResponse().status == 408)
        }
    }

    @Test(arguments: [0, 1, 3])
    func `an idle connection is ended without a word`(requests: Int) throws {
        try Self.serving(Self.quick) { larder throws in
            let client = try larder.connect()
            for _ in 0..<requests { #expect(try client.get("/models/count").status == 200) }
            #expect(try client.readToEnd().isEmpty)
        }
    }

    @Test func `a request that waits for upstream is not idle`() throws {
        let handler: ScriptedOrigin.Handler = { .delayed(.milliseconds(4500), Replies.wellBehaved($0)) }
        try Self.serving(Self.quick, handler) { larder throws in
            #expect(try larder.get("/models/count").status == 200)
        }
    }

    // MARK: Limits of size

    @Test func `a target, a head or a number of fields over the limit is refused, and one at it is not`() throws {
        let change = { (settings: inout Settings) in
            settings.server.maxTargetBytes = 1000
            settings.server.maxHeaderBytes = 4000
            settings.server.maxHeaders = 20
        }
        try Self.serving(change) { larder throws in
            let target = "/models/count?q="
            let longest = target + String(repeating: "x", count: 1000 - target.count)
            #expect(try larder.get(longest).status == 200)
            #expect(try larder.get(longest + "x").status == 414)
            var fields: MessageFields = [:]
            // With Host.
            for number in 1...19 { fields.all.append(.init(name: "X-\(number)", value: "y")) }
            #expect(try larder.get("/models/count", fields).status == 200)
            fields.all.append(.init(name: "X-20", value: "y"))
            #expect(try larder.get("/models/count", fields).status == 431)
            #expect(try larder.get("/models/count", ["X-Long": String(repeating: "z", count: 3500)]).status == 200)
            let answer = try larder.get("/models/count", ["X-Long": String(repeating: "z", count: 4000)])
            #expect(answer.status == 431 && answer.fields["Connection"] == "close")
            #expect(answer.text.hasPrefix(#"{"error":{"code":431,"message":""#))
        }
    }

    @Test func `a head that does not fit into one reading is read to its end, if the limit allows it`() throws {
        try Self.serving({ $0.server.maxHeaderBytes = 1 << 20 }) { larder throws in
            let long = String(repeating: "z", count: 200_000)
            #expect(try larder.get("/models/count", ["X-Long": long]).status == 200)
        }
    }

    @Test func `a head without end is refused long before it fills the memory`() throws {
        try Self.serving { larder throws in
            let line = "X-Fill: \(String(repeating: "f", count: 1000))\r\n"
            let lines = Array(String(repeating: line, count: 10_000).utf8)
            let client = try larder.connect()
            try client.send(Self.get)
            // Larder closes, and what is sent after that may come back as a reset.
            _ = try? client.sendWhileTaken(lines)
            let status = try? client.readResponse().status
            #expect(status == 431 || status == nil)
            #expect(try larder.get("/models/count").status == 200)
        }
    }

    @Test(arguments: [
        ("GET /models HTTP/1.1\r\n\r\n", 400), ("GET /models HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n", 400),
        ("GET /models HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n", 400),
        ("GET models HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("GET /models#x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("GET  /models HTTP/1.1\r\nHost: localhost\r\n\r\n", 400), ("GET /models\r\nHost: localhost\r\n\r\n", 505),
        ("GET /models HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
        ("GET /models HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n", 400),
        ("GET /models HTTP/3.0\r\nHost: localhost\r\n\r\n", 505), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", 400), ("hello\r\n\r\n", 400),
        ("POST /models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST /models HTTP/1.1\r\nHost: localhost\r\nContent-Length: -3\r\n\r\n", 400),
    ])
    func `what is no good request is refused, and nothing after it is read`(request: String, status: Int) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            try client.send(request + Self.get + "\r\n")
            let answer = try client.readResponse()
            #expect(answer.status == status)
            #expect(answer.text.hasPrefix(#"{"error":{"code":\#(status),"message":""#))
            #expect(answer.fields["Connection"] == "close")
            let rest = (try? client.readToEnd()) ?? []
            #expect(rest.isEmpty)
        }
        #expect(origin.requests.isEmpty)
    }

    @Test func `a body that nobody wants is not taken for a request`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            for method in ["POST", "GET"] {
                let client = try larder.connect()
                let smuggled = Self.get + "\r\n"
                try client.send(
                    "\(method) /models HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(smuggled.utf8.count)\r\n\r\n"
                        + smuggled
                )
                let answer = try client.readResponse()
                #expect(answer.status == (method == "POST" ? 405 : 200))
                #expect(answer.fields["Connection"] == "close")
                #expect(((try? client.readToEnd()) ?? []).isEmpty)
            }
        }
    }

    // MARK: Many clients

    @Test func `a client that does not read does not keep others from being served, and gets all in the end`() throws {
        let handler: ScriptedOrigin.Handler = { _ in Replies.list((0..<10_000).map { "author/model-number-\($0)" }) }
        try Self.serving({ _ in }, handler) { larder throws in
            let whole = try larder.get("/models")
            let slow = try larder.connect(receiveBuffer: 4096)
            for _ in 0..<5 { try slow.sendRequest("GET", "/models") }
            for _ in 0..<20 {
                let isSame = try larder.get("/models").body == whole.body
                #expect(isSame)
            }
            for _ in 0..<5 {
                let isSame = try slow.readResponse().body == whole.body
                #expect(isSame)
            }
        }
    }

    @Test func `a client that takes nothing of its answer for too long is cut off`() throws {
        let count = 80_000
        let handler: ScriptedOrigin.Handler = { _ in Replies.list((0..<count).map { "author/model-number-\($0)" }) }
        let change = { (settings: inout Settings) in
            Self.quick(&settings)
            settings.server.maxConnections = 1
        }
        try Self.serving(change, handler) { larder throws in
            let stuck = try larder.connect(receiveBuffer: 4096)
            try stuck.sendRequest("GET", "/models")
            let length = try #require(Int(try stuck.readHead().fields["Content-Length"] ?? ""))
            // It holds the only place. The next in line is served when it has lost it.
            #expect(try larder.get("/models/count").text == #"{"data":{"count":\#(count)}}"#)
            let rest = (try? stuck.readToEnd()) ?? []
            #expect(rest.count < length)
        }
    }

    @Test func `the number of connections is that of all loops, however the kernel spreads them`() throws {
        let change = { (settings: inout Settings) in
            settings.workers = 2
            settings.server.maxConnections = 40
        }
        try Self.serving(change) { larder throws in
            for _ in 0..<3 {
                let clients = try (0..<40).map { _ in try larder.connect() }
                for client in clients { #expect(try client.get("/models/count").status == 200) }
                let late = try (0..<2).map { _ in try larder.begin("/models/count") }
                for client in late { #expect(try client.readResponse().status == 200) }
                // Another loop frees a place a moment before its connection's end arrives.
                func closed() -> Int { clients.count { $0.socket.wait(for: POLLIN, until: .now) } }
                try eventually("two are closed") { closed() >= 2 }
                #expect(closed() == 2)
                for client in clients + late { client.close() }
                try eventually("they are gone") {
                    try Reports.samples(larder)["larder_connections"] == 1
                }
            }
        }
    }

    @Test func `connections that come and go in all manners leave nothing behind`() throws {
        try Self.serving({ $0.workers = 2 }) { larder throws in
            let port = larder.port
            try concurrently(4) { number in
                for round in 0..<50 {
                    let client = try RawClient(port: port)
                    switch (round + number) % 5 {
                    case 0: client.reset()
                    case 1: try client.send("GET /mod")
                    case 2: try client.sendRequest("GET", "/models")
                    case 3: #expect(try client.get("/models").status == 200)
                    default:
                        try client.sendRequest("GET", "/models")
                        client.reset()
                    }
                    client.close()
                }
            }
            #expect(try larder.get("/models").status == 200)
        }
    }
}
