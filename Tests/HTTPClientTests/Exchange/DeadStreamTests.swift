import EventLoop
import HTTPClient
import Testing

/// Exchanges whose connection leads nowhere, and those whose peer is only slow.
@Suite(.timeLimit(.minutes(300))) struct DeadStreamTests {
    private static let impatient = settings { $0.streamAcknowledgementLimit = 600 }

    /// A server that answers with the number of the connection. The packets of the first ones, whose number is `dead`,
    /// vanish after their first answer, which waits until all of them are there.
    private func origin(dead: Int, _ vanished: Shared<Int>, _ isOver: Shared<Bool>) throws -> Origin {
        let arrived = Shared(0)
        return try Origin { connection in
            guard connection.request() != nil else { return }
            arrived.update { $0 += 1 }
            while connection.number <= dead, arrived.value < dead { pause() }
            connection.send(ok("\(connection.number)"))
            if connection.number <= dead {
                connection.vanish()
                vanished.update { $0 += 1 }
                // Not even the end of the connection comes here.
                while !isOver.value { pause() }
                return
            }
            while connection.request() != nil { connection.send(ok("\(connection.number)")) }
        }
    }

    @Test(arguments: [("POST", ["cut", "4", "4"]), ("GET", ["4", "4", "4"])])
    func `what vanishes on a kept connection ends it soon, and the next request goes on a new one`(
        method: String, expected: [String]
    ) throws {
        let (vanished, isOver) = (Shared(0), Shared(false))
        let origin = try origin(dead: 3, vanished, isOver)
        defer {
            isOver.update { $0 = true }
            origin.stop()
        }
        var first: [String] = []
        var texts: [String] = []
        try withClient(Self.impatient) { client, loop in
            func next() {
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    texts.append(recorder.failure?.name ?? recorder.text)
                    if texts.count < 3 { next() }
                }
                let asked = Asked.make(method, origin.url, body: method == "POST" ? .length(0) : .none)
                begin(asked, on: client, recorder)
            }
            for _ in 0..<3 {
                let recorder = StreamRecorder()
                recorder.onEnd = { first.append($0.text) }
                begin(.make("GET", origin.url), on: client, recorder)
            }
            when({ first.count == 3 && vanished.value == 3 }, on: loop, next)
        }
        #expect(first.sorted() == ["1", "2", "3"])
        #expect(texts == expected)
        // Of the dead ones only the first was tried.
        #expect(origin.connections == 4)
    }

    @Test func `a server that thinks for long, and one that reads an upload late, are not dead`() throws {
        let (arrived, vanished, isDead) = (Shared(0), Shared(0), Shared(false))
        let size = 24 << 20
        let origin = try Origin { connection in
            while let head = connection.request() {
                if head.hasPrefix("POST /dead") {
                    connection.send(ok("there"))
                    connection.vanish()
                    vanished.update { $0 += 1 }
                    while !isDead.value { pause() }
                    return
                }
                arrived.update { $0 += 1 }
                while !isDead.value { pause() }
                let isUpload = head.hasPrefix("POST /upload")
                connection.send(ok(isUpload ? "\(connection.bytes(size).count)" : "thought"))
            }
        }
        defer {
            isDead.update { $0 = true }
            origin.stop()
        }
        var ends: [String] = []
        try withClient(Self.impatient) { client, loop in
            func ask(_ target: String, _ body: StreamRequest.Body, _ then: @escaping () -> Void = {}) -> StreamRecorder
            {
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    ends.append(recorder.failure?.name ?? recorder.text)
                    then()
                }
                begin(.make("POST", origin.url, target, body: body), on: client, recorder)
                return recorder
            }
            _ = ask("/thinking", .length(0))
            let upload = ask("/upload", .length(size))
            var left = size
            var isFull = false
            func fill(_ stream: UpstreamStream?) {
                isFull = false
                while left > 0, !isFull {
                    left -= 1 << 16
                    isFull = stream?.send([UInt8](repeating: 0x61, count: 1 << 16).span) == false
                }
                if left == 0 { stream?.finishBody() }
            }
            upload.onRoom = { fill($0.stream) }
            fill(upload.stream)
            // The upload stands, because its window is closed, and both wait for as long as the dead one.
            when({ arrived.value == 2 && isFull }, on: loop) {
                _ = ask("/dead", .length(0)) {
                    when({ vanished.value == 1 }, on: loop) {
                        _ = ask("/dead", .length(0)) { isDead.update { $0 = true } }
                    }
                }
            }
        }
        #expect(ends.prefix(2) == ["there", "cut"])
        #expect(ends.dropFirst(2).sorted() == ["\(size)", "thought"])
    }

    @Test func `when a fetch finds a kept connection dead, the idle ones of streams are left too, and no others`()
        throws
    {
        let isFound = Shared(false)
        let origin = try Origin { connection in
            while let head = connection.request() {
                if head.hasPrefix("GET /slow") { while !isFound.value { pause() } }
                if head.hasPrefix("GET /silent") { return connection.hang() }
                connection.send(ok("\(connection.number)"))
            }
        }
        defer {
            isFound.update { $0 = true }
            origin.stop()
        }
        var told: [String] = []
        try withClient { client, _ in
            func stream(_ target: String, _ then: @escaping () -> Void) {
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    told.append("\(target) \(recorder.failure?.name ?? recorder.text)")
                    then()
                }
                begin(.make("GET", origin.url, target), on: client, recorder)
            }
            func fetch(_ target: String, _ then: @escaping () -> Void) {
                var request = FetchRequest(url: origin.url + target)
                if target == "/silent" { request.timeout = 1_000 }
                client.fetch(request) { outcome in
                    told.append("\(target) \(outcome.text ?? outcome.name)")
                    then()
                }
            }
            stream("/stream") {
                stream("/stream") {
                    fetch("/fetch") {
                        stream("/slow") { stream("/stream") {} }
                        stream("/other") {
                            fetch("/silent") {
                                stream("/stream") { isFound.update { $0 = true } }
                            }
                        }
                    }
                }
            }
        }
        #expect(
            told == [
                "/stream 1", "/stream 1", "/fetch 2", "/other 3", "/silent timeout",
                // Neither connection 3, which was idle, nor 1, which was in use; that one goes on.
                "/stream 4", "/slow 1", "/stream 1",
            ])
    }
}
