import Testing

@testable import Commands

@Suite struct PriceTextTests {
    @Test(arguments: [
        ("0.0000025", "2.50", "2.5"), ("0.00001", "10.00", "10"), ("0", "0.00", "0"), ("0.0", "0.00", "0"),
        ("1e-7", "0.10", "0.1"), ("0.0000001999999", "0.1999999", "0.1999999"), ("12.5", "12500000.00", "12500000"),
        ("0.000000000000000000000001", "0.000000000000000001", "0.000000000000000001"),
        // In floating point these two are 0.15000000000000002 and 0.07500000000000001.
        ("0.00000015", "0.15", "0.15"), ("0.000000075", "0.075", "0.075"),
    ])
    func `a price is written exactly`(text: String, shown: String, plain: String) {
        #expect(PriceText.shown(PriceText.read(text)) == shown)
        #expect(PriceText.plain(PriceText.read(text)) == plain)
    }

    @Test(arguments: [
        (nil, "-"), ("-1", "varies"), ("free", "?"), ("", "?"), ("0.0000000000000000000000001", "?"), ("1e99", "?"),
    ])
    func `what is no price is not written as one`(text: String?, shown: String) {
        #expect(PriceText.shown(PriceText.read(text)) == shown)
        #expect(PriceText.plain(PriceText.read(text)).isEmpty)
    }
}
