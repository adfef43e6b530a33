import Testing

@testable import Serving

@Suite("Counters of requests")
struct RequestCountersTests {
    @Test("Each combination has a place of its own")
    func places() {
        var counters = RequestCounters()
        var expected: UInt64 = 0
        for route in Route.Kind.allCases {
            for decision in RequestDecision.allCases {
                for status in RequestCounters.statuses {
                    expected += 1
                    for _ in 0..<(expected % 5 + 1) { counters.record(route, decision, status: status) }
                }
            }
        }
        #expect(counters.rows.count == Int(expected))
        for (place, row) in counters.rows.enumerated() { #expect(row.count == UInt64(place + 1) % 5 + 1) }
    }

    @Test("A status without a column counts with the others", arguments: [-1, 0, 99, 103, 218, 418, 599, 600, 999, .max])
    func otherStatus(status: Int) {
        var counters = RequestCounters()
        counters.record(.other, .passed, status: status)
        #expect(counters.rows == [.init(route: .other, decision: .passed, status: nil, count: 1)])
    }

    @Test("The sums know what a hit is, and that an error may have any decision")
    func totals() {
        var counters = RequestCounters()
        for _ in 0..<6 { counters.record(.models, .hit, status: 200) }
        counters.record(.models, .stale, status: 200)
        counters.record(.models, .miss, status: 200)
        counters.record(.count, .expired, status: 200)
        counters.record(.user, .demanded, status: 401)
        counters.record(.other, .passed, status: 502)
        counters.record(.models, .failed, status: 504)
        counters.record(.readiness, .own, status: 503)
        let totals = counters.totals
        #expect(totals.requests == 13)
        #expect(totals.hits == 6)
        #expect(totals.stale == 1)
        #expect(totals.misses == 3)
        #expect(totals.passed == 1)
        #expect(totals.errors == 2)
        #expect(totals.hitRatio == 0.7)
        #expect(RequestTotals().hitRatio == nil)
    }
}
