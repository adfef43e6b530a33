import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// That the numbers are those of what was sent.
@Suite(.timeLimit(.minutes(300))) struct CountingTests {
    /// A failure after which upstream is left alone for longer than any test takes.
    private static func lasting(_ status: Int) -> OriginReply { Replies.error(status, "no", ["Retry-After": "3600"]) }

    @Test(arguments: [1, 3])
    func `every decision is counted where it belongs`(workers: Int) throws {
        let origin = try ScriptedOrigin { request in
            switch request.path {
            case "/api/v1/model/bad/gateway": Self.lasting(500)
            case "/api/v1/key": .json("{}", status: 201)
            case "/api/v1/broken": .garbage([1, 2, 3, 13, 10])
            default: Replies.wellBehaved(request)
            }
        }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let client = try larder.connect()
            defer { client.close() }
            for _ in 0..<4 { _ = try client.get("/models") }
            _ = try client.get("/models/count")
            _ = try client.get("/models/count")
            _ = try client.request("HEAD", "/models/count")
            _ = try client.get("/api/v1/models", ["Cache-Control": "no-cache"])
            let tag = try #require(try client.get("/models").fields["ETag"])
            _ = try client.get("/models", ["If-None-Match": tag])
            _ = try client.get("/models?limit=none")
            _ = try client.get("/model/no/model")
            _ = try client.get("/model/no/model")
            _ = try client.get("/model/bad/gateway")
            _ = try client.get("/model/bad/gateway")
            _ = try client.get("/models/user", ["Authorization": "Bearer k"])
            _ = try client.get("/models/user")
            _ = try client.get("/key")
            _ = try client.get("/broken")
            _ = try client.request("OPTIONS", "/models")
            _ = try client.get("/healthz")
            _ = try client.get("/readyz")
            _ = try client.get("/providers", ["Cache-Control": "only-if-cached"])
            _ = try client.request("DELETE", "/models")
            #expect(
                try Reports.requests(larder) == [
                    "models,miss,200": 1, "models,hit,200": 4, "models,hit,304": 1, "models,demanded,200": 1,
                    "models,refused,400": 1, "models,own,204": 1, "models,refused,405": 1, "count,hit,200": 3,
                    "model,miss,404": 1, "model,hit,404": 1, "model,failed,502": 1, "model,failed,503": 1,
                    "user,miss,200": 1, "user,miss,401": 1, "other,passed,other": 1, "other,failed,502": 1,
                    "health,own,200": 1, "readiness,own,200": 1, "list,refused,504": 1,
                ])
            let status = try Reports.status(larder)
            let requests = try #require(status["requests"] as? [String: Any])
            // The remembered 404 is no hit.
            #expect(requests["hit"] as? Int == 8 && requests["hit_error"] as? Int == 1)
            #expect(requests["miss"] as? Int == 5)
            #expect(requests["passed"] as? Int == 1)
            #expect(requests["error"] as? Int == 4)
            let upstream = try #require(status["upstream"] as? [String: Any])
            #expect(upstream["requests"] as? Int == origin.requests.count)
        }
    }

    @Test(arguments: [1, 2])
    func `requests to upstream are told with their failures`(workers: Int) throws {
        let origin = try ScriptedOrigin { request in
            switch request.path {
            case "/api/v1/providers": .close
            case "/api/v1/embeddings/models", "/api/v1/images/models": Self.lasting(503)
            case "/api/v1/chat": .json("{}")
            case "/api/v1/gone": .close
            default: Replies.wellBehaved(request)
            }
        }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            for target in [
                "/models", "/models?category=x", "/providers", "/embeddings/models", "/images/models", "/chat", "/gone",
            ] {
                _ = try larder.get(target)
            }
            // That of the connection that was closed is half a second at least, and may be over.
            let pauses = 2...3
            let samples = try Reports.samples(larder)
            #expect(samples[#"larder_upstream_requests_total{kind="catalog"}"#] == 1)
            #expect(samples[#"larder_upstream_requests_total{kind="facet"}"#] == 1)
            #expect(samples[#"larder_upstream_requests_total{kind="opaque"}"#] == 3)
            #expect(samples[#"larder_upstream_requests_total{kind="passed"}"#] == 2)
            #expect(samples[#"larder_upstream_failures_total{reason="cut"}"#] == 2)
            #expect(samples[#"larder_upstream_failures_total{reason="status"}"#] == 2)
            #expect(samples["larder_upstream_duration_seconds_count"] == 7)
            #expect(pauses.contains(Int(samples["larder_upstream_backing_off"] ?? 0)))
            #expect(samples["larder_catalog_fresh"] == 1)
            #expect(samples["larder_loops_reporting"] == Double(workers))
            let upstream = try #require(try Reports.status(larder)["upstream"] as? [String: Any])
            let recent = try #require(upstream["recent"] as? [[String: Any]])
            #expect(recent.count == 7)
            let labels = Set(recent.compactMap { $0["resource"] as? String })
            #expect(
                labels == [
                    "/models", "/models?category=x", "/providers", "/embeddings/models", "/images/models",
                    "passed through other",
                ])
            let reports = try #require(upstream["backing_off"] as? [[String: Any]])
            let paused = reports.compactMap { $0["resource"] as? String }
            #expect(pauses.contains(paused.count))
            #expect(paused.count { $0.hasSuffix("/models") } == 2, "\(paused)")
            #expect((upstream["last_failure"] as? [String: Any])?["message"] is String)
        }
    }

    @Test func `connections and what lies in the cache are told`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin, { $0.workers = 2 }) { larder throws in
            let idle = try (0..<3).map { _ in try larder.connect() }
            defer { for client in idle { client.close() } }
            for client in idle { _ = try client.get("/healthz") }
            _ = try larder.get("/models")
            _ = try larder.get("/models/user", key: "anna")
            let samples = try Reports.samples(larder)
            #expect(samples["larder_connections"].map { $0 >= 4 } == true)
            #expect(samples["larder_connections_accepted_total"] == 6)
            #expect(samples["larder_cache_bytes"].map { $0 > 1000 } == true)
            #expect(samples["process_open_fds"].map { $0 > 5 } == true)
            #expect(samples["process_resident_memory_bytes"].map { $0 > 1e6 } == true)
            let status = try Reports.status(larder)
            let entries = try #require(status["entries"] as? [[String: Any]])
            let shared = try #require(entries.first { $0["resource"] as? String == "/models" })
            #expect(
                shared["key"] is NSNull && shared["models"] as? Int ?? 0 > 0 && shared["state"] as? String == "fresh")
            let own = try #require(entries.first { $0["resource"] as? String == "/models/user" })
            let fingerprint = try #require(own["key"] as? String)
            #expect(fingerprint.count == 8)
            #expect((status["keys"] as? [[String: Any]])?.map { $0["fingerprint"] as? String } == [fingerprint])
            #expect((status["listen"] as? [String]) == ["http://127.0.0.1:\(larder.port)"])
        }
    }

    @Test func `a client that leaves before its answer is counted`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { .held(gate, Replies.wellBehaved($0)) }
        try LiveLarder.serving(before: origin) { larder throws in
            let waiting = try larder.begin("/chat")
            try gate.waitForArrivals(1)
            waiting.close()
            let counted = try eventually { try Reports.requests(larder)["other,aborted,499"] == 1 }
            #expect(counted)
            gate.open()
        }
    }

    /// Whether it becomes true within twenty seconds.
    private func eventually(_ condition: () throws -> Bool) throws -> Bool {
        let end = ContinuousClock.now + .hang
        while try !condition() {
            if ContinuousClock.now > end { return false }
            Thread.sleep(forTimeInterval: 0.01)
        }
        return true
    }
}
