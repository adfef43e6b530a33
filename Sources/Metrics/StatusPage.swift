public import Bytes
import Serving

/// Writes the JSON of `/_larder/status`.
public enum StatusPage {
    /// The metrics of a process and its loops.
    public static func json(_ report: MetricsReport, of process: ProcessReport) -> SharedBytes {
        var page = JSONText()
        page.open()
        appendVerdict(Verdict(report, of: process), to: &page)
        page.member("version", process.version)
        page.member("pid", process.pid)
        page.member("started", Int(process.started))
        page.member("uptime_seconds", Int(max(0, process.now - process.started)))
        page.member("workers", process.workers)
        page.open("listen", "[")
        for address in process.listen { page.member(nil, address) }
        page.close("]")
        page.open("admin_listen", "[")
        for address in process.adminListen { page.member(nil, address) }
        page.close("]")
        page.member("demo", flag: process.isDemo)
        appendUpstream(report, process, to: &page)
        appendCache(report, to: &page)
        appendEntries(report.entries, to: &page)
        append(report.views, to: &page)
        appendRequests(report.counts.requests, to: &page)
        page.member("connections", report.openConnections)
        append(report.places, to: &page)
        appendState(process.state, to: &page)
        append(process.fleet, to: &page)
        appendLatency(report.counts.clientDurations, to: &page)
        appendHistory(report.counts.history, to: &page)
        page.close()
        return page.finish()
    }

    private static func appendVerdict(_ verdict: Verdict, to page: inout JSONText) {
        page.open("verdict")
        append(verdict.first, to: &page)
        page.close()
        page.open("findings", "[")
        for finding in verdict.others {
            page.open()
            append(finding, to: &page)
            page.close()
        }
        page.close("]")
    }

    private static func append(_ finding: Finding, to page: inout JSONText) {
        page.member("level", finding.level.rawValue)
        page.member("code", finding.code.rawValue)
        page.member("text", finding.text)
        page.member("since", finding.since.map { Int($0) })
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
            page.member("reason", failure.reason.map { $0.name.description })
            page.member("status", failure.status)
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
            page.member("reason", exchange.reason.map { $0.name.description })
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
        page.member("distinct_entries", report.entries.count)
        page.member("answers", report.cache.answers)
        page.member("evictions", report.cache.evictions)
        page.close()
    }

    private static func appendEntries(_ entries: [EntryReport], to page: inout JSONText) {
        page.open("entries", "[")
        for entry in entries.prefix(EntryReport.most) {
            page.open()
            page.member("resource", entry.resource)
            page.member("key", entry.owner.map(KeyFingerprint.name))
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
            page.member("fingerprint", KeyFingerprint.name(owner))
            page.member("entries", sum.entries)
            page.member("bytes", sum.bytes)
            page.close()
        }
        page.close("]")
    }

    private static func appendRequests(_ requests: RequestCounters, to page: inout JSONText) {
        let totals = requests.totals
        page.open("requests")
        page.member("total", totals.requests)
        page.member("hit", totals.hits)
        page.member("hit_error", totals.errorHits)
        page.member("stale", totals.stale)
        page.member("miss", totals.misses)
        page.member("passed", totals.passed)
        page.member("own", totals.own)
        page.member("error", totals.errors)
        page.member("hit_ratio", ratio: totals.hitRatio)
        page.open("statuses", "[")
        for (status, count) in requests.statuses {
            page.open()
            page.member("status", status)
            page.member("count", count)
            page.close()
        }
        page.close("]")
        page.close()
    }

    private static func append(_ places: ConnectionPlaces.Report?, to page: inout JSONText) {
        page.open("connection_limit")
        page.member("max", places?.limit)
        page.member("waiting", places?.waiting ?? 0)
        page.member("evicted", places?.evicted ?? 0)
        page.member("refused", places?.refused ?? 0)
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

    private static func append(_ fleet: FleetReport?, to page: inout JSONText) {
        guard let fleet else { return page.member("fleet", nil as Int?) }
        page.open("fleet")
        page.member("state", fleet.isUp ? "up" : "down")
        page.member("since", fleet.since.map { Int($0) })
        page.member("notice", fleet.notice)
        page.member("replicas", fleet.replicas)
        page.member("taken", fleet.taken)
        page.member("given", fleet.given)
        page.member("leases", fleet.leases)
        page.member("waits", fleet.waits)
        page.member("alone", fleet.alone)
        page.member("failures", fleet.failures)
        page.member("purges", fleet.purges)
        page.close()
    }

    private static func appendLatency(_ durations: DurationHistogram, to page: inout JSONText) {
        page.open("latency_us")
        page.open("le", "[")
        for bound in PrometheusText.bounds { page.member(nil, bound) }
        page.close("]")
        // Not cumulative: each count is for its own bucket. The last bucket has no bound and counts the rest.
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

/// Writes JSON, member by member, into one byte buffer.
struct JSONText: ~Copyable {
    private(set) var out = ByteBuilder(capacity: 16 << 10)
    private var needsComma = false

    consuming func finish() -> SharedBytes { out.finish() }

    /// Opens an object or, with `[`, an array, as the value of a member or as an element.
    mutating func open(_ name: StaticString? = nil, _ bracket: StaticString = "{") {
        key(name)
        out.append(bracket)
        needsComma = false
    }

    mutating func close(_ bracket: StaticString = "}") {
        out.append(bracket)
        needsComma = true
    }

    mutating func member(_ name: StaticString?, _ number: Int?) {
        key(name)
        if let number { out.append(decimal: number) } else { out.append("null") }
    }

    mutating func member(_ name: StaticString?, _ number: UInt64) { member(name, Int(clamping: number)) }

    mutating func member(_ name: StaticString?, _ text: String?) {
        key(name)
        guard let text else { return out.append("null") }
        out.append("\"")
        out.append(jsonEscaped: Array(text.utf8).span)
        out.append("\"")
    }

    mutating func member(_ name: StaticString?, flag: Bool) {
        key(name)
        out.append(flag ? "true" : "false")
    }

    /// A ratio with as many decimals as it has; null for nil.
    mutating func member(_ name: StaticString?, ratio: Double?) {
        key(name)
        guard let ratio else { return out.append("null") }
        out.append(utf8: "\(ratio)")
    }

    private mutating func key(_ name: StaticString?) {
        if needsComma { out.append(",") }
        needsComma = true
        guard let name else { return }
        out.append("\"")
        out.append(name)
        out.append("\":")
    }
}

/// Writes the JSON of `/_larder/settings`.
public enum SettingsPage {
    /// The settings in effect: the name, the value as TOML without secrets, and where it came from. `file` is the file
    /// that was read, if there was one.
    public static func json(
        file: String?, rows: [(name: String, value: String, origin: String)], _ reload: ReloadReport
    ) -> SharedBytes {
        var page = JSONText()
        page.open()
        page.member("file", file)
        page.open("reload")
        page.member("count", reload.count)
        page.member("time", reload.time.map { Int($0) })
        page.member("refused", reload.refusal)
        page.open("waiting", "[")
        for name in reload.waiting { page.member(nil, name) }
        page.close("]")
        page.close()
        page.open("settings", "[")
        for row in rows {
            page.open()
            page.member("name", row.name)
            page.member("value", row.value)
            page.member("origin", row.origin)
            page.close()
        }
        page.close("]")
        page.close()
        return page.finish()
    }
}
