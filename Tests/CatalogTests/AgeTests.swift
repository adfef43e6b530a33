import Catalog
import Testing

@Suite struct AgeTests {
    private let day: Int64 = 86_400
    private let snapshot = Snapshot.make([
        .make("old", created: 1_000), .make("unknown"), .make("young", created: 1_000 + 86_400),
    ])

    @Test func bothBoundsAreInclusiveToTheSecond() {
        #expect(snapshot.ids("min_age_days=1", now: 1_000 + day - 1) == [])
        #expect(snapshot.ids("min_age_days=1", now: 1_000 + day) == ["old"])
        #expect(snapshot.ids("max_age_days=1", now: 1_000 + day) == ["old", "young"])
        #expect(snapshot.ids("max_age_days=1", now: 1_000 + day + 1) == ["young"])
    }

    @Test func aModelOfTheFutureIsYoungerThanAll() {
        #expect(snapshot.ids("min_age_days=0", now: 999) == [])
        #expect(snapshot.ids("max_age_days=0", now: 999) == ["old", "young"])
    }

    @Test func theResultIsValidUntilAModelCrossesABound() {
        #expect(snapshot.select("min_age_days=1", now: 1_000)?.validUntil == 1_000 + day)
        #expect(snapshot.select("min_age_days=1", now: 1_000 + day)?.validUntil == 1_000 + 2 * day)
        #expect(snapshot.select("min_age_days=1", now: 1_000 + 2 * day)?.validUntil == nil)
        #expect(snapshot.select("max_age_days=1", now: 1_000)?.validUntil == 1_000 + day + 1)
        #expect(snapshot.select("max_age_days=1", now: 1_000 + day + 1)?.validUntil == 1_000 + 2 * day + 1)
        #expect(snapshot.select("", now: 1_000)?.validUntil == nil)
    }

    @Test func theResultIsTheSameUntilThenAndAnotherFromThenOn() throws {
        for query in ["min_age_days=1", "max_age_days=2", "min_age_days=1&max_age_days=1"] {
            var now: Int64 = 0
            while let change = try #require(snapshot.select(query, now: now)).validUntil {
                #expect(snapshot.ids(query, now: change - 1) == snapshot.ids(query, now: now))
                #expect(snapshot.ids(query, now: change) != snapshot.ids(query, now: now))
                now = change
            }
        }
    }

    @Test func onlyModelsThatPassAllElseCount() {
        #expect(snapshot.select("min_age_days=1&q=young", now: 1_000)?.validUntil == 1_000 + 2 * day)
    }

    @Test func endlessAgesDoNotOverflow() {
        #expect(snapshot.ids("min_age_days=9223372036854775807", now: 1_000) == [])
        #expect(snapshot.ids("max_age_days=9223372036854775807", now: 1_000) == ["old", "young"])
        #expect(snapshot.select("max_age_days=106751991167301", now: 1_000)?.validUntil == nil)
    }
}
