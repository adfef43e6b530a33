import Bytes
import Foundation
import Testing

@testable import HTTPCore

@Suite("Dates of HTTP")
struct HTTPDateTests {
    @Test(
        "A moment is spelled as RFC 9110 has it",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (2_147_483_647, "Tue, 19 Jan 2038 03:14:07 GMT"), (2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] as [(Int64, String)])
    func known(seconds: Int64, expected: String) {
        #expect(spelled(seconds) == expected)
        #expect(parsed(expected) == seconds)
        #expect(expected.utf8.count == HTTPDate.length)
    }

    @Test("Ten thousand random moments of 200 years are spelled as Foundation does, and read back")
    func againstFoundation() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        var dice = Dice(seed: 200)
        let span = 200 * 366 * 86_400
        for _ in 0..<10_000 {
            let seconds = Int64(dice.roll(span))
            let text = spelled(seconds)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            guard text == expected, parsed(text) == seconds else {
                Issue.record("\(seconds) came to \(text), not \(expected), or was not read back")
                return
            }
        }
    }

    @Test("Every day of 400 years follows the one before it")
    func everyDay() {
        for day in Int64(0)..<146_097 {
            let text = spelled(day * 86_400 + 43_200)
            guard parsed(text) == day * 86_400 + 43_200 else {
                Issue.record("day \(day), \(text), was not read back")
                return
            }
        }
    }

    @Test(
        "What is no such date is nil",
        arguments: [
            "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 gmt",
            "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 6  Nov 1994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun; 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 19x4 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", " Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08.49.37 GMT", "Sun,x06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06 Nov 1994T08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
            "Xyz, 06 Nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT", "   , 06 Nov 1994 08:49:37 GMT",
            "Sun Nov  6 08:49:37 94", "Sun Nov 6 08:49:37 1994", "Sun Nov 6  08:49:37 1994", "Xyz Nov  6 08:49:37 1994",
            "Sun Nov  0 08:49:37 1994", "Sun Nov    08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT",
            "Sun Nov  6 24:49:37 1994", "Sun Nov  6 08:49:37-1994", "Sun Nov-06 08:49:37 1994",
            "Wed Feb 30 00:00:00 2000",
            "Sun Nov", "Sun Nov  6 08:49:37 199", "Sun, 06-Nov-94 08:49:37 GMT", "sunday, 06-Nov-94 08:49:37 GMT",
            "Sunday 06-Nov-94 08:49:37 GMT", "Sunday, 6-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 UTC", "Sunday, 06 Nov 94 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:61 GMT",
            "Sunday, 31-Nov-94 08:49:37 GMT", "Noday, 06-Nov-94 08:49:37 GMT", ", 06-Nov-94 08:49:37 GMT......",
            "Sunday,", "Sunday, 06-Nov-94 08:49:37 GMT,", "Wednesday, 06-Nov-94 08:49:37",
            "Wednesdays and Thursdays, too",
        ])
    func refuses(text: String) {
        #expect(parsed(text) == nil)
    }

    @Test(
        "A day that its month does not have is nil",
        arguments: [
            "Mon, 30 Feb 2026 00:00:00 GMT", "Sun, 29 Feb 2026 00:00:00 GMT", "Fri, 31 Apr 2026 00:00:00 GMT",
            "Mon, 29 Feb 2100 00:00:00 GMT", "Tue, 31 Nov 2026 00:00:00 GMT",
        ])
    func refusesDays(text: String) {
        #expect(parsed(text) == nil)
    }

    @Test(
        "The two obsolete forms are read",
        arguments: [
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777), ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Wednesday, 16-Nov-94 08:49:37 GMT", 784_975_777), ("Wed Nov 16 08:49:37 1994", 784_975_777),
            ("Wednesday, 01-Jan-70 00:00:00 GMT", 3_155_760_000), ("Thu Jan  1 00:00:00 1970", 0),
            ("Tuesday, 29-Feb-00 00:00:00 GMT", 951_782_400), ("Tue Feb 29 00:00:00 2000", 951_782_400),
            ("Monday, 01-Jan-24 00:00:00 GMT", 1_704_067_200), ("Fri Dec 31 23:59:59 9999", 253_402_300_799),
            // The weekday is not held against the date.
            ("Friday, 06-Nov-94 08:49:37 GMT", 784_111_777), ("Sat Nov 06 08:49:37 1994", 784_111_777),
            ("Tue, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ] as [(String, Int64)])
    func obsolete(text: String, expected: Int64) {
        #expect(parsed(text) == expected)
    }

    @Test(
        "A year of two digits is no more than 50 years ahead",
        arguments: [
            // To the second at the end of 50 years from Wed, 01 Jul 2026 12:00:00.
            (1_782_907_200, "01-Jul-76 12:00:00", "Wed, 01 Jul 2076 12:00:00 GMT"),
            (1_782_907_200, "01-Jul-76 12:00:01", "Thu, 01 Jul 1976 12:00:01 GMT"),
            (1_782_907_200, "02-Jul-76 00:00:00", "Fri, 02 Jul 1976 00:00:00 GMT"),
            (1_782_907_200, "01-Jul-26 13:00:00", "Wed, 01 Jul 2026 13:00:00 GMT"),
            (1_782_907_200, "31-Dec-99 23:59:59", "Fri, 31 Dec 1999 23:59:59 GMT"),
            (1_782_907_200, "01-Jan-00 00:00:00", "Sat, 01 Jan 2000 00:00:00 GMT"),
            // At the end of a century, the next one is near.
            (946_684_799, "01-Jan-00 00:00:00", "Sat, 01 Jan 2000 00:00:00 GMT"),
            (946_684_799, "01-Jan-49 00:00:00", "Fri, 01 Jan 2049 00:00:00 GMT"),
            (946_684_799, "01-Jan-50 00:00:00", "Sun, 01 Jan 1950 00:00:00 GMT"),
            (.max, "01-Jan-50 00:00:00", "Sat, 01 Jan 9950 00:00:00 GMT"),
            (.min, "01-Jan-50 00:00:00", "Sun, 01 Jan 1950 00:00:00 GMT"),
        ] as [(Int64, String, String)])
    func centuries(now: Int64, date: String, expected: String) {
        #expect(parsed("Monday, \(date) GMT", now: now) == parsed(expected))
    }

    @Test("A leap second counts as the second after it")
    func leapSecond() {
        #expect(parsed("Sat, 31 Dec 2016 23:59:60 GMT") == parsed("Sun, 01 Jan 2017 00:00:00 GMT"))
    }

    private func spelled(_ seconds: Int64) -> String { written { HTTPDate.append(seconds, to: &$0) } }

    private func parsed(_ text: String, now: Int64 = 1_782_907_200) -> Int64? {
        let bytes = Array(text.utf8)
        return HTTPDate.parse(bytes.span, now: now)
    }
}
