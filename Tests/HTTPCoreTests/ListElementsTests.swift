import Bytes
import Testing

@testable import HTTPCore

@Suite("Elements of a list")
struct ListElementsTests {
    @Test(
        "A list is split at its commas but within quotes, and blanks fall away",
        arguments: [
            ("", []), (",", []), (" , ,\t,", []), ("a", ["a"]), ("a,b", ["a", "b"]), (" a , b ", ["a", "b"]),
            ("a,,b,", ["a", "b"]), (",a", ["a"]), ("a b, c", ["a b", "c"]), (#""a,b",c"#, [#""a,b""#, "c"]),
            (#"x="a,b";y,c"#, [#"x="a,b";y"#, "c"]), (#""a\",b",c"#, [#""a\",b""#, "c"]),
            (#""a\\",b"#, [#""a\\""#, "b"]), (#""open, and no end"#, [#""open, and no end"#]),
            (#""ends\"#, [#""ends\"#]),
            (#"a\,b"#, [#"a\"#, "b"]), (#""","""#, [#""""#, #""""#]), ("\t", []), ("\"\"", ["\"\""]),
        ] as [(String, [String])])
    func elements(field: String, expected: [String]) {
        let bytes = Array(field.utf8)
        var elements = ListElements(bytes.span)
        var found: [String] = []
        while let range = elements.next(in: bytes.span) { found.append(bytes.span.extracting(range).text()) }
        #expect(found == expected)
        let isOver = elements.next(in: bytes.span) == nil
        #expect(isOver)
    }

    @Test(
        "Trimming takes spaces and tabs from both ends, and nothing else",
        arguments: [
            ("", ""), (" ", ""), (" \t a b\t ", "a b"), ("a", "a"), ("\u{A0}a\n", "\u{A0}a\n"),
        ])
    func trims(text: String, expected: String) {
        let bytes = Array(text.utf8)
        let result = bytes.span.extracting(trimmed(bytes.span, 0..<bytes.count)).text()
        #expect(result == expected)
    }
}
