import Testing

@testable import Commands

@Suite struct TerminalStyleTests {
    private static let terminal = ["TERM": "xterm-256color", "LANG": "en_GB.UTF-8"]

    private func style(_ more: [String: String] = [:]) -> TerminalStyle {
        .of(Self.terminal.merging(more) { $1 }, size: (columns: 100, rows: 30))
    }

    @Test func `a file is written to without limits and without escape sequences`() {
        #expect(TerminalStyle.of(Self.terminal, size: nil) == .plain)
    }

    @Test func `a terminal has its width, colours and an ellipsis`() {
        #expect(style() == TerminalStyle(width: 100, height: 30, isStyled: true, ellipsis: "\u{2026}"))
    }

    @Test(arguments: [["NO_COLOR": "1"], ["TERM": "dumb"]])
    func `escape sequences are kept out where they are not wanted`(more: [String: String]) {
        #expect(!style(more).isStyled)
        #expect(style(more).width == 100)
        #expect(style(more).apply(.red, link: "https://a", to: "text") == "text")
    }

    @Test func `an empty NO_COLOR says nothing, and a missing TERM is no terminal to speak of`() {
        #expect(style(["NO_COLOR": ""]).isStyled)
        #expect(!TerminalStyle.of(["LANG": "C.UTF-8"], size: (columns: 80, rows: 24)).isStyled)
    }

    @Test(arguments: [("60", 60), ("0", 100), ("-3", 100), ("wide", 100)])
    func `COLUMNS goes over the terminal's width if it is a number`(columns: String, width: Int) {
        #expect(style(["COLUMNS": columns]).width == width)
    }

    @Test(arguments: [(["LC_ALL": "C"], "..."), (["LC_ALL": "", "LC_CTYPE": "de_DE.utf8"], "\u{2026}")])
    func `the ellipsis is one that the locale has`(more: [String: String], ellipsis: String) {
        #expect(style(more).ellipsis == ellipsis)
    }

    @Test func `a link stands around the colour`() {
        #expect(
            style().apply(.green, link: "https://a/b", to: "x")
                == "\u{1B}]8;;https://a/b\u{1B}\\\u{1B}[32mx\u{1B}[0m\u{1B}]8;;\u{1B}\\")
    }
}
