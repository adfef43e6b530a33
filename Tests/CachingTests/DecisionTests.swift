import HTTPCore
import Testing

@testable import Caching

@Suite("What a request demands")
struct DemandTests {
    @Test(
        "Its directives say it, and Pragma only where there are none",
        arguments: [
            (nil, false, .any), (nil, true, .refresh), ("", true, .any), ("max-age=5", true, .any),
            ("no-cache", false, .refresh), ("max-age=0", false, .refresh), ("max-age=1", false, .any),
            ("only-if-cached", false, .storedOnly), ("only-if-cached", true, .storedOnly),
            ("no-cache, only-if-cached", false, .storedOnly), ("max-age=0, only-if-cached", false, .storedOnly),
            ("no-store", false, .any), ("s-maxage=0", false, .any), ("max-stale=0", false, .any),
            ("max-age=\"0\"", false, .refresh), ("max-age", false, .any), ("max-age=x", false, .any),
        ] as [(String?, Bool, Demand)])
    func reads(field: String?, pragma: Bool, expected: Demand) {
        #expect(Demand(cacheControl: field.map { .make($0) }, pragmaNoCache: pragma) == expected)
    }
}

@Suite("What the cache does")
struct DecisionTests {
    enum Stored: CaseIterable { case nothing, fresh, stale }

    @Test(
        "Each demand meets nothing, a fresh copy and a stale one",
        arguments: [
            (.any, .nothing, .fetch(.miss)), (.any, .fresh, .hit), (.any, .stale, .fetch(.stale)),
            (.refresh, .nothing, .fetch(.request)), (.refresh, .fresh, .fetch(.request)),
            (.refresh, .stale, .fetch(.request)), (.storedOnly, .nothing, .unsatisfiable), (.storedOnly, .fresh, .hit),
            (.storedOnly, .stale, .unsatisfiable),
        ] as [(Demand, Stored, Decision)])
    func decides(demand: Demand, stored: Stored, expected: Decision) {
        let copy: Freshness? =
            switch stored {
            case .nothing: nil
            case .fresh: Freshness(storedAt: 0, lifetime: 1_001)
            case .stale: Freshness(storedAt: 0, lifetime: 1_000)
            }
        #expect(Decision(stored: copy, demand: demand, now: 1_000) == expected)
    }
}
