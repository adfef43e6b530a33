import Catalog
import Testing

@Suite struct DayMinutesTests {
    @Test(
        arguments: [
            (400, 240), (1030, 630), (0, 0), (1, 1), (59, 59), (2359, 1439), (2400, 0), (60, nil), (2360, nil),
            (2401, nil),
            (2460, nil), (-1, nil), (-400, nil), (99999, nil), (.max, nil), (.min, nil),
        ] as [(Int64, Int?)])
    func `a clock shows hours and minutes as one number`(clock: Int64, minute: Int?) {
        #expect(DayMinutes.minute(ofClock: clock) == minute)
    }

    @Test func `minutes stand once and in order`() {
        #expect(DayMinutes([630, 0, 240, 630, 0]).minutes == [0, 240, 630])
    }

    @Test(
        arguments: [
            ([240, 630], 0, 240 * 60), ([240, 630], 240 * 60 - 1, 240 * 60), ([240, 630], 240 * 60, 630 * 60),
            ([240, 630], 630 * 60, 86_400 + 240 * 60), ([0], 0, 86_400), ([0], 86_399, 86_400), ([0], -1, 0),
            ([240], 1_795_225_227, 1_795_233_600), ([240], -86_400, -86_400 + 240 * 60), ([1439], -60, 86_340),
            ([1439], -61, -60), ([], 0, nil),
        ] as [([Int], Int64, Int64?)])
    func `the next one comes strictly after a second, today or tomorrow`(minutes: [Int], second: Int64, next: Int64?) {
        #expect(DayMinutes(minutes).next(after: second) == next)
    }

    @Test func `a snapshot has the edges of all its rows`() {
        var first = ModelFields.make("a/one")
        first.priceEdges = DayMinutes([240, 630])
        var second = ModelFields.make("a/two")
        second.priceEdges = DayMinutes([0, 240])
        let snapshot = Snapshot.make([first, .make("a/three"), second])
        #expect(snapshot.priceEdges.minutes == [0, 240, 630])
        #expect(snapshot.priceEdges.next(after: 630 * 60) == 86_400)
        #expect(Snapshot.make([.make("a/one")]).priceEdges.next(after: 0) == nil)
    }

    @Test func `a facet has those of the rows that it keeps whole`() {
        var model = ModelFields.make("a/one")
        model.priceEdges = DayMinutes([240])
        let list = Snapshot.make([model])
        var other = ModelFields.make("a/two")
        other.priceEdges = DayMinutes([600])
        var builder = FacetRowsBuilder(beside: list)
        let id = Array(model.id.utf8)
        let isOfList = builder.append(id: id.span)
        #expect(isOfList)
        builder.append(other, row: id.span)
        #expect(builder.finish().priceEdges.next(after: 0) == 36_000)
        #expect(FacetRowsBuilder(beside: list).finish().priceEdges.next(after: 0) == nil)
    }
}
