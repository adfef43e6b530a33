import Bytes
import Catalog
import History
import Testing

@Suite struct LockComparisonTests {
    private static let now: Int64 = 1_795_941_000  // 2026-11-29T08:30:00Z

    /// `KIND MEMBER BEFORE AFTER`, with an exclamation mark if it is a failure.
    private func compare(_ before: String, _ after: String?, _ rules: String? = nil) throws -> [String] {
        let old = Snapshot.make(["a/b": before])
        let new = after.map { Snapshot.make(["a/b": $0]) } ?? .make([:])
        let comparison = LockComparison(
            LockFile(old, rows: 0..<1), with: new, rules: try rules.map { try LockRules($0) } ?? .usual, now: Self.now)
        #expect(comparison.exitCode == (comparison.differences.contains { $0.fails } ? 1 : 0))
        return comparison.differences.map {
            "\($0.fails ? "!" : "")\($0.kind.rawValue) \($0.member) \($0.before) \($0.after)"
        }
    }

    @Test func everyDifferenceFailsWithoutRules() throws {
        #expect(try compare("", nil) == ["!removed   "])
        #expect(
            try compare(
                #""canonical_slug":"1","context_length":1,"pricing":{"prompt":"1","image":"5"}"#,
                #""canonical_slug":"2","context_length":2,"pricing":{"prompt":"2"},"expiration_date":"2026-12-31""#)
                == [
                    "!renamed canonical_slug 1 2", "!price pricing.image 5 ", "!price pricing.prompt 1 2",
                    "!context context_length 1 2", "!expiration expiration_date  2026-12-31",
                ])
        #expect(try compare(#""name":"x""#, #""name":"y""#) == [])
        #expect(try compare(#""pricing":{"prompt":"0.10"}"#, #""pricing":{"prompt":"1e-1"}"#) == [])
    }

    /// Whether a price that moves from one to the other fails the rule.
    private static let prices: [(rule: String, old: String, new: String, fails: Bool)] = [
        ("price=+10%", "0.000001", "0.0000011", true), ("price=+10%", "0.000001", "0.00000109999999999", false),
        ("price=+10%", "0.000001", "0.0000009", false), ("price=-10%", "0.000001", "0.0000009", true),
        ("price=-10%", "0.000001", "0.00000090000000001", false), ("price=-10%", "1", "2", false),
        ("price=10%", "1", "1.1", true), ("price=10%", "1", "0.9", true), ("price=10%", "1", "1.05", false),
        // In binary floating point, 0.1 + 0.2 is more than 0.3.
        ("price=+200%", "0.1", "0.3", true), ("price=+200.000000000000000000001%", "0.1", "0.3", false),
        ("price=+0%", "1", "1.000000000000000000000001", true), ("price=+0%", "1", "0.9", false),
        ("price", "1", "1.000000000000000000000001", true), ("price", "1", "0.5", true),
        ("price=+10%", "0", "0.000000000000000000000001", true), ("price=-100%", "1", "0", true),
        ("price=-100%", "1", "0.1", false), ("price=+0.5", "1", "1.5", true), ("price=+0.5", "1", "1.4", false),
        ("price=+10%", "1", "-1", true), ("price=+10%", "-1", "1", true), ("price=+10%", "1", "free", true),
        ("price=+1%", "80000000000000", "80800000000000", true),
        ("price=+1%", "80000000000000", "80799999999999", false),
        ("price=+80000000000000%", "80000000000000", "80000000000001", false),
        ("removed", "1", "2", false), ("context=-1", "1", "2", false), ("any", "1", "2", true),
        ("price=+50%,price=-50%", "1", "1.5", true), ("price=+50%,price=-50%", "1", "0.5", true),
        ("price=+50%,price=-50%", "1", "1.2", false),
    ]

    @Test(arguments: prices)
    func pricesAreComparedExactly(rule: String, old: String, new: String, fails: Bool) throws {
        let found = try compare("\"pricing\":{\"prompt\":\"\(old)\"}", "\"pricing\":{\"prompt\":\"\(new)\"}", rule)
        #expect(found == ["\(fails ? "!" : "")price pricing.prompt \(old) \(new)"])
    }

    @Test func aPriceThatIsMissingCountsAsZero() throws {
        #expect(
            try compare("", #""pricing":{"request":"0.01"}"#, "price=+10%") == ["!price pricing.request  0.01"])
        #expect(try compare("", #""pricing":{"request":"0"}"#, "price=+10%") == ["price pricing.request  0"])
        #expect(
            try compare(#""pricing":{"request":"0.01"}"#, "", "price=+10%") == ["price pricing.request 0.01 "])
    }

    private static let contexts: [(rule: String, old: String, new: String, fails: Bool)] = [
        ("context=-1", "1000", "999", true), ("context=-1", "1000", "1001", false),
        ("context=-100", "1000", "901", false),
        ("context=-100", "1000", "900", true), ("context=+1", "1000", "1001", true),
        ("context=-50%", "1000", "500", true),
        ("context=-50%", "1000", "501", false), ("context=-1", "1000", "null", true), ("context", "null", "1", true),
        ("price", "1000", "1", false),
    ]

    @Test(arguments: contexts)
    func contextsAreCompared(rule: String, old: String, new: String, fails: Bool) throws {
        let found = try compare("\"context_length\":\(old)", "\"context_length\":\(new)", rule)
        #expect(found.map { $0.hasPrefix("!") } == [fails])
    }

    private static let dates: [(rule: String, date: String, found: [String])] = [
        ("expiring=14d", "2026-12-13", ["!expiring"]), ("expiring=14d", "2026-12-14", []),
        ("expiring=14d", "2026-01-01", ["!expiring"]), ("expiring", "2098-12-31", ["!expiring"]),
        ("expiring=14d", "soon", ["!expiring"]), ("removed", "2026-12-01", []),
        ("expiring=55800s", "2026-11-30", ["!expiring"]), ("expiring=55799s", "2026-11-30", []),
        ("expiring=1d,expiring=14d", "2026-12-13", ["!expiring"]),
    ]

    @Test(arguments: dates)
    func modelsThatExpireSoonFailEvenIfTheLockHasTheDate(rule: String, date: String, found: [String]) throws {
        let member = "\"expiration_date\":\"\(date)\""
        #expect(try compare(member, member, rule).map { $0.prefix { $0 != " " } }.map(String.init) == found)
    }

    @Test func aDateThatMovesIsADifference() throws {
        #expect(
            try compare(#""expiration_date":"2027-01-01""#, #""expiration_date":"2027-02-01""#, "expiration") == [
                "!expiration expiration_date 2027-01-01 2027-02-01"
            ])
        #expect(
            try compare(#""expiration_date":"2027-01-01""#, "", "removed") == ["expiration expiration_date 2027-01-01 "]
        )
    }

    @Test func eachRuleIsAboutItsOwnKind() throws {
        #expect(try compare("", nil, "removed") == ["!removed   "])
        #expect(try compare("", nil, "price") == ["removed   "])
        #expect(
            try compare(#""canonical_slug":"1""#, #""canonical_slug":"2""#, "renamed") == [
                "!renamed canonical_slug 1 2"
            ])
        #expect(
            try compare(#""canonical_slug":"1""#, #""canonical_slug":"2""#, "removed") == ["renamed canonical_slug 1 2"]
        )
    }

    @Test(arguments: [
        "", ",", "prices", "removed=1", "expiring=14", "expiring=", "price=", "price=+", "price=%", "price=ten",
        "price=--1", "price=+-1", "price=++1", "context=-1x", "removed,oops", "any=1", "price=1e99%",
    ])
    func unknownRulesAreRefused(text: String) {
        do throws(InvalidParameter) {
            _ = try LockRules(text)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.parameter == "--fail-on")
            #expect(
                error.message.hasPrefix("--fail-on must be a list of removed, expiring=14d, price=+10%, context=-1"))
            #expect(text.isEmpty || error.message.contains("not \""))
        }
    }

    @Test func theListOfTheContractIsRead() throws {
        let rules = try LockRules(" removed, expiring=14d ,price=+10%,context=-1")
        #expect(rules.removed && !rules.any && !rules.renamed)
        #expect(rules.expiring == Int64(14 * 86_400))
        #expect(rules.price.count == 1 && rules.context.count == 1)
        #expect(rules.price.first?.direction == .rise && rules.price.first?.isPercent == true)
        #expect(rules.context.first?.direction == .fall && rules.context.first?.isPercent == false)
    }

    // MARK: Reports

    private func report(_ rules: LockRules = .usual) -> LockComparison {
        let old = Snapshot.make([
            "a/one": #""pricing":{"prompt":"0.000001"}"#, "a/t|w_o": "", "a/three": #""canonical_slug":"x\u001b[31m""#,
            "a/same": "",
        ])
        let new = Snapshot.make([
            "a/one": #""pricing":{"prompt":"0.0000012"}"#, "a/three": #""canonical_slug":"<y>""#, "a/same": "",
        ])
        return LockComparison(LockFile(old, rows: 0..<4), with: new, rules: rules, now: Self.now)
    }

    @Test func theTableHasALineForEachDifference() throws {
        #expect(
            report(try LockRules("removed")).table == """
                MODEL    CHANGE          BEFORE    NOW        RESULT
                a/one    pricing.prompt  0.000001  0.0000012  ok
                a/three  canonical_slug  x?[31m    <y>        ok
                a/t|w_o  removed                              fails
                3 differences in 4 models, 1 of them a failure

                """)
    }

    @Test func theMarkdownIsATable() throws {
        #expect(
            report(try LockRules("context")).markdown == #"""
                | model | change | before | now | result |
                | --- | --- | --- | --- | --- |
                | a/one | pricing.prompt | 0.000001 | 0.0000012 | ok |
                | a/three | canonical\_slug | x?\[31m | \<y\> | ok |
                | a/t\|w\_o | removed |  |  | ok |

                3 differences in 4 models, none of them a failure

                """#)
    }

    @Test func theMarkdownEscapesAMarkThatACombiningMarkFollows() {
        let old = Snapshot.make(["a/b": #""canonical_slug":"x""#])
        let new = Snapshot.make(["a/b": "\"canonical_slug\":\"x|\u{301}ok\""])
        let text = LockComparison(LockFile(old, rows: 0..<1), with: new, now: Self.now).markdown
        let line = text.unicodeScalars.split(separator: "\n").first { $0.contains("\u{301}") }
        let expected = "| a/b | canonical\\_slug | x | x\\|\u{301}ok | fails |"
        #expect(line.map { Array($0) } == Array(expected.unicodeScalars))
    }

    @Test func noDifferenceIsOneLine() {
        let same = Snapshot.make(["a/b": ""])
        let comparison = LockComparison(LockFile(same, rows: 0..<1), with: same, now: 0)
        #expect(comparison.table == "no differences in 1 model\n")
        #expect(comparison.markdown == "no differences in 1 model\n")
        #expect(comparison.exitCode == 0)
        #expect(LockComparison.couldNotCompare == 2)
    }
}
