import Testing

/// The request line, and what it names.
@Suite(.timeLimit(.minutes(300))) struct RequestLineTests {
    private static let host = "Host: localhost\r\n\r\n"

    private static func line(
        _ name: String, _ section: String, _ line: String, _ statuses: [Int], _ ending: RawCase.Ending = .closes,
        holds: [String] = []
    ) -> RawCase {
        RawCase(name, section, line + "\r\n" + host, statuses, ending, holds: holds)
    }

    @Test func `the form of the request line`() throws {
        try RawCase.run([
            Self.line("a plain line", "9112 3", "GET /models/count HTTP/1.1", [200], .goesOn),
            Self.line("an empty line before it", "9112 2.2", "\r\nGET /models/count HTTP/1.1", [200], .goesOn),
            Self.line("two empty lines before it", "9112 2.2", "\r\n\r\nGET /models/count HTTP/1.1", [200], .goesOn),
            Self.line("two spaces before the target", "9112 3", "GET  /models/count HTTP/1.1", [400]),
            Self.line("two spaces behind the target", "9112 3", "GET /models/count  HTTP/1.1", [400]),
            Self.line("a tab before the target", "9112 3", "GET\t/models/count HTTP/1.1", [400]),
            Self.line("a tab behind the target", "9112 3", "GET /models/count\tHTTP/1.1", [400]),
            Self.line("a space before the method", "9112 2.2", " GET /models/count HTTP/1.1", [400]),
            Self.line("a space behind the version", "9112 3", "GET /models/count HTTP/1.1 ", [400]),
            Self.line("a word behind the version", "9112 3", "GET /models/count HTTP/1.1 x", [400]),
            Self.line("a space within the target", "9112 3.2", "GET /models /count HTTP/1.1", [400]),
            Self.line("no target", "9112 3", "GET HTTP/1.1", [400]),
            Self.line("an empty target", "9112 3", "GET  HTTP/1.1", [400]),
            Self.line("a carriage return alone", "9112 2.2", "GET /models/count HTTP/1.1\rX: y", [400]),
            Self.line("a NUL in the target", "9112 3.2", "GET /models\0/count HTTP/1.1", [400]),
            Self.line("a DEL in the target", "9112 3.2", "GET /models\u{7f} HTTP/1.1", [400]),
            RawCase(
                "a line feed alone", "9112 2.2", "GET /models/count HTTP/1.1\nHost: localhost\r\n\r\n", [400], .closes,
                holds: ["ends with a bare LF"]),
            RawCase(
                "a line feed before it", "9112 2.2", "\nGET /models/count HTTP/1.1\r\nHost: localhost\r\n\r\n", [200]),
            RawCase("no more than a word", "9112 3", "hello\r\n\r\n", [400], .closes),
            RawCase("a TLS greeting", "9112 3", [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10], [400], .closes),
            RawCase("the preface of HTTP/2", "9113 3.4", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [505], .closes),
        ])
    }

    @Test func `versions`() throws {
        let versions: [(String, Int)] = [
            ("HTTP/0.9", 505), ("HTTP/2.0", 505), ("HTTP/3.0", 505), ("HTTP/1.2", 505), ("HTTP/9.9", 505),
            ("HTTP/1", 505), ("HTTP/1.", 505), ("HTTP/11", 505), ("HTTP/1.10", 505), ("HTTP/01.1", 505),
            ("http/1.1", 400), ("Http/1.1", 400), ("HTTP /1.1", 400), ("HTTPS/1.1", 400), ("ICE/1.0", 400),
            ("RTSP/1.0", 400), ("1.1", 400), ("HTTP/+1.1", 505), ("HTTP/1.1.1", 505), ("HTTP/A.B", 505),
        ]
        var cases = versions.map { version, status in
            Self.line("version \(version)", "9112 2.3", "GET /models/count \(version)", [status])
        }
        cases.append(Self.line("a method of ICE", "9112 2.3", "SOURCE /models/count ICE/1.0", [400]))
        cases.append(Self.line("a method of RTSP", "9112 2.3", "OPTIONS /models/count RTSP/1.0", [400]))
        cases.append(RawCase("no version", "9112 2.3", "GET /models/count\r\n", [400], .closes))
        try RawCase.run(cases)
    }

    @Test func `methods`() throws {
        var cases: [RawCase] = []
        for path in ["/anything", "/providers", "/models", "/metrics", "/api/v1/chat/completions"] {
            cases.append(
                Self.line(
                    "CONNECT with the path \(path)", "9112 3.2.3", "CONNECT \(path) HTTP/1.1", [501],
                    holds: ["CONNECT is not supported"]))
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "REPORT"] {
            let allow = ["Allow: GET, HEAD, OPTIONS\r\n"]
            cases.append(
                Self.line(
                    "\(method) of a list", "9110 15.5.6", "\(method) /models HTTP/1.1", [405], .goesOn, holds: allow))
            cases.append(
                Self.line(
                    "\(method) of a model", "9110 15.5.6", "\(method) /model/acme/anvil HTTP/1.1", [405], .goesOn,
                    holds: allow))
            cases.append(
                Self.line(
                    "\(method) elsewhere", "9110 7.6", "\(method) /echo?a=%20 HTTP/1.1", [200], .goesOn,
                    holds: ["upstream got \(method) /api/v1/echo?a=%20 []"]))
        }
        for method in ["get", "Get", "GETT", "XYZZY", "G\u{e9}T", "GET,POST", "G(T"] {
            cases.append(Self.line("method \(method)", "9110 9.1", "\(method) /models HTTP/1.1", [400]))
        }
        cases.append(Self.line("CONNECT", "9110 9.3.6", "CONNECT localhost:80 HTTP/1.1", [400]))
        cases.append(Self.line("HEAD of a list", "9110 9.3.2", "HEAD /models HTTP/1.1", [200], .goesOn))
        cases.append(Self.line("HEAD of nothing", "9110 9.3.2", "HEAD /models?limit=0 HTTP/1.1", [400], .goesOn))
        cases.append(Self.line("HEAD elsewhere", "9110 9.3.2", "HEAD /echo HTTP/1.1", [200], .goesOn))
        cases.append(Self.line("HEAD of health", "9110 9.3.2", "HEAD /healthz HTTP/1.1", [200], .goesOn))
        try RawCase.run(cases)
    }

    @Test func `targets`() throws {
        let good = [
            "/models/count", "/models/count/", "/v1/models/count", "/api/v1/models/count", "/models/count?",
            "/models/count?q=a?b", "http://localhost/models/count", "HTTP://LOCALHOST/models/count",
            "http://localhost:5273/v1/models/count?q=x", "https://localhost/models/count", "/models/count?q=%00%zz",
            "/models/count?q=[]{}|^`\"<>\\",
        ]
        let bad = [
            "models/count", "*", "?q", "#", "/models/count#x", "/models/count?q#x", "http:///models/count",
            "http://", "ftp://localhost/models/count", "http://us:er@localhost/models",
            "http://local host/models", "localhost:80", "http://localhost#/models", "/models/count?q=\u{e9}",
        ]
        var cases = good.map { Self.line("target \($0)", "9112 3.2", "GET \($0) HTTP/1.1", [200], .goesOn) }
        for target in bad {
            cases.append(Self.line("target \(target)", "9112 3.2", "GET \(target) HTTP/1.1", [400]))
        }
        cases.append(
            Self.line(
                "a fragment is named", "9112 3.2", "GET /models#x HTTP/1.1", [400], holds: ["has a fragment"]))
        for (name, target, path) in [
            ("two slashes", "//echo", "//echo"), ("three dots", "/a/.../echo", "/a/.../echo"),
            ("an escape", "/%65cho/echo", "/%65cho/echo"), ("a semicolon", "/a;b=c/echo", "/a;b=c/echo"),
        ] {
            cases.append(
                Self.line(
                    "\(name) is upstream's to judge", "9112 3.2.1", "GET \(target) HTTP/1.1", [200], .goesOn,
                    holds: ["GET /api/v1\(path) []"]))
        }
        try RawCase.run(cases)
    }

    @Test func `a path that could resolve out of the base URL goes nowhere`() throws {
        let paths = [
            "/a/../echo", "/../echo", "/./echo", "/echo/..", "/a/%2e%2e/echo", "/a/.%2E/echo", "/a/%2E./echo",
            "/..%2fecho",
            "/a%2f..%2Fecho", "/a/..%5cecho", "/a\\..\\echo", "/a%5C%2e%2e%5C/echo", "/..;/echo", "/api/v1/../../admin",
            "/v1/../echo", "/api/alpha/../v1/key", "/models/..", "/models/../key", "/models/a/..", "/models/%2e/b",
            "/model/a%2F..", "/models/a%5c..%5cb/c", "/models/../keys/endpoints", "/models/a/%2e%2E/endpoints",
            "/providers/..",
            "/models/user/..", "http://localhost/a/../echo",
        ]
        var cases: [RawCase] = []
        for path in paths {
            for method in ["GET", "HEAD", "OPTIONS"] {
                cases.append(
                    Self.line(
                        "\(method) \(path)", "3986 3.3", "\(method) \(path) HTTP/1.1", [400], .goesOn,
                        holds: method == "HEAD" ? [] : [". or .. segment"]))
            }
            cases.append(
                RawCase(
                    "POST \(path)", "3986 3.3",
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", [400], .closes,
                    holds: [". or .. segment"]))
        }
        try RawCase.run(cases)
    }
}
