import Caching
import Testing

@Suite struct JoinedFreshnessTests {
    @Test func `several copies are as old as the oldest and fresh for as long as all are`() {
        let joined = Freshness(joining: [
            Freshness(storedAt: 9_000, lifetime: 4_000), Freshness(storedAt: 5_000, lifetime: 60_000),
        ])
        #expect(joined.age(at: 10_000) == 5)
        #expect(joined.freshUntil == 13_000)
        #expect(!joined.isFresh(at: 13_000))
    }

    @Test func `the age that a copy came with counts`() {
        let joined = Freshness(joining: [
            Freshness(storedAt: 9_000, lifetime: 1_000, initialAge: 100), Freshness(storedAt: 1_000, lifetime: 5_000),
        ])
        #expect(joined.age(at: 9_000) == 100)
        // It was over before the one that it is as old as had come.
        #expect(joined.freshUntil == 6_000)
        #expect(joined.remaining(at: 9_000) == -4)
    }

    @Test func `several copies are recent for as long as each of them is, whatever ages they came with`() {
        let windows = StaleWindows(noCache: 30_000)
        let list = Freshness(storedAt: 5_000, lifetime: 300_000)
        let facet = Freshness(storedAt: 40_000, lifetime: 300_000, initialAge: 100)
        for copies in [[list, facet], [facet, list]] {
            let joined = Freshness(joining: copies)
            // The facet is the older one, and the list was fetched before it.
            #expect(joined.age(at: 40_000) == 100)
            #expect(joined.isRecent(at: 34_999, windows))
            #expect(!joined.isRecent(at: 35_000, windows) && !joined.isRecent(at: 40_000, windows))
            #expect(!Freshness(joining: [joined, facet]).isRecent(at: 40_000, windows))
        }
        #expect(Freshness(joining: [facet]).isRecent(at: 69_999, windows))
    }

    @Test func `one copy joined is itself`() {
        let copy = Freshness(storedAt: 7, lifetime: 8, initialAge: 9)
        #expect(Freshness(joining: [copy]) == copy)
    }
}
