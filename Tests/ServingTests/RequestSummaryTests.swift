import Testing

@testable import Serving

@Suite("What an answer depends on")
struct RequestSummaryTests {
    @Test(
        "The query is the target's own",
        arguments: [("/models", ""), ("/models?", ""), ("/models?a=b&c", "a=b&c"), ("http://h/models?a=b", "a=b")])
    func query(target: String, expected: String) {
        #expect(RequestSummary.make(target).rawQuery == Array(expected.utf8))
    }
}

@Suite("What a client has already")
struct PreconditionTests {
    @Test(
        "A client that names the answer's tag has it",
        arguments: [
            ("\"00000000000000a1\"", true), ("W/\"00000000000000a1\"", true), ("*", true),
            ("\"00000000000000a2\"", false), ("\"00000000000000a1-gzip\"", false), ("", false),
        ])
    func tag(field: String, expected: Bool) {
        let answer = Answer.make(from: .make())
        #expect(Precondition(ifNoneMatch: Array(field.utf8), ifModifiedSince: nil).isMet(by: answer) == expected)
        // RFC 9110 section 13.1.3: the date is not looked at beside a tag.
        for date: Int64 in [0, .max] {
            #expect(Precondition(ifNoneMatch: Array(field.utf8), ifModifiedSince: date).isMet(by: answer) == expected)
        }
    }

    @Test(
        "A client has what was not modified since its date",
        arguments: [(nil, false), (999, false), (1_000, true), (1_001, true), (-1, false)] as [(Int64?, Bool)])
    func date(since: Int64?, expected: Bool) {
        let answer = Answer.make(from: .make(lastModified: 1_000))
        #expect(Precondition(ifNoneMatch: nil, ifModifiedSince: since).isMet(by: answer) == expected)
    }
}
