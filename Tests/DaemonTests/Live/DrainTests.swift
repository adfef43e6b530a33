import Daemon
import Settings
import TestSupport
import Testing

/// What becomes of requests when Larder receives SIGTERM.
@Suite(.timeLimit(.minutes(300))) struct DrainTests {
    /// Of four loops, one has the only connection, and mostly another one leads the fetch that it waits for.
    @Test(arguments: 0..<8)
    func `a request that waits for another loop's fetch is finished`(number: Int) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, Replies.list(["late/model"])) }
        try LiveLarder.serving(before: origin, { $0.workers = 4 }) { larder throws in
            let client = try larder.begin("/models?category=\(number)")
            try gate.waitForArrivals(1)
            larder.drain()
            try eventually("new connections are refused") { (try? larder.connect()) == nil }
            gate.open()
            let answer = try client.readResponse()
            #expect(answer.status == 200)
            #expect(answer.fields["Connection"] == "close")
            #expect(try client.readToEnd().isEmpty)
            client.close()
            try larder.waitForEnd()
        }
    }

    @Test func `idle connections end at once, and so does Larder`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin, { $0.workers = 2 }) { larder throws in
            let clients = try (0..<8).map { _ in try larder.connect() }
            for client in clients { #expect(try client.get("/models").status == 200) }
            larder.drain()
            for client in clients { #expect(try client.readToEnd().isEmpty) }
            try larder.waitForEnd()
        }
    }

    @Test(arguments: [false, true])
    func `who takes too long is cut off when the time to drain is over, or at the second word`(isSecond: Bool) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, .close) }
        let change = { (settings: inout Settings) in
            settings.workers = 2
            settings.server.drainTimeout = isSecond ? .seconds(60) : .milliseconds(200)
            settings.upstream.timeout = .seconds(60)
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            let client = try larder.begin("/models")
            try gate.waitForArrivals(1)
            larder.drain()
            if isSecond { larder.drain() }
            #expect(try client.readToEnd().isEmpty)
            try larder.waitForEnd()
        }
    }

    @Test func `an answer that is under way is sent to its end`() throws {
        let origin = try ScriptedOrigin { _ in
            Replies.list((0..<20_000).map { "author/model-number-\($0)" })
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let whole = try larder.get("/models")
            #expect(whole.body.count > 1 << 20)
            let slow = try larder.connect(receiveBuffer: 4096)
            try slow.sendRequest("GET", "/models")
            try slow.socket.waitUntilDelivered()
            try larder.settle()
            larder.drain()
            let isWhole = try slow.readResponse().body == whole.body
            #expect(isWhole)
            slow.close()
            try larder.waitForEnd()
        }
    }
}
