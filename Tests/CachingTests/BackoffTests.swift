import Testing

@testable import Caching

@Suite("Pauses after failures")
struct BackoffTests {
    @Test("Without a failure there is no pause")
    func none() {
        #expect(Backoff().retryAfter(at: 0) == nil)
        #expect(Backoff().retryAfter(at: .max) == nil)
    }

    @Test(
        "The pause doubles from one second to sixty, and ends in its second half",
        arguments: [
            (1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (5, 16_000), (6, 32_000), (7, 60_000), (8, 60_000),
            (100, 60_000),
        ] as [(Int, UInt64)])
    func doubles(failures: Int, pause: UInt64) {
        for chance in [0, 0.25, 0.5, 0.999_999] {
            let end = end(ofFailures: failures, chance: chance)
            #expect(end >= pause / 2 && end < pause)
            #expect(abs(Double(end) - Double(pause) / 2 * (1 + chance)) <= 1)
        }
    }

    @Test(
        "Upstream's wish rules, up to an hour",
        arguments: [
            (0, 1_000), (1, 1_000), (120, 120_000), (3_600, 3_600_000), (3_601, 3_600_000), (1 << 31, 3_600_000),
        ]
            as [(Int, UInt64)])
    func wish(seconds: Int, expected: UInt64) {
        var backoff = Backoff()
        backoff.failed(at: 5_000, wish: seconds, chance: 0.7)
        #expect(backoff.retryAfter(at: 5_000) == Int(expected / 1000))
        #expect(backoff.retryAfter(at: 5_000 + expected) == nil)
        #expect(backoff.retryAfter(at: 5_000 + expected - 1) == 1)
    }

    @Test(
        "What is told is whole seconds, rounded up",
        arguments: [(0, 10), (1, 10), (999, 10), (1_000, 9), (1_001, 9), (9_000, 1), (9_999, 1), (10_000, nil)]
            as [(UInt64, Int?)])
    func roundsUp(elapsed: UInt64, expected: Int?) {
        var backoff = Backoff()
        backoff.failed(at: 77, wish: 10, chance: 0)
        #expect(backoff.retryAfter(at: 77 + elapsed) == expected)
    }

    @Test("A wish counts as a failure for the pause that comes after it")
    func wishThenOwn() {
        var backoff = Backoff()
        backoff.failed(at: 0, wish: 1, chance: 0)
        backoff.failed(at: 1_000, wish: nil, chance: 0)
        #expect(backoff.retryAfter(at: 1_000) == 1)
        #expect(backoff.retryAfter(at: 1_999) == 1)
        #expect(backoff.retryAfter(at: 2_000) == nil)
    }

    @Test("It is forgotten a minute after the pause")
    func forgotten() {
        var backoff = Backoff()
        backoff.failed(at: 0, wish: 10, chance: 0)
        #expect(!backoff.isForgotten(at: 10_000))
        #expect(!backoff.isForgotten(at: 70_000))
        #expect(backoff.isForgotten(at: 70_001))
    }

    @Test("A failure that comes after the last one was forgotten is a first one")
    func startsAnew() {
        var backoff = Backoff()
        for _ in 0..<10 { backoff.failed(at: 0, wish: nil, chance: 0) }
        var kept = backoff
        kept.failed(at: 80_000, wish: nil, chance: 0)
        #expect(kept.retryAfter(at: 80_000) == 30)
        backoff.failed(at: 100_000, wish: nil, chance: 0)
        #expect(backoff.retryAfter(at: 100_000) == 1)
    }

    /// How long after the last of some failures at one moment upstream may be asked again.
    private func end(ofFailures count: Int, chance: Double) -> UInt64 {
        var backoff = Backoff()
        let start: UInt64 = 1_000_000
        for _ in 0..<count { backoff.failed(at: start, wish: nil, chance: chance) }
        return (0...Backoff.longest).first { backoff.retryAfter(at: start + $0) == nil } ?? .max
    }
}
