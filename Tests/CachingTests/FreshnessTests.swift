import HTTPCore
import Testing

@testable import Caching

@Suite("Freshness")
struct FreshnessTests {
    @Test(
        "Age and remaining time stay the same until they are said to change",
        arguments: [0, 1, 300, 999, 1000, 1001, 2_500])
    func secondsChange(lifetime: UInt64) {
        for storedAt: UInt64 in [5_000, 5_001, 5_999] {
            let copy = Freshness(storedAt: storedAt, lifetime: lifetime, initialAge: 3)
            // A loop's clock may be a moment behind that of the one which stored it.
            for now in storedAt - 700..<storedAt + lifetime {
                let change = copy.secondsChange(after: now)
                var first = now + 1
                while copy.age(at: first) == copy.age(at: now), copy.remaining(at: first) == copy.remaining(at: now) {
                    first += 1
                }
                guard change == first else {
                    Issue.record("\(storedAt) \(lifetime) \(now): \(change) instead of \(first)")
                    return
                }
            }
        }
    }

    @Test(
        "A copy is fresh until its lifetime is over, and tells whole seconds",
        arguments: [
            (now: 10_000, fresh: true, age: 0, remaining: 3), (now: 10_001, fresh: true, age: 0, remaining: 3),
            (now: 10_999, fresh: true, age: 0, remaining: 2), (now: 11_000, fresh: true, age: 1, remaining: 2),
            (now: 12_001, fresh: true, age: 2, remaining: 1), (now: 12_499, fresh: true, age: 2, remaining: 1),
            (now: 12_500, fresh: false, age: 2, remaining: -1), (now: 13_499, fresh: false, age: 3, remaining: -1),
            (now: 13_500, fresh: false, age: 3, remaining: -2), (now: 60_000, fresh: false, age: 50, remaining: -48),
            (now: 9_999, fresh: true, age: 0, remaining: 3), (now: 0, fresh: true, age: 0, remaining: 13),
        ] as [(now: UInt64, fresh: Bool, age: Int, remaining: Int)])
    func course(now: UInt64, fresh: Bool, age: Int, remaining: Int) {
        let copy = Freshness(storedAt: 10_000, lifetime: 2_500)
        #expect(copy.isFresh(at: now) == fresh)
        #expect(copy.age(at: now) == age)
        #expect(copy.remaining(at: now) == remaining)
    }

    @Test("A response that was old already is older by that")
    func initialAge() {
        let copy = Freshness(storedAt: 1_000, lifetime: 5_000, initialAge: 42)
        #expect(copy.age(at: 1_000) == 42)
        #expect(copy.age(at: 4_500) == 45)
        #expect(copy.age(at: 0) == 42)
    }

    @Test("Without a lifetime it is never fresh")
    func noLifetime() {
        let copy = Freshness(storedAt: 1_000, lifetime: 0)
        #expect(!copy.isFresh(at: 1_000))
        #expect(copy.remaining(at: 1_000) == -1)
    }

    @Test(
        "What it may be used for afterwards ends with its windows",
        arguments: [
            (.always, true, true, 13_000), (.onError, false, true, 13_000), (.never, false, false, 10_000),
        ] as [(StaleUse, Bool, Bool, UInt64)])
    func windows(use: StaleUse, behind: Bool, onError: Bool, end: UInt64) {
        let copy = Freshness(storedAt: 0, lifetime: 10_000, staleUse: use)
        let windows = StaleWindows(whileRevalidate: 1_000, ifError: 3_000)
        #expect(copy.mayBeRevalidatedBehind(at: 10_999, windows) == behind)
        #expect(!copy.mayBeRevalidatedBehind(at: 11_000, windows))
        #expect(copy.mayReplaceError(at: 12_999, windows) == onError)
        #expect(!copy.mayReplaceError(at: 13_000, windows))
        #expect(copy.useEnds(windows) == end)
    }

    @Test("Several copies may be used as far as each of them may")
    func joinedUse() {
        let uses: [StaleUse] = [.always, .onError, .always]
        let joined = Freshness(joining: uses.map { Freshness(storedAt: 0, lifetime: 1, staleUse: $0) })
        #expect(joined.staleUse == .onError)
    }
}

@Suite("Lifetimes")
struct LifetimesTests {
    @Test("The setting rules by default", arguments: ["", "max-age=1", "no-store", "s-maxage=1", "no-cache"])
    func settingRules(field: String) {
        #expect(Lifetimes().lifetime(configured: 7_000, response: .make(field)) == 7_000)
    }

    @Test(
        "Upstream's lifetime rules where the settings say so, and where it gives one",
        arguments: [
            ("", 7_000), ("max-age=1", 1_000), ("max-age=9, s-maxage=2", 2_000), ("s-maxage=0, max-age=9", 0),
            ("no-store", 0), ("no-cache, max-age=9", 0), ("public, no-store, s-maxage=9", 0), ("max-age=x", 7_000),
            ("max-age=99999999999", 2_147_483_648_000), ("private, max-age=3", 3_000), ("must-revalidate", 7_000),
        ] as [(String, UInt64)])
    func upstreamRules(field: String, expected: UInt64) {
        let lifetimes = Lifetimes(respectsUpstream: true)
        #expect(lifetimes.lifetime(configured: 7_000, response: .make(field)) == expected)
    }

    @Test(
        "Upstream's directives forbid stale use only where they rule, and a lifetime of zero leaves errors",
        arguments: [
            ("must-revalidate", false, 5, .always), ("must-revalidate", true, 5, .never),
            ("proxy-revalidate", true, 5, .never), ("proxy-revalidate", false, 5, .always),
            ("s-maxage=5", true, 5, .never),
            ("s-maxage=5", false, 5, .always), ("max-age=5", true, 5, .always), ("no-cache", true, 0, .never),
            ("no-store", true, 0, .never), ("no-store", false, 5, .always), ("max-age=5", true, 5, .always),
            ("", false, 0, .onError), ("max-age=0", true, 0, .onError),
        ] as [(String, Bool, UInt64, StaleUse)])
    func staleUse(field: String, respects: Bool, lifetime: UInt64, expected: StaleUse) {
        let lifetimes = Lifetimes(respectsUpstream: respects)
        #expect(lifetimes.staleUse(lifetime: lifetime, response: .make(field)) == expected)
    }

    @Test(
        "Errors that say something of the request are remembered for a while, refusals for a short one",
        arguments: [
            (404, 30_000), (400, 30_000), (401, 5_000), (403, 5_000), (402, nil), (405, nil), (408, nil), (410, nil),
            (429, nil), (500, nil), (502, nil), (503, nil), (200, nil), (301, nil),
        ] as [(Int, UInt64?)])
    func errors(code: Int, expected: UInt64?) {
        #expect(Lifetimes().lifetime(ofError: Status(rawValue: code)) == expected)
    }

    @Test("A shorter time for errors is one for refusals too", arguments: [(0, 0), (2_000, 2_000), (9_000, 5_000)])
    func shortNegative(negative: UInt64, expected: UInt64) {
        let lifetimes = Lifetimes(negative: negative)
        #expect(lifetimes.lifetime(ofError: .notFound) == negative)
        #expect(lifetimes.lifetime(ofError: .unauthorized) == expected)
        #expect(lifetimes.lifetime(ofError: .forbidden) == expected)
    }
}
