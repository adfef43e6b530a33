import HTTPClient
import Testing

/// For how long nobody has acknowledged anything, from looks at a connection: no socket, no clock.
@Suite struct AcknowledgementWatchTests {
    /// A look at a time: whether something waits, when the last acknowledgement came, and how long nobody has
    /// acknowledged anything.
    typealias Look = (now: UInt64, isWaiting: Bool, last: UInt64, silence: UInt64)

    static let tables: [(String, [Look])] = [
        (
            "silence counts from the first look that found it",
            [
                (5_000, true, 900, 0), (10_000, true, 900, 5_000),
                (40_000, true, 900, 35_000),
            ]
        ),
        ("data on its way after a long rest is no silence", [(900_000, true, 10, 0), (900_001, true, 10, 1)]),
        (
            "where nothing waits there is none",
            [
                (5_000, true, 0, 0), (10_000, false, 0, 0), (90_000, true, 0, 0),
                (95_000, true, 0, 5_000),
            ]
        ),
        (
            "an acknowledgement ends it, though other data waits",
            [
                (5_000, true, 0, 0), (10_000, true, 9_000, 0),
                (15_000, true, 9_000, 5_000), (20_000, true, 19_999, 0),
            ]
        ),
        (
            "one that came at the time of a look may have come after it",
            [
                (5_000, true, 4_980, 0),
                (10_000, true, 4_980, 0), (15_000, true, 4_980, 5_000),
            ]
        ),
        (
            "the two clocks need not agree",
            [
                (100, true, 200, 0), (5_000, true, 5_040, 0), (9_000, true, 5_040, 0),
                (12_000, true, 5_040, 3_000),
            ]
        ),
        (
            "a clock that goes back measures nothing",
            [(5_000, true, 0, 0), (4_000, true, 0, 0), (6_000, true, 0, 1_000)]
        ),
    ]

    @Test(arguments: tables)
    func `each look counts the silence`(name: String, looks: [Look]) {
        var watch = AcknowledgementWatch()
        for look in looks {
            let since = look.now > look.last ? look.now - look.last : 0
            let silence = watch.look(.init(isWaiting: look.isWaiting, sinceLast: since), at: look.now)
            #expect(silence == look.silence, "\(name): at \(look.now)")
        }
    }

    @Test func `a time before the clock's start is its start`() {
        var watch = AcknowledgementWatch()
        #expect(watch.look(.init(isWaiting: true, sinceLast: .max), at: 1_000) == 0)
        #expect(watch.look(.init(isWaiting: true, sinceLast: .max), at: 3_000) == 2_000)
    }
}
