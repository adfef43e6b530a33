import Bytes
import EventLoop
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(300))) struct StreamFlowTests {
    static let blocks = 1024
    static let size = blocks << 16
    static let block = [UInt8](repeating: 0x61, count: 1 << 16)

    @Test func `a paused reader stops the sender, and loses nothing`() throws {
        let sent = Shared(0)
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(StreamFlowTests.size)\r\n\r\n")
            for _ in 0..<StreamFlowTests.blocks {
                if !connection.send(StreamFlowTests.block) { return }
                sent.update { $0 += StreamFlowTests.block.count }
            }
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        recorder.keepsBody = false
        var pauses = 0
        var ahead: [Int] = []
        try withClient { client, loop in
            recorder.onBody = { recorder in
                // Three long pauses, and very many short ones.
                recorder.stream?.pause()
                pauses += 1
                let at = recorder.received
                if pauses > 3 {
                    recorder.stream?.resume()
                    return
                }
                func wait(since before: Int) {
                    after(100, on: loop) {
                        if sent.value > before { return wait(since: sent.value) }
                        #expect(recorder.received == at)
                        ahead.append(sent.value - at)
                        recorder.stream?.resume()
                    }
                }
                wait(since: sent.value)
            }
            begin(.make("GET", origin.url), on: client, recorder)
        }
        // The sender has come to a stop each time: with what the kernel holds, and little more.
        #expect(ahead.count == 3 && ahead.allSatisfy { $0 < StreamFlowTests.size / 4 }, "\(ahead)")
        #expect(recorder.calls == ["200", "body", "ended"])
        #expect(recorder.received == StreamFlowTests.size)
    }

    @Test(arguments: [StreamRequest.Body.length(StreamFlowTests.size), .chunked])
    func `a slow server stops the body, which comes whole`(body: StreamRequest.Body) throws {
        let gate = Shared(false)
        let origin = try Origin { connection in
            _ = connection.request()
            while !gate.value { pause() }
            let all =
                body == .chunked
                ? connection.chunkedBytes(StreamFlowTests.size) : connection.bytes(StreamFlowTests.size)
            for number in 0..<all.count >> 16 {
                let start = number << 16
                if !all.span.extracting(start..<start + 65_536).equals(numbered(number).span) {
                    connection.send("HTTP/1.1 400 Block \(number)\r\n\r\n")
                    return
                }
            }
            if body == .chunked {
                connection.send(ok(connection.bytes(through: "\r\n\r\n")))
            } else {
                connection.send(ok(""))
            }
        }
        defer { origin.stop() }
        var sent = 0
        var fulls = 0
        func fill(_ stream: UpstreamStream?) {
            while sent < StreamFlowTests.blocks {
                sent += 1
                if stream?.send(numbered(sent - 1).span) == false {
                    fulls += 1
                    return
                }
            }
            stream?.finishBody()
        }
        let recorder = StreamRecorder()
        recorder.onRoom = { fill($0.stream) }
        var stood = 0
        try withClient { client, loop in
            begin(.make("POST", origin.url, body: body), on: client, recorder) { fill($0) }
            func wait(since before: Int) {
                after(100, on: loop) {
                    if sent > before { return wait(since: sent) }
                    stood = sent
                    gate.update { $0 = true }
                }
            }
            wait(since: 0)
        }
        // What the kernel holds, and little more.
        #expect(stood > 0 && stood < StreamFlowTests.blocks / 4, "\(stood)")
        // How often is a matter of timing; each time there is room again, and is told once.
        #expect(fulls > 0 && recorder.calls.count { $0 == "room" } == fulls)
        #expect(recorder.calls.filter { $0 != "room" }.last == "ended")
        #expect(recorder.calls.contains("200"))
        if body == .chunked { #expect(recorder.text == "0\r\n\r\n") }
    }

    @Test func `what is sent bit by bit goes bit by bit, and both ways at once`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<20 {
                _ = connection.bytes(through: "1\r\n")
                connection.send("1\r\n" + connection.bytes(through: "\r\n"))
            }
            _ = connection.bytes(through: "0\r\n\r\n")
            connection.send("0\r\n\r\n")
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        recorder.onHead = { $0.stream?.send("a") }
        recorder.onBody = { recorder in
            if recorder.received == 20 { recorder.stream?.finishBody() } else { recorder.stream?.send("b") }
        }
        _ = try exchange(.make("POST", origin.url, body: .chunked), recorder: recorder)
        #expect(recorder.text == "abbbbbbbbbbbbbbbbbbb")
        #expect(recorder.calls == ["200", "body", "ended"])
    }

    @Test func `a client that waits for 100 sends its body after it`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 100 Continue\r\nX-Go: 1\r\n\r\n")
            connection.send(ok(String(decoding: connection.bytes(5), as: UTF8.self)))
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        recorder.onInterim = { $0.stream?.send("hello") }
        _ = try exchange(
            .make("POST", origin.url, fields: [("Expect", "100-continue")], body: .length(5)), recorder: recorder)
        #expect(recorder.calls == ["100", "200", "body", "ended"])
        #expect(recorder.interim == ["X-Go=1"])
        #expect(recorder.text == "hello")
        #expect(origin.requests[0].contains("\r\nExpect: 100-continue\r\n"))
    }

    @Test(arguments: ["length", "chunks", "end", "length, close", "chunks, close", "end, close"], [0, 30])
    func `a client that waits for 100 is told of a denial, and sends no body`(form: String, pauses: Int) throws {
        let framing = form.prefix { $0 != "," }
        let fields = form.contains("close") ? "Connection: close\r\n" : ""
        let origin = try Origin { connection in
            _ = connection.request()
            let length =
                switch framing {
                case "length": "Content-Length: 2\r\n"
                case "chunks": "Transfer-Encoding: chunked\r\n"
                default: ""
                }
            connection.send("HTTP/1.1 417 Expectation Failed\r\n\(fields)\(length)\r\n")
            for _ in 0..<pauses { pause() }
            connection.send(framing == "chunks" ? "2\r\nno\r\n" : "no")
            for _ in 0..<pauses { pause() }
            if framing == "chunks" { connection.send("0\r\n\r\n") }
            if framing != "end" { _ = connection.bytes(1) }
        }
        defer { origin.stop() }
        let recorder = try exchange(
            .make("POST", origin.url, fields: [("Expect", "100-continue")], body: .length(5)))
        #expect(recorder.calls == ["417", "body", "ended"])
        #expect(recorder.text == "no")
        #expect(origin.requests.count == 1)
    }

    @Test func `a client that waits for 100 and then does not wait any more sends its body`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send(ok(String(decoding: connection.bytes(5), as: UTF8.self)))
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        try withClient { client, loop in
            begin(
                .make("POST", origin.url, fields: [("Expect", "100-continue")], body: .length(5)), on: client, recorder)
            after(50, on: loop) { recorder.stream?.send("hello") }
        }
        #expect(recorder.calls == ["200", "body", "ended"])
        #expect(recorder.text == "hello")
    }

    @Test func `a server that has heard enough ends the exchange`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            _ = connection.bytes(1000)
            connection.send("HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno")
            connection.hang()
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        recorder.onRoom = { $0.stream?.send(StreamFlowTests.block.span) }
        _ = try exchange(.make("POST", origin.url, body: .length(1 << 30)), recorder: recorder) { stream in
            stream.send(StreamFlowTests.block.span)
        }
        #expect(recorder.calls.filter { $0 != "room" } == ["413", "body", "ended"])
    }
}

/// A block of a body that differs from its neighbours.
private func numbered(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 65_533) + [1, UInt8(number >> 8), 2]
}
