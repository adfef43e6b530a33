import Bytes
import Foundation
import Serving
import Testing

@testable import Metrics

@Suite("The status page")
struct StatusPageTests {
    private func entry(_ id: Int, owner: UInt64? = nil, remaining: Int = 100) -> EntryReport {
        EntryReport(
            id: id, resource: "/models?category=\"x\"", owner: owner, status: 200, age: 3, remaining: remaining,
            state: remaining > 0 ? .fresh : .stale, bytes: 50, models: nil)
    }

    @Test("It is JSON with every member, whatever the texts hold")
    func members() throws {
        var metrics = LoopMetrics()
        metrics.tick(wallSeconds: 100)
        metrics.record(.models, .hit, status: 200, bytes: 10, nanoseconds: 20_000)
        metrics.upstream.record(
            .catalog, .timeout,
            .init(time: 99, resource: "/models", status: nil, error: "\"no\"\n", milliseconds: 3, bytes: 0),
            nanoseconds: 5)
        metrics.record(.other, .passed, status: 200, bytes: 10, nanoseconds: 20_000)
        metrics.record(.own, .own, status: 200, bytes: 10, nanoseconds: 20_000)
        metrics.record(.other, .passed, status: 502, bytes: 10, nanoseconds: 20_000)
        metrics.record(.other, .passed, status: 299, bytes: 10, nanoseconds: 20_000)
        var report = MetricsReport(metrics.counts())
        report.counts.history = metrics.points()
        report.entries = [entry(1), entry(2, owner: 0x00C0_FFEE_0000_0000, remaining: -4)]
        report.backingOff = [.init(resource: "/models", seconds: 2)]
        var process = ProcessReport(version: "1", started: 90, now: 101)
        process.state.problem = .init(.failing, "\"read-only\"", since: 95)
        process.listen = ["http://127.0.0.1:1", "unix:/x"]
        let text = StatusPage.json(report, of: process).span.text()
        let json = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(
            Set(json.keys) == [
                "verdict", "findings", "version", "pid", "started", "uptime_seconds", "workers", "listen",
                "admin_listen", "demo",
                "upstream", "cache", "entries", "views",
                "keys", "requests", "connections", "connection_limit", "state", "fleet", "latency_us", "history",
            ])
        let verdict = try #require(json["verdict"] as? [String: Any])
        #expect(verdict["level"] as? String == "error" && verdict["code"] as? String == "no-catalogue")
        #expect(verdict["text"] as? String == "No catalogue yet: \"no\"\n" && verdict["since"] as? Int == 99)
        let findings = try #require(json["findings"] as? [[String: Any]])
        #expect(findings.map { $0["code"] as? String } == ["state-failing"])
        #expect(findings[0]["since"] as? Int == 95 && findings[0]["level"] as? String == "warning")
        let upstream = try #require(json["upstream"] as? [String: Any])
        #expect((upstream["last_failure"] as? [String: Any])?["reason"] as? String == "timeout")
        #expect((upstream["last_failure"] as? [String: Any])?["message"] as? String == "\"no\"\n")
        let entries = try #require(json["entries"] as? [[String: Any]])
        #expect(entries[0]["key"] is NSNull)
        #expect(entries[1]["key"] as? String == "00c0ffee" && entries[1]["ttl_seconds"] as? Int == -4)
        let latency = try #require(json["latency_us"] as? [String: Any])
        #expect((latency["count"] as? [Int])?.count == ((latency["le"] as? [Int])?.count ?? 0) + 1)
        #expect((latency["count"] as? [Int])?.reduce(0, +) == 4)
        let requests = try #require(json["requests"] as? [String: Any])
        let points = try #require((json["history"] as? [String: Any])?["points"] as? [[String: Any]])
        try #require(points.count == 1)
        let statuses = try #require(requests["statuses"] as? [[String: Any]])
        #expect(statuses.map { $0["count"] as? Int } == [3, 1, 1])
        #expect(statuses.map { $0["status"] as? Int } == [200, 502, nil])
        for (name, inPoint) in [("total", "requests"), ("hit", "hits"), ("passed", "passed"), ("own", "own")] {
            let expected = ["total": 5, "passed": 3][name] ?? 1
            #expect(requests[name] as? Int == expected && points[0][inPoint] as? Int == expected, "\(name)")
        }
    }

    @Test("The share of hits is below 1 if there was a miss")
    func hitRatio() {
        var metrics = LoopMetrics()
        for _ in 0..<99_996 { metrics.record(.models, .hit, status: 200, bytes: 0, nanoseconds: 0) }
        for _ in 0..<4 { metrics.record(.models, .miss, status: 200, bytes: 0, nanoseconds: 0) }
        let process = ProcessReport(version: "1", started: 0, now: 0)
        let text = StatusPage.json(MetricsReport(metrics.counts()), of: process).span.text()
        #expect(text.contains("\"hit_ratio\":0.9999,"))
    }

    @Test("Two loops' entries are shown once, as the one has them that got them last")
    func merging() {
        var one = MetricsReport(LoopMetrics().counts())
        one.entries = [entry(1, remaining: 5), entry(2)]
        var other = MetricsReport(LoopMetrics().counts())
        other.entries = [entry(1, remaining: 90), entry(3)]
        one.merge(other)
        #expect(one.entries.count == 3)
        #expect(one.entries.first { $0.id == 1 }?.remaining == 90)
    }

    @Test("No more entries than five hundred are shown")
    func bounded() {
        var report = MetricsReport(LoopMetrics().counts())
        report.entries = (0..<2000).map { entry($0, owner: UInt64($0) << 32) }
        let text = StatusPage.json(report, of: ProcessReport(version: "1", started: 0, now: 0)).span.text()
        #expect(text.split(separator: "\"ttl_seconds\"").count == 501)
        #expect(text.split(separator: "\"fingerprint\"").count == 501)
    }

    @Test("A fingerprint reads back", arguments: [0, 1, 0xFFFF_FFFF, 0x0ABC_DEF0] as [UInt64])
    func fingerprints(number: UInt64) {
        let text = KeyFingerprint.text(number << 32 | 77)
        #expect(text.count == 8)
        #expect(KeyFingerprint.number(text) == number)
        #expect(KeyFingerprint.number(text + "0") == nil)
        for malformed in ["+1234567", "-0000000", "-1234567", "1234567g", " 1234567", "0x123456", ""] {
            #expect(KeyFingerprint.number(malformed) == nil, "\(malformed)")
        }
    }
}
