import Caching
import HTTPCore
import Testing

/// Times come from clocks, headers and files: none of them may end the process, whatever it says.
@Suite("Times at the ends of what 64 bits hold")
struct ExtremeTimeTests {
    private static let signed: [Int64] = [.min, .min + 1, -1, 0, 1, 1_795_000_000_000, .max - 1, .max]
    private static let unsigned: [UInt64] = [0, 1, 1 << 42, 1 << 63, .max - 1, .max]

    @Test("The clock of what is stored", arguments: signed)
    func stateClock(state: Int64) {
        for wall in Self.signed {
            for now in Self.unsigned {
                for last in Self.signed {
                    let clock = StateClock(after: .init(state: state, wall: last), now: now, wall: wall)
                    // It never goes back, neither over a restart nor afterwards.
                    #expect(clock.time(at: now) >= state)
                    let times = Self.unsigned.map { clock.time(at: $0) }
                    #expect(times == times.sorted())
                    let moments = Self.signed.map { clock.monotonic(at: $0) }
                    #expect(moments == moments.sorted())
                }
            }
        }
    }

    @Test("What lies before the monotonic clock's beginning is its beginning, not its end")
    func beforeTheBeginning() {
        let clock = StateClock(after: nil, now: 1_000, wall: 1_000_000)
        #expect(clock.monotonic(at: 0) == 0)
        #expect(clock.monotonic(at: 999_500) == 500)
    }

    @Test("Noticing that the wall clock was set", arguments: signed)
    func clockWatch(wall: Int64) {
        for other in Self.signed {
            for now in Self.unsigned {
                var watch = ClockWatch(now: now, wall: wall)
                let distance = (Int128(other) - Int128(wall)).magnitude
                let hasJumped = watch.hasJumped(now: now, wall: other)
                if distance <= UInt128(ClockWatch.tolerance) { #expect(hasJumped == false) }
            }
        }
    }

    @Test("Freshness", arguments: unsigned)
    func freshness(storedAt: UInt64) {
        let windows = StaleWindows(whileRevalidate: .max, ifError: .max, noCache: .max)
        for lifetime in Self.unsigned {
            let copy = Freshness(storedAt: storedAt, lifetime: lifetime, staleUse: .always)
            // A long lifetime is not over before it has begun.
            #expect(copy.freshUntil >= storedAt)
            #expect(copy.useEnds(windows) == .max)
            for now in Self.unsigned {
                #expect(copy.age(at: now) >= 0)
                _ = copy.remaining(at: now)
                if copy.isFresh(at: now) { #expect(copy.secondsChange(after: now) > now || now == .max) }
                #expect(copy.mayReplaceError(at: now, windows) == (now < .max))
                #expect(copy.isRecent(at: now, windows) == copy.isFresh(at: now))
            }
        }
    }

    @Test("Backing off", arguments: unsigned)
    func backoff(now: UInt64) {
        for wish in [nil, Int.min, -1, 0, 1, .max] {
            for chance in [0, 0.5, 1, 2, -1] {
                var backoff = Backoff()
                for _ in 0..<20 { backoff.failed(at: now, wish: wish, chance: chance) }
                #expect(backoff.until >= now)
                for later in Self.unsigned {
                    #expect((backoff.retryAfter(at: later) ?? 0) >= 0)
                    _ = backoff.isForgotten(at: later)
                }
            }
        }
    }

    @Test("Upstream's own lifetimes", arguments: [Int.min, -1, 0, 1, .max])
    func lifetimes(seconds: Int) {
        var control = CacheControl()
        control.maxAge = seconds
        let lifetime = Lifetimes(respectsUpstream: true).lifetime(configured: 1, response: control)
        #expect(
            lifetime
                == (seconds <= 0
                    ? 0 : UInt64(seconds).multipliedFullWidth(by: 1000).high > 0 ? .max : UInt64(seconds) * 1000))
    }
}
