import Testing

@testable import Caching

@Suite("Fetches under way")
struct FlightTableTests {
    @Test("The first to join starts the fetch, and all who wait are returned in order")
    func firstStarts() {
        var table = FlightTable<String, Int>()
        let starts = [1, 2, 1].map { table.join($0, for: "a") }
        let completed = table.complete("a")
        #expect(starts == [true, false, false])
        #expect(completed == [1, 2, 1])
    }

    @Test("Keys have flights of their own")
    func keys() {
        var table = FlightTable<String, Int>()
        let starts = ["a", "b"].map { table.join(1, for: $0) }
        #expect(starts == [true, true])
        #expect(table.count == 2)
        let completed = table.complete("a")
        #expect(completed == [1])
        #expect(!table.isUnderWay("a"))
        #expect(table.isUnderWay("b"))
        #expect(table.count == 1)
    }

    @Test("It is known who started a flight, until it completes")
    func starter() {
        var table = FlightTable<String, Int>()
        #expect(table.first(of: "a") == nil)
        for waiter in [3, 1, 2] { _ = table.join(waiter, for: "a") }
        #expect(table.first(of: "a") == 3)
        _ = table.complete("a")
        #expect(table.first(of: "a") == nil)
    }

    @Test("After a completion the next one starts again")
    func again() {
        var table = FlightTable<String, Int>()
        for waiter in 1...3 {
            let isFirst = table.join(waiter, for: "a")
            let completed = table.complete("a")
            let nobody = table.complete("a")
            #expect(isFirst)
            #expect(completed == [waiter])
            #expect(nobody == [])
            #expect(table.count == 0)
        }
    }

    @Test("Ten thousand who wait for one thing start one fetch")
    func crowd() {
        var table = FlightTable<Int, Int>()
        let starts = (0..<10_000).filter { table.join($0, for: 7) }
        let completed = table.complete(7)
        #expect(starts == [0])
        #expect(completed == Array(0..<10_000))
    }
}
