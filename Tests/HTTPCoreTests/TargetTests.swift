import Bytes
import Testing

@testable import HTTPCore

@Suite("Request targets")
struct TargetTests {
    @Test(
        "A target is split into path and query",
        arguments: [
            ("/", "/", nil), ("/models", "/models", nil), ("/models?", "/models", ""),
            ("/models?a=b", "/models", "a=b"),
            ("/models?a=b?c", "/models", "a=b?c"), ("//models", "//models", nil), ("/?", "/", ""),
            ("/a/b%2Fc?x=/y", "/a/b%2Fc", "x=/y"), ("http://host/models?q=1", "/models", "q=1"),
            ("http://host/", "/", nil), ("http://host", "", nil), ("http://host?next=/models", "", "next=/models"),
            ("HTTPS://host:443/a", "/a", nil), ("https://h/?x", "/", "x"),
            ("http://user@[::1]:80/a?b", "/a", "b"), ("/http://x", "/http://x", nil),
        ] as [(String, String, String?)])
    func splits(target: String, path: String, query: String?) {
        let bytes = Array(target.utf8)
        let parts = Target(bytes.span)
        #expect(parts.map { String(decoding: bytes[$0.path], as: UTF8.self) } == path)
        #expect(parts?.query.map { String(decoding: bytes[$0], as: UTF8.self) } == query)
    }

    @Test(
        "The authority of an absolute target is told",
        arguments: [
            ("http://host/models", "host"), ("HTTPS://Host:443/", "Host:443"), ("http://u@[::1]:80/a?b", "u@[::1]:80"),
            ("http:///a", ""), ("/http://host/a", nil), ("/models?x=http://host/", nil),
        ] as [(String, String?)])
    func authority(target: String, expected: String?) {
        let bytes = Array(target.utf8)
        #expect(Target(bytes.span)?.authority.map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
    }

    @Test(
        "A target that names no path, or has a fragment, is none",
        arguments: [
            "", "*", "models", "?a=b", "host:443", "http://", "https://", "http:/host/a",
            "ftp://host/a", "/models#top", "/models?a#b", "#", "http://host/a#b",
            "http://host#/models",
        ])
    func refuses(target: String) {
        let bytes = Array(target.utf8)
        #expect(Target(bytes.span) == nil)
    }
}
