import Daemon
import Glibc
import Settings
import TestSupport
import Testing

/// Clients that take their time on purpose: each is cut off within its limit, while others are served.
@Suite(.timeLimit(.minutes(300))) struct SlowClientTests {
    /// No client that is not slow on purpose takes so long, on a busy machine either.
    private static let limit = Duration.seconds(2)

    private static func serving(_ body: (LiveLarder, ScriptedOrigin) throws -> Void) throws {
        let list = Replies.list((0..<80_000).map { "author/model-number-\($0)" })
        let origin = try ScriptedOrigin { request in
            request.path.hasSuffix("/files") ? .json(#"{"bytes":\#(request.body.count)}"#) : list
        }
        let change = { (settings: inout Settings) in
            settings.upstream.timeout = .hang
            settings.server.headerTimeout = limit
            settings.server.bodyTimeout = limit
            settings.server.idleTimeout = .seconds(10)
            settings.server.maxConnections = 60
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            #expect(try larder.get("/models/count").status == 200)
            try body(larder, origin)
        }
    }

    /// Lets the slow ones do `step` again and again until all of them are cut off; others are served all the time.
    /// `began` is before the first of them sent anything.
    private static func wear(
        _ larder: LiveLarder, _ slow: [RawClient], since began: ContinuousClock.Instant, within time: Duration,
        _ step: (RawClient) throws -> Bool
    ) throws {
        var left = slow
        while !left.isEmpty {
            left = try left.filter(step)
            #expect(try larder.get("/models/count").status == 200)
            guard ContinuousClock.now - began < time else {
                throw TimedOut("the end of \(left.count) slow clients", after: time)
            }
            usleep(20_000)
        }
        // A loop's clock may be late.
        #expect(ContinuousClock.now - began >= limit / 2)
    }

    @Test func `heads that come a byte at a time`() throws {
        try Self.serving { larder, _ throws in
            let began = ContinuousClock.now
            // The limit is also one for a connection on which nothing comes.
            let slow = try (0..<50).map { _ in
                let client = try larder.connect()
                try client.send("GET /models HTTP/1.1\r\nX: ")
                return client
            }
            try Self.wear(larder, slow, since: began, within: .hang) { client in
                !client.socket.wait(for: POLLIN, until: .now) && (try? client.send("x")) != nil
            }
            for client in slow { #expect(try client.readResponse().status == 408) }
        }
    }

    @Test func `bodies of uploads that stop coming`() throws {
        try Self.serving { larder, origin throws in
            let began = ContinuousClock.now
            let slow = try (0..<20).map { _ in
                let client = try larder.connect()
                try client.send("POST /files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nsome of it")
                return client
            }
            try Self.wear(larder, slow, since: began, within: .hang) { !$0.socket.wait(for: POLLIN, until: .now) }
            for client in slow {
                let answer = try client.readResponse()
                #expect(answer.status == 408 && answer.cacheStatus == "larder; detail=bad-request")
            }
            // Upstream's connection ends as well, and it never took this for the whole.
            try origin.waitForConnections(atMost: 1)
            #expect(origin.requests.allSatisfy { $0.method == "GET" })
        }
    }

    @Test func `an upload that stops after upstream had to be waited for`() throws {
        let origin = try ScriptedOrigin(readPause: .milliseconds(5)) { .json(#"{"bytes":\#($0.body.count)}"#) }
        // Long enough that this client, which has to send all the time, is not too slow itself on a busy machine.
        try LiveLarder.serving(before: origin, { $0.server.bodyTimeout = .seconds(10) }) { larder throws in
            let client = try larder.connect()
            try client.sendRequest("POST", "/files", ["Content-Length": "20000001"])
            try client.send([UInt8](repeating: 7, count: 20_000_000))
            try origin.waitForBodyBytes(20_000_000)
            #expect(try client.readResponse().status == 408)
            let rest = (try? client.readToEnd()) ?? []
            #expect(rest.isEmpty)
            #expect(origin.requests.isEmpty)
        }
    }

    /// What the kernel has taken of an answer hides the end from who does not read, so it is told by the number of
    /// connections that are left.
    @Test func `answers that nobody reads`() throws {
        try Self.serving { larder, _ throws in
            let began = ContinuousClock.now
            let slow = try (0..<10).map { _ in
                let client = try larder.connect(receiveBuffer: 4096)
                try client.sendRequest("GET", "/models")
                return client
            }
            for _ in 0..<10 { #expect(try larder.get("/models/count").status == 200) }
            try eventually("the slow ones are cut off") { try Reports.samples(larder)["larder_connections"] == 1 }
            #expect(ContinuousClock.now - began >= Self.limit / 2)
            for client in slow {
                let length = try #require(Int(try client.readHead().fields["Content-Length"] ?? ""))
                let rest = (try? client.readToEnd()) ?? []
                #expect(rest.count < length)
            }
        }
    }
}
