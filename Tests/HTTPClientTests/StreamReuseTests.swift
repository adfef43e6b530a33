import Bytes
import EventLoop
import TestSupport
import Testing

@testable import HTTPClient

/// Streams one after the other use the same of curl's handles: none may find anything of the one before.
@Suite(.timeLimit(.minutes(300))) struct StreamReuseTests {
    struct Shape: CustomTestStringConvertible, Sendable {
        let method: String
        let target: String
        var fields: [(name: String, value: String)] = []
        var body = StreamRequest.Body.none
        /// Whether the body is not there yet when the stream begins.
        var isLate = false
        var testDescription: String { "\(method) \(target)" }
    }

    private static let key = [(name: "Authorization", value: "Bearer secret"), (name: "Content-Type", value: "a/b")]
    private static let shapes = [
        Shape(method: "GET", target: "/plain"), Shape(method: "GET", target: "/keyed?k=secret", fields: key),
        Shape(method: "POST", target: "/whole", fields: key, body: .length(5)),
        Shape(method: "PUT", target: "/untyped", body: .length(5)),
        Shape(method: "POST", target: "/late", fields: key, body: .length(5), isLate: true),
        Shape(method: "POST", target: "/empty", body: .length(0)),
        Shape(method: "PATCH", target: "/chunked", fields: key, body: .chunked), Shape(method: "HEAD", target: "/head"),
        Shape(method: "OPTIONS", target: "*"),
    ]

    private func begin(
        _ shape: Shape, _ url: String, _ client: UpstreamClient, _ loop: Loop, _ recorder: StreamRecorder
    ) {
        let asked = Asked.make(shape.method, url, shape.target, fields: shape.fields, body: shape.body)
        HTTPClientTests.begin(asked, on: client, recorder) { stream in
            func send() {
                if shape.body != .length(0) { stream.send("hello") }
                stream.finishBody(trailers: [(name: "X-Trailer", value: Array("secret".utf8))])
            }
            if shape.isLate { after(20, on: loop, send) } else if shape.body != .none { send() }
        }
    }

    /// What the server gets of streams, one after the other: heads and bodies.
    private func sent(_ shapes: [Shape]) throws -> [String] {
        let origin = try Origin { connection in
            while let head = connection.request() {
                var body = ""
                if head.contains("chunked") {
                    body = connection.bytes(through: "\r\n\r\n")
                } else if head.contains("Content-Length: 5") {
                    body = String(decoding: connection.bytes(5), as: UTF8.self)
                }
                connection.send(ok(head.hasPrefix("HEAD") ? "" : head + body))
            }
        }
        defer { origin.stop() }
        var all: [String] = []
        try withClient { client, loop in
            func next(_ index: Int) {
                if index == shapes.count { return }
                let recorder = StreamRecorder()
                recorder.onEnd = { recorder in
                    all.append(recorder.text.replacing(origin.url.dropFirst("http://".count), with: "origin"))
                    next(index + 1)
                }
                begin(shapes[index], origin.url, client, loop, recorder)
            }
            next(0)
        }
        #expect(origin.connections == 1)
        #expect(all.count == shapes.count)
        return all
    }

    @Test(arguments: shapes) func `a stream sends the same whatever went before`(shape: Shape) throws {
        let alone = try sent([shape])
        for before in Self.shapes {
            let both = try sent([before, shape, before, shape])
            #expect(both.count == 4 && both[1] == alone.first && both[3] == alone.first, "\(before.testDescription)")
        }
    }

    @Test func `while another connection is made, one that is in use stays open, however old it is`() throws {
        let hasSecond = Shared(false)
        let origin = try Origin { connection in
            guard connection.request() != nil else { return }
            if connection.number == 1 {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
                while !hasSecond.value { pause() }
                connection.send("lo")
            } else {
                connection.send(ok("second"))
            }
        }
        defer { origin.stop() }
        let (one, two) = (StreamRecorder(), StreamRecorder())
        two.onEnd = { _ in hasSecond.update { $0 = true } }
        try withClient(settings { $0.curlMaximumIdle = 1 }) { client, loop in
            HTTPClientTests.begin(.make("GET", origin.url), on: client, one)
            // More than a whole second, in which curl counts.
            after(2_500, on: loop) { HTTPClientTests.begin(.make("GET", origin.url), on: client, two) }
        }
        #expect(two.text == "second")
        #expect(one.text == "hello" && one.calls.last == "ended")
    }

    @Test func `requests with many fields and with few follow one another`() throws {
        let shapes = [3, 100, 0, 29, 1].map { count in
            Shape(
                method: "GET", target: "/\(count)", fields: (0..<count).map { ("X-\($0)", $0 % 7 == 0 ? "" : "\($0)") })
        }
        let heads = try sent(shapes)
        for (shape, head) in zip(shapes, heads) {
            let lines = shape.fields.map { $0.value.isEmpty ? "\($0.name):" : "\($0.name): \($0.value)" }
            let wanted = ["GET \(shape.target) HTTP/1.1", "Host: origin"] + lines + ["\r\n"]
            #expect(head == wanted.joined(separator: "\r\n"))
        }
    }

    @Test func `a body that is there goes with its head, whole and once`() throws {
        for length in [1, 5_000, 16 << 10, (16 << 10) + 1, 200_000] {
            let origin = try Origin { connection in
                while connection.request() != nil { connection.send(ok("\(connection.bytes(length).count)")) }
            }
            defer { origin.stop() }
            let body = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            let asked = Asked.make("POST", origin.url, body: .length(length))
            let recorder = try exchange(asked) { stream in
                stream.send(body.span)
                stream.finishBody()
            }
            #expect(recorder.text == "\(length)")
        }
    }
}
