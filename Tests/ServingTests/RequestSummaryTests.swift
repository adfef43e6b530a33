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

    @Test(
        "A client that names the answer's tag has it already",
        arguments: [
            (nil, false), ("\"00000000000000a1\"", true), ("W/\"00000000000000a1\"", true), ("*", true),
            ("\"00000000000000a2\"", false), ("\"00000000000000a1-gzip\"", false), ("", false),
        ] as [(String?, Bool)])
    func current(ifNoneMatch: String?, expected: Bool) {
        let answer = Answer.make(from: .make())
        #expect(RequestSummary.make("/models", ifNoneMatch: ifNoneMatch).hasCurrent(answer) == expected)
    }
}
