import Daemon
import Glibc
import Settings
import TestSupport
import Testing

/// `server.max_connections`: idle connections make room, the newest waits, and Larder's own pages are always answered.
@Suite(.timeLimit(.minutes(300))) struct ConnectionLimitTests {
    /// The connections beyond the limit that each loop may have.
    private static let reserve = 16

    /// A Larder whose streams end when the gate opens.
    private static func serving(
        _ most: Int, workers: Int, _ body: (LiveLarder, OriginGate, ScriptedOrigin) throws -> Void
    ) throws {
        let gate = OriginGate()
        defer { gate.open() }
        let origin = try ScriptedOrigin { request in
            switch request.path {
            case "/api/v1/chat/completions":
                .response(
                    status: 200, fields: ["Content-Type": "text/event-stream"],
                    body: .gated(Array("data: 1\n\n".utf8), gate, Array("data: 2\n\n".utf8)))
            case "/api/v1/files": .json(#"{"bytes":\#(request.body.count)}"#)
            default: Replies.wellBehaved(request)
            }
        }
        let change = { (settings: inout Settings) in
            settings.workers = workers
            settings.server.maxConnections = most
        }
        try LiveLarder.serving(before: origin, change) { larder throws in try body(larder, gate, origin) }
    }

    /// Streams that hold this many connections.
    private static func streams(_ count: Int, of larder: LiveLarder) throws -> [RawClient] {
        try (0..<count).map { _ in
            let client = try larder.connect()
            try client.sendRequest("POST", "/chat/completions", body: [1])
            #expect(try client.readHead().status == 200)
            return client
        }
    }

    private static func isSilent(_ client: RawClient) -> Bool {
        !client.socket.wait(for: POLLIN, until: .now + .milliseconds(100))
    }

    @Test(arguments: [1, 4]) func `the connection that was idle for the longest time makes room`(workers: Int) throws {
        try Self.serving(4, workers: workers) { larder, _, _ throws in
            let first = try (0..<4).map { _ in try larder.connect() }
            for client in first { #expect(try client.get("/models/count").status == 200) }
            // From now on only the third has been idle all the time. Each of the others is used after these 20 ms too: on a
            // busy machine they may pass within one request, and the loop's time has milliseconds.
            let began = ContinuousClock.now
            var isLast = false
            while !isLast {
                isLast = ContinuousClock.now - began >= .milliseconds(20)
                for index in [0, 1, 3] { #expect(try first[index].get("/models/count").status == 200) }
            }
            let asked = ContinuousClock.now
            let newest = try larder.connect()
            let answer = try newest.get("/models/count")
            // A loop that does not say within this time what it has is not waited for.
            let isPrompt = workers == 1 || ContinuousClock.now - asked < .milliseconds(200)
            #expect(answer.status == 200 && answer.fields["Connection"] != "close")
            func closed() -> [Int] { first.indices.filter { first[$0].socket.wait(for: POLLIN, until: .now) } }
            try eventually("one has made room") { !closed().isEmpty }
            let gone = closed()
            #expect(isPrompt ? gone == [2] : gone.count == 1, "\(gone)")
            for (index, client) in first.enumerated() {
                if gone.contains(index) {
                    #expect(try client.readToEnd().isEmpty)
                } else {
                    #expect(try client.get("/models/count").status == 200)
                }
            }
            // It has a place of its own now.
            #expect(try newest.get("/models/count").status == 200)
            let samples = try Reports.samples(larder)
            #expect(samples["larder_connections_evicted_total"] == 1 && samples["larder_connections_max"] == 4)
            #expect(samples["larder_connections_refused_total"] == 0)
        }
    }

    @Test(arguments: [1, 4]) func `when no connection is idle, the newest waits; own pages do not`(workers: Int) throws
    {
        try Self.serving(4, workers: workers) { larder, gate, origin throws in
            let streams = try Self.streams(4, of: larder)
            let newest = try larder.connect()
            try newest.sendRequest("POST", "/files", ["Content-Length": "100000"])
            try newest.send([UInt8](repeating: 7, count: 60_000))
            #expect(Self.isSilent(newest))
            for path in ["/healthz", "/readyz", "/metrics", "/_larder/status", "/_larder/"] {
                let answer = try larder.get(path)
                #expect(answer.status == 200 && answer.fields["Connection"] == "close", "\(path)")
            }
            let status = try Reports.status(larder)
            let verdict = try #require(status["verdict"] as? [String: Any])
            #expect(verdict["code"] as? String == "connections-full")
            #expect(verdict["text"] as? String == "All 4 connections are in use: 1 waiting")
            let limit = try #require(status["connection_limit"] as? [String: Int])
            #expect(limit == ["max": 4, "waiting": 1, "evicted": 0, "refused": 0])
            #expect(!origin.requests.contains { $0.path == "/api/v1/files" })
            gate.open()
            try newest.send([UInt8](repeating: 7, count: 40_000))
            let answer = try newest.readResponse()
            #expect(answer.text == #"{"bytes":100000}"# && answer.fields["Connection"] != "close")
            for client in streams {
                var body: [UInt8] = []
                while body.count < 18 { body += try client.readSome() }
                #expect(String(decoding: body, as: UTF8.self) == "data: 1\n\ndata: 2\n\n")
            }
        }
    }

    @Test(arguments: [1, 4]) func `many over the limit: the earliest of them are refused`(workers: Int) throws {
        try Self.serving(2, workers: workers) { larder, gate, _ throws in
            let streams = try Self.streams(2, of: larder)
            var clients: [RawClient] = []
            for number in 0..<(100 * workers) {
                clients.append(try larder.begin("/models/count"))
                guard number % 20 == 0 else { continue }
                let samples = try Reports.samples(larder)
                #expect(try #require(samples["larder_connections"]) <= Double(2 + Self.reserve * workers))
                #expect(try larder.get("/healthz").status == 200)
            }
            let refused = try #require(try Reports.samples(larder)["larder_connections_refused_total"])
            #expect(refused >= Double(100 * workers - Self.reserve * workers))
            gate.open()
            var counts: [Int: Int] = [:]
            for client in clients {
                let answer = try client.readResponse()
                counts[answer.status, default: 0] += 1
                guard answer.status == 503 else { continue }
                #expect(answer.fields["Retry-After"] == "5" && answer.fields["Connection"] == "close")
                #expect(answer.text.contains("server.max_connections"))
                client.close()
            }
            #expect(counts.values.reduce(0, +) == 100 * workers, "\(counts)")
            #expect(try #require(counts[503]) >= Int(refused))
            #expect(try #require(counts[200]) >= 1)
            for client in streams { client.close() }
        }
    }

    @Test(arguments: [1, 4]) func `connections that send nothing do not shut out a health check`(workers: Int) throws {
        try Self.serving(2, workers: workers) { larder, _, _ throws in
            let streams = try Self.streams(2, of: larder)
            let silent = try (0..<(40 * workers)).map { _ in try larder.connect() }
            for _ in 0..<5 { #expect(try larder.get("/healthz").status == 200) }
            for client in silent + streams { client.close() }
        }
    }

    @Test func `a client that leaves while it waits leaves nothing behind`() throws {
        try Self.serving(1, workers: 2) { larder, gate, _ throws in
            let streams = try Self.streams(1, of: larder)
            for _ in 0..<5 {
                let waiting = try larder.begin("/models/count")
                try eventually("it waits") { try Reports.samples(larder)["larder_connections_waiting"] == 1 }
                waiting.reset()
                try eventually("it has left") { try Reports.samples(larder)["larder_connections_waiting"] == 0 }
            }
            gate.open()
            for client in streams { client.close() }
            try eventually("the place is free") { try Reports.samples(larder)["larder_connections"] == 1 }
            #expect(try larder.get("/models/count").status == 200)
        }
    }
}
