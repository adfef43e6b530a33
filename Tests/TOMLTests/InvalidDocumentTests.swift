import Glibc
import TOML
import Testing

/// What is refused, and what is said of it.
@Suite("Invalid documents")
struct InvalidDocumentTests {
    @Test(
        "Characters that may not stand where they do",
        arguments: [
            ("a = 1 \0", "1:7: expected the end of the line, not `\0`"),
            ("# \u{1}", "1:3: the control character U+0001 in a comment"),
            ("\n# \u{7F}", "2:3: the control character U+007F in a comment"),
            ("a = 1\rb = 2", "1:6: a carriage return without a newline"),
            ("# x\r", "1:4: the control character U+000D in a comment"),
            ("\r", "1:1: a carriage return without a newline"),
            ("a = \"\u{1F}\"", "1:6: the control character U+001F in a string"),
            ("a = '\u{0}'", "1:6: the control character U+0000 in a string"),
            ("a = '''\n\u{8}'''", "2:1: the control character U+0008 in a string"),
            ("a = \"\"\"\r\"\"\"", "1:8: a carriage return without a newline"),
            ("a = 1\n\u{FEFF}b = 2", "2:1: expected a key, not `\u{FEFF}`; a key with such a character needs quotes"),
            ("\u{FEFF}=", "1:1: expected a key, not `=`"),
            ("a\u{A0}= 1", "1:2: expected `=` after the key `a`"), ("\u{C}a = 1", "1:1: expected a key, not `\u{C}`"),
        ])
    func characters(text: String, complaint: String) { expect(text, complaint) }

    @Test(
        "Bytes that are not UTF-8",
        arguments: [
            ([0x80], 1), ([0xC0, 0x80], 1), ([0xC3], 1), ([0x61, 0xE0, 0x80, 0x80], 2), ([0xED, 0xA0, 0x80], 1),
            ([0xE9, 0x0A], 1), ([0xF0, 0x80, 0x80, 0x80], 1), ([0xF4, 0x90, 0x80, 0x80], 1),
            ([0xF5, 0x80, 0x80, 0x80], 1),
            ([0xF0, 0x9F, 0x98], 1), ([0xFF, 0xFE], 1), ([0x23, 0xC3, 0xA9, 0xC3, 0x28], 3),
        ] as [([UInt8], Int)])
    func encoding(bytes: [UInt8], column: Int) {
        #expect(error(bytes)?.description == "line 1, column \(column): not UTF-8")
    }

    @Test("All of UTF-8 may stand in a comment")
    func wellFormed() {
        for code in [0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF] as [UInt32] {
            #expect(error(Array("# \(Unicode.Scalar(code)!) x".utf8)) == nil)
        }
    }

    @Test(
        "Keys and lines",
        arguments: [
            ("a", "1:2: expected `=` after the key `a`"), ("a =", "1:4: expected a value, not the end of the file"),
            ("a = \n1", "1:5: expected a value, not the end of the line"), ("= 1", "1:1: expected a key, not `=`"),
            ("a b = 1", "1:3: expected `=` after the key `a`"), ("a. = 1", "1:4: expected a key, not `=`"),
            (".a = 1", "1:1: expected a key, not `.`"), ("a..b = 1", "1:3: expected a key, not `.`"),
            ("a = 1 b = 2", "1:7: expected the end of the line, not `b`"),
            ("a = 'x' 'y'", "1:9: expected the end of the line, not `'`"),
            ("é = 1", "1:1: expected a key, not `é`; a key with such a character needs quotes"),
            ("a! = 1", "1:2: expected `=` after the key `a`"),
            ("\"a = 1", "1:1: the string has no closing quote on its line"),
            ("\"\"\"a\"\"\" = 1", "1:3: expected `=` after the key `\"\"`"),
            ("a\n= 1", "1:2: expected `=` after the key `a`"),
            ("a.'b\n' = 1", "1:3: the string has no closing quote on its line"),
            ("a == 1", "1:4: expected a value, not `=`"),
            ("e.\"ü\" 1", "1:7: expected `=` after the key `e.\"ü\"`"),
            ("a: 1", "1:2: expected `=` after the key `a`"), ("{}", "1:1: expected a key, not `{`"),
        ])
    func keys(text: String, complaint: String) { expect(text, complaint) }

    @Test(
        "Words that are no values",
        arguments: [
            ("5m", "`5m` is not a value; text needs quotes: \"5m\""),
            ("auto", "`auto` is not a value; text needs quotes: \"auto\""),
            ("/a/b", "`/a/b` is not a value; text needs quotes: \"/a/b\""),
            ("é", "`é` is not a value; text needs quotes: \"é\""),
            ("http://user:hunter2@proxy", "a text needs quotes (it is not shown because of its `@`)"),
            ("http://user:hun,ter2@proxy", "a text needs quotes (it is not shown because of its `@`)"),
            ("True", "`True` is not a value; did you mean `true`?"),
            ("FALSE", "`FALSE` is not a value; did you mean `false`?"),
            ("NaN", "`NaN` is not a value; did you mean `nan`?"), ("Inf", "`Inf` is not a value; did you mean `inf`?"),
            ("01", "`01` is not a number: it begins with a zero"),
            ("-00.5", "`-00.5` is not a number: it begins with a zero"),
            ("9223372036854775808", "the integer `9223372036854775808` does not fit in 64 bits"),
            ("-9223372036854775809", "the integer `-9223372036854775809` does not fit in 64 bits"),
            ("0xFFFFFFFFFFFFFFFF", "the integer `0xFFFFFFFFFFFFFFFF` does not fit in 64 bits"),
            ("2021-02-29", "`2021-02-29` is not a valid date or time"),
            ("07:32", "`07:32` is not a valid date or time"),
            ("1979-05-27T25:00:00", "`1979-05-27T25:00:00` is not a valid date or time"),
        ])
    func words(text: String, complaint: String) { expect("\nx = " + text + " # y", "2:5: " + complaint) }

    @Test(
        "Numbers, booleans and dates that are nearly right",
        arguments: [
            "1_", "_1", "1__0", "+", "-", "--1", "+-1", "1.", ".5", "1.e5", "1._5", "1_.5", "1e", "1e+", "1e_5", "1e5_",
            "1e1.5", "+0x1",
            "-0b1", "0x", "0X1", "0O1", "0B1", "0o8", "0b2", "0xG", "0x_1", "0x1_", "1a", "1f", "0.0.1", "00", "-01",
            "01.5",
            "1,5", "1 000", "truefalse", "t", "nan1", "infinity", "++inf", "in", "1e5e5", "0x1.8", "0o7e1",
            "1979-5-27", "1979-05-27T", "1979-05-27T07:32", "1979-05-27T07:32:00.", "1979-05-27T07:32:00+1",
            "1979-05-27T07:32:00+24:00", "1979-05-27T07:32:00-07:60", "1979-05-27T07:32:00ZZ", "1979-05-27X07:32:00",
            "1979-13-01", "1979-00-01", "1979-01-32",
            "1979-01-00", "1979-04-31", "1900-02-29", "24:00:00", "23:60:00", "23:59:61", "23:59:59Z", "1:02:03",
            "79-05-27", "19790-05-27",
            "1979-05-27  07:32:00", "1979-05-27 7:32:00", "1979-05-27T07:32:00.Z", "1979-05-27Z",
        ])
    func nearlyValues(text: String) {
        #expect(error(Array("x = \(text)".utf8)) != nil)
        #expect(error(Array("x = [\(text)\n]".utf8)) != nil || text == "1,5")
        #expect(error(Array("x = { y = \(text) }".utf8)) != nil)
    }

    @Test(
        "Strings",
        arguments: [
            ("\"", "1:5: the string has no closing quote on its line"),
            ("\"a\n\"", "1:5: the string has no closing quote on its line"),
            ("'a", "1:5: the string has no closing quote on its line"),
            ("\"\\\"", "1:5: the string has no closing quote on its line"),
            ("\"\"\"a\n\"\"", "1:5: the string has no closing quotes"),
            ("'''\n\n''", "1:5: the string has no closing quotes"),
            ("\"\\a\"", "1:6: unknown escape in a string; write `\\\\` for a backslash, or use single quotes"),
            (
                "\"C:\\Users\"",
                "1:8: expected 8 hexadecimal digits after `\\U`; write `\\\\` for a backslash, or use single quotes"
            ),
            ("\"\\x41\"", "1:6: unknown escape in a string; write `\\\\` for a backslash, or use single quotes"),
            (
                "\"\\u00G0\"",
                "1:6: expected 4 hexadecimal digits after `\\u`; write `\\\\` for a backslash, or use single quotes"
            ),
            (
                "\"\\u12\"",
                "1:6: expected 4 hexadecimal digits after `\\u`; write `\\\\` for a backslash, or use single quotes"
            ),
            ("\"\\uD800\"", "1:6: the escape is not a Unicode character"),
            ("\"\\U00110000\"", "1:6: the escape is not a Unicode character"),
            ("\"\\UFFFFFFFF\"", "1:6: the escape is not a Unicode character"),
            (
                "\"\"\"\n\\ a\"\"\"",
                "2:1: unknown escape in a string; write `\\\\` for a backslash, or use single quotes"
            ),
            ("\"\\\n\"", "1:6: unknown escape in a string; write `\\\\` for a backslash, or use single quotes"),
            ("\"\"\"a\"\"\"\"\"\"", "1:14: expected the end of the line, not `\"`"),
            ("'''a''''''", "1:14: expected the end of the line, not `'`"),
            ("\"a\"b", "1:8: expected the end of the line, not `b`"),
        ])
    func strings(text: String, complaint: String) { expect("x = " + text, complaint) }

    @Test(
        "Arrays and inline tables",
        arguments: [
            ("[", "1:5: the array has no `]`"), ("[1\n", "1:5: the array has no `]`"),
            ("[1,\n2 3]", "2:3: expected `,` or `]` in the array, not `3`"),
            ("[,]", "1:6: expected a value, not `,`"), ("[1,,2]", "1:8: expected a value, not `,`"),
            ("[}", "1:6: expected a value, not `}`"),
            ("[1}", "1:7: expected `,` or `]` in the array, not `}`"),
            ("[a]", "1:6: `a` is not a value; text needs quotes: \"a\""),
            ("[1] ]", "1:9: expected the end of the line, not `]`"), ("[\n# x", "1:5: the array has no `]`"),
            ("{", "1:6: expected a key, not the end of the file"), ("{ a = 1", "1:5: the inline table has no `}`"),
            ("{ a = 1, }", "1:14: expected a key, not `}`"), ("{ , }", "1:7: expected a key, not `,`"),
            ("{ a = 1\n}", "1:12: expected `,` or `}`: an inline table must be on one line"),
            ("{ a = 1 # x", "1:13: expected `,` or `}`: an inline table must be on one line"),
            ("{\na = 1 }", "1:6: expected a key, not the end of the line"),
            ("{ a = 1 b = 2 }", "1:13: expected `,` or `}` in the inline table, not `b`"),
            ("{ a }", "1:9: expected `=` after the key `a`"),
            ("{ a = 1, a = 2 }", "1:14: `a` already has a value, set on line 1"),
            ("{ a = 1, a.b = 2 }", "1:14: `a` already has a value, set on line 1"),
            ("{ a.b = 1, a = 2 }", "1:16: the table `a` is already defined on line 1"),
            ("{ a = {}, a.b = 2 }", "1:15: `a` already has a value, set on line 1"),
            ("{}}", "1:7: expected the end of the line, not `}`"),
        ])
    func brackets(text: String, complaint: String) { expect("x = " + text, complaint) }

    @Test(
        "Headers",
        arguments: [
            ("[", "1:2: expected the name of a table, not the end of the file"),
            ("[]", "1:2: expected the name of a table, not `]`"),
            ("[[]]", "1:3: expected the name of a table, not `]`"),
            ("[@]", "1:2: expected the name of a table, not `@`"),
            ("[[[x]]]", "1:3: expected the name of a table, not `[`"),
            ("[ [a]]", "1:3: expected the name of a table, not `[`"),
            ("[a", "1:3: expected `]` after the name of the table"),
            ("[[a]", "1:5: expected `]]` after the name of the table"),
            ("[[a] ]", "1:5: expected `]]` after the name of the table"),
            ("[a]]", "1:4: expected the end of the line, not `]`"),
            ("[a\n]", "1:3: expected `]` after the name of the table"),
            ("[a] b = 1", "1:5: expected the end of the line, not `b`"),
            ("[a.]", "1:4: expected the name of a table, not `]`"),
            ("[.a]", "1:2: expected the name of a table, not `.`"),
            ("[a b]", "1:4: expected `]` after the name of the table"),
            ("[a]#\n[b]x", "2:4: expected the end of the line, not `x`"),
            (
                "[\u{301}x]",
                "1:2: expected the name of a table, not `\u{301}`; a key with such a character needs quotes"
            ),
        ])
    func headers(text: String, complaint: String) { expect(text, complaint) }

    @Test(
        "Keys and tables that are defined twice",
        arguments: [
            ("a = 1\n\na = 2", "3:1: `a` already has a value, set on line 1"),
            ("a = 1\n'a' = 2", "2:1: `a` already has a value, set on line 1"),
            ("a = 1\n\"\\u0061\" = 2", "2:1: `a` already has a value, set on line 1"),
            ("a.b = 1\na.b = 2", "2:3: `a.b` already has a value, set on line 1"),
            ("a = 1\na.b = 2", "2:1: `a` already has a value, set on line 1"),
            ("a.b.c = 1\na.b = 2", "2:3: the table `a.b` is already defined on line 1"),
            ("[a]\n[a]", "2:2: the table `a` is already defined on line 1"),
            ("[a.b]\n[a]\n[ a.b ]", "3:5: the table `a.b` is already defined on line 1"),
            ("[a.b]\n[a]\n[a]", "3:2: the table `a` is already defined on line 2"),
            ("a = 1\n[a]", "2:2: `a` already has a value, set on line 1"),
            ("a = 1\n[a.b]", "2:2: `a` already has a value, set on line 1"),
            ("[a]\nb = 1\n[a.b]", "3:4: `a.b` already has a value, set on line 2"),
            ("a = {}\n[a.b]", "2:2: `a` already has a value, set on line 1"),
            ("a = {}\na.b = 1", "2:1: `a` already has a value, set on line 1"),
            ("a = { b = {} }\n[a.b.c]", "2:2: `a` already has a value, set on line 1"),
            ("[a]\nb.c = 1\n[a.b]", "3:4: the table `a.b` is already defined on line 2"),
            ("a.b = 1\n[a]", "2:2: the table `a` is already defined on line 1"),
            ("[a.b]\n[a]\nb.c = 1", "3:1: the table `b` is already defined on line 1"),
            ("[a.b.c]\n[a]\nb.c.d = 1", "3:3: the table `b.c` is already defined on line 1"),
            ("[a.b.c]\n[a]\nb.d = 1\n[a.b]", "4:4: the table `a.b` is already defined on line 1"),
            ("[[a]]\n[a]", "2:2: `a` is an array of tables, started on line 1"),
            ("[a]\n[[a]]", "2:3: the table `a` is already defined on line 1"),
            ("[a.b]\n[[a]]", "2:3: the table `a` is already defined on line 1"),
            ("a = []\n[[a]]", "2:3: `a` already has a value, set on line 1"),
            ("a = [{}]\n[a.b]", "2:2: `a` already has a value, set on line 1"),
            ("[[a.b]]\n[a]\nb.c = 1", "3:1: `b` is an array of tables, started on line 1"),
            ("[[a]]\nb = 1\n[[a.b]]", "3:5: `a.b` already has a value, set on line 2"),
            ("[[a]]\n[a.b]\n[a.b]", "3:4: the table `a.b` is already defined on line 2"),
            ("[[a.b]]\n[[a]]", "2:3: the table `a` is already defined on line 1"),
        ])
    func twice(text: String, complaint: String) { expect(text, complaint) }

    @Test("Depth is limited, wherever it comes from")
    func depth() {
        func document(_ levels: Int) -> [String] {
            [
                "a = " + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1),
                "a = " + String(repeating: "{ a = ", count: levels - 1) + "1"
                    + String(repeating: " }", count: levels - 1),
                String(repeating: "a.", count: levels - 1) + "a = 1",
                "[" + String(repeating: "a.", count: levels - 1) + "a]",
                "[[" + String(repeating: "a.", count: levels - 1) + "a]]",
                "[a.a]\na.a = " + String(repeating: "[", count: levels - 4) + String(repeating: "]", count: levels - 4),
            ]
        }
        for text in document(64) { #expect(error(Array(text.utf8)) == nil) }
        for text in document(65) { #expect(error(Array(text.utf8))?.reason == "more than 64 levels") }
        for text in document(100_000) { #expect(error(Array(text.utf8))?.reason == "more than 64 levels") }
        for open in ["[", "{a=", "{a=[", "[{a="] {
            #expect(
                error(Array(("a=" + String(repeating: open, count: 100_000)).utf8))?.reason == "more than 64 levels")
        }
    }

    @Test("Size is limited")
    func size() {
        let small = TOMLLimits(bytes: 8)
        #expect((try? TOMLTable(parsing: Array("a = 1 # ".utf8), limits: small)) != nil)
        #expect(throws: TOMLError.self) { try TOMLTable(parsing: Array("a = 1 # x".utf8), limits: small) }
    }

    @Test("Four times the document takes four times the time, and not sixteen", arguments: LargeDocument.allCases)
    func growth(document: LargeDocument) throws {
        let (small, large) = (document.bytes(lines: 8_000), document.bytes(lines: 32_000))
        let wide = TOMLLimits(bytes: 1 << 24)
        func seconds(_ bytes: [UInt8]) throws -> Double {
            let start = processorTime()
            _ = try TOMLTable(parsing: bytes, limits: wide)
            return processorTime() - start
        }
        // Caches and other work on the machine may make one reading longer, so a bad ratio has to come three times.
        var ratio = Double.infinity
        for _ in 0..<3 where ratio >= 9 { ratio = try seconds(large) / seconds(small) }
        #expect(ratio < 9, "\(ratio)")
    }

    @Test("An error is one line, whatever the document holds")
    func oneLine() {
        let found = error(Array("x = a\u{2028}\u{9B}b".utf8))
        let escaped = #"a\u2028\u009Bb"#
        #expect(
            found?.description == "line 1, column 5: `\(escaped)` is not a value; text needs quotes: \"\(escaped)\"")
    }
}

/// Documents of many lines.
enum LargeDocument: CaseIterable {
    case headers, elements, keys, items, comments, text

    func bytes(lines: Int) -> [UInt8] {
        let text =
            switch self {
            case .headers: (0..<lines).map { "[a.t\($0)]\n" }.joined()
            case .elements: String(repeating: "[[a]]\n", count: lines)
            case .keys: (0..<lines).map { "k\($0)=1\n" }.joined()
            case .items: "a = [" + String(repeating: "1,\n", count: lines) + "]"
            case .comments: String(repeating: "# x\n", count: lines)
            case .text: "a = \"\"\"" + String(repeating: "x\n", count: lines) + "\"\"\""
            }
        return Array(text.utf8)
    }
}

/// Seconds that this thread has had of a processor, which other work on the machine does not add to.
private func processorTime() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func error(_ bytes: [UInt8]) -> TOMLError? {
    do {
        _ = try TOMLTable(parsing: bytes)
        return nil
    } catch {
        return error
    }
}

private func expect(_ text: String, _ complaint: String) {
    let error = error(Array(text.utf8))
    #expect(error.map { "\($0.line):\($0.column): \($0.reason)" } == complaint)
}
