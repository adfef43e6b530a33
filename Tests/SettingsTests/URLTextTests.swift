import Testing

@testable import Settings

@Suite("URLs in settings")
struct URLTextTests {
    @Test(
        "A base URL is brought to its normal form",
        arguments: [
            ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
            ("https://openrouter.ai/api/v1/", "https://openrouter.ai/api/v1"),
            ("https://openrouter.ai/api/v1///", "https://openrouter.ai/api/v1"),
            ("HTTPS://OpenRouter.AI/Api", "https://openrouter.ai/Api"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/x", "http://[::1]:8080/x"),
            ("http://[::1]", "http://[::1]"),
            ("http://localhost/", "http://localhost"),
        ])
    func normalizes(text: String, expected: String) {
        #expect(URLText.base(text) == expected)
    }

    @Test(
        "What cannot be a base URL is refused",
        arguments: [
            "", "openrouter.ai", "openrouter.ai/api/v1", "//openrouter.ai", "ftp://host", "https://", "https:///path",
            "https:/host", "https://host?x=1", "https://host/?x=1", "https://host/#f", "https://host#f",
            "https://user@host", "https://user:pass@host/x", "https://host:0", "https://host:", "https://host:65536",
            "https://ho st", "https://host/a b", "https://host/\n", " https://host", "https://hö.de",
            "https://host/<x>",
            "https://1.2.3", "http://::1/",
        ])
    func refuses(text: String) {
        #expect(URLText.base(text) == nil)
    }

    @Test(
        "A proxy has one of curl's schemes, and perhaps a user",
        arguments: [
            "http://proxy:3128", "https://proxy", "socks5h://127.0.0.1:1080", "http://user:p%40ss@proxy:3128/",
            "http://user:p@ss@proxy:3128", "SOCKS4://proxy:1",
        ])
    func proxies(text: String) {
        #expect(URLText.proxy(text) == text)
    }

    @Test(
        "What cannot be a proxy is refused",
        arguments: [
            "", "proxy:3128", "ftp://proxy", "http://proxy/path", "http://user@", "http://proxy:3128?x", "http://a b",
        ])
    func refusesProxies(text: String) {
        #expect(URLText.proxy(text) == nil)
    }

    @Test(
        "What stands before an @ is masked, in a good URL and in a bad one",
        arguments: [
            ("http://user:secret@proxy:1", "http://***@proxy:1"), ("user:secret@proxy", "***@proxy"),
            ("http://user:se@cret@proxy", "http://***@proxy"), ("ftp://secret@", "ftp://***@"),
            ("secret@host://x", "***@host://x"), ("http://proxy", "http://proxy"), ("", ""),
        ])
    func masks(text: String, expected: String) {
        #expect(URLText.masked(text) == expected)
    }
}
