import Bytes
import HTTPCore
import Testing

/// The heads that Larder writes, byte for byte.
@Suite struct ResponseHeadWriterTests {
    /// What is in the writer after `write`.
    private func written(_ write: (inout ResponseHeadWriter) -> Void) -> String {
        var writer = ResponseHeadWriter(capacity: 1)
        write(&writer)
        return text(writer)
    }

    private func text(_ writer: borrowing ResponseHeadWriter) -> String {
        String(decoding: writer.bytes.span.copied(), as: UTF8.self)
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(
        "A status line has version, code and phrase",
        arguments: [(200, "OK"), (404, "Not Found"), (599, "Server Error")])
    func statusLine(code: Int, phrase: String) {
        let line = written { $0.statusLine(Status(rawValue: code)) }
        #expect(line == "HTTP/1.1 \(code) \(phrase)\r\n")
    }

    @Test("A field line has name and value, whatever the value is made of")
    func fields() {
        let value = Array("gzip, br".utf8)
        let lines = written {
            $0.field("Vary", "Accept-Encoding")
            $0.field("Content-Encoding", value.span)
            $0.field("Content-Length", decimal: 0)
            $0.field("Cache-Control", "private, max-age=", decimal: 86_400)
            $0.field("Last-Modified", date: 784_111_777)
        }
        #expect(
            lines == "Vary: Accept-Encoding\r\nContent-Encoding: gzip, br\r\nContent-Length: 0\r\n"
                + "Cache-Control: private, max-age=86400\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
    }

    @Test func `a head is a status line, fields and an empty line`() {
        let value = bytes("application/json")
        let date = bytes("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
        let head = written {
            $0.begin(.notFound)
            $0.field("Content-Type", value.span)
            $0.field("Content-Length", decimal: 12)
            $0.field("Cache-Control", "no-store")
            $0.lines(date.span)
            $0.cacheStatus(.none(.badRequest))
            $0.end()
        }
        #expect(
            head == "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
                + "Cache-Control: no-store\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                + "Cache-Status: larder; detail=bad-request\r\n\r\n")
    }

    @Test func `a cached answer's head continues with the fields that change`() {
        let common = bytes("Date: today\r\nAge: ")
        let head = written {
            $0.begin(common: common.span, age: 7)
            $0.cacheStatus(.hit(ttl: 53))
            $0.end()
        }
        #expect(head == "Date: today\r\nAge: 7\r\nCache-Status: larder; hit; ttl=53\r\n\r\n")
    }

    @Test func `the next head begins with nothing of the last one`() {
        let common = bytes("Age: ")
        var writer = ResponseHeadWriter()
        writer.begin(.ok)
        writer.field("Vary", "Accept")
        writer.end()
        writer.begin(.noContent)
        #expect(text(writer) == "HTTP/1.1 204 No Content\r\n")
        writer.begin(common: common.span, age: 0)
        #expect(text(writer) == "Age: 0\r\n")
        writer.removeAll()
        #expect(text(writer) == "")
    }

    @Test(
        "Whether the connection stays open is said where it must be",
        arguments: [
            (true, "K: 5\r\n", true, "Connection: close\r\n"), (true, "", false, "Connection: close\r\n"),
            (false, "K: 5\r\n", true, "K: 5\r\n"), (false, "K: 5\r\n", false, "K: 5\r\n"), (false, "", true, ""),
            (false, "", false, "Connection: keep-alive\r\n"),
        ])
    func connection(closes: Bool, keepAlive: String, isVersion11: Bool, expected: String) {
        let lines = bytes(keepAlive)
        #expect(
            written { $0.connection(closes: closes, keepAlive: lines.span, isVersion11: isVersion11) } == expected)
    }

    @Test(
        "A relayed field cannot end its line",
        arguments: [
            ("plain", "plain"), ("", ""), ("tab\there", "tab\there"), ("caf\u{E9}", "caf\u{E9}"),
            ("a\r\nSet-Cookie: b", "a  Set-Cookie: b"), ("nul\0", "nul "), ("del\u{7F}", "del "),
        ])
    func relayed(value: String, expected: String) {
        let (name, value) = (bytes("X-Name"), bytes(value))
        #expect(written { $0.relayedField(name.span, value.span) } == "X-Name: \(expected)\r\n")
    }

    @Test func `content and chunks go with the head`() {
        let (part, long) = (bytes("hello"), [UInt8](repeating: UInt8(ascii: "x"), count: 300))
        let trailer = (name: bytes("Digest"), value: bytes("abc"))
        #expect(
            written {
                $0.begin(.ok)
                $0.end()
                $0.content(part.span)
            } == "HTTP/1.1 200 OK\r\n\r\nhello")
        let chunks = written {
            $0.chunk(part.span)
            $0.chunk(long.span)
            $0.lastChunk()
            $0.relayedField(trailer.name.span, trailer.value.span)
            $0.end()
        }
        #expect(
            chunks == "5\r\nhello\r\n12c\r\n" + String(repeating: "x", count: 300) + "\r\n0\r\nDigest: abc\r\n\r\n")
    }

    @Test func `a writer that waits is not written by others`() {
        var spare = SpareHeadWriter()
        var waiting = spare.take()
        waiting.begin(.ok)
        var other = spare.take()
        other.begin(.notFound)
        #expect(text(waiting) == "HTTP/1.1 200 OK\r\n" && text(other) == "HTTP/1.1 404 Not Found\r\n")
        spare.giveBack(waiting)
        spare.giveBack(other)
    }

    @Test func `a writer that was given back keeps its room`() {
        var spare = SpareHeadWriter()
        var writer = spare.take()
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 5_000)
        writer.content(long.span)
        let room = writer.bytes.capacity
        #expect(room >= 5_000)
        spare.giveBack(writer)
        writer = spare.take()
        #expect(writer.bytes.capacity == room)
    }
}

@Suite struct SanitizedValueTests {
    @Test(
        "A value from elsewhere cannot end its line",
        arguments: [
            ("text/html", "text/html"), ("a\r\nSet-Cookie: x", "a  Set-Cookie: x"), ("a\u{0}b", "a b"),
            ("a\tb", "a\tb"),
            ("a\u{7F}b", "a b"), ("é", "é"), ("", ""), ("\u{1B}[31m", " [31m"),
        ])
    func sanitizes(value: String, expected: String) {
        let bytes = Array(value.utf8)
        #expect(String(decoding: FieldSyntax.sanitized(bytes.span), as: UTF8.self) == expected)
    }
}
