import Serving
import Testing

/// Who gets a place of `server.max_connections`, and which idle connections are closed for that.
@Suite struct ConnectionPlacesTests {
    private typealias Order = ConnectionPlaces.Order

    /// Places of which all are taken.
    private static func full(_ limit: Int, loops: Int = 1) -> ConnectionPlaces {
        var places = ConnectionPlaces(limit: limit, loops: loops)
        for _ in 0..<limit { #expect(places.take() == true) }
        #expect(places.take() == false)
        return places
    }

    @Test func `never more places are taken than there are`() {
        var places = Self.full(3)
        #expect(places.release() == nil)
        #expect(places.take() && !places.take())
        #expect(places.taken == 3)
    }

    @Test func `a place that becomes free goes to the first in line, and no newer connection overtakes it`() {
        var places = Self.full(1, loops: 3)
        #expect(places.wait(2, at: 10) == true)
        #expect(!places.wait(0, at: 11) && !places.wait(2, at: 12))
        #expect(places.release() == 2)
        #expect(places.take() == false)
        #expect([places.release(), places.release(), places.release()] == [0, 2, nil])
        #expect(places.taken == 0 && places.take())
    }

    @Test func `who has left the line gets nothing`() {
        var places = Self.full(1, loops: 2)
        _ = places.wait(0, at: 1)
        _ = places.wait(1, at: 1)
        places.leave(0, isRefused: false, at: 2)
        #expect(places.release() == 1)
        // A place that was on the way when the last request left comes back.
        _ = places.wait(1, at: 3)
        #expect(places.release() == 1)
        places.leave(1, isRefused: false, at: 4)
        #expect(places.release() == nil && places.taken == 0)
    }

    @Test func `a higher limit lets in who waits, a lower one closes nothing`() {
        var places = Self.full(2, loops: 2)
        for loop in [1, 0, 1] { _ = places.wait(loop, at: 1) }
        #expect(places.allow(4) == [1, 0])
        #expect(places.taken == 4)
        #expect(places.allow(1) == [])
        #expect([places.release(), places.release(), places.release()] == [nil, nil, nil])
        #expect(places.release() == 1)
        #expect(places.taken == 1)
    }

    // MARK: Idle connections

    @Test func `of all loops the connection that was idle for the longest time is closed`() {
        var places = Self.full(9, loops: 3)
        #expect(places.seek(at: 100) == .none)
        _ = places.wait(0, at: 100)
        #expect(places.seek(at: 100) == .ask(1))
        // One search at a time.
        #expect(places.seek(at: 150) == .none)
        #expect(places.found([70], on: 0).isEmpty)
        #expect(places.found([30], on: 2).isEmpty)
        #expect(places.found([50], on: 1) == [Order(loop: 2, count: 1)])
        // One is about to leave, so nobody else has to.
        #expect(places.seek(at: 160) == .none)
        #expect(places.release(wasEvicted: true) == 0)
        #expect(places.report(at: 160).evicted == 1)
    }

    @Test func `as many are closed as are needed, over all loops`() {
        var places = Self.full(9, loops: 2)
        for loop in [0, 1, 1] { _ = places.wait(loop, at: 1) }
        #expect(places.seek(at: 1) == .ask(3))
        #expect(places.found([10, 20, 40], on: 0).isEmpty)
        #expect(places.found([15, 50], on: 1) == [Order(loop: 0, count: 2), Order(loop: 1, count: 1)])
    }

    @Test func `who leaves while idle connections are looked for needs none`() {
        var places = Self.full(9)
        _ = places.wait(0, at: 1)
        #expect(places.seek(at: 1) == .ask(1))
        places.leave(0, isRefused: false, at: 2)
        #expect(places.found([0], on: 0).isEmpty)
        #expect(places.seek(at: 3) == .none)
    }

    @Test func `if there are too few idle connections, they are looked for again`() {
        var places = Self.full(9)
        _ = places.wait(0, at: 1)
        _ = places.wait(0, at: 1)
        #expect(places.seek(at: 1) == .ask(2))
        #expect(places.found([0], on: 0) == [Order(loop: 0, count: 1)])
        // It is not idle any more.
        places.notClosed(1)
        #expect(places.seek(at: 51) == .ask(2))
        #expect(places.found([], on: 0).isEmpty)
        #expect(places.seek(at: 101) == .ask(2))
    }

    @Test func `a loop that does not answer holds nobody up for long`() {
        var places = Self.full(9, loops: 2)
        _ = places.wait(0, at: 1_000)
        #expect(places.seek(at: 1_000) == .ask(1))
        #expect(places.found([7], on: 0).isEmpty)
        #expect(places.seek(at: 1_199) == .none)
        #expect(places.seek(at: 1_200) == .close([Order(loop: 0, count: 1)]))
        // Its answer comes too late.
        #expect(places.found([3], on: 1).isEmpty)
    }

    @Test func `loops whose clocks differ a little end a shortage and a search in order`() {
        var places = Self.full(1, loops: 2)
        #expect(places.wait(0, at: 1_003) == true)
        #expect(places.seek(at: 1_003) == .ask(1))
        #expect(places.wait(1, at: 1_000) == false)
        #expect(places.seek(at: 1_000) == .none)
        places.leave(0, isRefused: false, at: 1_003)
        places.leave(1, isRefused: true, at: 999)
        #expect(places.report(at: 1_003).refusedSecondsAgo == 0)
        let summary = places.calm(at: 20_000)
        #expect(summary?.seconds == 0 && summary?.refused == 1)
    }

    // MARK: Reports

    @Test func `a shortage is reported once when it begins, and once it is over`() {
        var places = Self.full(1)
        #expect(places.calm(at: 0) == nil)
        #expect(places.wait(0, at: 5_000) == true)
        #expect(places.release(wasEvicted: true) == 0)
        #expect(places.wait(0, at: 12_000) == false)
        #expect(places.calm(at: 60_000) == nil)
        places.leave(0, isRefused: true, at: 22_000)
        #expect(places.calm(at: 31_999) == nil)
        let report = places.report(at: 31_999)
        #expect(report.shortageSeconds == 26 && report.refusedSecondsAgo == 9)
        #expect(report.waiting == 0 && report.taken == 1 && report.limit == 1)
        let summary = places.calm(at: 32_000)
        #expect(summary?.seconds == 17 && summary?.evicted == 1 && summary?.refused == 1)
        #expect(places.calm(at: 99_000) == nil && places.report(at: 99_000).shortageSeconds == nil)
        #expect(places.report(at: 99_000).refused == 1)
        #expect(places.wait(0, at: 99_000) == true)
    }
}
