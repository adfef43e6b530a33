import Bytes
import EventLoop
import Testing

@testable import HTTPClient

/// What becomes of a request that goes out on a kept connection and gets no answer on it.
@Suite(.timeLimit(.minutes(300))) struct StreamRepeatTests {
    /// The calls of a second request, whose connection the server closes once it has the head and `taken` bytes.
    private func second(
        _ method: String, _ body: StreamRequest.Body, taken: Int, form: String,
        _ begun: @escaping (UpstreamStream) -> Void
    ) throws -> (calls: [String], requests: [String]) {
        let origin = try Origin { connection in
            guard let first = connection.request() else { return }
            if !first.contains("/first") { _ = connection.bytes(taken) }
            connection.send(ok("hello"))
            guard connection.number == 1, connection.request() != nil else { return connection.hang() }
            _ = connection.bytes(taken)
            if form == "reset" { connection.reset() }
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        try withClient { client, loop in
            let first = StreamRecorder()
            first.onEnd = { _ in
                begin(.make(method, origin.url, "/second", body: body), on: client, recorder, begun: begun)
            }
            begin(.make("GET", origin.url, "/first"), on: client, first)
        }
        return (recorder.calls, origin.requests.filter { $0.contains("/second") })
    }

    @Test(arguments: ["POST", "PATCH", "QUERY"], ["end", "reset"])
    func `what is not idempotent is asked once`(method: String, form: String) throws {
        let bodies: [(StreamRequest.Body, Int)] = [
            (.none, 0), (.length(0), 0), (.length(5), 0), (.length(5), 5), (.chunked, 3),
        ]
        for (body, taken) in bodies {
            let (calls, requests) = try second(method, body, taken: taken, form: form) { stream in
                stream.send("hello")
                stream.finishBody()
            }
            #expect(calls == ["cut"], "\(body)")
            #expect(requests.count == 1, "\(body)")
        }
    }

    @Test(arguments: ["GET", "HEAD", "DELETE", "OPTIONS", "PUT"], ["end", "reset"])
    func `what is idempotent and has sent no body is asked anew`(method: String, form: String) throws {
        let (calls, requests) = try second(method, .none, taken: 0, form: form) { _ in }
        #expect(calls.first == "200" && calls.last == "ended")
        #expect(requests.count == 2)
    }

    @Test(arguments: ["PUT", "DELETE"], ["end", "reset"])
    func `a body that has gone cannot go again`(method: String, form: String) throws {
        let (calls, requests) = try second(method, .length(5), taken: 5, form: form) { $0.send("hello") }
        #expect(calls == ["cut"])
        #expect(requests.count == 1)
    }

    @Test func `a kept connection that ended before it was used is no matter, whatever the method`() throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send(ok("hello \(connection.number)"))
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        try withClient { client, loop in
            let first = StreamRecorder()
            first.onEnd = { _ in
                when({ client.pool.count == 0 }, on: loop) {
                    begin(.make("POST", origin.url, body: .length(0)), on: client, recorder)
                }
            }
            begin(.make("GET", origin.url), on: client, first)
        }
        #expect(recorder.text == "hello 2")
    }
}
