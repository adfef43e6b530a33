import Bytes
import HTTPCore
import HTTPParsing
import Testing

/// What one request came to, copied out of the parser.
private struct Parsed: Equatable {
    var method = ""
    var target = ""
    var fields: [String] = []
    var body = ""
    var keepsAlive = true
    var consumed = 0
}

private enum Outcome: Equatable {
    case requests([Parsed])
    case invalid(ParseFailure, after: Int)
}

/// Reads everything in `text` the way a connection does: `step` bytes arrive at a time.
private func read(_ text: String, step: Int, limits: HeadLimits = HeadLimits()) -> Outcome {
    var parser = RequestParser(limits: limits)
    var waiting = Array(text.utf8)[...]
    var run: [UInt8] = []
    var seen = 0
    var done: [Parsed] = []
    while true {
        if run.count == seen {
            guard !waiting.isEmpty else { return .requests(done) }
            run += waiting.prefix(step)
            waiting = waiting.dropFirst(step)
        }
        switch parser.next(run.span, seen: seen) {
        case .needMore: seen = run.count
        case .invalid(let failure): return .invalid(failure, after: done.count)
        case .request(let consumed):
            done.append(copy(parser, run, consumed))
            run.removeFirst(consumed)
            seen = 0
        case .head(let consumed):
            var parsed = copy(parser, run, consumed)
            run.removeFirst(consumed)
            body: while true {
                if run.isEmpty {
                    guard !waiting.isEmpty else { return .requests(done) }
                    run += waiting.prefix(step)
                    waiting = waiting.dropFirst(step)
                }
                switch parser.nextBody(run.span) {
                case .needMore: run.removeAll()
                case .data(let range, let consumed):
                    parsed.body += run.span.extracting(range).text()
                    run.removeFirst(consumed)
                    if run.isEmpty, parser.endsBody() { break body }
                case .end(let consumed):
                    run.removeFirst(consumed)
                    break body
                case .invalid(let failure): return .invalid(failure, after: done.count)
                }
            }
            done.append(parsed)
            seen = 0
        }
    }
}

private func copy(_ parser: borrowing RequestParser, _ run: [UInt8], _ consumed: Int) -> Parsed {
    var parsed = Parsed()
    parsed.method = run.span.extracting(parser.method).text()
    parsed.target = run.span.extracting(parser.target).text()
    for index in 0..<parser.fieldCount {
        let line = parser.field(index)
        parsed.fields.append(
            run.span.extracting(line.name).text() + "=" + run.span.extracting(line.value).text())
    }
    parsed.keepsAlive = parser.keepsAlive
    parsed.consumed = consumed
    return parsed
}

@Suite struct RequestParserTests {
    static let pipelined =
        "GET /api/v1/models?q=a%20b HTTP/1.1\r\nHost: localhost:5273\r\nAccept:   */*  \r\nX-Empty:\r\n\r\n"
        + "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        + "PUT /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n"
        + "HEAD / HTTP/1.0\r\n\r\n"

    @Test("the same requests come out however the bytes are cut", arguments: [1, 2, 3, 5, 7, 16, 64, 10_000])
    func splits(step: Int) throws {
        guard case .requests(let all) = read(Self.pipelined, step: step) else {
            Issue.record("refused")
            return
        }
        #expect(all.map(\.method) == ["GET", "POST", "PUT", "HEAD"])
        #expect(all.map(\.target) == ["/api/v1/models?q=a%20b", "/x", "/y", "/"])
        #expect(all[0].fields == ["Host=localhost:5273", "Accept=*/*", "X-Empty="])
        #expect(all[1].body == "hello")
        #expect(all[2].body == "abcde")
        #expect(all[2].fields == ["Host=a", "Transfer-Encoding=chunked"])
        #expect(all.map(\.keepsAlive) == [true, true, true, false])
    }

    @Test("a head cut at every byte is read the same")
    func everySplit() {
        let text = "GET /models HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        let whole = read(text, step: 1000)
        let bytes = Array(text.utf8)
        for cut in 1..<bytes.count {
            var parser = RequestParser(limits: HeadLimits())
            let bytes1 = Array(bytes[..<cut])
            let event1 = parser.next(bytes1.span, seen: 0)
            #expect(event1 == .needMore)
            #expect(parser.next(bytes.span, seen: cut) == .request(consumed: bytes.count))
            #expect(Outcome.requests([copy(parser, bytes, bytes.count)]) == whole)
        }
    }

    @Test("a body of known length ends with its last byte, though nothing follows it", arguments: [1, 2, 1000])
    func bodyEnds(step: Int) {
        guard case .requests(let all) = read("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", step: step) else {
            Issue.record("refused")
            return
        }
        #expect(all.map(\.body) == ["hello"])
    }

    @Test(
        "what is not HTTP/1.1 is refused",
        arguments: [
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
            "GET / HTTP/1.1\r\nHo\u{0}st: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\u{0}b\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\rHost: a\r\n\r\n",
            "G@T / HTTP/1.1\r\n\r\n",
            "\u{16}\u{3}\u{1}",
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
        ], [1, 1000])
    func refused(text: String, step: Int) {
        guard case .invalid(.malformed(let reason), _) = read(text, step: step) else {
            Issue.record("accepted: \(text.debugDescription)")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test("a version that is not 1.0 or 1.1 has a status of its own", arguments: ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9"])
    func versions(version: String) {
        let outcome = read("GET / \(version)\r\nHost: a\r\n\r\n", step: 1000)
        #expect(outcome == .invalid(.version, after: 0))
    }

    @Test(arguments: [1, 1000])
    func `a request line that ends wrongly is told so, and not of its version`(step: Int) {
        let bareLF = "The request line ends with a bare LF, not with CR LF"
        let space = "White space after the version in the request line"
        for (end, reason) in [("\n", bareLF), (" \r\n", space), (" x\r\n", space), ("\t\r\n", space)] {
            for version in ["HTTP/1.0", "HTTP/1.1"] {
                let outcome = read("GET / \(version)\(end)Host: a\r\n\r\n", step: step)
                #expect(outcome == .invalid(.malformed(reason), after: 0))
            }
        }
        for version in ["HTTP/2.0\n", "HTTP/1.2 ", "HTTP/1.1.1", "HTTP/1.\n", "HTTP/1.10"] {
            #expect(read("GET / \(version)\r\nHost: a\r\n\r\n", step: step) == .invalid(.version, after: 0))
        }
    }

    @Test func `a client that begins with HTTP/2 is told about the version`() {
        #expect(read("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", step: 1000) == .invalid(.version, after: 0))
    }

    @Test(
        "chunks of anything that is coded once more have a status of their own",
        arguments: ["gzip, chunked", "identity, chunked", "Chunked"])
    func codings(value: String) {
        let outcome = read("PUT / HTTP/1.1\r\nTransfer-Encoding: \(value)\r\n\r\n0\r\n\r\n", step: 1000)
        if value.lowercased().hasPrefix("chunked") {
            guard case .requests(let all) = outcome, all.count == 1 else {
                Issue.record("refused")
                return
            }
        } else {
            #expect(outcome == .invalid(.transferCoding, after: 0))
        }
    }

    /// An empty field is no list that ends in `chunked`, and other programs do not read it as llhttp does (RFC 9112 section 6.3).
    @Test(
        "only one field that says chunked tells of chunks, and no length beside it",
        arguments: [
            "Transfer-Encoding:", "Transfer-Encoding: \r\nContent-Length: 5", "Content-Length: 5\r\nTransfer-Encoding:",
            "Transfer-Encoding:\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: ",
            "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
            "Transfer-Encoding: chunked\r\nContent-Length: 5", "Content-Length: 5\r\nTransfer-Encoding: chunked",
        ], [1, 1000])
    func framing(lines: String, step: Int) {
        guard
            case .invalid(.malformed, after: 0) = read("PUT / HTTP/1.1\r\n\(lines)\r\n\r\n0\r\n\r\n", step: step)
        else {
            Issue.record("accepted, or another failure")
            return
        }
    }

    @Test(
        "a length is one that a number can hold",
        arguments: ["9223372036854775808", "18446744073709551615", "18446744073709551616"])
    func tooLong(length: String) {
        for step in [1, 1000] {
            let outcome = read("PUT / HTTP/1.1\r\nContent-Length: \(length)\r\n\r\nabc", step: step)
            #expect(outcome == .invalid(.malformed("Content-Length overflow"), after: 0))
        }
    }

    @Test("limits hold, whether the bytes come at once or one by one", arguments: [1, 100_000])
    func limits(step: Int) {
        let limits = HeadLimits(targetBytes: 20, fields: 3, headBytes: 200)
        let fields = "Host: a\r\nA: 1\r\nB: 2\r\n"
        func outcome(_ text: String) -> Outcome { read(text, step: step, limits: limits) }
        guard case .requests = outcome("GET /\(String(repeating: "a", count: 19)) HTTP/1.1\r\n\(fields)\r\n") else {
            Issue.record("refused what is within the limits")
            return
        }
        #expect(
            outcome("GET /\(String(repeating: "a", count: 20)) HTTP/1.1\r\n\(fields)\r\n")
                == .invalid(.targetTooLong, after: 0))
        #expect(outcome("GET / HTTP/1.1\r\n\(fields)C: 3\r\n\r\n") == .invalid(.tooManyFields, after: 0))
        #expect(
            outcome("GET / HTTP/1.1\r\nHost: \(String(repeating: "a", count: 200))\r\n\r\n")
                == .invalid(.headTooLarge, after: 0))
    }

    @Test func `the end of a body is known with its last byte, not only when the next request comes`() {
        let head = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n".utf8)
        let parts = [Array("abc".utf8), Array("de".utf8)]
        var parser = RequestParser(limits: HeadLimits())
        for _ in 0..<2 {
            let event = parser.next(head.span, seen: 0)
            #expect(event == .head(consumed: head.count))
            for (part, isLast) in zip(parts, [false, true]) {
                let event = parser.nextBody(part.span)
                #expect(event == .data(0..<part.count, consumed: part.count))
                let isOver = parser.endsBody()
                #expect(isOver == isLast)
            }
        }
    }

    @Test func `the end of a chunked body is its last chunk, not the end of its content`() {
        let head = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        var parser = RequestParser(limits: HeadLimits())
        let event = parser.next(head.span, seen: 0)
        #expect(event == .head(consumed: head.count))
        let content = Array("1\r\na".utf8)
        let data = parser.nextBody(content.span)
        #expect(data == .data(3..<4, consumed: 4))
        let isOver = parser.endsBody()
        #expect(!isOver)
        let rest = Array("\r\n0\r\n\r\n".utf8)
        let end = parser.nextBody(rest.span)
        #expect(end == .end(consumed: 7))
    }
}
