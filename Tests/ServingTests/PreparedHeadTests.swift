import Bytes
import Caching
import Testing

@testable import Serving

@Suite("What hits begin with")
struct PreparedHeadTests {
    private static func answer(body: String = "{}") -> Answer {
        Answer.make(from: .make(storedAt: 10_000, lifetime: 60_000), body: body)
    }

    private static func renew(_ answer: Answer, at now: UInt64, _ wallSeconds: Int64) -> String {
        let common = SharedBytes(utf8: "Date: today\r\nAge: ")
        answer.renewPreparedHead(common.span, at: now, wallSeconds)
        return written(answer.preparedHead.bytes)
    }

    private static func written(_ bytes: borrowing ByteBuilder) -> String { bytes.span.text() }

    @Test("It is the head, the fields that change and a small body")
    func whole() {
        let answer = Self.answer()
        let sent = Self.renew(answer, at: 12_500, 1)
        #expect(
            sent == text(answer.head)
                + "Date: today\r\nAge: 2\r\nCache-Status: larder; hit; ttl=58\r\n\r\n{}")
    }

    @Test(
        "A larger body stays where it is",
        arguments: [(PreparedHead.mostBody, true), (PreparedHead.mostBody + 1, false)])
    func body(count: Int, isIn: Bool) {
        let body = String(repeating: "x", count: count)
        let sent = Self.renew(Self.answer(body: body), at: 12_500, 1)
        #expect(sent.hasSuffix("\r\n\r\n" + (isIn ? body : "")))
    }

    @Test("It is right until a second of the age, of the lifetime or of the clock has passed")
    func right() {
        let answer = Self.answer()
        let wasRight = answer.preparedHead.isRight(at: 12_500, 1)
        #expect(!wasRight)
        _ = Self.renew(answer, at: 12_500, 1)
        for (now, second, isRight): (UInt64, Int64, Bool) in [
            (12_500, 1, true), (12_999, 1, true), (13_000, 1, false), (12_500, 2, false), (12_500, 0, false),
        ] {
            let found = answer.preparedHead.isRight(at: now, second)
            #expect(found == isRight, "\(now) \(second)")
        }
        #expect(Self.renew(answer, at: 13_000, 1).contains("Age: 3\r\nCache-Status: larder; hit; ttl=57\r\n"))
    }

    @Test("What it keeps counts as kept")
    func byteCount() {
        let small = Self.answer(body: String(repeating: "x", count: 1_000))
        let none = Self.answer(body: "")
        #expect(small.byteCount - none.byteCount >= 2_000)
    }
}
