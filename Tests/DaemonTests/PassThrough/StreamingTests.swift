import Daemon
import Settings
import TestSupport
import Testing

/// Streams through Larder: nothing is held back, and no time limit but upstream's holds for them.
@Suite(.timeLimit(.minutes(300))) struct StreamingTests {
    @Test func `each event arrives before the next one is sent`() throws {
        let sent = Monitor([ContinuousClock.Instant]())
        let got = Monitor([ContinuousClock.Instant]())
        let events = (0..<20).map { Array("data: {\"number\":\($0)}\n\n".utf8) }
        let origin = try ScriptedOrigin { request in
            let body = OriginBody.announced(events) { number in
                // One that is held back until the next is sent never comes in time.
                let hasCome = got.wait(.seconds(60)) { $0.count == number ? true : nil }
                if hasCome != nil { sent.withValue { $0.append(.now) } }
            }
            return .response(status: 200, fields: ["Content-Type": "text/event-stream"], body: body)
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            try client.sendRequest("POST", "/chat/completions", body: Array(#"{"stream":true}"#.utf8))
            #expect(try client.readHead().fields["Content-Type"] == "text/event-stream")
            for event in events {
                #expect(try client.readChunk() == event)
                got.withValue { $0.append(.now) }
            }
            #expect(try client.readChunk().isEmpty)
            // The connection is good for another request.
            #expect(try client.get("/healthz").status == 200)
        }
        let times = sent.current
        try #require(times.count == events.count)
        let delays = zip(times, got.current).map { $0.duration(to: $1) / .microseconds(1) }.sorted()
        print("delay of an event from origin to client: median \(Int(delays[10])) us, most \(Int(delays[19])) us")
    }

    @Test func `a request whose body has come may wait for its answer as long as upstream likes`() throws {
        let origin = try ScriptedOrigin { .delayed(.milliseconds(4500), .json(#"{"bytes":\#($0.body.count)}"#)) }
        let change = { (settings: inout Settings) in
            // A slow machine needs a part of them between two requests.
            settings.server.bodyTimeout = .seconds(3)
            settings.server.headerTimeout = .seconds(3)
            settings.server.idleTimeout = .seconds(3)
            settings.upstream.timeout = .seconds(3)
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            let client = try larder.connect()
            #expect(try client.request("POST", "/chat", body: [1, 2, 3]).text == #"{"bytes":3}"#)
            try client.send(
                "POST /chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
            #expect(try client.readResponse().text == #"{"bytes":1}"#)
            #expect(try client.get("/key").text == #"{"bytes":0}"#)
        }
    }

    @Test func `a body goes up while it comes, and an answer comes down meanwhile`() throws {
        let origin = try ScriptedOrigin { .json(#"{"bytes":\#($0.body.count)}"#) }
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            try client.sendRequest("POST", "/files", ["Content-Length": "300000"])
            let part = [UInt8](repeating: 7, count: 100_000)
            for number in 1...3 {
                try client.send(part)
                try origin.waitForBodyBytes(number * 100_000)
            }
            #expect(try client.readResponse().text == #"{"bytes":300000}"#)
        }
    }

    @Test func `large bodies arrive whole both ways, one after the other`() throws {
        let whole = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let origin = try ScriptedOrigin { .response(status: 200, fields: [:], body: .bytes($0.body)) }
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            for _ in 0..<3 {
                try client.sendRequest("POST", "/echo", body: whole)
                let isWhole = try client.readResponse().body == whole
                #expect(isWhole)
            }
        }
    }
}
