import TestSupport
import Testing

@Suite struct ScriptedOriginTests {
    @Test func `answers as the script says, and remembers what it was asked`() throws {
        let origin = try ScriptedOrigin { request in
            .json("{\"n\":\(request.number)}", ["Cache-Control": "public", "X-Twice": "1", "x-twice": "2"])
        }
        let client = try RawClient(port: origin.port)
        let first = try client.get("/a?b=%2F", ["X-Key": "secret"])
        #expect(first.status == 200 && first.text == "{\"n\":1}")
        #expect(first.fields.values("X-Twice") == ["1", "2"])
        let second = try client.request("POST", "/c", body: Array("hello".utf8))
        #expect(second.text == "{\"n\":2}")
        let requests = try origin.waitForRequests(2)
        #expect(requests.map(\.target) == ["/a?b=%2F", "/c"])
        #expect(requests[0].path == "/a" && requests[0].query == "b=%2F" && requests[0].fields["x-key"] == "secret")
        #expect(requests[1].body == Array("hello".utf8) && requests[1].connection == 1)
        #expect(origin.connectionsAccepted == 1)
    }

    @Test func `sends chunks, and answers a HEAD without them`() throws {
        let origin = try ScriptedOrigin { _ in
            .response(
                status: 201, fields: [:], body: .chunked([[97, 98], [99]], pause: .milliseconds(5)))
        }
        let client = try RawClient(port: origin.port)
        let head = try client.request("HEAD", "/")
        #expect(head.status == 201 && head.body.isEmpty)
        let whole = try client.get("/")
        #expect(whole.text == "abc" && whole.chunks == 2)
    }

    @Test func `streams a body of 50 MB`() throws {
        let origin = try ScriptedOrigin { _ in
            .response(status: 200, fields: [:], body: .repeated(120, count: 50_000_000))
        }
        let client = try RawClient(port: origin.port)
        try client.sendRequest("GET", "/")
        #expect(try client.readHead().fields["Content-Length"] == "50000000")
        var count = 0
        while count < 50_000_000 { count += try client.readSome(1 << 20).count }
        #expect(count == 50_000_000)
    }

    @Test(arguments: [
        OriginReply.close, .reset, .garbage(Array("nonsense\r\n\r\n".utf8)),
        .response(status: 200, fields: [:], body: .cut(after: [97], declared: 10)),
        .response(status: 200, fields: [:], body: .cutChunks([[97]])),
    ])
    func `a broken answer is seen as broken`(reply: OriginReply) throws {
        let origin = try ScriptedOrigin { _ in reply }
        #expect(throws: (any Error).self) { try RawClient.get(port: origin.port, "/") }
        try origin.waitForConnections(atMost: 0)
    }

    @Test func `hangs until the client leaves`() throws {
        let origin = try ScriptedOrigin { request in
            request.path == "/head"
                ? .hang : .response(status: 200, fields: [:], body: .hanging(after: [97], declared: 9))
        }
        let first = try RawClient(port: origin.port, timeout: .milliseconds(50))
        #expect(throws: SocketError.self) { try first.get("/head") }
        let second = try RawClient(port: origin.port)
        try second.sendRequest("GET", "/body")
        #expect(try second.readHead().status == 200 && second.readSome() == [97])
        #expect(origin.connectionsOpen == 2)
        first.close()
        second.reset()
        try origin.waitForConnections(atMost: 0)
    }

    @Test func `a gate holds an answer back until it is opened`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, .json("1")) }
        let client = try RawClient(port: origin.port)
        try client.sendRequest("GET", "/")
        try gate.waitForArrivals(1)
        gate.open()
        #expect(try client.readResponse().text == "1")
    }

    @Test func `stopping ends what hangs`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { $0.path == "/gate" ? .held(gate, .close) : .delayed(.seconds(60), .close) }
        let clients = try ["/gate", "/delay"].map { target in
            let client = try RawClient(port: origin.port)
            try client.sendRequest("GET", target)
            return client
        }
        try origin.waitForRequests(2)
        origin.stop()
        #expect(origin.connectionsOpen == 0)
        for client in clients { #expect(try client.readToEnd().isEmpty) }
        #expect(throws: (any Error).self) { try RawClient(port: origin.port) }
    }

    @Test func `a body that nobody reads stops its sender`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin(readsBodies: false) { _ in .held(gate, .status(204)) }
        let client = try RawClient(port: origin.port)
        try client.send("POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n")
        let sent = try client.sendWhileTaken([UInt8](repeating: 1, count: 100_000_000))
        #expect(sent > 0 && sent < 100_000_000)
        gate.open()
        #expect(try client.readResponse().status == 204)
    }

    @Test func `body bytes are counted as they come`() throws {
        let origin = try ScriptedOrigin { .json("\($0.body.count)") }
        let client = try RawClient(port: origin.port)
        try client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        try origin.waitForBodyBytes(3)
        #expect(origin.requests.isEmpty)
        try client.send("1\r\nd\r\n0\r\n\r\n")
        #expect(try client.readResponse().text == "4")
    }
}
