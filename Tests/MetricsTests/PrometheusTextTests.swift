import Bytes
import Serving
import Testing

@testable import Metrics

@Suite("Prometheus' text format")
struct PrometheusTextTests {
    @Test("Help and label values are escaped")
    func escaping() {
        let metric = MetricDefinition("m_total", .counter, labels: ["a", "b"], "One \\ two\nthree \"four\".")
        var page = PrometheusText()
        page.begin(metric)
        page.label(escaping: "x\"y\\z\n")
        page.label(escaping: "")
        page.sample(3)
        #expect(
            page.finish().span.text() == #"""
                # HELP m_total One \\ two\nthree "four".
                # TYPE m_total counter
                m_total{a="x\"y\\z\n",b=""} 3

                """#)
    }

    @Test("Buckets add up, end with +Inf, and have bounds that are decimal numbers")
    func histogram() {
        let metric = MetricDefinition("d_seconds", .histogram, labels: ["k"], "How long.")
        var durations = DurationHistogram()
        for microseconds in [1, 16, 17, 1024, 1_048_576, 100_000_000] as [UInt64] {
            durations.record(nanoseconds: microseconds * 1000)
        }
        var page = PrometheusText()
        page.begin(metric)
        page.label("v")
        page.histogram(durations)
        let lines = page.finish().span.text().split(separator: "\n").dropFirst(2)
        #expect(
            lines.prefix(4) == [
                #"d_seconds_bucket{k="v",le="0.000016"} 2"#, #"d_seconds_bucket{k="v",le="0.000064"} 3"#,
                #"d_seconds_bucket{k="v",le="0.000256"} 3"#, #"d_seconds_bucket{k="v",le="0.001024"} 4"#,
            ])
        #expect(
            lines.suffix(5) == [
                #"d_seconds_bucket{k="v",le="16.777216"} 5"#, #"d_seconds_bucket{k="v",le="67.108864"} 5"#,
                #"d_seconds_bucket{k="v",le="+Inf"} 6"#, #"d_seconds_sum{k="v"} 101.049634"#,
                #"d_seconds_count{k="v"} 6"#,
            ])
    }

    @Test("The page has every metric of the table, each once and in its order")
    func page() {
        var report = MetricsReport(LoopMetrics().counts())
        report.catalog = CatalogReport(age: 3, models: 4, isFresh: true)
        let page = MetricsPage.text(report, of: ProcessReport(version: "1.2.3", started: 100, now: 110)).span.text()
        let types = page.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        #expect(types.map(String.init) == MetricsTable.all.map(\.name))
        #expect(page.contains("larder_build_info{version=\"1.2.3\"} 1\n"))
        #expect(page.contains("larder_catalog_models 4\n"))
    }

    @Test("Names bear their units, and counters end in total")
    func names() {
        for metric in MetricsTable.all {
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            if metric.kind == .histogram { #expect(metric.name.hasSuffix("_seconds"), "\(metric.name)") }
            #expect(metric.help.hasSuffix("."), "\(metric.name)")
            #expect(metric.name.hasPrefix("larder_") || metric.name.hasPrefix("process_"))
        }
        #expect(Set(MetricsTable.all.map(\.name)).count == MetricsTable.all.count)
    }
}
