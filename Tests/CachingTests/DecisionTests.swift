import HTTPCore
import Testing

@testable import Caching

@Suite("What a request asks of the cache")
struct CacheDirectiveTests {
    @Test(
        "Its directives say it, and Pragma only where there are none",
        arguments: [
            (nil, false, .any), (nil, true, .refresh), ("", true, .any), ("max-age=5", true, .any),
            ("no-cache", false, .refresh), ("max-age=0", false, .refresh), ("max-age=1", false, .any),
            ("only-if-cached", false, .storedOnly), ("only-if-cached", true, .storedOnly),
            ("no-cache, only-if-cached", false, .storedOnly), ("max-age=0, only-if-cached", false, .storedOnly),
            ("no-store", false, .any), ("s-maxage=0", false, .any), ("max-stale=0", false, .any),
            ("max-age=\"0\"", false, .refresh), ("max-age", false, .any), ("max-age=x", false, .any),
        ] as [(String?, Bool, CacheDirective)])
    func reads(field: String?, pragma: Bool, expected: CacheDirective) {
        #expect(CacheDirective(cacheControl: field.map { .make($0) }, pragmaNoCache: pragma) == expected)
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
        "Each directive meets what can be stored, without back-off and during it",
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
        ] as [(CacheDirective, Stored, Decision, Decision)])
    func decides(directive: CacheDirective, stored: Stored, expected: Decision, expectedInBackoff: Decision) {
        let copy = Self.copy(stored, .always)
        for (isBackingOff, decision) in [(false, expected), (true, expectedInBackoff)] {
            #expect(
                Decision(
                    stored: copy, directive: directive, windows: Self.windows, isBackingOff: isBackingOff, now: 100_000)
                    == decision)
        }
    }

    @Test(
        "A recent copy will do for a refresh, as long as it is fresh, whatever age it had when it came",
        arguments: [
            (30_000, 300_000, 100_000, true), (30_000, 300_000, 129_999, true), (30_000, 300_000, 130_000, false),
            (30_000, 5_000, 104_999, true), (30_000, 5_000, 105_000, false), (0, 300_000, 100_000, false),
            // The clock of another loop may be a moment behind.
            (1, 300_000, 99_990, true),
        ] as [(UInt64, UInt64, UInt64, Bool)])
    func recent(noCache: UInt64, lifetime: UInt64, now: UInt64, isHit: Bool) {
        let copy = Freshness(storedAt: 100_000, lifetime: lifetime, initialAge: 500, staleUse: .always)
        let windows = StaleWindows(noCache: noCache)
        let expected = isHit ? Decision.hit : .fetch(.request)
        #expect(Decision(stored: copy, directive: .refresh, windows: windows, now: now) == expected)
        #expect(
            Decision(stored: copy, directive: .refresh, windows: windows, isBackingOff: true, now: now) == expected)
    }

    @Test("A copy that may not be used once stale is not", arguments: Stored.allCases)
    func neverStale(stored: Stored) {
        let copy = Self.copy(stored, .never)
        let decision = Decision(
            stored: copy, directive: .any, windows: Self.windows, isBackingOff: true, now: 100_000)
        #expect(decision == (stored == .nothing ? .fetch(.miss) : stored == .fresh ? .hit : .fetch(.stale)))
    }

    @Test("A copy that may stand in for errors only is not served while upstream can be asked")
    func onError() {
        let copy = Self.copy(.stale, .onError)
        #expect(Decision(stored: copy, directive: .any, windows: Self.windows, now: 100_000) == .fetch(.stale))
        #expect(
            Decision(stored: copy, directive: .any, windows: Self.windows, isBackingOff: true, now: 100_000)
                == .staleOnError)
    }
}
