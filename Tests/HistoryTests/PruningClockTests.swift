import History
import Testing

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
