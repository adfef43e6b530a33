import Serving
import Testing

@testable import Metrics

@Suite("The last hour")
struct RequestHistoryTests {
    @Test("A point holds what happened in its ten seconds, the last one what happened so far")
    func points() {
        var metrics = LoopMetrics()
        metrics.tick(wallSeconds: 1003)
        metrics.record(.models, .hit, status: 200, bytes: 10, nanoseconds: 20_000)
        metrics.tick(wallSeconds: 1009)
        metrics.tick(wallSeconds: 1010)
        metrics.record(.models, .miss, status: 200, bytes: 10, nanoseconds: 3_000_000)
        metrics.record(.models, .failed, status: 502, bytes: 10, nanoseconds: 3_000_000)
        metrics.record(.other, .passed, status: 200, bytes: 10, nanoseconds: 3_000_000)
        let points = metrics.points()
        #expect(points.map(\.time) == [1000, 1010])
        #expect(points.map(\.totals.requests) == [1, 3])
        #expect(points.map(\.totals.hits) == [1, 0])
        #expect(points.map(\.totals.misses) == [0, 1])
        #expect(points.map(\.totals.errors) == [0, 1])
        #expect(points.map(\.totals.passed) == [0, 1])
        #expect(points.map { $0.durations.map(\.count).reduce(0, +) } == [1, 3])
    }

    @Test("Larder's own requests are told apart: they are no misses, no time of a client's, and not passed through")
    func own() {
        var metrics = LoopMetrics()
        metrics.tick(wallSeconds: 1000)
        metrics.record(.models, .hit, status: 200, bytes: 10, nanoseconds: 20_000)
        for route in [.own, .health, .readiness] as [Route.Kind] {
            metrics.record(route, .own, status: 200, bytes: 10, nanoseconds: 5_000_000_000)
        }
        for points in [
            metrics.points(),
            {
                metrics.tick(wallSeconds: 1010); return metrics.points()
            }(),
        ] {
            let point = points[0]
            #expect(point.totals.requests == 4 && point.totals.own == 3)
            #expect(point.totals.misses == 0 && point.totals.passed == 0 && point.totals.errors == 0)
            #expect(point.totals.hitRatio == 1)
            #expect(point.durations.map(\.count) == [1])
        }
        #expect(metrics.counts().clientDurations.count == 1)
    }

    @Test("An hour is kept, the newest of it, in order")
    func bounded() {
        var metrics = LoopMetrics()
        for step in Int64(0)..<1000 {
            metrics.tick(wallSeconds: step * 10)
            metrics.record(.models, .hit, status: 200, bytes: 1, nanoseconds: 1)
        }
        let points = metrics.points()
        #expect(points.map(\.time) == (640..<1000).map { Int64($0) * 10 })
        #expect(points.allSatisfy { $0.totals.requests == 1 })
    }

    @Test("Points of several loops add up by time")
    func merged() {
        var reports: [MetricsReport] = []
        for loop in 0..<3 {
            var metrics = LoopMetrics()
            metrics.tick(wallSeconds: 100)
            for _ in 0...loop { metrics.record(.count, .hit, status: 200, bytes: 2, nanoseconds: 5) }
            if loop > 0 { metrics.tick(wallSeconds: 110) }
            var report = MetricsReport(metrics.counts())
            report.counts.history = metrics.points()
            reports.append(report)
        }
        var all = reports[0]
        for report in reports[1...] { all.merge(report) }
        #expect(all.loops == 3)
        #expect(all.counts.history.map(\.time) == [100, 110])
        #expect(all.counts.history.map(\.totals.requests) == [6, 0])
        #expect(all.counts.totals.requests == 6)
        #expect(all.counts.sentBytes == 12)
    }
}
