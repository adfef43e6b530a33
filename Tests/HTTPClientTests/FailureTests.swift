import EventLoop
import Glibc
import HTTPClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(300))) struct FailureTests {
    /// What becomes of a fetch from a server that sends this and closes.
    private func outcome(ofSending text: String, settings: UpstreamSettings = settings()) throws -> Outcome {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send(text)
        }
        defer { origin.stop() }
        return try fetch(origin.url, settings: settings)
    }

    @Test(arguments: [
        ("", "nothing at all"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "in the head"),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", "between the head's lines"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "before the length is reached"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "within a chunk"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "before the last chunk"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "after 100"),
    ])
    func `a response that is cut is a failure`(text: String, position: String) throws {
        let failure = try outcome(ofSending: text).failure
        #expect(failure?.name == "cut", "\(position): \(String(describing: failure))")
    }

    @Test func `a reset in the body is a failure`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            connection.reset()
        }
        defer { origin.stop() }
        #expect(try fetch(origin.url).failure?.name == "cut")
    }

    @Test(arguments: [
        ("SSH-2.0-OpenSSH_9.2\r\n", "another protocol"),
        ("\u{1}\u{2}\u{3} garbage", "garbage"),
        ("HTTP/1.1 abc OK\r\n\r\n", "no status"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello", "no chunks"),
    ])
    func `what is not HTTP is a failure`(text: String, kind: String) throws {
        let failure = try outcome(ofSending: text).failure
        #expect(failure?.name == "malformed", "\(kind): \(String(describing: failure))")
    }

    @Test func `a head without end is a failure`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\n")
            while connection.send("X-Field: \(String(repeating: "x", count: 1000))\r\n") {}
        }
        defer { origin.stop() }
        #expect(try fetch(origin.url).failure?.name == "malformed")
    }

    @Test func `a head with a line too long for curl is a failure that says so`() throws {
        let text = "HTTP/1.1 200 OK\r\nX: \(String(repeating: "a", count: 400_000))\r\nContent-Length: 2\r\n\r\n{}"
        #expect(try outcome(ofSending: text).failure == .malformed("a line of its head is too long"))
    }

    @Test func `a server that never answers is given up, and it is said what was waited for`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.hang()
        }
        defer { origin.stop() }
        let failure = try failure(expecting: .timeout(.head)) { limit in
            try fetch(origin.url, settings: settings { $0.timeout = limit }).failure
        }
        #expect(failure == .timeout(.head))
    }

    @Test func `a server that stops in the body is given up`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            connection.hang()
        }
        defer { origin.stop() }
        let failure = try failure(expecting: .timeout(.body)) { limit in
            try fetch(origin.url, settings: settings { $0.timeout = limit }).failure
        }
        #expect(failure == .timeout(.body))
    }

    @Test func `a server that does not accept is given up after the time for connecting`() throws {
        // A backlog that is full lets further connects hang.
        let socket = try ListeningSocket(.ipv4(0x7F00_0001, port: 0), backlog: 0)
        defer { socket.close() }
        var failures: [FetchFailure?] = []
        try withClient(
            settings {
                $0.connectTimeout = 200
                $0.timeout = 600
            }
        ) { client, _ in
            for _ in 0..<4 {
                client.fetch(FetchRequest(url: "http://\(socket.address)/")) { failures.append($0.failure) }
            }
        }
        #expect(failures.count == 4)
        #expect(failures.contains(.timeout(.connecting)))
        #expect(failures.allSatisfy { $0 == .timeout(.connecting) || $0 == .timeout(.head) })
    }

    @Test func `a server that is not there refuses`() throws {
        let (url, reservation) = try nobody()
        defer { reservation.close() }
        let failure = try fetch(url).failure
        #expect(failure?.name == "unreachable")
        #expect(failure?.message.contains("127.0.0.1") == true)
    }

    @Test func `a name without an address is a failure of its own`() throws {
        let failure = try fetch("http://nonexistent.invalid/").failure
        #expect(failure?.name == "name-not-resolved")
        #expect(failure?.message.contains("nonexistent.invalid") == true)
    }

    @Test func `an announced body over the limit is not read`() throws {
        let failure = try outcome(
            ofSending: "HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n",
            settings: settings { $0.maximumBody = 1 << 20 }
        ).failure
        #expect(failure == .tooLarge(limit: 1 << 20))
    }

    @Test func `a body that grows over the limit is given up`() throws {
        let sent = Shared(0)
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            let piece = [UInt8](repeating: 0x20, count: 100_000)
            for _ in 0..<500 {
                if !connection.send(piece) { return }
                sent.update { $0 += piece.count }
            }
        }
        defer { origin.stop() }
        let failure = try fetch(origin.url, settings: settings { $0.maximumBody = 1 << 20 }).failure
        #expect(failure == .tooLarge(limit: 1 << 20))
        #expect(sent.value < 50_000_000)
    }

    @Test func `a body for which there is no room when it goes on after others is given up at once`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([UInt8](repeating: 0x20, count: 1 << 16)) {}
        }
        defer { origin.stop() }
        var outcome: Outcome?
        let begin = ContinuousClock.now
        try withClient { client, _ in
            // It rests when it has 96 KiB and up to 16 more. The next part is what there is no room for.
            client.fetch(FetchRequest(url: origin.url), mayReceive: { $0 < (96 + 16) << 10 }) { outcome = $0 }
        }
        #expect(outcome?.failure == .noRoom)
        #expect(ContinuousClock.now - begin < .seconds(30), "it has waited for its time limit")
    }

    @Test func `a body exactly at the limit is taken`() throws {
        let body = String(repeating: "x", count: 1000)
        #expect(try outcome(ofSending: ok(body), settings: settings { $0.maximumBody = 1000 }).text == body)
        #expect(
            try outcome(ofSending: ok(body), settings: settings { $0.maximumBody = 999 }).failure
                == .tooLarge(limit: 999))
    }

    @Test func `no message holds anything of the request's fields`() throws {
        let (url, reservation) = try nobody()
        defer { reservation.close() }
        for target in [url, "http://nonexistent.invalid/", "no url", "ftp://127.0.0.1/"] {
            let failure = try fetch(target, fields: [("Authorization", "Bearer secret-key\r\n")]).failure
            #expect(failure?.message.contains("secret") == false)
            let sound = try fetch(target, fields: [("Authorization", "Bearer secret-key")]).failure
            #expect(sound?.message.contains("secret") == false)
        }
    }
}
