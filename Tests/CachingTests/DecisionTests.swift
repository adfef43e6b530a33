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
    /// What is stored at 100 s: fresh; stale, within both windows, the second one only, neither.
    enum Stored: CaseIterable { case nothing, fresh, stale, longStale, pastUse }

    private static let windows = StaleWindows(whileRevalidate: 10_000, ifError: 60_000)

    private static func copy(_ stored: Stored, _ use: StaleUse) -> Freshness? {
        switch stored {
        case .nothing: nil
        case .fresh: Freshness(storedAt: 0, lifetime: 100_001, staleUse: use)
        case .stale: Freshness(storedAt: 0, lifetime: 90_001, staleUse: use)
        case .longStale: Freshness(storedAt: 0, lifetime: 90_000, staleUse: use)
        case .pastUse: Freshness(storedAt: 0, lifetime: 40_000, staleUse: use)
        }
    }

    @Test(
        "Each demand meets what can be stored, with upstream at hand and left alone",
        arguments: [
            (.any, .nothing, .fetch(.miss), .fetch(.miss)), (.any, .fresh, .hit, .hit),
            (.any, .stale, .stale, .stale), (.any, .longStale, .fetch(.stale), .staleOnError),
            (.any, .pastUse, .fetch(.stale), .fetch(.stale)),
            (.refresh, .nothing, .fetch(.request), .fetch(.request)),
            (.refresh, .fresh, .fetch(.request), .fetch(.request)),
            (.refresh, .stale, .fetch(.request), .fetch(.request)),
            (.storedOnly, .nothing, .unsatisfiable, .unsatisfiable), (.storedOnly, .fresh, .hit, .hit),
            (.storedOnly, .stale, .hit, .hit), (.storedOnly, .longStale, .unsatisfiable, .unsatisfiable),
            (.storedOnly, .pastUse, .unsatisfiable, .unsatisfiable),
        ] as [(Demand, Stored, Decision, Decision)])
    func decides(demand: Demand, stored: Stored, expected: Decision, expectedLeftAlone: Decision) {
        let copy = Self.copy(stored, .always)
        for (isLeftAlone, decision) in [(false, expected), (true, expectedLeftAlone)] {
            #expect(
                Decision(
                    stored: copy, demand: demand, windows: Self.windows, isLeftAlone: isLeftAlone, now: 100_000)
                    == decision)
        }
    }

    @Test("A copy that may not be used once stale is not", arguments: Stored.allCases)
    func neverStale(stored: Stored) {
        let copy = Self.copy(stored, .never)
        let decision = Decision(
            stored: copy, demand: .any, windows: Self.windows, isLeftAlone: true, now: 100_000)
        #expect(decision == (stored == .nothing ? .fetch(.miss) : stored == .fresh ? .hit : .fetch(.stale)))
    }

    @Test("A copy that may stand in for errors only is not served while upstream can be asked")
    func onError() {
        let copy = Self.copy(.stale, .onError)
        #expect(Decision(stored: copy, demand: .any, windows: Self.windows, now: 100_000) == .fetch(.stale))
        #expect(
            Decision(stored: copy, demand: .any, windows: Self.windows, isLeftAlone: true, now: 100_000)
                == .staleOnError)
    }
}
