import Bytes
package import EventLoop
package import HTTPClient
import HTTPParsing
import JSONDocument

/// A request that is passed through to the built-in upstream.
package struct DemoRequest: Sendable {
    package let method: String
    package let path: String
    package let query: String
    package let authorization: String?
    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
    package let expectsContinue: Bool
    package let hasBody: Bool

    package init(
        method: String, path: String, query: String, authorization: String?, expectsContinue: Bool, hasBody: Bool
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.authorization = authorization
        self.expectsContinue = expectsContinue
        self.hasBody = hasBody
    }
}

/// The built-in upstream's side of one request that is passed through: it gathers the body, then sends the answer piece by piece.
package final class DemoStream: PassedStream {
    /// The largest body of a request, in bytes.
    static let largestBody = 1 << 20
    /// The time between two pieces of an answer, in milliseconds: so that a reader sees them arrive.
    private static let pause = 10

    private let request: DemoRequest
    private let loop: Loop
    private var delegate: (any UpstreamStreamDelegate)?
    private var body: [UInt8] = []
    /// What has yet to be sent of the answer, last piece first.
    private var pieces: [[UInt8]] = []
    private var timer: LoopTimer?
    private var isAnswering = false
    private var isPaused = false

    package init(_ request: DemoRequest, on loop: Loop, delegate: any UpstreamStreamDelegate) {
        self.request = request
        self.loop = loop
        self.delegate = delegate
        guard request.hasBody else {
            answer()
            return
        }
        guard request.expectsContinue else { return }
        loop.offload({}) { [self] in
            if !isAnswering { self.delegate?.informational(status: 100, fields: MadeFields().all) }
        }
    }

    package func send(_ bytes: Span<UInt8>) -> Bool {
        guard !isAnswering else { return true }
        guard body.count + bytes.count <= Self.largestBody else {
            answer(with: .failure(413, "the demo takes a request body of 1 MiB at most"))
            return true
        }
        body += bytes.copied()
        return true
    }

    package func finishBody() { if !isAnswering { answer() } }

    package func pause() { isPaused = true }

    package func resume() { isPaused = false }

    package func cancel() {
        delegate = nil
        timer?.close()
        timer = nil
    }

    // MARK: The answer

    /// Makes the answer away from the loop, as a body takes its time to read.
    private func answer(with refusal: DemoAnswer? = nil) {
        isAnswering = true
        let (request, body, wallSeconds) = (request, body, loop.wallSeconds)
        self.body = []
        loop.offload {
            refusal ?? DemoUpstream.answer(request, body: body, wallSeconds: wallSeconds)
        } then: { [self] answer in
            begin(answer)
        }
    }

    private func begin(_ answer: DemoAnswer) {
        guard let delegate else { return }
        var fields = MadeFields()
        for (name, value) in answer.fields { fields.add(name, value) }
        if answer.pieces.count < 2 {
            fields.add("Content-Length", "\(answer.body.count)")
        }
        delegate.head(status: answer.status, fields: fields.all)
        pieces = answer.pieces.reversed()
        sendNext()
        guard self.delegate != nil else { return }
        let timer = LoopTimer(on: loop) { [unowned self] in sendNext() }
        timer.start(after: Self.pause, repeating: Self.pause)
        self.timer = timer
    }

    /// Sends the next piece, and the end with the last one.
    private func sendNext() {
        guard let delegate, !isPaused else { return }
        if let piece = pieces.popLast() { delegate.received(piece.span) }
        guard pieces.isEmpty else { return delegate.settled() }
        cancel()
        delegate.ended(trailers: MadeFields().all)
    }
}

/// The canned reply of the built-in upstream to `POST /chat/completions`, in OpenRouter's form.
///
/// A request is checked as far as a first try can go wrong: JSON, the model, the messages. What else it asks for is accepted
/// and not regarded.
package enum DemoChat {
    private static let words = [
        "This", " is", " Larder's", " demo", ":", " no", " model", " was", " asked", ".", " Start", " Larder",
        " without",
        " --demo", " to", " talk", " to", " OpenRouter", ".",
    ]

    /// The answer to a request with this body, at `wallSeconds` of Unix time.
    package static func answer(to body: [UInt8], wallSeconds: Int64) -> DemoAnswer {
        let request: JSONValue
        do throws(JSONError) {
            request = try JSONDocument(parsing: body.span).root
        } catch {
            return .failure(400, "the request body is not JSON: \(error.description)")
        }
        guard request.kind == .object else { return .failure(400, "the request body is not a JSON object") }
        let name = request["model"]?.string ?? request["models"]?.elements.first { _ in true }?.string ?? ""
        guard !name.isEmpty else { return .failure(400, "No models provided") }
        guard let messages = request["messages"], messages.kind == .array, messages.count > 0 else {
            return .failure(400, "messages must be an array with at least one message")
        }
        guard let model = DemoUpstream.find(name) else { return .failure(400, "\(name) is not a valid model ID") }
        guard model.list("output_modalities").contains("text") else {
            return .failure(404, "No endpoints found for \(name).")
        }
        let reply = Reply(
            model: model.id, created: wallSeconds, promptTokens: tokens(of: messages), completionTokens: words.count)
        return request["stream"]?.bool == true ? .events(reply.events(words)) : .made(reply.whole(words.joined()))
    }

    /// About as many tokens as a text of this length has.
    private static func tokens(of messages: JSONValue) -> Int {
        var text = ByteBuilder(capacity: 256)
        messages.write(into: &text)
        return (text.count + 3) / 4
    }

    /// What every part of a reply says.
    private struct Reply {
        let model: String
        let created: Int64
        let promptTokens: Int
        let completionTokens: Int

        /// The reply in one piece.
        func whole(_ text: String) -> String {
            let message =
                "{\"role\":\"assistant\",\"content\":\(DemoAnswer.quoted(text)),\"refusal\":null,\"reasoning\":null}"
            return object("chat.completion", "\"message\":\(message)", finish: "\"stop\"", usage: true)
        }

        /// The reply word by word: a comment, a chunk for each word, the reason for the end, the usage, and the mark of the end.
        func events(_ words: [String]) -> [String] {
            var chunks = words.map { chunk($0) }
            chunks.append(chunk("", finish: "\"stop\""))
            chunks.append(chunk("", usage: true))
            return [": OPENROUTER PROCESSING"] + chunks.map { "data: \($0)" } + ["data: [DONE]"]
        }

        private func chunk(_ text: String, finish: String = "null", usage: Bool = false) -> String {
            object(
                "chat.completion.chunk",
                "\"delta\":{\"role\":\"assistant\",\"content\":\(DemoAnswer.quoted(text))}", finish: finish,
                usage: usage)
        }

        private func object(_ kind: String, _ content: String, finish: String, usage: Bool) -> String {
            let choice =
                "{\"logprobs\":null,\"finish_reason\":\(finish),\"native_finish_reason\":\(finish),\"index\":0,\(content)}"
            let counts =
                "{\"prompt_tokens\":\(promptTokens),\"completion_tokens\":\(completionTokens),"
                + "\"total_tokens\":\(promptTokens + completionTokens),\"cost\":0}"
            return "{\"id\":\"gen-\(created)-demo\",\"provider\":\"Demo\",\"model\":\(DemoAnswer.quoted(model)),"
                + "\"object\":\"\(kind)\",\"created\":\(created),\"system_fingerprint\":null,\"choices\":[\(choice)]"
                + (usage ? ",\"usage\":\(counts)}" : "}")
        }
    }
}
