import Bytes
import HTTPParsing
import Testing

/// What a parser reports of a response, as one line for each event.
private func events(_ text: [UInt8], isHead: Bool = false, by size: Int = .max) -> [String] {
    var parser = ResponseParser()
    parser.begin(isHead: isHead)
    var lines: [String] = []
    var start = 0
    while start < text.count {
        let end = min(text.count, start + min(size, text.count))
        var rest = text.span.extracting(start..<end)
        reading: while true {
            let (event, consumed) = parser.next(rest)
            switch event {
            case .needMore: break reading
            case .interim(let head), .head(let head): lines.append("\(head.status) " + fields(parser, head.fields))
            case .body(let range):
                let part = String(decoding: Array(text[start...])[range], as: UTF8.self)
                if let last = lines.last, last.hasPrefix("body ") {
                    lines[lines.count - 1] = last + part
                } else {
                    lines.append("body " + part)
                }
            case .end(let trailers):
                lines.append("end \(text.count - start - consumed) " + fields(parser, trailers))
                return lines
            case .invalid(let reason):
                lines.append("invalid: \(reason)")
                return lines
            }
            rest = rest.extracting(consumed...)
            start += consumed
        }
        start = end
    }
    lines.append(parser.endsWithConnection ? "until the end" : "more")
    return lines
}

private func fields(_ parser: borrowing ResponseParser, _ range: Range<Int>) -> String {
    let fields = parser[range]
    var text: [String] = []
    for index in 0..<fields.count { text.append("\(fields.name(index).text())=\(fields.value(index).text())") }
    return text.joined(separator: "&")
}

@Suite struct ResponseParserTests {
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ["200 Content-Length=2", "body hi", "end 0 "]),
        ("HTTP/1.1 200\r\nX:\r\nx:  y \t\r\nContent-Length: 0\r\n\r\n", ["200 X=&x=y&Content-Length=0", "end 0 "]),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nab", ["404 Content-Length=1", "body a", "end 1 "]),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n3\r\n ho\r\n0\r\nA: 1\r\na:2\r\n\r\n",
            ["200 Transfer-Encoding=chunked", "body hi ho", "end 0 A=1&a=2"]
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nLink: a\r\nContent-Length: 3\r\n\r\nHTTP/1.1 204 X\r\n\r\n",
            ["100 ", "103 Link=a&Content-Length=3", "204 ", "end 0 "]
        ),
        (
            "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            ["101 Upgrade=x&Connection=upgrade", "more"]
        ),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", ["304 Content-Length=9", "end 0 "]),
        ("HTTP/1.1 200 OK\r\n\r\nuntil", ["200 ", "body until", "until the end"]),
        ("HTTP/1.0 200 OK\r\n\r\n", ["200 ", "until the end"]),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", ["200 Content-Length=3", "body hi", "more"]),
        ("HTTP/1.1 200 OK\r\nConten", ["more"]),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            ["200 Content-Length=7&Transfer-Encoding=chunked", "body a", "end 0 "]
        ),
    ])
    func `a response is read alike whole or byte by byte`(text: String, lines: [String]) {
        #expect(events(Array(text.utf8)) == lines)
        for size in 1...7 { #expect(events(Array(text.utf8), by: size) == lines, "\(size)") }
    }

    @Test(arguments: ["Content-Length: 100", "Transfer-Encoding: chunked", "X: y"])
    func `the answer to HEAD ends with its head`(field: String) {
        let text = Array("HTTP/1.1 200 OK\r\n\(field)\r\n\r\n".utf8)
        for size in [1, 5, 1000] { #expect(events(text, isHead: true, by: size).last == "end 0 ") }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n", "HTTP/1.1 204 X\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 103 X\r\nContent-Length: 5x\r\n\r\n",
        "HTTP/1.1 304 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 184467440737095516161\r\n\r\n",
        "HTTP/1.1 304 X\r\nContent-Length: 9223372036854775808\r\n\r\n",
        "HTTP/1.1 103 X\r\nContent-Length: 9223372036854775808\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\u{0}c\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
    ])
    func `what is no response of HTTP/1 is invalid, with a reason`(text: String) {
        for size in [1, 3, 1000] {
            let last = events(Array(text.utf8), by: size).last ?? ""
            #expect(last.hasPrefix("invalid: ") && last.count > 12, "\(last) by \(size)")
        }
    }

    @Test func `a head without an end is not read for ever, nor are trailers or interim responses`() {
        let field = "X-Filler: " + String(repeating: "y", count: 1000) + "\r\n"
        let many = String(repeating: field, count: 300)
        let interim = String(repeating: "HTTP/1.1 103 X\r\n\(field)\r\n", count: 300)
        for text in [
            "HTTP/1.1 200 OK\r\n" + many, "HTTP/1.1 200 OK\r\nX: " + String(repeating: "y", count: 300_000), interim,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + many,
        ] {
            let last = events(Array(text.utf8), by: 4096).last
            #expect(last == "invalid: its head has more than 262144 bytes")
        }
    }

    @Test func `a parser reads one response after the other`() {
        var parser = ResponseParser()
        let text = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi".utf8)
        for number in 1...3 {
            parser.begin(isHead: number == 2)
            let (head, consumed) = parser.next(text.span)
            guard case .head(let parsed) = head else {
                Issue.record("\(head)")
                return
            }
            #expect(parsed.status == 200 && parsed.fields == 0..<2)
            let keepsAlive = parser.keepsAlive
            #expect(!keepsAlive)
            let (event, _) = parser.next(text.span.extracting(consumed...))
            #expect(event == (number == 2 ? .end(trailers: 2..<2) : .body(0..<2)))
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\n", false), ("HTTP/1.1 204 OK\r\n\r\n", true),
        ("HTTP/1.1 204 OK\r\nContent-Length: 0\r\n\r\n", true), ("HTTP/1.1 204 OK\r\nContent-Length: 1\r\n\r\n", false),
        ("HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false),
        ("HTTP/1.1 304 OK\r\nContent-Length: 9\r\n\r\n", true),
        ("HTTP/1.1 304 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive, close\r\n\r\n", false),
    ])
    func `whether the connection can be used again is known with the head`(text: String, keepsAlive: Bool) {
        var parser = ResponseParser()
        parser.begin(isHead: false)
        _ = parser.next(Array(text.utf8).span)
        let result = parser.keepsAlive
        #expect(result == keepsAlive)
    }

    @Test(arguments: ["Content-Length: 3", "Transfer-Encoding: chunked"])
    func `an interim response that announces a body has none, and its connection is not used again`(field: String) {
        let interim = Array("HTTP/1.1 103 X\r\n\(field)\r\n\r\n".utf8)
        let final = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)
        #expect(events(interim + final).last == "end 0 ")
        var parser = ResponseParser()
        for texts in [[interim, final], [final]] {
            parser.begin(isHead: false)
            for text in texts { _ = parser.next(text.span) }
            let keepsAlive = parser.keepsAlive
            #expect(keepsAlive == (texts.count == 1))
        }
    }

    @Test func `the longest length that there can be is read`() {
        let text = Array("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nhi".utf8)
        #expect(events(text) == ["200 Content-Length=9223372036854775807", "body hi", "more"])
    }
}
