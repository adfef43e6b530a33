import Bytes
import Serving
import Testing

@testable import Metrics

@Suite("Counters of requests")
struct RequestCountersTests {
    private func record(
        _ metrics: inout LoopMetrics, _ route: Route.Kind, _ decision: RequestDecision, status: Int
    ) {
        metrics.record(route, decision, status: status, bytes: 0, nanoseconds: 0)
    }

    private func rows(_ metrics: LoopMetrics) -> [RequestCounters.Row] {
        var rows: [RequestCounters.Row] = []
        metrics.counts().requests.forEachRow { rows.append($0) }
        return rows
    }

    @Test("The table is as large as what it counts by")
    func size() {
        #expect(RequestCounters.columns == RequestCounters.statuses.count + 2)
        #expect(RequestCounters.decisions == RequestDecision.allCases.count)
        #expect(RequestCounters.routes == Route.Kind.allCases.count)
        #expect(RequestCounters.statuses[0] == 200)
    }

    @Test("Each combination has a place of its own")
    func positions() {
        var metrics = LoopMetrics()
        var expected: UInt64 = 0
        for route in Route.Kind.allCases {
            for decision in RequestDecision.allCases {
                for status in RequestCounters.statuses {
                    expected += 1
                    for _ in 0..<(expected % 5 + 1) { record(&metrics, route, decision, status: status) }
                }
            }
        }
        let rows = rows(metrics)
        #expect(rows.count == Int(expected))
        for (position, row) in rows.enumerated() {
            #expect(row.count == UInt64(position + 1) % 5 + 1)
        }
    }

    @Test(
        "A status without a column counts with the others", arguments: [-1, 0, 99, 103, 218, 418, 498, 600, 999, .max])
    func otherStatus(status: Int) {
        var metrics = LoopMetrics()
        record(&metrics, .other, .passed, status: status)
        #expect(
            rows(metrics) == [
                .init(route: .other, decision: .passed, status: nil, isServerError: false, count: 1)
            ])
        #expect(metrics.counts().totals.errors == 0)
    }

    @Test("A 5xx without a column is an error", arguments: [505, 520, 521, 522, 523, 525, 530, 599])
    func otherServerError(status: Int) {
        var metrics = LoopMetrics()
        record(&metrics, .other, .passed, status: status)
        record(&metrics, .models, .hit, status: status)
        record(&metrics, .other, .passed, status: 418)
        #expect(
            rows(metrics) == [
                .init(route: .models, decision: .hit, status: nil, isServerError: true, count: 1),
                .init(route: .other, decision: .passed, status: nil, isServerError: false, count: 1),
                .init(route: .other, decision: .passed, status: nil, isServerError: true, count: 1),
            ])
        let counts = metrics.counts()
        #expect(counts.totals.errors == 2 && counts.totals.hits == 0 && counts.totals.errorHits == 1)
        #expect(counts.requests.statuses.map { $0.status } == [nil])
        #expect(counts.requests.statuses.map { $0.count } == [3])
        let process = ProcessReport(version: "1", started: 0, now: 0)
        let page = MetricsPage.text(MetricsReport(counts), of: process).span.text()
        let samples = page.split(separator: "\n").filter { $0.hasPrefix("larder_requests_total{") }
        #expect(samples.map { $0.hasSuffix(",status=\"5xx\"} 1") } == [true, false, true])
        #expect(samples.map { $0.hasSuffix(",status=\"other\"} 1") } == [false, true, false])
    }

    @Test(
        "The share of hits is rounded down",
        arguments: [
            (99_996, 4, 0.9999), (99_996, 0, 1), (57, 43, 0.57), (3, 9_997, 0.0003), (0, 1, 0),
        ] as [(UInt64, UInt64, Double)])
    func hitRatio(hits: UInt64, misses: UInt64, ratio: Double) {
        var totals = RequestTotals()
        totals.hits = hits
        totals.misses = misses
        #expect(totals.hitRatio == ratio)
    }

    @Test("The sums know what a hit is, and that an error may have any decision")
    func totals() {
        var metrics = LoopMetrics()
        for _ in 0..<6 { record(&metrics, .models, .hit, status: 200) }
        record(&metrics, .models, .stale, status: 200)
        record(&metrics, .models, .miss, status: 200)
        record(&metrics, .count, .expired, status: 200)
        record(&metrics, .user, .demanded, status: 401)
        record(&metrics, .other, .passed, status: 502)
        record(&metrics, .models, .failed, status: 504)
        record(&metrics, .readiness, .own, status: 503)
        let totals = metrics.counts().totals
        #expect(totals.requests == 13)
        #expect(totals.hits == 6)
        #expect(totals.stale == 1)
        #expect(totals.misses == 3)
        #expect(totals.passed == 1)
        #expect(totals.own == 1)
        #expect(totals.errors == 2)
        #expect(totals.hitRatio == 0.7)
        #expect(RequestTotals().hitRatio == nil)
    }
}
