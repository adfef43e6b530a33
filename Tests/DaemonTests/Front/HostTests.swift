import Daemon
import Settings
import TestSupport
import Testing

/// The name that a request is for.
@Suite(.timeLimit(.minutes(300))) struct HostTests {
    private static func lines(
        _ name: String, _ section: String, _ lines: String, _ status: Int, _ ending: RawCase.Ending,
        target: String = "/models/count", version: String = "1.1"
    ) -> RawCase {
        RawCase(name, section, "GET \(target) HTTP/\(version)\r\n\(lines)\r\n", [status], ending)
    }

    @Test func `the field must be there once, and be a host`() throws {
        var cases = [
            Self.lines("no Host", "9112 3.2", "", 400, .closes),
            Self.lines("no Host, absolute-form", "9112 3.2", "", 400, .closes, target: "http://localhost/models"),
            Self.lines("no Host, version 1.0", "9112 3.2", "", 200, .closes, version: "1.0"),
            Self.lines("two that are the same", "9112 3.2", "Host: localhost\r\nHost: localhost\r\n", 400, .closes),
            Self.lines("two that are not", "9112 3.2", "Host: localhost\r\nhOST: evil.example\r\n", 400, .closes),
            Self.lines(
                "two, version 1.0", "9112 3.2", "Host: localhost\r\nHost: localhost\r\n", 400, .closes, version: "1.0"),
            Self.lines("an empty one", "9110 7.2", "Host:\r\n", 400, .closes),
            Self.lines("one of white space", "9110 7.2", "Host: \t \r\n", 400, .closes),
        ]
        for bad in [
            "a b", "localhost, localhost", "localhost/", "local\u{e9}", "http://localhost", "user@localhost", ":80",
            "localhost:80a", "localhost:-1", "localhost:80:80", "[::1", "[]", "[::1]x", "localhost?", "\"localhost\"",
            "local\\host",
        ] {
            cases.append(Self.lines("Host \(bad)", "9110 7.2", "Host: \(bad)\r\n", 400, .closes))
        }
        try RawCase.run(cases)
    }

    @Test(arguments: ["", " ", "\t"]) func `an empty one is refused also as the first of all`(value: String) throws {
        try LiveLarder.serving(before: ScriptedOrigin(Replies.wellBehaved)) { larder throws in
            let client = try RawClient(port: larder.port)
            defer { client.close() }
            try client.send("GET /api/v1/models/count HTTP/1.1\r\nHost:\(value)\r\n\r\n")
            #expect(try client.readResponse().status == 400)
        }
    }

    @Test func `a server on this machine answers to this machine's names only`() throws {
        var cases: [RawCase] = []
        for good in [
            "localhost", "LOCALHOST", "localhost:1", "localhost:", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:80",
            "\t localhost \t",
        ] {
            cases.append(Self.lines("Host \(good)", "9110 7.4", "Host: \(good)\r\n", 200, .goesOn))
        }
        for foreign in [
            "evil.example", "localhost.evil.example", "evil.localhost", "localhost.", "127.0.0.2", "127.0.0.1.nip.io",
            "0.0.0.0", "[::2]", "[::ffff:127.0.0.1]", "%6cocalhost", "openrouter.ai", "2130706433", "127.1",
        ] {
            cases.append(Self.lines("Host \(foreign)", "9110 7.4", "Host: \(foreign)\r\n", 421, .goesOn))
            cases.append(
                Self.lines("health by \(foreign)", "9110 7.4", "Host: \(foreign)\r\n", 200, .goesOn, target: "/healthz")
            )
            cases.append(
                Self.lines("upstream by \(foreign)", "9110 7.4", "Host: \(foreign)\r\n", 421, .goesOn, target: "/echo"))
        }
        try RawCase.run(cases)
    }

    @Test func `a target in absolute-form overrules the field`() throws {
        try RawCase.run([
            Self.lines(
                "a good target", "9112 3.2.2", "Host: evil.example\r\n", 200, .goesOn,
                target: "http://localhost/models/count"),
            Self.lines(
                "a foreign target", "9112 3.2.2", "Host: localhost\r\n", 421, .goesOn,
                target: "http://evil.example/models/count"),
            Self.lines(
                "a foreign target that would go upstream", "9112 3.2.2", "Host: localhost\r\n", 421, .goesOn,
                target: "http://evil.example/echo"),
            Self.lines(
                "a target with no path", "9112 3.2.2", "Host: localhost\r\n", 404, .goesOn, target: "http://localhost"),
            Self.lines(
                "a foreign target with no path", "9112 3.2.2", "Host: localhost\r\n", 421, .goesOn,
                target: "http://evil.example"),
            Self.lines(
                "a target with a query and no path", "9112 3.2.2", "Host: localhost\r\n", 404, .goesOn,
                target: "http://localhost?x"),
        ])
    }

    @Test func `where another name is allowed, it must be a name all the same`() throws {
        try RawCase.run(
            [
                Self.lines("any name", "9110 7.2", "Host: any.example:8080\r\n", 200, .goesOn),
                Self.lines("no name", "9110 7.2", "Host: a b\r\n", 400, .closes),
            ]
        ) { $0.server.allowedHosts = ["any.example"] }
    }
}
