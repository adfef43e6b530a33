import TOML
import Testing

/// Documents and what they mean, by the sections of TOML 1.0.
@Suite("Valid documents")
struct ValidDocumentTests {
    @Test(
        "Comments, blanks and newlines",
        arguments: [
            ("", "{}"), ("\n\n \t\n", "{}"), ("# a = 1", "{}"), ("#\r\n# \t é\u{85}\n", "{}"),
            ("a=1", "{ a = 1 }"), (" a\t= 1 # x\r\n\r\nb = 2", "{ a = 1, b = 2 }"),
            ("\u{FEFF}a = 1", "{ a = 1 }"), ("\u{FEFF}", "{}"), ("a = \"#\" # \"", "{ a = \"#\" }"),
        ])
    func lines(text: String, meaning: String) throws { try expect(text, meaning) }

    @Test(
        "Keys",
        arguments: [
            ("1 = 1\n-_ = 2\nA-b_9 = 3", "{ 1 = 1, -_ = 2, A-b_9 = 3 }"),
            ("\"\" = 1", "{ \"\" = 1 }"), ("'' = 1", "{ \"\" = 1 }"),
            ("\"a.b\" = 1\n'c d' = 2\n\"é\" = 3", "{ \"a.b\" = 1, \"c d\" = 2, \"é\" = 3 }"),
            ("\"\\u0061\" = 1\n'\\u0061' = 2", "{ a = 1, \"\\\\u0061\" = 2 }"),
            ("a.b.c = 1\na . b\t.d = 2\na.\"b\".'e' = 3", "{ a = { b = { c = 1, d = 2, e = 3 } } }"),
            ("3.14159 = 1", "{ 3 = { 14159 = 1 } }"), ("true = 1\ninf.nan = 2", "{ true = 1, inf = { nan = 2 } }"),
            ("1979-05-27 = 1", "{ 1979-05-27 = 1 }"),
            // Equal for Unicode, not for TOML.
            ("\"\\u00e9\" = 1\n\"e\\u0301\" = 2", "{ \"\u{E9}\" = 1, \"e\u{301}\" = 2 }"),
        ])
    func keys(text: String, meaning: String) throws { try expect(text, meaning) }

    @Test(
        "Strings",
        arguments: [
            (#""""#, ""), (#""a\b\t\n\f\r\"\\""#, "a\u{8}\t\n\u{C}\r\"\\"), (#""\u00e9\U0001F600\u0000""#, "é😀\0"),
            ("\"\té'\"", "\té'"), ("''", ""), (#"'\u0061 "'"#, #"\u0061 ""#), (#""http://a:1/#x""#, "http://a:1/#x"),
            (#""\uD7FF\uE000\U0010FFFF""#, "\u{D7FF}\u{E000}\u{10FFFF}"),
            (#""""""""#, ""), ("\"\"\"\na\r\n b\"\"\"", "a\n b"), ("\"\"\"\n\na\"\"\"", "\na"),
            ("\"\"\"\r\na\"\"\"", "a"), ("\"\"\"a\\\n \t\r\n\n  b\"\"\"", "ab"), ("\"\"\"a\\ \t\n b \\\n\"\"\"", "ab "),
            (#""""a""b"""""#, "a\"\"b\""), (#""""a"""""#, "a\""), (#""""a""""""#, "a\"\""), (#""""""a"""""#, "\"\"a\""),
            (#""""\"""\"""""#, "\"\"\"\""), (#""""\u0061\\n""""#, "a\\n"),
            ("''''''", ""), ("'''\na\\\r\nb'''", "a\\\nb"), ("'''a''b'''''", "a''b''"), ("'''\"\"\"'''", "\"\"\""),
        ])
    func strings(text: String, meaning: String) throws {
        let table = try TOMLTable(parsing: Array("x = \(text) # end\ny = [\(text)]".utf8))
        #expect(table["x"]?.content == .string(meaning))
        guard case .array(let items)? = table["y"]?.content else { throw Unexpected() }
        #expect(items.map(\.content) == [.string(meaning)])
    }

    @Test(
        "Integers",
        arguments: [
            ("0", 0), ("+0", 0), ("-0", 0), ("99", 99), ("+99", 99), ("-17", -17), ("1_000", 1000), ("1_2_3", 123),
            ("9223372036854775807", .max), ("-9223372036854775808", .min), ("0xDEADbeef", 0xDEAD_BEEF),
            ("0xdead_beef", 0xDEAD_BEEF), ("0x00", 0), ("0x7fffffffffffffff", .max), ("0o755", 0o755), ("0o0_1", 1),
            ("0b1101_0110", 0b1101_0110), ("0b0", 0), ("0xe2", 0xE2),
        ] as [(String, Int64)])
    func integers(text: String, meaning: Int64) throws {
        #expect(try value(text).content == .integer(meaning))
    }

    @Test(
        "Floats",
        arguments: [
            ("1.0", 1), ("+1.5", 1.5), ("-0.01", -0.01), ("0.0", 0), ("5e22", 5e22), ("1E06", 1e6), ("-2e-2", -0.02),
            ("6.626e-34", 6.626e-34), ("224_617.445_991_228", 224_617.445991228), ("1e1_0", 1e10), ("0e0", 0),
            ("1e+00", 1), ("inf", .infinity), ("+inf", .infinity), ("-inf", -.infinity), ("1e999", .infinity),
            ("3.0000000000000001", 3),
        ] as [(String, Double)])
    func floats(text: String, meaning: Double) throws {
        #expect(try value(text).content == .float(meaning))
    }

    @Test("Not a number", arguments: ["nan", "+nan", "-nan"])
    func notNumbers(text: String) throws {
        guard case .float(let number) = try value(text).content else { throw Unexpected() }
        #expect(number.isNaN)
    }

    @Test("Booleans", arguments: [("true", true), ("false", false)])
    func booleans(text: String, meaning: Bool) throws { #expect(try value(text).content == .boolean(meaning)) }

    @Test(
        "Dates and times are kept as they are written",
        arguments: [
            "1979-05-27", "2000-02-29", "2024-02-29", "0001-01-01", "9999-12-31", "07:32:00", "00:00:00.999999999",
            "23:59:60", "1979-05-27T07:32:00", "1979-05-27 07:32:00.5", "1979-05-27t07:32:00z", "1979-05-27T07:32:00Z",
            "1979-05-27 07:32:00-07:00", "1979-05-27T00:32:00.999+23:59",
        ])
    func dates(text: String) throws {
        #expect(try value(text).content == .dateTime(text))
        try expect("a = [\(text),\(text) ] # x", "{ a = [\(text), \(text)] }")
    }

    @Test(
        "Arrays",
        arguments: [
            ("[]", "[]"), ("[ ]", "[]"), ("[\n\n]", "[]"), ("[1,2]", "[1, 2]"), ("[1,2,]", "[1, 2]"),
            ("[ 1 , 2 , ]", "[1, 2]"), ("[ # a\n 1 # b ]\n , # c\r\n 2\n # d\n]", "[1, 2]"),
            ("[[1, 2], [\"a\", 'b'], []]", "[[1, 2], [\"a\", \"b\"], []]"),
            ("[1, 'a', true, 1.5]", "[1, \"a\", true, 1.5]"),
            ("[{ a = 1 }, {}]", "[{ a = 1 }, {}]"), ("['a]', \"#\"]", "[\"a]\", \"#\"]"),
            ("[\"\"\"\na\n\"\"\", '''b''']", "[\"a\\n\", \"b\"]"),
        ])
    func arrays(text: String, meaning: String) throws { #expect(try value(text).description == meaning) }

    @Test(
        "Inline tables",
        arguments: [
            ("{}", "{}"), ("{ \t}", "{}"), ("{a=1}", "{ a = 1 }"), ("{ a = 1 , b = 'x' }", "{ a = 1, b = \"x\" }"),
            ("{ a.b = 1, a.c = 2 }", "{ a = { b = 1, c = 2 } }"), ("{ a = { b = {} } }", "{ a = { b = {} } }"),
            ("{ a = [\n1,\n{ b = 2 },\n] }", "{ a = [1, { b = 2 }] }"), ("{ \"}\" = '}' }", "{ \"}\" = \"}\" }"),
            ("{ a = \"\"\"\nx\n\"\"\", b = 1 }", "{ a = \"x\\n\", b = 1 }"),
        ])
    func inlineTables(text: String, meaning: String) throws { #expect(try value(text).description == meaning) }

    @Test(
        "Tables",
        arguments: [
            ("[a]", "{ a = {} }"), ("[ a . \"b\" . '' ]", "{ a = { b = { \"\" = {} } } }"),
            ("x = 1\n[a] # c\ny = 2\n[b]\nz = 3", "{ x = 1, a = { y = 2 }, b = { z = 3 } }"),
            ("[a.b]\nx = 1\n[a]\ny = 2", "{ a = { b = { x = 1 }, y = 2 } }"),
            ("[a.b]\n[c]\n[a.d]", "{ a = { b = {}, d = {} }, c = {} }"),
            (
                "[f]\na.color = 1\na.t.s = 2\n[f.a.x]\nsmooth = 3\n[f.a.t.y]",
                "{ f = { a = { color = 1, t = { s = 2, y = {} }, x = { smooth = 3 } } } }"
            ),
            ("[a.b.c]\nx = 1\n[a]\nb.y = 2", "{ a = { b = { c = { x = 1 }, y = 2 } } }"),
            ("[views.\"a.b\"]\nallow = ['x']", "{ views = { \"a.b\" = { allow = [\"x\"] } } }"),
        ])
    func tables(text: String, meaning: String) throws { try expect(text, meaning) }

    @Test(
        "Arrays of tables",
        arguments: [
            ("[[a]]", "{ a = [{}] }"), ("[[ a ]]\nx = 1\n[[a]]\n[[a]]\nx = 2", "{ a = [{ x = 1 }, {}, { x = 2 }] }"),
            (
                "[[a]]\nx = 1\n[a.b]\ny = 2\n[[a.c]]\n[[a.c]]\n[[a]]\n[a.b]\n[[a.c]]",
                "{ a = [{ x = 1, b = { y = 2 }, c = [{}, {}] }, { b = {}, c = [{}] }] }"
            ),
            ("[[a.b]]\n[a]\nx = 1", "{ a = { b = [{}], x = 1 } }"),
            ("[a]\n[[a.b]]\nx.y = 1\n[[a.b]]\nx.y = 2", "{ a = { b = [{ x = { y = 1 } }, { x = { y = 2 } }] } }"),
        ])
    func arraysOfTables(text: String, meaning: String) throws { try expect(text, meaning) }

    @Test("Values know the lines in which they begin")
    func lineNumbers() throws {
        let text = """
            a = 1
            b = [ # x
              2,
              '''
            y''',
              { c = 3 },
            ]\r
            [t.u]
            d.e = \"\"\"

            \"\"\"
            f = 4
            [[v]]
            [[v]]
            [t]
            """
        let root = try TOMLTable(parsing: Array(text.utf8))
        #expect(root.entries.map { "\($0.key) \($0.value.line)" } == ["a 1", "b 2", "t 15", "v 13"])
        guard case .array(let items)? = root["b"]?.content, case .table(let t)? = root["t"]?.content,
            case .table(let u)? = t["u"]?.content, case .array(let v)? = root["v"]?.content
        else { throw Unexpected() }
        #expect(items.map(\.line) == [3, 4, 6])
        #expect(t["u"]?.line == 8)
        #expect(u.entries.map { "\($0.key) \($0.value.line)" } == ["d 9", "f 12"])
        #expect(v.map(\.line) == [13, 14])
    }

    @Test("A key is looked up by its bytes")
    func lookUp() throws {
        let table = try TOMLTable(parsing: Array("\"e\\u0301\" = 1".utf8))
        #expect(table["e\u{301}"]?.content == .integer(1))
        #expect(table["\u{E9}"] == nil)
        #expect(!table.isEmpty)
    }
}

struct Unexpected: Error {}

private func expect(_ text: String, _ meaning: String) throws {
    #expect(try TOMLTable(parsing: Array(text.utf8)).description == meaning)
}

/// The value `text` of a key.
private func value(_ text: String) throws -> TOMLValue {
    let table = try TOMLTable(parsing: Array("x = \(text)\r\n".utf8))
    return try #require(table["x"])
}
