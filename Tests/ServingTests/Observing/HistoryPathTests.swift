import Testing

@testable import Serving

@Suite struct HistoryPathTests {
    @Test(
        "The paths of the history",
        arguments: [
            ("/_larder/changes", .changes), ("/_larder/changes.atom", .feed), ("/_larder/history/a/b", .model("a/b")),
            ("/_larder/history/a%2Fb:free", .model("a/b:free")), ("/_larder/history/", nil), ("/_larder/history", nil),
            ("/_larder/changes/", nil), ("/_larder/history/%ff", nil), ("/_larder/status", nil),
        ] as [(String, HistoryPath?)])
    func paths(path: String, expected: HistoryPath?) {
        #expect(HistoryPath(path: Array(path.utf8).span) == expected)
    }
}
