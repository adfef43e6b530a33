import Testing

@testable import HTTPCore

@Suite("Retry-After")
struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT
    private let now: Int64 = 784_111_777

    @Test(
        "It is a number of seconds, or a date",
        arguments: [
            ("0", 0), ("120", 120), (" 5 ", 5), ("99999999999999999999", 1 << 31),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
            ("Sun, 06 Nov 1994 08:48:37 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 1 << 31), ("", nil), ("-5", nil),
            ("1.5", nil), ("soon", nil), ("5s", nil), ("06 Nov 1994", nil),
        ] as [(String, Int?)])
    func parses(field: String, expected: Int?) {
        #expect(parsed(field, now: now) == expected)
    }

    @Test("A date before all time is no wait, whatever the clock says", arguments: [Int64.max, 0, -1, Int64.min])
    func extremes(now: Int64) {
        #expect(parsed("Sat, 01 Jan 0000 00:00:00 GMT", now: now) != nil)
        #expect(parsed("Sat, 01 Jan 0000 00:00:00 GMT", now: max(0, now)) == 0)
        #expect((parsed("Fri, 31 Dec 9999 23:59:59 GMT", now: now) ?? -1) >= 0)
    }

    private func parsed(_ field: String, now: Int64) -> Int? {
        let bytes = Array(field.utf8)
        return RetryAfter.parse(bytes.span, now: now)
    }
}
