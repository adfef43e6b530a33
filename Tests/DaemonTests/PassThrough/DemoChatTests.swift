import Demo
import Foundation
import TestSupport
import Testing

@testable import Daemon

@Suite("The canned reply of the built-in upstream")
struct DemoChatTests {
    private static func answer(_ body: String) -> DemoAnswer {
        DemoChat.answer(to: Array(body.utf8), wallSeconds: 1_763_600_000)
    }

    private static func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private static let messages = #""messages":[{"role":"user","content":"Hello"}]"#

    @Test(
        "It has the form of upstream's",
        arguments: ["openai/gpt-5.4", "openai/gpt-5.4:nitro", "openai/gpt-5.4-20260805"])
    func whole(model: String) throws {
        let answer = Self.answer(#"{"model":"\#(model)",\#(Self.messages)}"#)
        #expect(answer.status == 200)
        let reply = try Self.object(answer.body)
        #expect(reply["object"] as? String == "chat.completion" && reply["model"] as? String == "openai/gpt-5.4")
        #expect(reply["created"] as? Int == 1_763_600_000 && (reply["id"] as? String)?.hasPrefix("gen-") == true)
        let choices = try #require(reply["choices"] as? [[String: Any]])
        #expect(choices.count == 1 && choices[0]["finish_reason"] as? String == "stop")
        let message = try #require(choices[0]["message"] as? [String: Any])
        #expect(message["role"] as? String == "assistant" && (message["content"] as? String)?.isEmpty == false)
        let usage = try #require(reply["usage"] as? [String: Any])
        let counts = ["prompt_tokens", "completion_tokens", "total_tokens"].compactMap { usage[$0] as? Int }
        #expect(counts.count == 3 && counts[0] + counts[1] == counts[2] && counts[0] > 0 && counts[1] > 0)
    }

    @Test("A stream says the same, word by word, with the usage at its end")
    func stream() throws {
        let request = #""model":"openai/gpt-5.4",\#(Self.messages)"#
        let answer = Self.answer("{\(request),\"stream\":true}")
        #expect(answer.fields.contains { $0.0 == "Content-Type" && $0.1 == "text/event-stream" })
        let pieces = answer.pieces.map { String(decoding: $0, as: UTF8.self) }
        #expect(pieces.allSatisfy { $0.hasSuffix("\n\n") })
        #expect(pieces.first == ": OPENROUTER PROCESSING\n\n" && pieces.last == "data: [DONE]\n\n")
        let chunks = try pieces.dropFirst().dropLast().map { try Self.object(Array($0.dropFirst(6).utf8)) }
        #expect(chunks.allSatisfy { $0["object"] as? String == "chat.completion.chunk" })
        #expect(Set(chunks.compactMap { $0["id"] as? String }).count == 1)
        let choices = try chunks.map { try #require($0["choices"] as? [[String: Any]])[0] }
        let text = choices.compactMap { ($0["delta"] as? [String: Any])?["content"] as? String }.joined()
        let whole = try Self.object(Self.answer("{\(request),\"stream\":false}").body)
        let message = (whole["choices"] as? [[String: Any]])?[0]["message"] as? [String: Any]
        #expect(text == message?["content"] as? String)
        #expect(choices.compactMap { $0["finish_reason"] as? String } == ["stop"])
        #expect(chunks.map { $0["usage"] != nil } == chunks.indices.map { $0 == chunks.count - 1 })
    }

    @Test(
        "What cannot be answered is refused in upstream's envelope",
        arguments: [
            ("", 400, "not JSON"), ("{", 400, "not JSON"), ("[]", 400, "not a JSON object"),
            ("{}", 400, "No models provided"),
            (#"{"model":7,"messages":[{}]}"#, 400, "No models provided"),
            (#"{"model":"openai/gpt-5.4"}"#, 400, "messages must be"),
            (#"{"model":"openai/gpt-5.4","messages":[]}"#, 400, "messages must be"),
            (#"{"model":"openai/gpt-5.4","messages":"Hello"}"#, 400, "messages must be"),
            (#"{"model":"a/\"b","messages":[{}]}"#, 400, #"a/"b is not a valid model ID"#),
            (#"{"models":["a/b"],"messages":[{}]}"#, 400, "a/b is not a valid model ID"),
            (#"{"model":"openai/text-embedding-3-small","messages":[{}]}"#, 404, "No endpoints found for openai/text"),
        ])
    func refusals(body: String, status: Int, message: String) throws {
        for stream in ["", #","stream":true}"#] where stream.isEmpty || body.hasSuffix("}") {
            let end = body == "{}" ? #""stream":true}"# : stream
            let answer = Self.answer(stream.isEmpty ? body : String(body.dropLast()) + end)
            #expect(answer.status == status)
            let error = try #require(try Self.object(answer.body)["error"] as? [String: Any])
            #expect(error["code"] as? Int == status)
            #expect((error["message"] as? String)?.contains(message) == true, "\(error)")
        }
    }
}

/// The same through the whole program.
@Suite(.timeLimit(.minutes(300))) struct DemoChatProcessTests {
    private static let chat = #"{"model":"openai/gpt-5.4","messages":[{"role":"user","content":"Hello"}]}"#
    private static let streamed = #"{"model":"openai/gpt-5.4","messages":[{"content":"Hello"}],"stream":true}"#

    @Test func `a chat is answered on one connection, whole and streamed, under every root and below a view`() throws {
        let larder = try LarderProcess.serve(["--demo"], environment: ["LARDER_VIEWS_TEAM_QUERY": "q=gpt"])
        let client = try RawClient(port: larder.port, timeout: .hang)
        let bases = ["/api/v1", "/v1", "/openai/v1", ""]
        for root in bases + bases.map({ "/view/team" + $0 }) {
            let whole = try client.request("POST", root + "/chat/completions", body: Array(Self.chat.utf8))
            #expect(whole.status == 200 && whole.text.contains(#""object":"chat.completion""#), "\(root)")
            #expect(whole.fields["Content-Length"] == "\(whole.body.count)")
            #expect(whole.cacheStatus == "larder; fwd=bypass; fwd-status=200")
            let streamed = try client.request("POST", root + "/chat/completions", body: Array(Self.streamed.utf8))
            #expect(streamed.status == 200 && streamed.fields["Content-Type"] == "text/event-stream")
            #expect(streamed.fields["Transfer-Encoding"] == "chunked" && streamed.text.hasSuffix("data: [DONE]\n\n"))
        }
        #expect(try client.get("/models").status == 200)
        client.close()
        try larder.end()
    }

    @Test func `a body may come in parts, in chunks, and behind an expectation`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        let client = try RawClient(port: larder.port, timeout: .hang)
        let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        let middle = Self.chat.index(Self.chat.startIndex, offsetBy: 20)
        let parts = [Self.chat[..<middle], Self.chat[middle...]]
        try client.send(head + "Transfer-Encoding: chunked\r\n\r\n")
        for part in parts { try client.send("\(String(part.utf8.count, radix: 16))\r\n\(part)\r\n") }
        try client.send("0\r\n\r\n")
        #expect(try client.readResponse().status == 200)
        try client.send(head + "Expect: 100-continue\r\nContent-Length: \(Self.chat.utf8.count)\r\n\r\n")
        #expect(try client.readResponse().status == 100)
        try client.send(Self.chat)
        #expect(try client.readResponse().status == 200)
        client.close()
        try larder.end()
    }

    @Test func `what the demo cannot answer is refused, and the connection goes on where the body is whole`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        let client = try RawClient(port: larder.port, timeout: .hang)
        for (method, path, body, status) in [
            ("POST", "/chat/completions", "{", 400), ("POST", "/embeddings", "{}", 404),
            ("GET", "/chat/completions", "", 404),
            ("DELETE", "/keys/1", "", 404), ("POST", "/chat/completions", #"{"model":"a/b","messages":[{}]}"#, 400),
        ] {
            let answer = try client.request(method, path, body: Array(body.utf8))
            #expect(answer.status == status, "\(method) \(path)")
            #expect(answer.text.hasPrefix(#"{"error":{"message":""#))
        }
        // A client of Anthropic's protocol gets the list that there is.
        #expect(try client.get("/models", ["x-api-key": "a"]).text.contains("openai/gpt-5.4"))
        client.close()
        try larder.end()
    }

    @Test func `a body without end is refused while it comes`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        let client = try RawClient(port: larder.port, timeout: .hang)
        try client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
        for _ in 0..<17 { try client.send(chunk) }
        let answer = try client.readResponse()
        #expect(answer.status == 413 && answer.text.contains("1 MiB"))
        client.close()
        // A client that leaves in the middle of an answer leaves nothing behind: the demo ends in good order.
        let leaving = try RawClient(port: larder.port, timeout: .hang)
        try leaving.send(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(Self.streamed.utf8.count)\r\n\r\n\(Self.streamed)"
        )
        leaving.close()
        try larder.end()
    }
}
