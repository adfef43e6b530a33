import Testing

@testable import Daemon

@Suite("Durations as text")
struct DurationTextTests {
    @Test(
        "A number and a unit make a duration",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("5m", .seconds(300)), ("1h", .seconds(3600)),
            ("2d", .seconds(172_800)), ("0s", .zero), ("007s", .seconds(7)),
        ])
    func parses(text: String, expected: Duration) {
        #expect(DurationText.parse(text) == expected)
    }

    @Test(
        "Anything else makes none",
        arguments: [
            "", "10", "s", "10 s", " 10s", "10s ", "10S", "1.5s", "-1s", "+1s", "1h30m", "10sec", "1w", "1_000s", "٣s",
            "9223372036854775808ms", "9223372036854775807s",
        ])
    func refuses(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(
        "A duration is shown in its largest whole unit",
        arguments: [
            (Duration.zero, "0s"), (.milliseconds(1500), "1500ms"), (.seconds(75), "75s"), (.seconds(300), "5m"),
            (.seconds(3600), "1h"), (.seconds(172_800), "2d"), (.seconds(31_536_000), "365d"),
        ])
    func shows(duration: Duration, expected: String) {
        #expect(DurationText.show(duration) == expected)
        #expect(DurationText.parse(expected) == duration)
    }
}
