import EventLoop
import Testing

@Suite struct TimeAsleepTests {
    private static let second: Int64 = 1_000_000_000

    /// What comes of readings, in milliseconds: seconds with sleep, then seconds without.
    private func times(_ readings: [(withSleep: Double, withoutSleep: Double)]) -> [UInt64] {
        var asleep = TimeAsleep()
        return readings.map { withSleep, withoutSleep in
            asleep.read(
                withSleep: Int64(withSleep * Double(Self.second)),
                withoutSleep: Int64(withoutSleep * Double(Self.second)))
            return asleep.milliseconds
        }
    }

    @Test func `the difference of the clocks is the time asleep`() {
        #expect(times([(100, 100), (101, 101), (3_700, 102), (3_701, 103)]) == [0, 0, 3_598_000, 3_598_000])
    }

    @Test func `a pause between the readings makes nothing go back or ahead`() {
        // The thread waits for 40 ms between the first and the second reading, then for a minute.
        #expect(
            times([(200, 100), (201, 101.04), (202, 102), (203, 163), (204, 104)]) == [
                100_000, 100_000, 100_000, 100_000, 100_000,
            ])
        #expect(times([(100, 100.04), (101, 101)]) == [0, 0])
    }

    @Test func `no reading ends the process`() {
        for a in [Int64.min, -1, 0, 1, .max] {
            for b in [Int64.min, -1, 0, 1, .max] {
                var asleep = TimeAsleep()
                asleep.read(withSleep: 5_000_000, withoutSleep: 0)
                asleep.read(withSleep: a, withoutSleep: b)
                #expect(asleep.milliseconds >= 5)
            }
        }
    }

    @Test func `a loop's clock and its time asleep never go back`() {
        withLoop { loop in
            var last = loop.nowMilliseconds
            var lastAsleep = loop.readTimeAsleep()
            for _ in 0..<20_000 {
                loop.updateNow()
                let asleep = loop.readTimeAsleep()
                let now = loop.nowMilliseconds
                #expect(now >= last && asleep >= lastAsleep)
                (last, lastAsleep) = (now, asleep)
            }
        }
    }
}

@Suite struct SleepWatchTests {
    @Test func `a long sleep is noticed once, a short one is not`() {
        var watch = SleepWatch(limit: 20_000, asleep: 5_000)
        let looks: [(UInt64, Bool)] = [
            (5_000, false), (25_000, false), (45_001, true), (45_001, false), (0, false), (45_001, false), (.max, true),
        ]
        for (asleep, expected) in looks { #expect(watch.hasSlept(asleep: asleep) == expected, "\(asleep)") }
    }
}
