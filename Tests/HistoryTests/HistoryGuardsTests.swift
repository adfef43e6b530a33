import History
import Testing

@Suite struct ShrinkGuardTests {
    private func models(_ numbers: Range<Int>) -> [ShrinkGuard.HeldModel] {
        numbers.map { ShrinkGuard.HeldModel(id: "a/\($0)", row: Array("{\"id\":\"a/\($0)\"}".utf8)) }
    }

    private static let losses: [(lost: Int, of: Int, isHeld: Bool)] = [
        (0, 100, false), (1, 100, false), (30, 100, false), (31, 100, true), (100, 100, true),
        (3, 10, false), (4, 10, true), (1, 3, true), (1, 4, false), (0, 0, false),
    ]

    @Test(arguments: losses)
    func moreThanThirtyPercentAreHeldBack(lost: Int, of count: Int, isHeld: Bool) {
        var shrink = ShrinkGuard()
        let (verdict, confirmed, back) = shrink.observe(missing: models(0..<lost), of: count) { _ in false }
        #expect(verdict == (isHeld ? .shrunk : .removed))
        #expect(shrink.held.count == (isHeld ? lost : 0))
        #expect(confirmed.isEmpty && back.isEmpty)
    }

    @Test func theNextCatalogueConfirmsOrTakesBack() {
        var shrink = ShrinkGuard()
        _ = shrink.observe(missing: models(0..<50), of: 100) { _ in false }
        let (verdict, confirmed, back) = shrink.observe(missing: [], of: 50) { $0 != "a/7" }
        #expect(verdict == .removed)
        #expect(confirmed.map(\.id) == ["a/7"])
        #expect(back.count == 49)
        #expect(shrink == ShrinkGuard())
    }

    @Test func aSecondLossIsHeldBackAgain() {
        var shrink = ShrinkGuard()
        _ = shrink.observe(missing: models(0..<50), of: 100) { _ in false }
        let (verdict, confirmed, _) = shrink.observe(missing: models(50..<80), of: 50) { _ in false }
        #expect(verdict == .shrunk)
        #expect(confirmed.count == 50)
        #expect(shrink.held == models(50..<80))
    }

    @Test func itIsTheSameWhenItIsReadBack() {
        var shrink = ShrinkGuard()
        #expect(ShrinkGuard(encoded: shrink.encoded.span) == shrink)
        let odd = ShrinkGuard.HeldModel(id: "é\n1 2", row: Array("{\"id\":\"é\\n\"}\n".utf8))
        _ = shrink.observe(missing: models(0..<9) + [odd], of: 10) { _ in false }
        #expect(ShrinkGuard(encoded: shrink.encoded.span) == shrink)
    }

    @Test func damagedBytesAreNotRead() {
        var shrink = ShrinkGuard()
        _ = shrink.observe(missing: models(0..<2), of: 2) { _ in false }
        let whole = shrink.encoded
        for end in 0..<whole.count {
            // A cut behind a whole model cannot be told from a shorter list.
            guard let read = ShrinkGuard(encoded: whole.span.extracting(0..<end)) else { continue }
            #expect(read.held.count < 2, "cut at \(end)")
        }
        for text in [
            "", "x", "larder shrink 2\n", "larder shrink 1\n1", "larder shrink 1\n1 99\na{}",
            "larder shrink 1\n-1 2\n{}",
            "larder shrink 1\n9223372036854775807 9223372036854775807\n", "larder shrink 1\n1 1 1\nab",
        ] {
            #expect(ShrinkGuard(encoded: Array(text.utf8).span) == nil, "\(text)")
        }
        #expect(ShrinkGuard(encoded: (Array("larder shrink 1\n1 2\n".utf8) + [0xFF, 0x7B, 0x7D]).span) == nil)
    }
}

/// When the wall clock may say what is old, event by event.
@Suite struct PruningClockTests {
    private static let day: Int64 = 86_400

    /// A time of the monotonic clock, after so many seconds.
    private static func after(_ seconds: Int64) -> UInt64 { 5_000 + UInt64(seconds) * 1_000 }

    private final class Clock {
        private var clock: PruningClock
        init(latest: Int64 = 1_000_000, at now: UInt64 = PruningClockTests.after(0)) {
            clock = PruningClock(latest: latest, at: now)
        }
        func isBelieved(at now: UInt64, wallSeconds: Int64) -> Bool {
            clock.isBelieved(at: now, wallSeconds: wallSeconds)
        }
    }

    private let clock = Clock()

    @Test func `a clock that goes on evenly, or makes small steps, is believed`() {
        var wall: Int64 = 1_000_000
        for (seconds, step) in [(0, 0), (60, 0), (3_600, 3_600), (7_200, Self.day), (7_300, -40 * Self.day)] {
            wall += step
            let isBelieved = clock.isBelieved(at: Self.after(Int64(seconds)), wallSeconds: wall + Int64(seconds))
            #expect(isBelieved, "after \(seconds) s")
        }
    }

    @Test func `a clock that is far ahead is believed after it has gone on like that for a day`() {
        let ahead: Int64 = 1_000_000 + 400 * Self.day
        for seconds in [0, 60, Self.day - 1] {
            let isBelieved = clock.isBelieved(at: Self.after(seconds), wallSeconds: ahead + seconds)
            #expect(!isBelieved, "after \(seconds) s")
        }
        #expect(clock.isBelieved(at: Self.after(Self.day), wallSeconds: ahead + Self.day))
        #expect(clock.isBelieved(at: Self.after(Self.day + 1), wallSeconds: ahead + Self.day + 1))
    }

    @Test func `one that is set right again was never believed`() {
        let ahead: Int64 = 1_000_000 + 400 * Self.day
        #expect(!clock.isBelieved(at: Self.after(0), wallSeconds: ahead))
        #expect(clock.isBelieved(at: Self.after(60), wallSeconds: 1_000_060))
        // The next jump begins anew.
        #expect(!clock.isBelieved(at: Self.after(120), wallSeconds: ahead))
        #expect(!clock.isBelieved(at: Self.after(Self.day + 60), wallSeconds: ahead + Self.day))
        #expect(clock.isBelieved(at: Self.after(Self.day + 120), wallSeconds: ahead + Self.day))
    }

    @Test func `another jump begins the day anew, in either direction`() {
        for (start, days) in [(Int64(0), Int64(100)), (Self.day / 2, 200), (Self.day, 50)] {
            let wall = 1_000_000 + days * Self.day
            #expect(!clock.isBelieved(at: Self.after(start), wallSeconds: wall + start))
            #expect(!clock.isBelieved(at: Self.after(start + Self.day / 2 - 1), wallSeconds: wall + start))
        }
    }

    @Test func `clocks at their limits do no harm`() {
        var clock = Clock(latest: .min, at: 0)
        #expect(!clock.isBelieved(at: 0, wallSeconds: .max))
        #expect(clock.isBelieved(at: .max, wallSeconds: .min))
        clock = Clock(latest: .max, at: .max)
        #expect(clock.isBelieved(at: 0, wallSeconds: .min))
    }
}

/// When a catalogue may be recorded with the time of the wall clock, event by event.
@Suite struct RecordingClockTests {
    private static let hour = RecordingClock.patience
    private static let most = RecordingClock.tolerance
    private static let far: [Int64] = [.min, -30_000, -most - 1, most + 1, 30_000, .max]

    @Test func `clocks that agree, or that nobody compares, delay nothing`() {
        var clock = RecordingClock()
        for lead in [nil, 0, 5, -5, Self.most, -Self.most] as [Int64?] {
            #expect(clock.judge(lead: lead, at: 0) == .record)
        }
    }

    @Test(arguments: far)
    func `nothing is recorded until the clocks agree, and that is reported once`(lead: Int64) {
        var clock = RecordingClock()
        #expect(clock.judge(lead: nil, at: 0) == .record)
        #expect(clock.judge(lead: lead, at: 1_000) == .wait(isNew: true))
        #expect(clock.judge(lead: lead, at: 2_000) == .wait(isNew: false))
        // Another replica's copy does not show it.
        #expect(clock.judge(lead: nil, at: 3_000) == .wait(isNew: false))
        #expect(clock.judge(lead: 1, at: 4_000) == .record)
        #expect(clock.judge(lead: nil, at: 5_000) == .record)
        // The next time begins anew.
        #expect(clock.judge(lead: lead, at: Self.hour) == .wait(isNew: true))
        #expect(clock.judge(lead: lead, at: 2 * Self.hour - 1) == .wait(isNew: false))
    }

    @Test(arguments: far)
    func `a difference that stays delays it by an hour`(lead: Int64) {
        var clock = RecordingClock()
        #expect(clock.judge(lead: lead, at: 500) == .wait(isNew: true))
        #expect(clock.judge(lead: lead, at: 499 + Self.hour) == .wait(isNew: false))
        for now in [500 + Self.hour, 501 + Self.hour, .max] {
            #expect(clock.judge(lead: lead, at: now) == .record)
            #expect(clock.judge(lead: nil, at: now) == .record)
        }
    }

    @Test func `a clock behind the history is reported once until it gets there`() {
        var clock = RecordingClock()
        let steps: [(latest: Int64, time: Int64, isReported: Bool)] = [
            (1_000, 1_000, false), (1_000 + Self.most, 1_000, false), (50_000, 1_001, true), (50_000, 1_002, false),
            (50_000, 50_000, false), (90_000, 50_000, true), (.max, .min, false), (.min, .max, false),
            (.max, .min, true),
        ]
        for step in steps {
            #expect(clock.isNewlyBehind(latest: step.latest, time: step.time) == step.isReported, "\(step)")
        }
    }
}
