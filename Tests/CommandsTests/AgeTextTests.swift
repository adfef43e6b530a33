import Testing

@testable import Commands

@Suite struct AgeTextTests {
    @Test(arguments: [
        (-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (3_599, "59m"), (3_600, "1h"), (172_799, "47h"),
        (172_800, "2d"),
        (8_639_999, "99d"), (8_640_000, "3mo"), (63_071_999, "24mo"), (63_072_000, "2y"), (946_080_000, "30y"),
    ])
    func `a time span has one number and one unit`(seconds: Int, text: String) {
        #expect(AgeText.short(seconds) == text)
    }

    @Test(arguments: [
        (-1, "0 B"), (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), ((1 << 20) - 1, "1023.9 KiB"),
        (256 << 20, "256.0 MiB"), (5 << 40, "5.0 TiB"), (Int.max, "8388607.9 TiB"),
    ])
    func `a size has one decimal place above a kibibyte`(bytes: Int, text: String) {
        #expect(SizeDisplay.short(bytes) == text)
    }
}
