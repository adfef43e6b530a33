import Bytes
import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("What an answer depends on")
struct RequestSummaryTests {
    @Test(
        "The query is the target's own",
        arguments: [("/models", ""), ("/models?", ""), ("/models?a=b&c", "a=b&c"), ("http://h/models?a=b", "a=b")])
    func query(target: String, expected: String) {
        let summary = RequestSummary.make(target)
        #expect(Array(summary.target[summary.queryRange]) == Array(expected.utf8))
    }

    @Test(arguments: [("a=b", "/models?a=b"), ("", "/models")])
    func `with another query it is the same request in everything else`(query: String, target: String) throws {
        let sent = Array("/models?x=y&a=b".utf8)
        let read = Target(sent.span)
        let summary = RequestSummary(
            isHead: true, target: sent, parts: try #require(read), route: .models, coding: .gzip,
            directive: .refresh, forbidsStoring: true, owner: Owner(high: 1, low: 2),
            precondition: Precondition(ifNoneMatch: [1], ifModifiedSince: nil), authorization: SharedBytes(utf8: "key"),
            via: SharedBytes(utf8: "via"))
        let other = try #require(summary.with(query: Array(query.utf8)))
        #expect(other.target == Array(target.utf8))
        #expect(Array(other.target[other.queryRange]) == Array(query.utf8))
        #expect(other.isHead && other.forbidsStoring && other.coding == .gzip && other.directive == .refresh)
        #expect(other.owner == Owner(high: 1, low: 2) && other.precondition != nil)
        let (key, via) = (other.authorization?.span.text(), other.via?.span.text())
        #expect(key == "key" && via == "via")
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
