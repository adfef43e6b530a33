import Bytes
import EventLoop
import HTTPClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(300))) struct StreamTLSTests {
    @Test func `a stream over TLS comes whole`() throws {
        let origin = try TLSOrigin(.page)
        defer { origin.stop() }
        let trusting = settings { $0.caFile = origin.caFile }
        let recorder = try exchange(.make("GET", origin.url, "/x"), settings: trusting)
        #expect(recorder.calls == ["200", "body", "ended"])
        #expect(recorder.received > 0)
        #expect(try exchange(.make("GET", origin.url)).calls == ["tls"])
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\n\r\n{\"data\":[",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":[",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"data\":[\r\n",
    ])
    func `a body that ends without TLS's goodbye is cut`(text: String) throws {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        origin.send(text)
        let recorder = StreamRecorder()
        recorder.onBody = { _ in origin.kill() }
        _ = try exchange(
            .make("GET", origin.url), settings: settings { $0.caFile = origin.caFile }, recorder: recorder)
        #expect(recorder.calls == ["200", "body", "cut"])
        #expect(recorder.text == "{\"data\":[")
    }

    @Test func `a new connection resumes the TLS session of an earlier one`() throws {
        let origin = try TLSOrigin(.page)
        defer { origin.stop() }
        let (one, two) = (StreamRecorder(), StreamRecorder())
        var fetched: String?
        try withClient(settings { $0.caFile = origin.caFile }) { client, _ in
            one.onEnd = { _ in begin(.make("GET", origin.url), on: client, two) }
            two.onEnd = { _ in client.fetch(FetchRequest(url: origin.url)) { fetched = $0.text } }
            begin(.make("GET", origin.url), on: client, one)
        }
        #expect(one.text.contains("New, TLSv1.3"))
        #expect(two.text.contains("Reused, TLSv1.3"))
        #expect(fetched?.contains("Reused, TLSv1.3") == true)
        // Other settings may trust others: their client has its own sessions.
        let other = try exchange(.make("GET", origin.url), settings: settings { $0.caFile = origin.caFile })
        #expect(other.text.contains("New, TLSv1.3"))
    }

    @Test func `a connection is kept for the next stream: the server, which takes one at a time, is asked again`()
        throws
    {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        origin.send(ok("one"))
        let one = StreamRecorder()
        let two = StreamRecorder()
        try withClient(settings { $0.caFile = origin.caFile }) { client, loop in
            one.onEnd = { _ in
                begin(.make("POST", origin.url, body: .length(0)), on: client, two)
                // Not before the request has gone: nobody would have asked for it.
                after(300, on: loop) { origin.send(ok("two")) }
            }
            begin(.make("GET", origin.url), on: client, one)
        }
        #expect(one.text + two.text == "onetwo")
    }

    /// Begins a request with a body, and calls `answer` once the origin has all of it.
    private func post(
        to origin: TLSOrigin, on client: UpstreamClient, _ loop: Loop, _ recorder: StreamRecorder,
        answer: @escaping () -> Void
    ) {
        begin(.make("POST", origin.url, body: .length(1)), on: client, recorder) { $0.send("a") }
        func look() {
            let isThere = origin.received.suffix(5).elementsEqual("\r\n\r\na".utf8)
            if isThere { answer() } else { after(20, on: loop, look) }
        }
        look()
    }

    @Test(arguments: [1, 100, 1 << 14, 1 << 14 + 1, 50_000])
    func `bodies of all sizes come whole on a kept connection`(piece: Int) throws {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        let (one, two) = (StreamRecorder(), StreamRecorder())
        let pieces = 20
        func text(_ index: Int) -> String {
            String(repeating: String(Unicode.Scalar(UInt8(ascii: "a") + UInt8(index))), count: piece)
        }
        var sent = 0
        func sendMore() {
            // Some pieces wait in the socket together; more than a pipe takes would stop this thread.
            guard two.received == sent * piece, sent < pieces else { return }
            for _ in 0..<(piece < 10_000 ? 5 : 1) {
                origin.send(text(sent))
                sent += 1
            }
        }
        two.onBody = { _ in sendMore() }
        try withClient(settings { $0.caFile = origin.caFile }) { client, loop in
            one.onEnd = { _ in
                post(to: origin, on: client, loop, two) {
                    origin.send("HTTP/1.1 200 OK\r\nContent-Length: \(piece * pieces)\r\n\r\n")
                    sendMore()
                }
            }
            origin.send(ok("one"))
            begin(.make("GET", origin.url), on: client, one)
        }
        #expect(one.text == "one" && two.calls.last == "ended")
        #expect(two.text == (0..<pieces).map(text).joined())
    }

    @Test func `a body on a kept connection that is cut is not whole`() throws {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        let (one, two) = (StreamRecorder(), StreamRecorder())
        origin.send(ok("one"))
        two.onBody = { _ in origin.kill() }
        try withClient(settings { $0.caFile = origin.caFile }) { client, loop in
            one.onEnd = { _ in
                post(to: origin, on: client, loop, two) {
                    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                }
            }
            begin(.make("GET", origin.url), on: client, one)
        }
        #expect(two.calls == ["200", "body", "cut"] && two.text == "half")
    }

    @Test func `a body that upstream is slow to take comes whole`() throws {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        let blocks = 200
        var sent = 0
        var fulls = 0
        func fill(_ stream: UpstreamStream?) {
            while sent < blocks {
                sent += 1
                let isFull = stream?.send([UInt8](repeating: UInt8(sent), count: 65_537).span) == false
                if isFull {
                    fulls += 1
                    return
                }
            }
            stream?.finishBody()
        }
        let one = StreamRecorder()
        let two = StreamRecorder()
        two.onRoom = { fill($0.stream) }
        try withClient(settings { $0.caFile = origin.caFile }) { client, loop in
            func answer() {
                if origin.receivedCount < blocks * 65_537 { return after(50, on: loop, answer) }
                origin.send(ok("two"))
            }
            one.onEnd = { _ in
                origin.hold(true)
                begin(.make("POST", origin.url, body: .length(blocks * 65_537)), on: client, two) { fill($0) }
                after(300, on: loop) {
                    #expect(sent < blocks)
                    origin.hold(false)
                    answer()
                }
            }
            origin.send(ok("one"))
            begin(.make("GET", origin.url), on: client, one)
        }
        #expect(two.text == "two")
        #expect(fulls > 0 && two.calls.count { $0 == "room" } == fulls)
        let body = Array(origin.received.suffix(blocks * 65_537))
        for number in 0..<blocks {
            let start = number * 65_537
            let block = [UInt8](repeating: UInt8(number + 1), count: 65_537)
            let isSame = body.span.extracting(start..<start + 65_537).equals(block.span)
            #expect(isSame, "\(number)")
        }
    }

    @Test func `what TLS has taken in part counts as gone: no other connection is asked`() throws {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        // More than a socket takes at once.
        let count = 16 << 20
        let one = StreamRecorder()
        let two = StreamRecorder()
        try withClient(settings { $0.caFile = origin.caFile }) { client, loop in
            one.onEnd = { _ in
                origin.hold(true)
                begin(.make("POST", origin.url, body: .length(count + 1)), on: client, two) { stream in
                    stream.send([UInt8](repeating: 0x61, count: count).span)
                }
                after(300, on: loop) {
                    origin.kill()
                    origin.waitForEnd()
                    // Before the loop can tell of the connection's end.
                    two.stream?.send("b")
                }
            }
            origin.send(ok("one"))
            begin(.make("GET", origin.url), on: client, one)
        }
        #expect(two.calls.last == "cut")
    }
}
