import Testing

@testable import Caching

@Suite("Fetches under way")
struct FlightTableTests {
    @Test("The first to board takes off, and all who wait are handed back in order")
    func boards() {
        var table = FlightTable<String, Int>()
        let starts = [1, 2, 1].map { table.board($0, for: "a") }
        let landed = table.land("a")
        #expect(starts == [true, false, false])
        #expect(landed == [1, 2, 1])
    }

    @Test("Keys have flights of their own")
    func keys() {
        var table = FlightTable<String, Int>()
        let starts = ["a", "b"].map { table.board(1, for: $0) }
        #expect(starts == [true, true])
        #expect(table.count == 2)
        let landed = table.land("a")
        #expect(landed == [1])
        #expect(!table.isUnderWay("a"))
        #expect(table.isUnderWay("b"))
        #expect(table.count == 1)
    }

    @Test("It is known who started a flight, until it lands")
    func starter() {
        var table = FlightTable<String, Int>()
        #expect(table.first(of: "a") == nil)
        for party in [3, 1, 2] { _ = table.board(party, for: "a") }
        #expect(table.first(of: "a") == 3)
        _ = table.land("a")
        #expect(table.first(of: "a") == nil)
    }

    @Test("After a landing the next one takes off again")
    func again() {
        var table = FlightTable<String, Int>()
        for party in 1...3 {
            let isFirst = table.board(party, for: "a")
            let landed = table.land("a")
            let nobody = table.land("a")
            #expect(isFirst)
            #expect(landed == [party])
            #expect(nobody == [])
            #expect(table.count == 0)
        }
    }

    @Test("Ten thousand who wait for one thing start one fetch")
    func crowd() {
        var table = FlightTable<Int, Int>()
        let starts = (0..<10_000).filter { table.board($0, for: 7) }
        let landed = table.land(7)
        #expect(starts == [0])
        #expect(landed == Array(0..<10_000))
    }
}
