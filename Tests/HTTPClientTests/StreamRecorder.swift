import Bytes
import EventLoop
import HTTPClient
import HTTPParsing
import Testing

/// Notes what a stream tells, and does what a test wants done about it.
final class StreamRecorder: UpstreamStreamDelegate {
    var stream: UpstreamStream?

    /// The calls in order: statuses, `body` for any run of bytes, `room`, `ended` or the failure's name.
    private(set) var calls: [String] = []
    private(set) var fields: [String] = []
    private(set) var interim: [String] = []
    private(set) var body: [UInt8] = []
    private(set) var received = 0
    private(set) var trailers: [String] = []
    private(set) var failure: FetchFailure?

    /// Whether the body is kept; otherwise it is only counted.
    var keepsBody = true

    var onInterim: (StreamRecorder) -> Void = { _ in }
    var onHead: (StreamRecorder) -> Void = { _ in }
    var onBody: (StreamRecorder) -> Void = { _ in }
    var onRoom: (StreamRecorder) -> Void = { _ in }
    var onEnd: (StreamRecorder) -> Void = { _ in }

    var text: String { String(decoding: body, as: UTF8.self) }
    var isOver: Bool { calls.last == "ended" || failure != nil }

    func informational(status: Int, fields: ReceivedFields) {
        note("\(status)")
        interim += lines(fields)
        onInterim(self)
    }

    func head(status: Int, fields: ReceivedFields) {
        note("\(status)")
        self.fields = lines(fields)
        onHead(self)
    }

    func received(_ bytes: Span<UInt8>) {
        if calls.last != "body" { note("body") }
        received += bytes.count
        if keepsBody { body += bytes.copied() }
        onBody(self)
    }

    func settled() { #expect(!isOver, "settled after \(calls)") }

    func wantsBody() {
        note("room")
        onRoom(self)
    }

    func ended(trailers: ReceivedFields) {
        note("ended")
        self.trailers = lines(trailers)
        onEnd(self)
    }

    func failed(_ failure: FetchFailure) {
        note(failure.name)
        self.failure = failure
        onEnd(self)
    }

    private func note(_ call: String) {
        #expect(!isOver, "\(call) after \(calls)")
        calls.append(call)
    }
}

private func lines(_ fields: ReceivedFields) -> [String] {
    (0..<fields.count).map { "\(fields.name($0).text())=\(fields.value($0).text())" }
}

/// A request that a test streams.
struct Asked: Sendable {
    var method: String
    var url: String
    var target: [UInt8]
    var fields: [(name: [UInt8], value: [UInt8])] = []
    var body = StreamRequest.Body.none

    /// A request to a test's server.
    static func make(
        _ method: String, _ url: String, _ target: String = "/",
        fields: [(name: String, value: String)] = [], body: StreamRequest.Body = .none
    ) -> Asked {
        Asked(
            method: method, url: url, target: Array(target.utf8),
            fields: fields.map { (Array($0.name.utf8), Array($0.value.utf8)) }, body: body)
    }

    var request: StreamRequest {
        var request = StreamRequest(method: method, url: url, body: body)
        request.target.append(target.span)
        for field in fields { request.add(field.name.span, field.value.span) }
        return request
    }
}

/// One streamed exchange; `begun` may send a body.
func exchange(
    _ asked: Asked, settings: UpstreamSettings = settings(), recorder: StreamRecorder = StreamRecorder(),
    begun: (UpstreamStream) -> Void = { _ in }
) throws -> StreamRecorder {
    try withClient(settings) { client, _ in begin(asked, on: client, recorder, begun: begun) }
    #expect(recorder.stream?.isOver == true)
    return recorder
}

/// Begins a streamed exchange.
func begin(
    _ asked: Asked, on client: UpstreamClient, _ recorder: StreamRecorder,
    begun: (UpstreamStream) -> Void = { _ in }
) {
    let stream = client.stream(asked.request, delegate: recorder)
    recorder.stream = stream
    begun(stream)
    #expect(recorder.calls.isEmpty)
}

extension UpstreamStream {
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8).span) }
}
