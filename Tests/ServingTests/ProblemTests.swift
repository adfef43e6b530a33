import HTTPCore
import Testing

@testable import Serving

@Suite("Problems")
struct ProblemTests {
    @Test(
        "The body is upstream's envelope, with the sentence escaped",
        arguments: [
            ("no connection", "no connection"), ("limit must be 1, not \"abc\"", #"limit must be 1, not \"abc\""#),
            (#"a\b"#, #"a\\b"#), ("two\nlines", #"two\u000alines"#), ("", ""), ("naïve 🦙", "naïve 🦙"),
            ("\"}},{\"", #"\"}},{\""#), ("\u{1}", #"\u0001"#),
        ])
    func body(message: String, expected: String) {
        let problem = Problem(.badGateway, message, detail: .unusable)
        #expect(text(problem.body) == "{\"error\":{\"code\":502,\"message\":\"\(expected)\"}}")
    }

    @Test("The code in the body is that of the status", arguments: [400, 404, 503, 504])
    func code(status: Int) {
        let problem = Problem(Status(rawValue: status), "x", detail: .timeout)
        #expect(text(problem.body) == "{\"error\":{\"code\":\(status),\"message\":\"x\"}}")
    }
}
