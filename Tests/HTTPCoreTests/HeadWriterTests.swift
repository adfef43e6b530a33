import Bytes
import Testing

@testable import HTTPCore

@Suite("Lines of a response head")
struct HeadWriterTests {
    @Test(
        "A status line has version, code and phrase",
        arguments: [(200, "OK"), (404, "Not Found"), (599, "Server Error")])
    func statusLine(code: Int, phrase: String) {
        let line = written { HeadWriter.appendStatusLine(Status(rawValue: code), to: &$0) }
        #expect(line == "HTTP/1.1 \(code) \(phrase)\r\n")
    }

    @Test("A field line has name and value, whatever the value is made of")
    func fields() {
        let value = Array("gzip, br".utf8)
        let lines = written {
            HeadWriter.appendField("Vary", "Accept-Encoding", to: &$0)
            HeadWriter.appendField("Content-Encoding", value.span, to: &$0)
            HeadWriter.appendField("Content-Length", decimal: 0, to: &$0)
            HeadWriter.appendField("Age", decimal: 86_400, to: &$0)
        }
        #expect(
            lines == "Vary: Accept-Encoding\r\nContent-Encoding: gzip, br\r\nContent-Length: 0\r\nAge: 86400\r\n")
    }

    @Test(
        "A value from elsewhere cannot end its line",
        arguments: [
            ("text/html", "text/html"), ("a\r\nSet-Cookie: x", "a  Set-Cookie: x"), ("a\u{0}b", "a b"),
            ("a\tb", "a\tb"),
            ("a\u{7F}b", "a b"), ("é", "é"), ("", ""), ("\u{1B}[31m", " [31m"),
        ])
    func sanitizes(value: String, expected: String) {
        let bytes = Array(value.utf8)
        #expect(String(decoding: HeadWriter.sanitized(bytes.span), as: UTF8.self) == expected)
    }
}
