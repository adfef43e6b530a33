import Bytes
import Caching
import HTTPCore
import Testing

@testable import Serving

/// What a connection knows of a request: from field lines to what they mean. No parser, no socket.
@Suite struct RequestRecordTests {
    /// A head of these lines, and its record.
    final class Head {
        let bytes: [UInt8]
        var record: RequestRecord

        init(_ lines: [String]) {
            var bytes: [UInt8] = []
            var positions: [(name: Range<Int>, value: Range<Int>)] = []
            for line in lines {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let (name, value) = (Array(parts[0].utf8), Array(parts[1].drop { $0 == " " }.utf8))
                positions.append(
                    (
                        bytes.count..<bytes.count + name.count,
                        bytes.count + name.count..<bytes.count + name.count + value.count
                    ))
                bytes += name + value
            }
            var record = RequestRecord()
            record.begin(at: 1)
            for position in positions {
                record.add(bytes.span.extracting(position.name), position.value, in: bytes.span)
            }
            self.bytes = bytes
            self.record = record
        }

        var flags: RequestRecord.Flags { record.flags }
        var speaksAnthropic: Bool { record.speaksAnthropic }
        var directive: CacheDirective { record.directive }
        var forbidsStoring: Bool { record.forbidsStoring }

        func coding(offersBr: Bool = true) -> ContentCoding {
            let head = bytes
            return record.coding(head.span, offersBr: offersBr)
        }

        func value(_ position: RequestRecord.Position) -> String? {
            position.range.map { String(decoding: bytes[$0], as: UTF8.self) }
        }

        func isMet(by answer: Answer) -> Bool {
            let head = bytes
            return record.isMet(by: answer, head.span, now: 2_000_000_000)
        }

        func copyIsMet(by answer: Answer) -> Bool {
            let head = bytes
            return record.precondition(head.span, now: 2_000_000_000)?.isMet(by: answer) ?? false
        }
    }

    @Test func `fields are positions, whatever the case of their names`() {
        let head = Head(["HOST: a", "authorization: Bearer k", "X-Api-Key: x", "Expect: 100-continue", "Other: o"])
        let positions = [head.record.host, head.record.authorization, head.record.apiKey, head.record.expect]
        #expect(positions.map(head.value) == ["a", "Bearer k", "x", "100-continue"])
        #expect(head.flags.isEmpty)
    }

    @Test func `a field with an empty value is there`() {
        let head = Head(["Host:", "Authorization:"])
        let positions = [head.record.host, head.record.authorization, head.record.apiKey]
        #expect(positions.map(\.isPresent) == [true, true, false])
        #expect(head.value(positions[0]) == "")
    }

    @Test func `a value may begin with the head`() {
        var record = RequestRecord()
        let bytes = Array("value".utf8)
        let name = Array("host".utf8)
        record.add(name.span, 0..<5, in: bytes.span)
        let range = record.host.range
        #expect(range == 0..<5)
    }

    @Test(
        "A field that must not occur twice is seen to do so",
        arguments: [
            (["Host: a", "Host: b"], .severalHosts), (["Host: a", "Host:"], .severalHosts),
            (["Authorization: a", "Authorization: b"], .severalAuthorizations),
            (["X-Api-Key:", "X-Api-Key: b"], .severalAPIKeys), (["Host: a", "Authorization: b", "X-Api-Key: c"], []),
        ] as [([String], RequestRecord.Flags)])
    func twice(lines: [String], flags: RequestRecord.Flags) { #expect(Head(lines).flags == flags) }

    @Test(
        "A request speaks Anthropic's protocol if it says so, or has a key that only that protocol has",
        arguments: [
            ([], false), (["Authorization: Bearer k"], false), (["X-Api-Key: k"], true),
            (["X-Api-Key: k", "Authorization:"], true), (["X-Api-Key: k", "Authorization: Bearer k"], false),
            (["Anthropic-Version: 1", "Authorization: Bearer k"], true), (["User-Agent: claude-code/1.0"], true),
            (["User-Agent: curl/8"], false),
        ] as [([String], Bool)])
    func anthropic(lines: [String], expected: Bool) { #expect(Head(lines).speaksAnthropic == expected) }

    @Test func `directives come from both fields`() {
        #expect(Head([]).directive == .any)
        #expect(Head(["Cache-Control: no-cache"]).directive == .refresh)
        #expect(Head(["Pragma: no-cache"]).directive == .refresh)
        #expect(Head(["Pragma: other"]).directive == .any)
        #expect(Head(["Cache-Control: max-age=60", "Pragma: no-cache"]).directive == .any)
        #expect(!Head(["Cache-Control: no-cache"]).forbidsStoring)
        #expect(Head(["Cache-Control: no-cache", "Cache-Control: no-store"]).forbidsStoring)
    }

    @Test func `the coding is the client's choice, of one line`() {
        #expect(Head([]).coding() == .identity)
        #expect(Head(["Accept-Encoding: gzip, br"]).coding() == .br)
        #expect(Head(["Accept-Encoding: gzip, br"]).coding(offersBr: false) == .gzip)
        #expect(Head(["Accept-Encoding: gzip", "Accept-Encoding: br"]).coding() == .identity)
    }

    @Test(
        "A client has what one of its lines names",
        arguments: [
            ([], false), (["\"00000000000000a1\""], true), (["\"00000000000000a2\""], false),
            (["\"00000000000000a2\"", "\"00000000000000a1\""], true),
            (["\"00000000000000a1\"", "\"00000000000000a2\""], true),
            (["\"00000000000000a2\"", "\"00000000000000a3\"", "\"00000000000000a1\""], true),
            (["\"00000000000000a2\"", "\"00000000000000a3\""], false),
        ] as [([String], Bool)])
    func tags(lines: [String], expected: Bool) {
        let answer = Answer.make(from: .make())
        let head = Head(lines.map { "If-None-Match: " + $0 })
        #expect(head.isMet(by: answer) == expected)
        #expect(head.copyIsMet(by: answer) == expected)
        let bytes = head.bytes
        let isNamed = head.record.names(answer.entityTag, bytes.span)
        #expect(isNamed == expected)
    }

    @Test(
        "A date counts where there is no tag",
        arguments: [
            (["If-Modified-Since: Thu, 01 Jan 1970 00:16:40 GMT"], true),
            (["If-Modified-Since: Thu, 01 Jan 1970 00:16:39 GMT"], false), (["If-Modified-Since: yesterday"], false),
            (["If-Modified-Since: Thu, 01 Jan 1970 00:16:40 GMT", "If-None-Match: \"x\""], false),
        ])
    func date(lines: [String], expected: Bool) {
        let answer = Answer.make(from: .make(lastModified: 1_000))
        let head = Head(lines)
        #expect(head.isMet(by: answer) == expected)
        #expect(head.copyIsMet(by: answer) == expected)
    }

    @Test func `the next request has nothing of the last one`() {
        let head = Head([
            "Host: a", "Host: b", "Authorization: k", "X-Api-Key: k", "Expect: e", "Accept-Encoding: gzip",
            "If-None-Match: \"00000000000000a1\"", "If-None-Match: \"b\"", "Cache-Control: no-store",
            "Pragma: no-cache",
            "If-Modified-Since: Thu, 01 Jan 1970 00:16:40 GMT", "Anthropic-Version: 1",
        ])
        head.record.note(.head)
        head.record.owner = Owner(high: 7, low: 8)
        head.record.label = AccessLabel(route: .own)
        var known = (head.record.key, head.record.method, head.record.began)
        #expect(known == (7, .head, 1))
        head.record.begin(at: 2)
        known = (head.record.key, head.record.method, head.record.began)
        #expect(known == (0, .get, 2))
        let (owner, hasLabel) = (head.record.owner, head.record.label != nil)
        #expect(owner == nil && !hasLabel && head.flags.isEmpty)
        for position in [head.record.host, head.record.authorization, head.record.apiKey, head.record.expect] {
            #expect(!position.isPresent)
        }
        #expect(head.directive == .any && !head.forbidsStoring && !head.speaksAnthropic)
        #expect(head.coding() == .identity)
        let answer = Answer.make(from: .make(lastModified: 1_000))
        let hasPrecondition = head.record.hasPrecondition
        #expect(!hasPrecondition && !head.isMet(by: answer) && !head.copyIsMet(by: answer))
    }

    @Test func `a copy in place of a failed fetch says why`() {
        var progress = RequestSummary.Progress()
        progress.makeUp(for: RequestSummary.Failure(problem: .busy, reason: .miss, collapsed: false))
        #expect(progress.forward == nil && progress.unasked == .busy)
        progress.makeUp(for: RequestSummary.Failure(problem: .timeout("slow"), reason: .stale, collapsed: true))
        #expect(progress.forward == CacheStatus.Forward(reason: .stale, collapsed: true, detail: .timeout))
    }
}
