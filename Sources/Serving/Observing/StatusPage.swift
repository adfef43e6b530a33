public import Bytes

/// Writes the JSON of `/_larder/status`.
public enum StatusPage {
    /// What a process and its loops know.
    public static func json(_ report: MetricsReport, of process: ProcessReport) -> SharedBytes {
        var page = JSONText()
        page.open()
        page.member("version", process.version)
        page.member("pid", process.pid)
        page.member("started", Int(process.started))
        page.member("uptime_seconds", Int(max(0, process.now - process.started)))
        page.member("workers", process.workers)
        page.open("listen", "[")
        for address in process.listen { page.member(nil, address) }
        page.close("]")
        page.member("demo", flag: process.isDemo)
        appendUpstream(report, process, to: &page)
        appendCache(report, to: &page)
        appendEntries(report.entries, to: &page)
        appendRequests(report.counts.totals, to: &page)
        page.member("connections", report.openConnections)
        appendState(process.state, to: &page)
        appendLatency(report.counts.clientDurations, to: &page)
        appendHistory(report.counts.history, to: &page)
        page.close()
        return page.finish()
    }

    private static func appendUpstream(
        _ report: MetricsReport, _ process: ProcessReport, to page: inout JSONText
    ) {
        let upstream = report.counts.upstream
        page.open("upstream")
        page.member("url", process.upstream)
        page.member("requests", upstream.requestCount)
        page.member("failures", upstream.failureCount)
        page.member("last_success", upstream.lastSuccess.map { Int($0) })
        if let failure = upstream.lastFailure {
            page.open("last_failure")
            page.member("time", Int(failure.time))
            page.member("resource", failure.resource)
            page.member("message", failure.error)
            page.close()
        } else {
            page.member("last_failure", nil as Int?)
        }
        page.open("recent", "[")
        for exchange in upstream.recent.reversed() {
            page.open()
            page.member("time", Int(exchange.time))
            page.member("resource", exchange.resource)
            page.member("status", exchange.status)
            page.member("error", exchange.error)
            page.member("duration_ms", exchange.milliseconds)
            page.member("bytes", exchange.bytes)
            page.close()
        }
        page.close("]")
        page.open("backing_off", "[")
        for pause in report.backingOff.prefix(EntryReport.most) {
            page.open()
            page.member("resource", pause.resource)
            page.member("seconds", pause.seconds)
            page.close()
        }
        page.close("]")
        page.close()
    }

    private static func appendCache(_ report: MetricsReport, to page: inout JSONText) {
        page.open("cache")
        page.member("bytes", report.cache.bytes)
        page.member("max_bytes", report.cache.maximumBytes)
        page.member("entries", report.cache.entries)
        page.member("answers", report.cache.answers)
        page.member("evictions", report.cache.evictions)
        page.close()
    }

    private static func appendEntries(_ entries: [EntryReport], to page: inout JSONText) {
        page.open("entries", "[")
        for entry in entries.prefix(EntryReport.most) {
            page.open()
            page.member("resource", entry.resource)
            page.member("key", entry.owner.map(KeyFingerprint.text))
            page.member("status", entry.status)
            page.member("age_seconds", entry.age)
            page.member("ttl_seconds", entry.remaining)
            page.member("state", entry.state.rawValue)
            page.member("bytes", entry.bytes)
            page.member("models", entry.models)
            page.close()
        }
        page.close("]")
        var keys: [UInt64: (entries: Int, bytes: Int)] = [:]
        for entry in entries {
            guard let owner = entry.owner else { continue }
            keys[owner, default: (0, 0)].entries += 1
            keys[owner, default: (0, 0)].bytes += entry.bytes
        }
        page.open("keys", "[")
        for (owner, sum) in keys.sorted(by: { $0.key < $1.key }).prefix(EntryReport.most) {
            page.open()
            page.member("fingerprint", KeyFingerprint.text(owner))
            page.member("entries", sum.entries)
            page.member("bytes", sum.bytes)
            page.close()
        }
        page.close("]")
    }

    private static func appendRequests(_ totals: RequestTotals, to page: inout JSONText) {
        page.open("requests")
        page.member("total", totals.requests)
        page.member("hit", totals.hits)
        page.member("stale", totals.stale)
        page.member("miss", totals.misses)
        page.member("passed", totals.passed)
        page.member("own", totals.own)
        page.member("error", totals.errors)
        page.member("hit_ratio", ratio: totals.hitRatio)
        page.close()
    }

    private static func appendState(_ state: StateReport, to page: inout JSONText) {
        page.open("state")
        page.member("enabled", flag: state.isEnabled)
        page.member("dir", state.directory)
        page.member("healthy", flag: state.isHealthy)
        page.member("bytes", state.bytes)
        page.close()
    }

    private static func appendLatency(_ durations: DurationHistogram, to page: inout JSONText) {
        page.open("latency_us")
        page.open("le", "[")
        for bound in PrometheusText.bounds { page.member(nil, bound) }
        page.close("]")
        // Not cumulative: each count is of its own bucket, and the last one, for which there is no bound, of the rest.
        page.open("count", "[")
        var below: UInt64 = 0
        for bound in PrometheusText.bounds {
            let count = durations.count(upTo: bound)
            page.member(nil, count - below)
            below = count
        }
        page.member(nil, durations.count - below)
        page.close("]")
        page.member("p50", durations.quantile(0.5))
        page.member("p90", durations.quantile(0.9))
        page.member("p99", durations.quantile(0.99))
        page.member("p999", durations.quantile(0.999))
        page.close()
    }

    private static func appendHistory(_ points: [RequestHistory.Point], to page: inout JSONText) {
        page.open("history")
        page.member("step_seconds", Int(RequestHistory.step))
        page.open("points", "[")
        for point in points {
            var durations = DurationHistogram()
            durations.merge(point.durations)
            page.open()
            page.member("time", Int(point.time))
            page.member("requests", point.totals.requests)
            page.member("hits", point.totals.hits)
            page.member("stale", point.totals.stale)
            page.member("misses", point.totals.misses)
            page.member("passed", point.totals.passed)
            page.member("own", point.totals.own)
            page.member("errors", point.totals.errors)
            page.member("p50_us", durations.quantile(0.5))
            page.member("p99_us", durations.quantile(0.99))
            page.close()
        }
        page.close("]")
        page.close()
    }
}
