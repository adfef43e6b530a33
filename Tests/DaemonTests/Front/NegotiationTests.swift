import TestSupport
import Testing

/// What a request asks for beside its target: another coding, only what is new, what a web page may do.
@Suite(.timeLimit(.minutes(300))) struct NegotiationTests {
    private static func coding(_ value: String, _ coding: String?) -> RawCase {
        let fields = ["gzip", "br"].map { "Content-Encoding: \($0)\r\n" }
        let head = "HEAD /models HTTP/1.1\r\nHost: localhost\r\n"
        return RawCase(
            "Accept-Encoding \(value)", "9110 12.5.3", head + "Accept-Encoding: \(value)\r\n\r\n", [200],
            holds: fields.filter { coding.map($0.contains) ?? false },
            lacks: fields.filter { !(coding.map($0.contains) ?? false) })
    }

    @Test func `codings`() throws {
        let br = ["br", "gzip, deflate, br", "br;q=1, gzip;q=0.5", "BR", "gzip;q=0, br"]
        let gzip = [
            "gzip", "GZIP", "x-gzip", "gzip, deflate", "br;q=0.5, gzip", "gzip;q=1.0", "gzip ; q=0.001", "*",
            "deflate, *;q=0.5", "identity;q=0, gzip", "\tgzip ,,",
        ]
        let none = ["", "identity", "br;q=0", "gzip;q=0", "gzip;q=0.000", "*;q=0", "deflate", "gzip;q=0, *", "gzipped"]
        try RawCase.run(
            br.map { Self.coding($0, "br") } + gzip.map { Self.coding($0, "gzip") } + none.map { Self.coding($0, nil) })
    }

    @Test func `what a web page asks`() throws {
        let asks = "Origin: https://page.example\r\nAccess-Control-Request-Method: POST\r\n"
        let options = { (name: String, target: String, lines: String, holds: [String], lacks: [String]) in
            RawCase(
                name, "9110 9.3.7", "OPTIONS \(target) HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n", [204],
                holds: holds,
                lacks: lacks)
        }
        let network = "Access-Control-Request-Private-Network: true\r\n"
        try RawCase.run([
            options("OPTIONS of a list", "/models", "", ["Allow: GET, HEAD, OPTIONS"], ["Content-Length"]),
            options("OPTIONS of all", "*", "", ["Allow: GET, HEAD, OPTIONS"], []),
            options(
                "a preflight", "/models", asks + "Access-Control-Request-Headers: authorization, x-title\r\n",
                ["Access-Control-Allow-Origin: *", "Access-Control-Allow-Headers: authorization, x-title"],
                ["Private-Network: true"]),
            options(
                "a preflight of what is passed through", "/chat/completions", asks,
                ["Access-Control-Allow-Methods: GET, HEAD, POST"],
                []),
            options(
                "a preflight from a public network", "/models", asks + network,
                ["Access-Control-Allow-Private-Network: true"], []),
            options("half a preflight", "/models", "Origin: https://page.example\r\n", ["Allow:"], ["Allow-Methods"]),
            RawCase(
                "a preflight by a foreign name", "9110 7.4",
                "OPTIONS /models HTTP/1.1\r\nHost: evil.example\r\n\(asks)\(network)\r\n", [421],
                lacks: ["Private-Network"]),
            .get(
                "a page's GET", "9110 5.1", lines: "Origin: https://page.example\r\n",
                holds: ["Access-Control-Allow-Origin: *"]),
            RawCase(
                "OPTIONS elsewhere is upstream's", "9110 9.3.7", "OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
                [200], holds: ["OPTIONS /api/v1/echo []"]),
        ])
    }

    @Test func `only what is new`() throws {
        let origin = try ScriptedOrigin(RawCase.upstream)
        try LiveLarder.serving(before: origin) { larder throws in
            let first = try larder.get("/models")
            let tag = try #require(first.fields["ETag"])
            let date = first.fields["Last-Modified"] ?? first.fields["Date"] ?? ""
            let ask = { (name: String, lines: String, status: Int) in
                RawCase(name, "9110 13", "GET /models HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n", [status])
            }
            let old = "Sat, 01 Jan 2000 00:00:00 GMT"
            let nextYear = try #require(Int(date.dropFirst(12).prefix(4))) + 1
            let obsolete = "Friday, 01-Jan-\(String(nextYear).suffix(2)) 00:00:00 GMT"
            let cases = [
                ask("the tag", "If-None-Match: \(tag)\r\n", 304), ask("any tag", "If-None-Match: *\r\n", 304),
                ask("a weak one", "If-None-Match: W/\(tag)\r\n", 304),
                ask("the tag in a list", "If-None-Match: \"x\", \(tag) ,\"y\"\r\n", 304),
                ask("another", "If-None-Match: \"x\"\r\n", 200), ask("no tag", "If-None-Match: x\r\n", 200),
                ask("the date", "If-Modified-Since: \(date)\r\n", 304),
                ask("an old date", "If-Modified-Since: \(old)\r\n", 200),
                ask("a date as RFC 850 has it", "If-Modified-Since: \(obsolete)\r\n", 304),
                ask("an old one", "If-Modified-Since: Saturday, 01-Jan-00 00:00:00 GMT\r\n", 200),
                ask("a date as asctime() has it", "If-Modified-Since: Fri Jan  1 00:00:00 \(nextYear)\r\n", 304),
                ask("an old one of those", "If-Modified-Since: Sat Jan  1 00:00:00 2000\r\n", 200),
                ask("a date that is none", "If-Modified-Since: yesterday\r\n", 200),
                ask("another tag and the date", "If-None-Match: \"x\"\r\nIf-Modified-Since: \(date)\r\n", 200),
                ask("the tag and an old date", "If-None-Match: \(tag)\r\nIf-Modified-Since: \(old)\r\n", 304),
                RawCase(
                    "HEAD with the tag", "9110 13.1.2",
                    "HEAD /models HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \(tag)\r\n\r\n", [304]),
                RawCase(
                    "the tag and a refusal", "9110 13.2.1",
                    "GET /models?limit=0 HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\n\r\n", [400]),
            ]
            try RawCase.run(cases.map { ($0, nil) }, port: larder.port)
        }
    }
}
