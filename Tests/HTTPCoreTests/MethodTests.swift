import Testing

@testable import HTTPCore

@Suite("Methods")
struct MethodTests {
    @Test(
        "A known token is its method",
        arguments: [
            ("GET", Method.get), ("HEAD", .head), ("OPTIONS", .options), ("POST", .post), ("PUT", .put),
            ("PATCH", .patch), ("DELETE", .delete),
        ])
    func known(token: String, expected: Method) {
        let bytes = Array(token.utf8)
        #expect(Method(bytes.span) == expected)
    }

    @Test(
        "Any other token is another method, one in small letters too",
        arguments: ["", "get", "Get", "GE", "GETS", "CONNECT", "TRACE", "QUERY", "PROPFIND", "HEAD ", "G\u{0}T"])
    func other(token: String) {
        let bytes = Array(token.utf8)
        #expect(Method(bytes.span) == .other)
    }
}
