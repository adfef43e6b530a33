import Bytes
import EventLoop
import HTTPClient
import Testing

/// Kept connections that have died: nothing comes on them any more, or they end as a request goes out. With HTTP/1.1; the same
/// over HTTP/2 is in `Tests/http2`.
@Suite(.timeLimit(.minutes(300))) struct DeadConnectionTests {
    /// Fetches at the same time, round after round: each round begins when all of the one before are done. `limits` are
    /// the time limits of rounds that have one of their own, in milliseconds.
    private func fetch(
        _ url: String, rounds: [Int], limits: [Int: Int] = [:], settings: UpstreamSettings = settings(),
        between: @escaping (Int) -> Void = { _ in }
    ) throws -> [[Outcome]] {
        var outcomes: [[Outcome]] = []
        try withClient(settings) { client, _ in
            func begin(_ round: Int) {
                guard round < rounds.count else { return }
                outcomes.append([])
                var request = FetchRequest(url: url)
                request.timeout = limits[round]
                for _ in 0..<rounds[round] {
                    client.fetch(request) { outcome in
                        outcomes[round].append(outcome)
                        if outcomes[round].count == rounds[round] {
                            between(round)
                            begin(round + 1)
                        }
                    }
                }
            }
            begin(0)
        }
        return outcomes
    }

    /// Connections up to `dead` answer one request, which waits until so many are there, and then do what `afterwards` says.
    private func origin(dead: Int, _ afterwards: @escaping @Sendable (Connection) -> Void) throws -> Origin {
        let there = Shared(0)
        return try Origin { connection in
            guard connection.request() != nil else { return }
            if connection.number <= dead {
                there.update { $0 += 1 }
                while there.value < dead { pause() }
            }
            connection.send(ok("first"))
            if connection.number <= dead { return afterwards(connection) }
            while connection.request() != nil { connection.send(ok("again")) }
        }
    }

    @Test func `after silence on a kept connection, the next fetch uses none of the others`() throws {
        let origin = try origin(dead: 4) { connection in
            _ = connection.request()
            connection.hang()
        }
        defer { origin.stop() }
        let outcomes = try fetch(origin.url, rounds: [4, 1, 1, 1], limits: [1: 1_000])
        #expect(outcomes.map { $0.map(\.name) } == [["200", "200", "200", "200"], ["timeout"], ["200"], ["200"]])
        #expect(origin.connections == 5)
    }

    @Test func `fetches that are under way on connections that were left go on`() throws {
        let isSilentOver = Shared(false)
        let origin = try Origin { connection in
            guard let head = connection.request() else { return }
            if head.hasPrefix("GET /silent") { return connection.hang() }
            while !isSilentOver.value { pause() }
            connection.send(ok("late"))
            connection.hang()
        }
        defer { origin.stop() }
        var names: [String] = []
        try withClient { client, _ in
            var silent = FetchRequest(url: origin.url + "/silent")
            silent.timeout = 2_000
            client.fetch(silent) { outcome in
                names.append("silent \(outcome.name)")
                isSilentOver.update { $0 = true }
            }
            client.fetch(FetchRequest(url: origin.url + "/slow")) { names.append("slow \($0.name)") }
        }
        #expect(names == ["silent timeout", "slow 200"])
    }

    @Test func `a connection whose packets vanish is left within the same fetch`() throws {
        let vanished = Shared(0)
        let isOver = Shared(false)
        let origin = try origin(dead: 2) { connection in
            connection.vanish()
            vanished.update { $0 += 1 }
            // Not even the end of the connection comes here.
            while !isOver.value { pause() }
        }
        defer {
            isOver.update { $0 = true }
            origin.stop()
        }
        let outcomes = try fetch(origin.url, rounds: [2, 1, 1], settings: settings { $0.connectTimeout = 2_000 }) {
            round in
            while round == 0, vanished.value < 2 { pause() }
        }
        #expect(outcomes.map { $0.map(\.name) } == [["200", "200"], ["200"], ["200"]])
        // The second dead connection was not tried.
        #expect(origin.requests.count == 4)
    }

    @Test(arguments: [true, false])
    func `a kept connection that ends as the request goes out is left, and the request sent once more`(isReset: Bool)
        throws
    {
        let origin = try origin(dead: 3) { connection in
            _ = connection.request()
            if isReset { connection.reset() }
        }
        defer { origin.stop() }
        let outcomes = try fetch(origin.url, rounds: [3, 1, 1])
        #expect(outcomes.map { $0.map(\.name) } == [["200", "200", "200"], ["200"], ["200"]])
        // None of the two others was tried.
        #expect(origin.requests.count <= 3 + 2 + 1)
    }

    @Test func `no request is sent more than twice`() throws {
        let origin = try Origin { connection in
            guard connection.request() != nil else { return }
            if connection.number == 1 {
                connection.send(ok("first"))
                _ = connection.request()
            }
        }
        defer { origin.stop() }
        let outcomes = try fetch(origin.url, rounds: [1, 1])
        #expect(outcomes.map { $0.map(\.name) } == [["200"], ["cut"]])
        #expect(origin.requests.count == 3)
    }

    @Test func `a new connection that ends without an answer is a failure, not tried again`() throws {
        let origin = try Origin { connection in _ = connection.request() }
        defer { origin.stop() }
        #expect(try fetch(origin.url, rounds: [1]).first?.first?.name == "cut")
        #expect(origin.requests.count == 1)
    }

    @Test func `a key is sent byte for byte, whatever its encoding`() throws {
        let seen = Shared<[UInt8]>([])
        let origin = try Origin { connection in
            var head: [UInt8] = []
            while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                let byte = connection.bytes(1)
                if byte.isEmpty { return }
                head += byte
            }
            seen.update { $0 = head }
            connection.send(ok("{}"))
        }
        defer { origin.stop() }
        let key = Array("Bearer ".utf8) + [0xFF, 0x80, 0xC3, 0x28, 0xE2]
        var request = FetchRequest(url: origin.url)
        request.authorization = SharedBytes(key)
        var names: [String] = []
        try withClient { client, _ in client.fetch(request) { names.append($0.name) } }
        #expect(names == ["200"])
        let line = Array("Authorization: ".utf8) + key + [13, 10]
        #expect(seen.value.indices.contains { seen.value[$0...].starts(with: line) })
    }

    @Test(arguments: [0x00, 0x0A, 0x0D, 0x7F] as [UInt8])
    func `a key that no field can hold is refused and not sent`(byte: UInt8) throws {
        let origin = try Origin(answering: ok("{}"))
        defer { origin.stop() }
        var request = FetchRequest(url: origin.url)
        request.authorization = SharedBytes(Array("Bearer a".utf8) + [byte] + Array("X: y".utf8))
        var names: [String] = []
        try withClient { client, _ in client.fetch(request) { names.append($0.name) } }
        #expect(names == ["other"])
        #expect(origin.requests.isEmpty)
    }
}
