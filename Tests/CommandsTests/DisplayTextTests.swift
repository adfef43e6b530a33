import Testing

@testable import Commands

@Suite struct DisplayTextTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("\u{E9}clair", 6), ("e\u{301}", 1), ("\u{6A21}\u{578B}", 4), ("\u{FF21}", 2),
        ("\u{1F370}", 2), ("\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}", 2), ("\u{2764}\u{FE0F}", 2), ("\u{D55C}", 2),
    ])
    func `a text is as wide as a terminal shows it`(text: String, width: Int) {
        #expect(DisplayText.width(text) == width)
    }

    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd\u{2026}"), ("abcdef", 1, "\u{2026}"), ("abcdef", 0, ""),
        ("\u{6A21}\u{578B}x", 5, "\u{6A21}\u{578B}x"), ("\u{6A21}\u{578B}x", 4, "\u{6A21}\u{2026}"),
        ("\u{6A21}\u{578B}", 2, "\u{2026}"),
    ])
    func `a text is cut between characters, and never wider than it may be`(text: String, width: Int, cut: String) {
        #expect(DisplayText.cut(text, to: width, ellipsis: "\u{2026}") == cut)
    }

    @Test func `an ellipsis that does not fit is dots`() {
        #expect(DisplayText.cut("abcdef", to: 2, ellipsis: "...") == "..")
        #expect(DisplayText.cut("abcdef", to: 4, ellipsis: "...") == "a...")
    }

    @Test(arguments: [
        ("plain", "plain"), ("\u{1B}[2Jgone", "?[2Jgone"), ("a\r\nb\tc", "a??b?c"), ("\u{9B}31m", "?31m"),
        ("\u{202E}txt", "?txt"), ("\u{2028}", "?"), ("\u{FEFF}x", "?x"), ("\u{E9}", "\u{E9}"),
    ])
    func `nothing in a text moves the cursor or turns the line`(text: String, shown: String) {
        #expect(DisplayText.printable(text) == shown)
    }
}
