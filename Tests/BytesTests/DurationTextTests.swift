import Bytes
import Testing

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

    @Test(
        "Whole seconds are read in every unit but milliseconds",
        arguments: [
            ("30s", 30), ("5m", 300), ("12h", 43_200), ("7d", 604_800), ("0d", 0), ("", nil), ("d", nil), ("7", nil),
            ("7w", nil), ("7 d", nil), ("-7d", nil), ("1.5h", nil), ("7d7h", nil), ("9223372036854775807d", nil),
            ("99999999999999999999s", nil), ("7ms", nil), ("7000ms", nil),
        ] as [(String, Int64?)])
    func readsSeconds(text: String, seconds: Int64?) {
        #expect(DurationText.seconds(text) == seconds)
    }
}
