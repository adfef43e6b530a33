import Testing

@testable import Commands

@Suite struct TextTableTests {
    private var table: TextTable {
        var table = TextTable(columns: [
            TextTable.Column(title: "NAME", least: 6), TextTable.Column(title: "N", isRight: true, leavesAt: 1),
            TextTable.Column(title: "WORD", leavesAt: 2),
        ])
        table.rows = [
            [.init("a-long-name"), .init("7"), .init("one")], [.init("\u{6A21}"), .init("1234"), .init("three")],
        ]
        return table
    }

    @Test func `columns are as wide as what is in them, and no line ends in spaces`() {
        #expect(
            table.lines(.plain) == [
                "NAME            N  WORD", "a-long-name     7  one", "\u{6A21}           1234  three",
            ])
    }

    @Test func `what may be cut is cut before anything is left out`() {
        #expect(
            table.lines(.make(width: 20)) == [
                "NAME        N  WORD", "a-long\u{2026}     7  one", "\u{6A21}       1234  three",
            ])
    }

    @Test func `columns leave in their order where there is no room`() {
        #expect(table.lines(.make(width: 12))[0] == "NAME       N")
        #expect(table.lines(.make(width: 9))[0] == "NAME")
        #expect(table.lines(.make(width: 3))[1] == "a-\u{2026}")
    }

    @Test(arguments: 1...40) func `no line is wider than the terminal`(width: Int) {
        #expect(table.lines(.make(width: width)).allSatisfy { DisplayText.width($0) <= width })
    }

    @Test func `escape sequences take no room, and the text cannot bring its own`() {
        var table = table
        table.rows = [[.init("a\u{1B}[2J", .red, link: "https://x"), .init("1"), .init("")]]
        let line = table.lines(.make(width: 40, isStyled: true))[1]
        #expect(line == "\u{1B}]8;;https://x\u{1B}\\\u{1B}[31ma?[2J\u{1B}[0m\u{1B}]8;;\u{1B}\\  1")
    }
}
