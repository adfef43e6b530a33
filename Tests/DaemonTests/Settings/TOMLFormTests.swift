import Testing

@testable import Daemon

@Suite("The form of TOML")
struct TOMLFormTests {
    private func fault(_ text: String) -> String? {
        do {
            try TOMLForm.check(text)
            return nil
        } catch {
            return "\(error.line): \(error.reason)"
        }
    }

    @Test(
        "What would end the process in the parser is found before it",
        arguments: [
            ("[[[x]]", "1: no name behind the [ of a table"), ("a = 1\n [ @x ]", "2: no name behind the [ of a table"),
            ("[.x]", "1: no name behind the [ of a table"), ("[", "1: no name behind the [ of a table"),
            ("[\u{301}x]", "1: no name behind the [ of a table"), ("[[ #", "1: no name behind the [ of a table"),
            ("\u{FEFF}[@]", "1: no name behind the [ of a table"),
            ("a = [}", "1: a } where a value should be"), ("a = [1,\n# x\n }", "3: a } where a value should be"),
            ("a = 1979-05-27T", "1: a date or a time, which no setting has"),
            ("a = [\n07:32:00]", "2: a date or a time, which no setting has"),
            ("a = \u{A0}1", "1: a character that may stand in strings and comments alone"),
            ("a = 1 \0", "1: a character that may stand in strings and comments alone"),
            ("\n\na = \"x\nb = 1", "3: a string without an end"), ("a = '''\n\n''", "1: a string without an end"),
            ("a = \"\\", "1: a string without an end"),
            ("a = \"\"\"\nx\\\n\n\"\"\"\n[@]", "5: no name behind the [ of a table"),
        ])
    func finds(text: String, expected: String) {
        #expect(fault(text) == expected)
        #expect(faultOfFile(text)?.contains("not valid TOML") == true)
    }

    @Test(
        "What may stand in a file is let through",
        arguments: [
            "", "\u{FEFF}a = 1", "[a]\n[[b]]\n[ c ]\n[ \"d\" ]\n['e'.f]\n[-]", "a = []\nb = {}\nc = [ # }\n]",
            "a = \"[@ é } 1979-05-27 \\\" \\\\\"", "a = '\\'", "a = '''\n[@\n'''\nb = \"\"\"\n[@ \\\"\"\" \"\"\"\"\"",
            "# [@ é 1979-05-27\r\na = 1\r\n", "a = -1\nb = +1\nc = 1e-5\nd = 0x1F\na-1 = 2\nx2-3 = 1",
            "a = [\n[1],\n[2]]",
        ])
    func letsThrough(text: String) {
        #expect(fault(text) == nil)
    }
}

/// What reading a file of this text ends with.
private func faultOfFile(_ text: String) -> String? {
    do {
        _ = try SettingsFile(text, path: "x")
        return nil
    } catch {
        return error.description
    }
}
