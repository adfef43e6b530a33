import Bytes
import Serving
import Testing

/// The kinds of path that are passed through.
@Suite struct PassedPathTests {
    @Test(arguments: [
        ("/api/v1/chat/completions", PassedPath.chat), ("/v1/chat/completions/", .chat), ("/completions", .completions),
        ("/openai/v1/responses", .responses), ("/view/team/api/v1/messages", .messages), ("/api/v1/key", .key),
        ("/api/v1/keys/sk-or-secret", .keys), ("/api/v1/messages/count_tokens", .messages), ("/api/v1/models", .models),
        ("/api/v1/keysecret", .other), ("/api/v1/users/user_2abc", .other), ("/api/alpha/responses", .other),
        ("/", .other), ("", .other),
    ])
    func `a path has a kind, whatever its root`(path: String, kind: PassedPath) {
        #expect(PassedPath(Array(path.utf8).span) == kind)
    }

    @Test func `labels are texts of their own`() {
        #expect(PassedPath.chat.label == "passed through /chat/completions")
        #expect(PassedPath.other.label == "passed through other")
        #expect(Set(PassedPath.allCases.map(\.label)).count == PassedPath.allCases.count)
    }
}
