import Caching
import Testing

@Suite("The clock of what is stored")
struct StateClockTests {
    private static let day: Int64 = 86_400_000

    @Test("Without an earlier reading it begins with the wall time, and goes with the monotonic clock")
    func beginning() {
        let clock = StateClock(after: nil, now: 5_000, wall: 1_000_000)
        #expect(clock.time(at: 5_000) == 1_000_000)
        #expect(clock.time(at: 6_500) == 1_001_500)
        #expect(clock.time(at: 4_000) == 999_000)
        #expect(clock.monotonic(at: 1_001_500) == 6_500)
        #expect(clock.monotonic(at: clock.time(at: 77_777)) == 77_777)
    }

    @Test(
        "Over a restart it goes on by the wall time that has passed, and never back",
        arguments: [(0, 0), (30_000, 30_000), (day, day), (-1, 0), (-day, 0)] as [(Int64, Int64)])
    func restart(passed: Int64, expected: Int64) {
        let last = StateClock.Reading(state: 7_000_000, wall: 9_000_000)
        let clock = StateClock(after: last, now: 1, wall: 9_000_000 + passed)
        #expect(clock.time(at: 1) == 7_000_000 + expected)
    }

    @Test("A wall clock that is set while the process runs changes nothing", arguments: [day, -day])
    func setMeanwhile(jump: Int64) {
        let clock = StateClock(after: nil, now: 0, wall: 10 * Self.day)
        // After an hour somebody sets the clock; a reading is written; an hour later the process is killed and comes back.
        let hour: UInt64 = 3_600_000
        let reading = StateClock.Reading(state: clock.time(at: hour), wall: 10 * Self.day + Int64(hour) + jump)
        let next = StateClock(after: reading, now: 50, wall: reading.wall + Int64(hour))
        #expect(next.time(at: 50) == 10 * Self.day + 2 * Int64(hour))
    }
}

@Suite("Noticing that the wall clock was set")
struct ClockWatchTests {
    @Test("Going along is no jump, and each jump is told once")
    func jumps() {
        var watch = ClockWatch(now: 1_000, wall: 5_000_000)
        let looks: [(UInt64, Int64, Bool)] = [
            (6_000, 5_005_000, false), (11_000, 5_011_500, false), (16_000, 91_416_500, true),
            (21_000, 91_421_500, false), (26_000, 5_026_000, true), (31_000, 5_031_000, false),
        ]
        for (now, wall, expected) in looks { #expect(watch.hasJumped(now: now, wall: wall) == expected) }
    }
}
