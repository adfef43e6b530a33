import Testing

@testable import Daemon

@Suite("The lines of keys")
struct TOMLKeyLinesTests {
    private let lines = TOMLKeyLines(
        """
        # a = 1
        listen = "x" # b = 2

          workers=2
        [ttl]
        catalog = "5m"
        "user" = "1m"
        [ server ]
        'max_headers'\t= 1
        [log] # the log
        level = [
          "a = b",
        ]
        upstream.url = 1
        x = { y = 1 }
        """)

    @Test(
        "Each key is found in the line that sets it",
        arguments: [
            ("listen", 2), ("workers", 4), ("ttl", 5), ("ttl.catalog", 6), ("ttl.user", 7), ("server.max_headers", 9),
            ("log.level", 11), ("log.upstream.url", 14), ("log.x.y", 15), ("a", nil), ("b", nil), ("catalog", nil),
        ] as [(String, Int?)])
    func finds(name: String, line: Int?) {
        #expect(lines.line(of: name) == line)
    }

    @Test("Lines may end with CR and LF")
    func carriageReturns() {
        #expect(TOMLKeyLines("a = 1\r\nb = 2\r\n").line(of: "b") == 2)
    }
}
