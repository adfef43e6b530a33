import Bytes
import Testing

@testable import Serving

@Suite struct RequestIDTests {
    @Test(arguments: [
        "a", "7f3c9a52-7c1e-4b0e-9d53-6a2f0d3e8b11", "Root=1-67891233-abcdef012345678912345678", "a.b_c~d:e+f/g=h@i",
        String(repeating: "x", count: 64),
    ])
    func `a caller's identifier is kept as it is`(text: String) {
        #expect(RequestID(callers: Array(text.utf8).span)?.text == text)
    }

    @Test(arguments: [
        "", String(repeating: "x", count: 65), "a b", "a\"b", "a\\b", "a\r\nb", "ü", "a,b", "{a}", "sk-or-v1-123",
    ])
    func `one that is not safe to log is none`(text: String) {
        #expect(RequestID(callers: Array(text.utf8).span) == nil)
    }

    @Test func `the process's own have sixteen hexadecimal digits and differ`() {
        #expect(RequestID(0x0123_4567_89AB_CDEF as UInt64).text == "0123456789abcdef")
        var numbers = RequestNumbers(seed: 7)
        #expect(Set((0..<10_000).map { _ in numbers.next() }).count == 10_000)
    }
}
