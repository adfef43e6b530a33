import Testing

/// Where a request's body ends, and what is no end.
@Suite(.timeLimit(.minutes(300))) struct FramingTests {
    private static let inner = "GET /models/count HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test func `Content-Length`() throws {
        let got = ["POST /api/v1/echo [abc]"]
        var cases: [RawCase] = [
            .post("a length", "9112 6.2", lines: "Content-Length: 3\r\n", body: "abc", holds: got),
            .post("a length of nothing", "9112 6.2", lines: "Content-Length: 0\r\n", body: "", holds: ["echo []"]),
            .post("no length", "9112 6.3", lines: "", body: "", holds: ["echo []"]),
            .post(
                "a length with zeros before it", "9110 8.6", lines: "Content-Length: 0003\r\n", body: "abc", holds: got),
            .post("a length in white space", "9110 5.5", lines: "Content-Length: \t3 \r\n", body: "abc", holds: got),
            .post(
                "a request as a body", "9112 6.2", lines: "Content-Length: \(Self.inner.utf8.count)\r\n",
                body: Self.inner,
                holds: ["echo [GET /models/count"]),
            RawCase(
                "a GET with a body, passed through", "9110 9.3.1",
                "GET /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", [200],
                holds: ["GET /api/v1/echo [abc]"]),
            RawCase(
                "a GET with a body, answered here", "9110 9.3.1",
                "GET /models/count HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(Self.inner.utf8.count)\r\n\r\n\(Self.inner)",
                [200], .closes),
            RawCase(
                "a body that is refused", "9110 15.5.6",
                "POST /models HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(Self.inner.utf8.count)\r\n\r\n\(Self.inner)",
                [405],
                .closes),
        ]
        for bad in [
            "-3", "+3", "3 3", "3a", "0x3", "3.0", "3,4", "3, 3", "", " ", "\u{0663}", "three", "3;", "1e1",
            "9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999999",
        ] {
            cases.append(
                .post(
                    "the length “\(bad)”", "9112 6.3", lines: "Content-Length: \(bad)\r\n", body: Self.inner, [400],
                    .closes))
        }
        for (name, lines) in [
            ("two lengths", "Content-Length: 3\r\nContent-Length: 4\r\n"),
            ("two equal lengths", "Content-Length: 3\r\nContent-Length: 3\r\n"),
            ("two lengths in two spellings", "Content-Length: 3\r\ncontent-length: 03\r\n"),
            ("a length with a space before its colon", "Content-Length : 3\r\n"),
            ("a folded length", "Content-Length:\r\n 3\r\n"),
        ] {
            cases.append(.post(name, "9112 6.3", lines: lines, body: "abc" + Self.inner, [400], .closes))
        }
        try RawCase.run(cases)
    }

    @Test func `Transfer-Encoding`() throws {
        let chunks = "3\r\nabc\r\n0\r\n\r\n"
        let got = ["POST /api/v1/echo [abc]"]
        var cases: [RawCase] = [
            .post("chunks", "9112 7.1", lines: "Transfer-Encoding: chunked\r\n", body: chunks, holds: got),
            .post("chunks in capitals", "9112 7", lines: "TRANSFER-ENCODING: CHUNKED\r\n", body: chunks, holds: got),
            .post(
                "chunks in white space", "9110 5.5", lines: "Transfer-Encoding:\tchunked \r\n", body: chunks, holds: got
            ),
            RawCase(
                "chunks of a GET, answered here", "9112 6.3",
                "GET /models/count HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(Self.inner)",
                [200], .closes),
        ]
        for bad in [
            "", " \t", "identity", "gzip", "chunked, gzip", "chunked, identity", "xchunked", "chunkedx", "x chunked",
            "\"chunked\"",
            "chunked;q=1", "chunked chunked", ",", "\u{b}chunked", "chun\u{0}ked", "gzip, identity",
        ] {
            cases.append(
                .post(
                    "the coding “\(bad)”", "9112 6.3", lines: "Transfer-Encoding: \(bad)\r\n",
                    body: chunks + Self.inner,
                    [400], .closes))
        }
        for other in ["gzip, chunked", "x;q=1, chunked", "identity\r\nTransfer-Encoding: chunked"] {
            cases.append(
                .post(
                    "the coding “\(other)”", "9112 6.1", lines: "Transfer-Encoding: \(other)\r\n",
                    body: chunks + Self.inner, [501], .closes))
        }
        for (name, lines) in [
            ("coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
            ("length and coding", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
            ("length 0 and coding", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
            ("a bad coding and a length", "Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n"),
            ("a length and a bad coding", "Content-Length: 3\r\nTransfer-Encoding: identity\r\n"),
            ("an empty coding and a length", "Transfer-Encoding:\r\nContent-Length: 3\r\n"),
            ("a length and an empty coding", "Content-Length: 3\r\nTransfer-Encoding: \r\n"),
            ("an empty coding in capitals and a length", "TRANSFER-ENCODING:\t\r\nX: y\r\nContent-Length: 3\r\n"),
            ("an empty coding and chunks", "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n"),
            ("chunks and an empty coding", "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n"),
            (
                "an empty coding, chunks and a length",
                "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n"
            ),
            ("two empty codings and a length", "Transfer-Encoding:\r\nTransfer-Encoding:\r\nContent-Length: 3\r\n"),
            ("two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
            ("chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            ("chunks twice in a line", "Transfer-Encoding: chunked, chunked\r\n"),
            ("a coding with a space before its colon", "Transfer-Encoding : chunked\r\n"),
            ("a folded coding", "Transfer-Encoding:\r\n chunked\r\n"),
            ("a coding before which there is a tab", "X: y\r\n\tTransfer-Encoding: chunked\r\n"),
        ] {
            cases.append(.post(name, "9112 6.1", lines: lines, body: chunks + Self.inner, [400], .closes))
        }
        cases.append(
            RawCase(
                "chunks of version 1.0", "9112 6.1",
                "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)\(Self.inner)", [400], .closes))
        cases.append(
            RawCase(
                "an empty coding and a length in version 1.0", "9112 6.1",
                "POST /echo HTTP/1.0\r\nTransfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc\(Self.inner)", [400],
                .closes))
        try RawCase.run(cases)
    }

    private static func chunked(_ name: String, _ body: String, holds: [String]) -> RawCase {
        .post(name, "9112 7.1", lines: "Transfer-Encoding: chunked\r\n", body: body, holds: holds)
    }

    @Test func `chunks as they should be`() throws {
        try RawCase.run([
            Self.chunked("no chunk", "0\r\n\r\n", holds: ["echo []"]),
            Self.chunked("two chunks", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", holds: ["[abc]"]),
            Self.chunked("zeros before a size", "0003\r\nabc\r\n000\r\n\r\n", holds: ["[abc]"]),
            Self.chunked(
                "a size in letters", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
                holds: ["[01234567890123456789]"]),
            Self.chunked("an extension", "3;x\r\nabc\r\n0;y=z\r\n\r\n", holds: ["[abc]"]),
            Self.chunked("an extension in quotes", "3;x=\"y;z\"\r\nabc\r\n0\r\n\r\n", holds: ["[abc]"]),
            Self.chunked("a trailer", "3\r\nabc\r\n0\r\nX: y\r\nHost: evil.example\r\n\r\n", holds: ["[abc]"]),
            Self.chunked(
                "many small chunks", String(repeating: "1;x=y\r\na\r\n", count: 20_000) + "0\r\n\r\n", holds: ["[aaa"]),
            Self.chunked("line ends as content", "4\r\n\r\n\r\n\r\n0\r\n\r\n", holds: ["[\r\n\r\n]"]),
        ])
    }

    /// Upstream has half a request then, and the client's next one cannot be found.
    @Test func `chunks that are none are refused, and end the connection`() throws {
        let bodies = [
            ("no size", "\r\nabc\r\n0\r\n\r\n"), ("a size that is none", "x\r\nabc\r\n0\r\n\r\n"),
            ("a size below zero", "-3\r\nabc\r\n0\r\n\r\n"), ("a size with a prefix", "0x3\r\nabc\r\n0\r\n\r\n"),
            ("a space before a size", " 3\r\nabc\r\n0\r\n\r\n"), ("a space behind a size", "3 \r\nabc\r\n0\r\n\r\n"),
            ("a size of too many digits", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
            ("a chunk longer than it says", "2\r\nabc\r\n0\r\n\r\n"),
            ("a chunk shorter than it says", "4\r\nabc\r\n0\r\n\r\n"),
            ("a chunk that a line feed ends", "3\r\nabc\n0\r\n\r\n"),
            ("a size that a line feed ends", "3\nabc\r\n0\r\n\r\n"),
            ("an extension with a line feed", "3;x\nabc\r\n0\r\n\r\n"),
            ("an extension with a carriage return", "3;x\ry\r\nabc\r\n0\r\n\r\n"),
            ("a trailer with a space before its colon", "0\r\nX : y\r\n\r\n"),
            ("a trailer that a line feed ends", "0\r\nX: y\n\r\n"),
            ("a trailer that speaks of length", "3\r\nabc\r\n0\r\nContent-Length: 99\r\n\r\n"),
            ("an extension without end", "1;" + String(repeating: "x", count: 100_000)),
            ("many extensions", String(repeating: "1;\(String(repeating: "x", count: 1000))\r\na\r\n", count: 100)),
            ("trailers without end", "0\r\n" + String(repeating: "X: y\r\n", count: 20_000)),
            ("an end in a line feed", "0\r\n\n"), ("nothing before a chunk's end", "3\r\nabc0\r\n\r\n"),
        ]
        try RawCase.run(
            bodies.map { name, body in
                .post(
                    name, "9112 7.1", lines: "Transfer-Encoding: chunked\r\n", body: body + Self.inner, [400], .closes,
                    holds: [#""code":400"#])
            })
    }
}
