import Testing

@testable import Settings

@Suite("Sizes as text")
struct SizeTextTests {
    @Test(
        "A number and perhaps a unit make a size",
        arguments: [
            ("0", 0), ("512", 512), ("512B", 512), ("64KiB", 65_536), ("256MiB", 268_435_456), ("2GiB", 2_147_483_648),
        ])
    func parses(text: String, expected: Int) {
        #expect(SizeText.parse(text) == expected)
    }

    @Test(
        "Anything else makes none",
        arguments: [
            "", "KiB", "1KB", "1kib", "1K", "1.5MiB", "-1", "1 MiB", "9223372036854775807KiB", "99999999999999999999",
        ])
    func refuses(text: String) {
        #expect(SizeText.parse(text) == nil)
    }

    @Test(
        "A size is shown in its largest whole unit",
        arguments: [
            (0, "0B"), (1000, "1000B"), (1536, "1536B"), (2048, "2KiB"), (256 << 20, "256MiB"), (1 << 40, "1024GiB"),
        ])
    func shows(bytes: Int, expected: String) {
        #expect(SizeText.show(bytes) == expected)
        #expect(SizeText.parse(expected) == bytes)
    }
}
