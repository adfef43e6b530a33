import Daemon
import Settings
import Testing

/// The lines of a request's head.
@Suite(.timeLimit(.minutes(300))) struct FieldSyntaxTests {
    @Test func `good and bad field lines`() throws {
        try RawCase.run([
            .get("no white space", "9112 5", lines: "X:y\r\n"),
            .get("much white space around a value", "9112 5", lines: "X: \t y\t  \r\n"),
            .get("an empty value", "9110 5.5", lines: "X:\r\nY: \r\n"),
            .get("every character of a token", "9110 5.6.2", lines: "!#$%&'*+-.^_`|~09azAZ: y\r\n"),
            .get("text beyond ASCII in a value", "9110 5.5", lines: "X: \u{e9}\u{1F600}\r\n"),
            .get("a tab within a value", "9110 5.5", lines: "X: a\tb\r\n"),
            .get("one name many times", "9110 5.3", lines: String(repeating: "X: y\r\n", count: 50)),
            .get("a space before the colon", "9112 5.1", lines: "X : y\r\n", [400], .closes),
            .get("a tab before the colon", "9112 5.1", lines: "X\t: y\r\n", [400], .closes),
            .get("a space within the name", "9112 5.1", lines: "X Y: z\r\n", [400], .closes),
            .get("a space before the name", "9112 5.2", lines: " X: y\r\n", [400], .closes),
            .get("a folded line", "9112 5.2", lines: "X: y\r\n z\r\n", [400], .closes),
            .get("a line folded by a tab", "9112 5.2", lines: "X: y\r\n\tz\r\n", [400], .closes),
            .get("an empty folded line", "9112 5.2", lines: "X: y\r\n \r\n", [400], .closes),
            .get("no colon", "9112 5", lines: "X\r\n", [400], .closes),
            .get("no name", "9112 5", lines: ": y\r\n", [400], .closes),
            .get("a name beyond ASCII", "9110 5.1", lines: "\u{e9}: y\r\n", [400], .closes),
            .get("a name in quotes", "9110 5.1", lines: "\"X\": y\r\n", [400], .closes),
            .get("a name with a slash", "9110 5.1", lines: "X/Y: z\r\n", [400], .closes),
            .get("a name with a NUL", "9110 5.1", lines: "X\0: y\r\n", [400], .closes),
            .get("a NUL in a value", "9110 5.5", lines: "X: a\0b\r\n", [400], .closes),
            .get("a control character in a value", "9110 5.5", lines: "X: a\u{1}b\r\n", [400], .closes),
            .get("a DEL in a value", "9110 5.5", lines: "X: a\u{7f}b\r\n", [400], .closes),
            .get("a carriage return in a value", "9112 2.2", lines: "X: a\rb\r\n", [400], .closes),
            .get("a carriage return at a value's end", "9112 2.2", lines: "X: a\r\r\n", [400], .closes),
            .get("a line feed alone", "9112 2.2", lines: "X: a\nY: b\r\n", [400], .closes),
            RawCase(
                "a head that ends in a line feed", "9112 2.2", "GET /models/count HTTP/1.1\r\nHost: localhost\r\n\n",
                [400], .closes),
            RawCase(
                "a line feed, then the end", "9112 2.2", "GET /models/count HTTP/1.1\r\nHost: localhost\n\r\n",
                [400], .closes),
            RawCase(
                "white space before the first field", "9112 2.2",
                "GET /models/count HTTP/1.1\r\n Host: localhost\r\n\r\n", [400], .closes),
            RawCase(
                "Host with a space before its colon", "9112 5.1",
                "GET /models/count HTTP/1.1\r\nHost : localhost\r\n\r\n", [400], .closes),
            RawCase(
                "a folded Host", "9112 5.2", "GET /models/count HTTP/1.1\r\nHost: local\r\n host\r\n\r\n", [400],
                .closes),
        ])
    }

    @Test func `fields that say what cannot be`() throws {
        try RawCase.run([
            .get("two keys", "9110 5.3", lines: "Authorization: x\r\nAuthorization: y\r\n", [400], .closes),
            .get("an unknown expectation", "9110 10.1.1", lines: "Expect: tea\r\n", [417]),
            .get("the expectation", "9110 10.1.1", lines: "Expect: 100-Continue\r\n"),
            RawCase(
                "an unknown expectation, version 1.0", "9110 10.1.1",
                "GET /models/count HTTP/1.0\r\nExpect: tea\r\n\r\n", [200], .closes),
            .get("a protocol to change to", "9110 7.8", lines: "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
            .get(
                "HTTP/2 to change to", "9110 7.8",
                lines: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"),
            .post(
                "a protocol to change to, and a body", "9110 7.8",
                lines: "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n", body: "abc",
                holds: ["POST /api/v1/echo [abc]"]),
            RawCase(
                "a protocol to change to, passed through", "9110 7.8",
                "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", [200],
                holds: ["GET /api/v1/echo []"]),
            .get("a range", "9110 14.2", lines: "Range: bytes=0-3\r\n", holds: [#"{"data":{"count":"#]),
        ])
    }

    @Test func `limits of size`() throws {
        let long = String(repeating: "x", count: 4000)
        let lines = (1...19).map { "X-\($0): y\r\n" }.joined()
        try RawCase.run(
            [
                RawCase(
                    "a target at the limit", "9110 15.5.15",
                    "GET /models/count?\(long.prefix(986)) HTTP/1.1\r\nHost: localhost\r\n\r\n", [200]),
                RawCase(
                    "a target over the limit", "9110 15.5.15",
                    "GET /models/count?\(long.prefix(987)) HTTP/1.1\r\nHost: localhost\r\n\r\n", [414], .closes),
                RawCase("a target without end", "9110 15.5.15", "GET /\(long)", [414], .closes),
                RawCase("a method without end", "9110 9.1", long, [400], .closes),
                .get("fields at the limit", "6585 5", lines: lines),
                .get("a field too many", "6585 5", lines: lines + "X: y\r\n", [431], .closes),
                .get("a head over the limit", "6585 5", lines: "X: \(long)\r\n", [431], .closes),
                .get("a name over the limit", "6585 5", lines: "\(long): y\r\n", [431], .closes),
                RawCase(
                    "a line without end", "6585 5", "GET / HTTP/1.1\r\nHost: localhost\r\nX: \(long)", [431], .closes),
            ]
        ) { settings in
            settings.server.maxTargetBytes = 1000
            settings.server.maxHeaderBytes = 4000
            settings.server.maxHeaders = 20
        }
    }
}
