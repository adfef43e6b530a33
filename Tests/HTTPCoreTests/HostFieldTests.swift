import Testing

@testable import HTTPCore

@Suite("Host")
struct HostFieldTests {
    @Test(
        "The host is what stands before the port",
        arguments: [
            ("localhost", "localhost"), ("localhost:5273", "localhost"), ("LOCALHOST:", "LOCALHOST"),
            ("127.0.0.1:80", "127.0.0.1"), ("[::1]", "[::1]"), ("[::1]:5273", "[::1]"),
            ("[fe80::1%25eth0]:1", "[fe80::1%25eth0]"),
            ("a.b-c_d~e", "a.b-c_d~e"), ("xn--nxasmq6b", "xn--nxasmq6b"), ("a%20b", "a%20b"), ("a:99999999", "a"),
        ])
    func host(value: String, expected: String) {
        let bytes = Array(value.utf8)
        let host = HostField.host(in: bytes.span)
        #expect(host.map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
    }

    @Test(
        "A value that no request may bear has none",
        arguments: [
            "", ":", ":80", "a b", " a", "a ", "a/b", "a?b", "a#b", "u@a", "a,b@c", "a:80x", "a:-1", "a:8 0", "a:1:2",
            "[", "[]", "[::1", "[::1]x", "[::1]:x", "[/]", "::1", "é", "a\u{0}", "a\t", "http://a", "a\\b", "<a>",
            "\"a\"",
        ])
    func none(value: String) {
        let bytes = Array(value.utf8)
        #expect(HostField.host(in: bytes.span) == nil)
    }
}
