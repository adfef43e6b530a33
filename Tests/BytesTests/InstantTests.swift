import Bytes
import Foundation
import TestSupport
import Testing

@Suite struct InstantTests {
    private static let times: [(text: String, seconds: Int64)] = [
        ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0), ("2026-11-29", 1_795_910_400),
        ("2026-11-29T08:30:00Z", 1_795_941_000), ("2026-11-29T09:30:00+01:00", 1_795_941_000),
        ("2026-11-29t04:00:00.999-04:30", 1_795_941_000), ("2026-11-29 08:30:00z", 1_795_941_000),
        ("2024-02-29", 1_709_164_800), ("2000-02-29", 951_782_400), ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("1969-12-31T23:59:59Z", -1), ("0000-01-01", -62_167_219_200), ("9999-12-31T23:59:59Z", 253_402_300_799),
    ]

    @Test(arguments: times)
    func timesAreRead(text: String, seconds: Int64) {
        #expect(Instant(text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "2026", "2026-11", "2026-13-01", "2026-00-01", "2026-02-29", "2100-02-29", "2026-04-31",
        "2026-11-29T08:30Z",
        "2026-11-29T08:30:00", "2026-11-29T24:00:00Z", "2026-11-29T08:60:00Z", "2026-11-29T08:30:61Z",
        "2026-11-29T08:30:00.Z", "2026-11-29T08:30:00+0100", "2026-11-29T08:30:00+24:00", "2026-11-29T08:30:00Zx",
        " 2026-11-29", "2026-11-29 ", "26-11-29", "2026-1-1", "2026-11-29T", "２０２６-11-29", "2026/11/29",
    ])
    func otherTextIsNoTime(text: String) {
        #expect(Instant(text) == nil)
    }

    @Test func everyTimeIsWrittenAsFoundationWritesIt() {
        let formatter = ISO8601DateFormatter()
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let seconds = Int64.random(in: -12_000_000_000...253_402_300_799, using: &random)
            let text = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
            #expect(Instant(seconds: seconds).text == text)
            #expect(Instant(text)?.seconds == seconds)
        }
    }

    @Test func timesBeyondTheCalendarAreGivenAsItsEnds() {
        #expect(Instant(seconds: .max).text == "9999-12-31T23:59:59Z")
        #expect(Instant(seconds: .min).text == "0000-01-01T00:00:00Z")
    }
}
