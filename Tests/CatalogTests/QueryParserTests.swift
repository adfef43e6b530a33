import Bytes
import Catalog
import Testing

@Suite struct QueryParserTests {
    private static let nonsense: [(query: String, message: String)] = [
        ("limit=0", "limit must be an integer from 1 to 1000, not \"0\""),
        ("limit=1001", "limit must be an integer from 1 to 1000, not \"1001\""),
        ("limit=abc", "limit must be an integer from 1 to 1000, not \"abc\""),
        ("limit=1.5", "limit must be an integer from 1 to 1000, not \"1.5\""),
        ("limit=-1", "limit must be an integer from 1 to 1000, not \"-1\""),
        ("limit=1e400", "limit must be an integer from 1 to 1000, not \"1e400\""),
        ("offset=-1", "offset must be an integer of 0 or more, not \"-1\""),
        (
            "offset=9223372036854775808",
            "offset must be at most 9223372036854775807, not \"9223372036854775808\""
        ),
        (
            "context=100000000000000000000000",
            "context must be at most 9223372036854775807, not \"100000000000000000000000\""
        ),
        ("min_age_days=1e400", "min_age_days must be at most 9223372036854775807, not \"1e400\""),
        ("max_age_days=1e19", "max_age_days must be at most 9223372036854775807, not \"1e19\""),
        (
            "context=9223372036854775807.5",
            "context must be an integer of 1 or more, not \"9223372036854775807.5\""
        ),
        ("context=-1e400", "context must be an integer of 1 or more, not \"-1e400\""),
        ("context=0", "context must be an integer of 1 or more, not \"0\""),
        ("context=128k", "context must be an integer of 1 or more, not \"128k\""),
        ("min_age_days=0.5", "min_age_days must be an integer of 0 or more, not \"0.5\""),
        ("max_age_days=+1", "max_age_days must be an integer of 0 or more, not \" 1\""),
        ("min_price=-0.1", "min_price must be a number of 0 or more, not \"-0.1\""),
        ("max_price=free", "max_price must be a number of 0 or more, not \"free\""),
        ("min_output_price=0x10", "min_output_price must be a number of 0 or more, not \"0x10\""),
        ("max_output_price=1,5", "max_output_price must be a number of 0 or more, not \"1,5\""),
        ("min_intelligence_index=NaN", "min_intelligence_index must be a number of 0 or more, not \"NaN\""),
        ("max_intelligence_index=1e", "max_intelligence_index must be a number of 0 or more, not \"1e\""),
        ("min_coding_index=.", "min_coding_index must be a number of 0 or more, not \".\""),
        ("max_coding_index=Infinity", "max_coding_index must be a number of 0 or more, not \"Infinity\""),
        ("min_agentic_index=%20", "min_agentic_index must be a number of 0 or more, not \" \""),
        ("max_agentic_index=1%002", "max_agentic_index must be a number of 0 or more, not \"1?2\""),
        ("min_tool_success_rate=1.1", "min_tool_success_rate must be a number from 0 to 1, not \"1.1\""),
        ("max_tool_success_rate=x", "max_tool_success_rate must be a number from 0 to 1, not \"x\""),
    ]

    @Test(arguments: nonsense)
    func valuesThatMakeNoSenseAreRefused(query: String, message: String) {
        for query in [query, "category=programming&" + query, "_=1&" + query + "&sort=trending"] {
            guard case .invalid(let problem) = plan(query) else {
                Issue.record("accepted: \(query)")
                continue
            }
            #expect(problem.message == message)
            #expect(message.hasPrefix(problem.parameter + " "))
        }
    }

    @Test func echoedValuesAreShortAndPrintable() {
        let long = String(repeating: "9", count: 5000)
        guard case .invalid(let problem) = plan("limit=" + long) else { return #expect(Bool(false)) }
        #expect(problem.message == "limit must be an integer from 1 to 1000, not \"\(long.prefix(40))...\"")
        guard case .invalid(let odd) = plan("limit=%1B[31m%E2%80%AE%0A%ff\u{e9}") else { return #expect(Bool(false)) }
        #expect(odd.message == "limit must be an integer from 1 to 1000, not \"?[31m??\u{fffd}\u{e9}\"")
    }

    @Test(arguments: ["10", "10.0", "1e1", "0.1e2", "100e-1", "010", "10.", "1E%2B1"])
    func integersMayBeSpelledAsTheyLike(value: String) {
        guard case .local(let query) = plan("limit=\(value)") else { return #expect(Bool(false)) }
        #expect(query.page.limit == 10)
    }

    @Test(arguments: ["9223372036854775807", "9223372036854775807.0", "9223372036854775.807e3"])
    func theLargestIntegerIsTaken(value: String) {
        for name in ["context", "offset", "min_age_days", "max_age_days"] {
            guard case .local(let query) = plan("\(name)=\(value)") else {
                Issue.record("refused: \(name)=\(value)")
                continue
            }
            #expect([query.minimumContext, query.page.offset, query.age.minimum, query.age.maximum].contains(.max))
        }
    }

    @Test(
        arguments: [
            ("limit=5&limit=7", 7), ("limit=abc&limit=7", 7), ("limit=5&limit=", nil), ("limit=", nil), ("limit", nil),
            ("Limit=5", nil), ("&&limit=5&", 5), ("l%69mit=5", 5), ("limit=%35", 5),
        ] as [(String, Int64?)])
    func theLastOfARepeatedParameterCounts(query: String, limit: Int64?) {
        switch plan(query) {
        case .local(let parsed): #expect(parsed.page.limit == limit)
        case .forward(let forwarded): #expect(query == "Limit=5" && forwarded.reason == .unknownParameter("Limit"))
        case .invalid: #expect(Bool(false))
        }
    }

    @Test(arguments: [
        ("q=a+b", "a b"), ("q=a%2Bb", "a+b"), ("q=100%", "100%"), ("q=%zz%4", "%zz%4"), ("q=%E2%82", "\u{fffd}"),
        ("q=a=b", "a=b"), ("q=%41%C3%89", "aé"), ("q=%26%3D", "&="),
    ])
    func valuesAreDecodedAsFormsAre(query: String, text: String) {
        guard case .local(let parsed) = plan(query) else { return #expect(Bool(false)) }
        #expect(parsed.text == Array(text.utf8))
    }

    @Test func anEmptyQueryIsTheDefault() {
        #expect(plan("") == .local(Query()))
        #expect(plan("&") == .local(Query()))
        #expect(plan("output_modalities=text&sort=&q=") == .local(Query()))
    }

    @Test func minimumAboveMaximumIsNoError() {
        guard case .local = plan("min_price=5&max_price=1&min_age_days=9&max_age_days=1") else {
            return #expect(Bool(false))
        }
    }
}
