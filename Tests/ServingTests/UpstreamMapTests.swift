import Bytes
import HTTPCore
import Testing

@testable import Serving

@Suite("Where requests that are passed through go")
struct UpstreamMapTests {
    @Test(
        "A path under /api/ keeps itself, any other goes below the base",
        arguments: [
            ("/api/v1/chat/completions", "/api/v1/chat/completions"),
            ("/v1/chat/completions", "/api/v1/chat/completions"),
            ("/openai/v1/chat/completions", "/api/v1/chat/completions"), ("/openai/v1", "/api/v1"),
            ("/openai/v10/x", "/api/v1/openai/v10/x"), ("/api/openai/v1/x", "/api/openai/v1/x"),
            ("/chat/completions", "/api/v1/chat/completions"), ("/api/alpha/responses", "/api/alpha/responses"),
            ("/api/v1", "/api/v1"), ("/api/v1/", "/api/v1/"), ("/v1", "/api/v1"), ("/", "/api/v1"),
            ("/api/v10/x", "/api/v10/x"), ("/api", "/api/v1/api"), ("/v10/x", "/api/v1/v10/x"), ("//x", "/api/v1//x"),
            ("/a%2Fb/", "/api/v1/a%2Fb/"), ("/apix/y", "/api/v1/apix/y"),
        ])
    func paths(path: String, expected: String) {
        #expect(target("https://openrouter.ai/api/v1", path) == expected)
        #expect(target("https://openrouter.ai/api/v1/", path) == expected)
    }

    @Test(
        "Another base is as good",
        arguments: [
            ("http://host/x/api/v1", "/api/v1/keys", "/x/api/v1/keys"),
            ("http://host/x/api/v1", "/keys", "/x/api/v1/keys"),
            ("http://host/x/api/v1", "/api/alpha/y", "/x/api/alpha/y"),
            ("http://host/base", "/api/v1/keys", "/base/keys"),
            ("http://host/base", "/api/alpha/y", "/api/alpha/y"), ("http://host", "/api/v1/keys", "/keys"),
            ("http://host", "/", "/"), ("http://host/", "/v1", "/"),
            ("http://[::1]:80/api/v1", "/keys", "/api/v1/keys"),
        ])
    func bases(base: String, path: String, expected: String) {
        #expect(target(base, path) == expected)
    }

    @Test(
        "The query goes as it was sent",
        arguments: [(nil, ""), ("", "?"), ("a=b&c?d", "?a=b&c?d")] as [(String?, String)])
    func query(query: String?, expected: String) {
        #expect(target("http://host/api/v1", "/keys", query) == "/api/v1/keys" + expected)
        #expect(target("http://host", "/", query) == "/" + expected)
    }

    @Test(
        "The origin is scheme and authority",
        arguments: [
            ("https://openrouter.ai/api/v1", "https://openrouter.ai"), ("http://host:81", "http://host:81"),
            ("http://[::1]:80/x", "http://[::1]:80"),
        ])
    func origin(base: String, expected: String) {
        #expect(UpstreamMap(baseURL: base).origin == expected)
    }

    @Test(
        "A redirection under the base leads to Larder, any other to where it leads",
        arguments: [
            ("https://openrouter.ai/api/v1/keys?x=y", "/api/v1/keys?x=y"), ("https://openrouter.ai/api/v1", "/api/v1"),
            ("https://openrouter.ai/api/v1?a", "/api/v1?a"), ("/api/v1/keys", "/api/v1/keys"),
            ("https://openrouter.ai/api/alpha/x", "/api/alpha/x"), ("/api/alpha/x", "/api/alpha/x"),
            ("https://openrouter.ai/docs", "https://openrouter.ai/docs"), ("/docs", "https://openrouter.ai/docs"),
            ("https://openrouter.ai", "https://openrouter.ai"), ("https://openrouter.ai.evil.example/api/v1/x", nil),
            ("https://openrouter.ai:444/api/v1/x", nil), ("https://openrouter.ai@evil.example/api/v1/x", nil),
            ("//evil.example/api/v1/x", "https://evil.example/api/v1/x"),
            ("HTTPS://OpenRouter.AI/api/v1/x", "/api/v1/x"), ("https://openrouter.ai:443/api/v1/x", "/api/v1/x"),
            ("//openrouter.ai/api/v1/x", "/api/v1/x"), ("//openrouter.ai:443/api/alpha/x", "/api/alpha/x"),
            ("//openrouter.ai/docs", "https://openrouter.ai/docs"), ("https://openrouter.ai:80/api/v1/x", nil),
            ("https:/api/v1/x", nil), ("https:", nil), ("/API/v1/x", "https://openrouter.ai/API/v1/x"),
            ("http://openrouter.ai/api/v1/x", nil), ("keys", nil), ("", nil),
            ("?a=b", nil), ("https://elsewhere.example/", nil),
        ] as [(String, String?)])
    func locations(value: String, expected: String?) {
        #expect(location("https://openrouter.ai/api/v1", value) == expected ?? value)
    }

    @Test(
        "What stands before the base's root is taken off",
        arguments: [
            ("http://host/x/api/v1/keys", "/api/v1/keys"), ("/x/api/v1/keys", "/api/v1/keys"),
            ("/x/api/alpha/y", "/api/alpha/y"), ("/x/api/v10", "/api/v10"), ("/x/docs", "http://host/x/docs"),
        ])
    func prefixes(value: String, expected: String) {
        #expect(location("http://host/x/api/v1", value) == expected)
    }

    private func target(_ base: String, _ path: String, _ query: String? = nil) -> String? {
        let bytes = Array((path + (query.map { "?" + $0 } ?? "")).utf8)
        guard let parts = Target(bytes.span) else { return nil }
        var mapped = ByteBuilder()
        UpstreamMap(baseURL: base).appendTarget(for: bytes.span, parts, to: &mapped)
        return mapped.span.text()
    }

    private func location(_ base: String, _ value: String) -> String {
        String(decoding: UpstreamMap(baseURL: base).location(Array(value.utf8)), as: UTF8.self)
    }
}
