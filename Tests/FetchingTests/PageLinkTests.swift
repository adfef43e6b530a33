import Serving
import Testing

@testable import Fetching

/// Where the link to the next page leads.
@Suite struct PageLinkTests {
    private func resolve(_ link: String, base: String = "https://up.example/api/v1") throws -> String {
        try PageLink.resolve(link, from: base + "/models?output_modalities=all", UpstreamMap(baseURL: base))
    }

    @Test(arguments: [
        ("/api/v1/models?offset=5", "https://up.example/api/v1/models?offset=5"),
        ("https://up.example/api/v1/models?offset=5", "https://up.example/api/v1/models?offset=5"),
        ("HTTPS://UP.example:443/api/v1/models?offset=5", "https://up.example/api/v1/models?offset=5"),
        ("//up.example/other?offset=5#x", "https://up.example/other?offset=5"),
        ("?offset=5", "https://up.example/api/v1/models?offset=5"),
        ("models?offset=5", "https://up.example/api/v1/models?offset=5"),
        ("/models?offset=5", "https://up.example/api/v1/models?offset=5"),
        ("/api/beta/models", "https://up.example/api/beta/models"),
        ("https://up.example?x", "https://up.example/?x"),
        ("/api/v1/models?q=/../x", "https://up.example/api/v1/models?q=/../x"),
        ("/api/v1/a..b%2fc;..", "https://up.example/api/v1/a..b%2fc;.."),
    ])
    func `a link within upstream's origin is followed`(link: String, url: String) throws {
        #expect(try resolve(link) == url)
    }

    @Test func `a base below a path keeps it`() throws {
        let base = "http://127.0.0.1:8080/x/api/v1"
        #expect(try resolve("/api/v1/models?offset=5", base: base) == base + "/models?offset=5")
        #expect(try resolve("/x/api/v1/models?offset=5", base: base) == base + "/models?offset=5")
        #expect(try resolve("/api/v1/models?a=b", base: "http://127.0.0.1:1") == "http://127.0.0.1:1/models?a=b")
    }

    @Test(arguments: [
        "https://other.example/api/v1/models", "http://up.example/api/v1/models", "//other.example/",
        "ftp://up.example/",
        "https://up.example:444/api/v1/models", "https://up.example.evil.example/", "https://key@up.example/",
        "https://up.example@evil.example/", "mailto:x", "data:,x", "https:/x", "https://",
    ])
    func `a link elsewhere is not`(link: String) {
        #expect(throws: PageLink.Refusal.elsewhere) { try resolve(link) }
    }

    @Test(arguments: [
        "#x", "/api/v1/models?q=a b", "/api/v1/models\r\nX: y", "/api/v1/é", "\\\\evil.example\\", "/api/v1/../../x",
        "/api/v1/%2E%2e/x", "./x", "https://up.example/api/v1/./models", "/api/v1/..%2fx", "/api/v1/..;/x",
        "/api/v1/%2e%2E;a=b/x", "/api/v1/x%5c..%5cy", "..%2F..", "https://up.example/api/v1/models%2f..",
    ])
    func `what cannot be asked for is not`(link: String) {
        #expect(throws: PageLink.Refusal.notURL) { try resolve(link) }
    }
}
