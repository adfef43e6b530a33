import HTTPCore
import Serving
import Testing

@testable import Metrics

@Suite("Requests to upstream")
struct UpstreamMetricsTests {
    private func exchange(_ time: Int64, error: String? = nil) -> UpstreamMetrics.Exchange {
        UpstreamMetrics.Exchange(
            time: time, resource: "/models", status: error == nil ? 200 : nil, error: error, milliseconds: 3, bytes: 7)
    }

    @Test("The newest thirty-two are remembered, of all loops together")
    func recent() {
        var one = UpstreamMetrics()
        var other = UpstreamMetrics()
        for time in Int64(0)..<100 {
            if time.isMultiple(of: 2) {
                one.record(.catalog, nil, exchange(time), nanoseconds: 1)
            } else {
                other.record(.facet, .timeout, exchange(time, error: "it took too long"), nanoseconds: 1)
            }
        }
        one.merge(other)
        #expect(one.recent.map(\.time) == Array(68..<100))
        #expect(one.requestCount == 100)
        #expect(one.failureCount == 50)
        #expect(one.lastSuccess == 98)
        #expect(one.lastFailure?.time == 99)
        #expect(one.bytes == 700)
        #expect(one.durations.count == 100)
    }

    @Test("A problem that is not upstream's counts as no failure of it")
    func reasons() {
        #expect(UpstreamMetrics.Reason(.backingOff(seconds: 1)) == nil)
        #expect(UpstreamMetrics.Reason(.onlyIfCached) == nil)
        #expect(UpstreamMetrics.Reason(.timeout("")) == .timeout)
        #expect(UpstreamMetrics.Reason(.status(.badGateway, retryAfter: nil)) == .status)
    }

    @Test("A failure counts also if the clock was set back since the last success")
    func clockSetBack() {
        var metrics = UpstreamMetrics()
        metrics.record(.catalog, nil, exchange(7_200), nanoseconds: 1)
        metrics.record(.catalog, .status, exchange(300, error: "503"), nanoseconds: 1)
        #expect(metrics.troubles.current(.catalog)?.since == 300)
        metrics.record(.catalog, nil, exchange(310), nanoseconds: 1)
        #expect(metrics.troubles.current(.catalog) == nil)
    }
}
