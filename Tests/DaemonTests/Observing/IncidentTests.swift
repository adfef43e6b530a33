import Foundation
import Glibc
import TestSupport
import Testing

/// For each incident: what the status, the log, the metrics and the doctor say. docs/operations.md has the same table.
@Suite(.timeLimit(.minutes(300))) struct IncidentTests {
    /// What a running process says of itself.
    private struct Witness {
        let larder: LarderProcess

        func status() throws -> [String: Any] {
            let body = try larder.get("/_larder/status").body
            return try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        }

        /// The codes of the verdict and of all further findings, and the verdict's text.
        func verdict() throws -> (codes: [String], text: String) {
            let status = try status()
            let verdict = try #require(status["verdict"] as? [String: Any])
            let others = try #require(status["findings"] as? [[String: Any]])
            return (
                ([verdict] + others).compactMap { $0["code"] as? String }, try #require(verdict["text"] as? String)
            )
        }

        /// The value of a sample of `/metrics`.
        func metric(_ sample: String) throws -> Double? {
            let text = try larder.get("/metrics").text
            let line = text.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
            return line.flatMap { Double($0.dropFirst(sample.count + 1)) }
        }

        /// The lines of the log with an event's name.
        func events(_ name: String) -> [[String: Any]] {
            larder.child.lines(.error).compactMap {
                try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }.filter { $0["event"] as? String == name }
        }

        /// The first line of the log with an event's name, which another thread may still have to write.
        func event(_ name: String) throws -> [String: Any] {
            _ = try larder.child.waitForLine(containing: #""event":"\#(name)""#)
            return try #require(events(name).first)
        }

        /// The findings of `larder doctor`, by check.
        func doctor(_ environment: [String: String] = [:]) throws -> [String: [String]] {
            let result = try LarderProcess.run(
                ["doctor", "--url", "http://127.0.0.1:\(larder.port)"], environment: environment)
            var findings: [String: [String]] = [:]
            for line in result.output.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
                try #require(words.count == 3, "\(line)")
                findings[String(words[1]), default: []].append(
                    words[0] + " " + words[2].trimmingCharacters(in: .whitespaces))
            }
            return findings
        }
    }

    private static let warm = ["LARDER_UPSTREAM_WARM_UP": "true"]

    @Test func `503 from the start: no catalogue, and no advice to change the address`() throws {
        let origin = try ScriptedOrigin { _ in Replies.error(503) }
        let witness = Witness(larder: try LarderProcess.serve(before: origin, environment: Self.warm))
        try eventually("it is noticed") { try witness.verdict().codes == ["no-catalogue"] }
        #expect(try witness.verdict().text.hasPrefix("No catalogue yet: upstream answer"))
        let event = try witness.event("fetch-failed")
        #expect(event["level"] as? String == "warning" && event["status"] as? Int == 503)
        #expect(event["reason"] as? String == "status" && event["resource"] as? String == "/models")
        #expect(event["key"] as? String == "no key")
        #expect(try witness.metric(#"larder_upstream_failures_total{reason="status"}"#) ?? 0 >= 1)
        #expect(try witness.metric("larder_catalog_models") == nil)
        #expect(try witness.larder.get("/readyz").status == 503)
        let doctor = try witness.doctor()
        #expect(doctor["larder"]?.first?.contains("No catalogue yet") == true, "\(doctor)")
        #expect(doctor["larder"]?.first?.hasPrefix("fail ") == true)
        let upstream = try #require(doctor["upstream"]?.first)
        #expect(upstream.hasPrefix("fail ") && upstream.contains("503") && upstream.contains("the address is right"))
        #expect(!upstream.contains("check upstream.url"))
        try witness.larder.end()
    }

    @Test func `503 later: stale copies, and for how long`() throws {
        let isDown = Monitor(false)
        // It is left alone for longer than any test takes.
        let failure = Replies.error(503, "no", ["Retry-After": "3600"])
        let origin = try ScriptedOrigin { isDown.current ? failure : Replies.wellBehaved($0) }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_TTL_CATALOG": "1ms"])
        let witness = Witness(larder: larder)
        #expect(try larder.get("/models").status == 200)
        #expect(try witness.verdict().text.hasPrefix("All is well: catalogue of "))
        isDown.withValue { $0 = true }
        let answer = try larder.get("/models", ["Cache-Control": "no-cache"])
        #expect(answer.status == 200)
        #expect(try witness.verdict().codes == ["stale"])
        #expect(try witness.verdict().text == "Serving stale copies: upstream answers 503")
        #expect(try witness.metric("larder_catalog_fresh") == 0)
        #expect(try witness.metric("larder_upstream_backing_off") == 1)
        let shown = try LarderProcess.run(["status", "--url", "http://127.0.0.1:\(larder.port)"])
        #expect(shown.output.hasPrefix("Serving stale copies: upstream answers 503\n\nlarder "), "\(shown.output)")
        try larder.end()
    }

    @Test func `401: the key's fingerprint, and not the key`() throws {
        let origin = try ScriptedOrigin { request in
            request.path == "/api/v1/models/user" ? Replies.error(401, "User not found") : Replies.wellBehaved(request)
        }
        let larder = try LarderProcess.serve(before: origin)
        let witness = Witness(larder: larder)
        #expect(try larder.get("/models").status == 200)
        #expect(try larder.get("/models/user", ["Authorization": "Bearer sk-canary"]).status == 401)
        let event = try witness.event("fetch-failed")
        #expect(event["reason"] as? String == "refused" && event["status"] as? Int == 401)
        #expect(event["level"] as? String == "warning" && event["resource"] as? String == "/models/user")
        let fingerprint = try #require(event["key"] as? String)
        #expect(fingerprint.count == 8)
        let verdict = try witness.verdict()
        #expect(verdict.codes == ["key-refused"] && verdict.text.contains("the key \(fingerprint) (401)"), "\(verdict)")
        #expect(try witness.metric(#"larder_upstream_failures_total{reason="refused"}"#) == 1)
        let doctor = try witness.doctor()
        #expect(
            doctor["larder"]?.first?.hasPrefix("warn ") == true && doctor["upstream"]?.first?.hasPrefix("ok ") == true)
        // A key that is accepted ends it.
        try larder.end()
        #expect(!larder.child.lines(.error).contains { $0.contains("canary") || $0.contains("User not found") })
    }

    @Test func `an upstream that wants a key for everything is no wrong address`() throws {
        let origin = try ScriptedOrigin { _ in Replies.error(401) }
        let witness = Witness(larder: try LarderProcess.serve(before: origin, environment: Self.warm))
        try eventually("it is noticed") { try witness.verdict().codes.contains("no-catalogue") }
        #expect(try witness.verdict().codes == ["no-catalogue", "key-refused"])
        let upstream = try #require(try witness.doctor()["upstream"]?.first)
        #expect(upstream.contains("401") && upstream.contains("refuses requests without a key"))
        #expect(!upstream.contains("check upstream.url"))
        try witness.larder.end()
    }

    @Test func `a cut network`() throws {
        let (reservation, port) = try TestSocket.bound()
        defer { reservation.close() }
        let upstream = "http://127.0.0.1:\(port)/api/v1"
        let larder = try LarderProcess.serve(["--upstream", upstream], environment: Self.warm)
        let witness = Witness(larder: larder)
        try eventually("it is noticed") { try witness.verdict().codes == ["no-catalogue"] }
        #expect(try witness.verdict().text.contains("upstream cannot be reached"))
        #expect(try witness.event("fetch-failed")["reason"] as? String == "unreachable")
        #expect(try witness.event("fetch-failed")["status"] == nil)
        #expect(try witness.metric(#"larder_upstream_failures_total{reason="unreachable"}"#) ?? 0 >= 1)
        let finding = try #require(try witness.doctor()["upstream"]?.first)
        #expect(finding.hasPrefix("fail ") && finding.contains("check the network"))
        try larder.end()
    }

    @Test func `an expired certificate is no unknown authority`() throws {
        let origin = try TLSOrigin(.page, days: -1)
        defer { origin.stop() }
        let environment = Self.warm.merging(["LARDER_UPSTREAM_CA_FILE": origin.caFile]) { $1 }
        let larder = try LarderProcess.serve(["--upstream", origin.url + "/api/v1"], environment: environment)
        let witness = Witness(larder: larder)
        try eventually("it is noticed") { try witness.verdict().codes == ["no-catalogue"] }
        #expect(try witness.verdict().text.contains("certificate has expired"))
        #expect(try witness.event("fetch-failed")["reason"] as? String == "tls")
        #expect(try witness.metric(#"larder_upstream_failures_total{reason="tls"}"#) ?? 0 >= 1)
        let doctor = try witness.doctor()
        let tls = try #require(doctor["tls"]?.first)
        #expect(tls.hasPrefix("fail ") && tls.contains("must renew it") && !tls.contains("ca_file"), "\(tls)")
        #expect(doctor["upstream"]?.first?.hasSuffix("see tls") == true)
        try larder.end()
    }

    /// Whether a process may have mounts of its own, which takes the superuser's rights.
    private static let mayMount: Bool = {
        let trial = try? ChildProcess.run(
            "/usr/bin/unshare", ["-m", "/bin/sh", "-c", "mount -t tmpfs none /tmp && /bin/true"])
        return trial?.ending == .exited(0)
    }()

    @Test(.enabled(if: mayMount, "a name space of mounts can be made"))
    func `a full disk is no wrong mode`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let folder = StateFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let fill =
            "mount -t tmpfs -o size=64k,mode=700 none $STATE && { head -c 1m /dev/zero > $STATE/x 2>/dev/null; true; }"
        let script = "\(fill) && exec \"$0\" \"$@\""
        let arguments = [
            "serve", "--listen", "127.0.0.1:0", "--upstream", origin.url + "/api/v1", "--state-dir", folder.path,
        ]
        let child = try ChildProcess(
            "/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, LarderProcess.path] + arguments,
            environment: LarderProcess.environment(["STATE": folder.path, "LARDER_UPSTREAM_WARM_UP": "false"]))
        let larder = try LarderProcess.started(child)
        let witness = Witness(larder: larder)
        #expect(try larder.get("/models").status == 200)
        try eventually("it is noticed") { try witness.verdict().codes == ["state-full"] }
        #expect(try witness.event("state-failing")["level"] as? String == "warning")
        #expect(try witness.metric("larder_state_healthy") == 0)
        let state = try #require(try witness.doctor()["state"]?.first)
        #expect(state.hasPrefix("fail ") && state.contains("disk is full") && state.contains("free space"), "\(state)")
        #expect(!state.contains("permissions"))
        // The same without a running process.
        let alone = try ChildProcess.run(
            "/usr/bin/unshare",
            ["-m", "/bin/sh", "-c", script, LarderProcess.path, "doctor"],
            environment: LarderProcess.environment([
                "STATE": folder.path, "STATE_DIRECTORY": folder.path, "LARDER_LISTEN": "127.0.0.1:0",
                "LARDER_UPSTREAM_URL": origin.url + "/api/v1",
            ]))
        #expect(alone.output.contains("is full: free space on that file system"), "\(alone.output)")
        try larder.end()
    }

    @Test func `a refused reload, until one succeeds`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, "ttl.catalog = \"1h\"\n")
        let witness = Witness(larder: larder.process)
        let url = "http://127.0.0.1:\(larder.process.port)"
        #expect(try larder.get("/models").status == 200)
        #expect(try witness.metric("larder_reload_success") == 1)
        try "ttl.catalog = \"soon\"\n".write(toFile: larder.file, atomically: true, encoding: .utf8)
        let refused = try LarderProcess.run(["reload", "--url", url])
        #expect(refused.ending == .exited(78) && refused.error.contains("ttl.catalog"), "\(refused)")
        let verdict = try witness.verdict()
        #expect(verdict.codes == ["reload-refused"] && verdict.text.contains("bad value \"soon\" for `ttl.catalog`"))
        #expect(try witness.event("reload-refused")["level"] as? String == "error")
        #expect(try witness.metric("larder_reload_success") == 0)
        // The doctor examines what is in effect, not what the file says by now.
        let doctor = try witness.doctor()
        #expect(doctor["larder"]?.first?.hasPrefix("warn ") == true)
        #expect(doctor["settings"]?.contains { $0.hasPrefix("ok those of the running Larder") } == true, "\(doctor)")
        try "ttl.catalog = \"2h\"\nworkers = 3\n".write(toFile: larder.file, atomically: true, encoding: .utf8)
        let taken = try LarderProcess.run(["reload", "--url", url])
        #expect(taken.ending == .exited(0) && taken.output.contains("only after a restart: workers"), "\(taken)")
        #expect(try witness.metric("larder_reload_success") == 1)
        #expect(try witness.verdict().codes == ["restart-needed"])
        // The settings are those in effect: the changed lifetime, and the old number of loops.
        let text = try larder.get("/_larder/settings").text
        #expect(
            text.contains(##"{"name":"ttl.catalog","value":"\"2h\"","origin":"\##(larder.file), line 1"}"##), "\(text)")
        #expect(!text.contains(#""name":"workers","value":"3""#))
        try larder.process.end()
    }

    /// A request that waits for a place. It does so for ten seconds only, which a slow machine may need to ask how many
    /// wait. Then it is refused, and another one takes its place.
    private struct Line {
        private let port: UInt16
        private var waiting: RawClient
        /// How many were refused.
        private(set) var refused = 0

        init(of larder: LarderProcess) throws {
            port = larder.port
            waiting = try Self.begin(port)
        }

        private static func begin(_ port: UInt16) throws -> RawClient {
            let client = try RawClient(port: port)
            try client.sendRequest("GET", "/models/count")
            return client
        }

        /// What the verdict says of those that were refused.
        var told: String { refused == 0 ? "" : ", \(refused) refused since the start" }

        /// Waits until something holds while one waits. It gets what the verdict says of those before.
        mutating func until(_ what: String, _ holds: (String) throws -> Bool) throws {
            let end = ContinuousClock.now + .hang
            while try !holds(told) {
                guard ContinuousClock.now < end else { throw TimedOut(what, after: .hang) }
                guard waiting.socket.wait(for: POLLIN, until: .now + .milliseconds(5)) else { continue }
                try expectRefusal()
                waiting = try Self.begin(port)
            }
        }

        /// Waits until the last one is refused.
        mutating func expectRefusal() throws {
            let refusal = try waiting.readResponse()
            #expect(refusal.status == 503 && refusal.fields["Retry-After"] == "5")
            #expect(refusal.text.contains("server.max_connections"))
            waiting.close()
            refused += 1
        }
    }

    @Test func `connections exhausted: the operator gets in, and the client a reason`() throws {
        let gate = OriginGate()
        defer { gate.open() }
        let origin = try ScriptedOrigin { request in
            guard request.path == "/api/v1/chat/completions" else { return Replies.wellBehaved(request) }
            return .response(status: 200, fields: [:], body: .gated([1], gate, [2]))
        }
        let larder = try LarderProcess.serve(
            before: origin, environment: ["LARDER_SERVER_MAX_CONNECTIONS": "2", "LARDER_WORKERS": "2"])
        let witness = Witness(larder: larder)
        let streams = try (0..<2).map { _ in
            let client = try RawClient(port: larder.port)
            try client.sendRequest("POST", "/chat/completions", body: [1])
            #expect(try client.readHead().status == 200)
            return client
        }
        var line = try Line(of: larder)
        let event = try witness.event("connections-full")
        #expect(event["level"] as? String == "warning" && event["server.max_connections"] as? Int == 2)
        #expect(try witness.verdict().codes == ["connections-full"])
        try line.until("the verdict reports it") {
            try witness.verdict().text == "All 2 connections are in use: 1 waiting\($0)"
        }
        try line.until("the metrics report it") { _ in try witness.metric("larder_connections_waiting") == 1 }
        #expect(try witness.metric("larder_connections_max") == 2)
        try line.until("the command reports it") { refused in
            let shown = try LarderProcess.run(["status", "--url", "http://127.0.0.1:\(larder.port)"])
            #expect(shown.output.hasPrefix("All 2 connections are in use: "), "\(shown.output)")
            return shown.output.hasPrefix("All 2 connections are in use: 1 waiting\(refused)\n\nlarder ")
        }
        let doctor = try witness.doctor()
        #expect(doctor["larder"]?.first?.hasPrefix("fail ") == true, "\(doctor)")
        #expect(try larder.get("/healthz").status == 200 && larder.get("/readyz").status == 200)
        // Its time is over.
        try line.expectRefusal()
        #expect(try witness.metric("larder_connections_refused_total") == Double(line.refused))
        #expect(try witness.verdict().text == "All 2 connections are in use: 0 waiting\(line.told)")
        gate.open()
        for client in streams { client.close() }
        func refusals() -> Int {
            witness.events("connections-free").compactMap { $0["refused"] as? Int }.reduce(0, +)
        }
        try eventually("it is over") { refusals() >= line.refused }
        #expect(refusals() == line.refused)
        // One line for a shortage, however long it is.
        #expect(witness.events("connections-full").count == witness.events("connections-free").count)
        try larder.end()
    }

    @Test func `passed-through requests that fail have a warning with their identifier`() throws {
        let origin = try ScriptedOrigin { request in
            request.path == "/api/v1/chat" ? Replies.error(502) : Replies.wellBehaved(request)
        }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": "1"])
        let witness = Witness(larder: larder)
        let answer = try larder.get("/chat", ["X-Request-Id": "mine-1"])
        #expect(answer.status == 502 && answer.fields["X-Request-Id"] == "mine-1")
        #expect(origin.requests.last?.fields["X-Request-Id"] == "mine-1")
        let event = try witness.event("pass-failed")
        #expect(event["request_id"] as? String == "mine-1" && event["reason"] as? String == "status")
        #expect(event["status"] as? Int == 502)
        #expect(try witness.verdict().codes.contains("passed-failing"))
        #expect(try witness.metric(#"larder_upstream_failures_total{reason="status"}"#) == 1)
        // One that bears none, or one that is not safe to log, gets one.
        let own = try #require(try larder.get("/chat").fields["X-Request-Id"])
        #expect(own.count == 16 && origin.requests.last?.fields["X-Request-Id"] == own)
        let odd = try #require(try larder.get("/chat", ["X-Request-Id": "a b"]).fields["X-Request-Id"])
        #expect(odd.count == 16 && origin.requests.last?.fields["X-Request-Id"] == "a b")
        let miss = try larder.get("/models")
        #expect(miss.fields["X-Request-Id"]?.count == 16)
        #expect(try larder.get("/models").fields["X-Request-Id"] == nil)
        #expect(origin.requests.last?.fields["X-Request-Id"] == nil)
        try larder.end()
        let access = witness.events("access")
        #expect(access.contains { $0["request_id"] as? String == "mine-1" && $0["status"] as? Int == 502 })
        #expect(access.contains { $0["request_id"] as? String == own })
    }
}
