import Foundation
import Glibc
import TestSupport
import Testing

/// The log as the process writes it.
@Suite(.timeLimit(.minutes(300))) struct AccessLogTests {
    private static func objects(_ lines: [String]) throws -> [[String: Any]] {
        try lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }

    @Test func `each request has one line, which parses and tells what was sent`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        // One loop, so that the lines are in the order of the requests.
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": "1"])
        for _ in 0..<3 { _ = try larder.get("/models") }
        let own = try larder.get("/models/user", ["Authorization": "Bearer anna"])
        _ = try larder.get("/nothing/at/all")
        try larder.end()
        let all = try Self.objects(larder.child.lines(.error))
        for object in all {
            #expect(object["event"] is String && object["time"] is String && object["level"] is String)
        }
        let access = all.filter { $0["event"] as? String == "access" }
        #expect(access.map { $0["decision"] as? String } == ["miss", "hit", "hit", "miss", "passed"])
        #expect(access.map { $0["route"] as? String } == ["models", "models", "models", "user", "other"])
        #expect(access.map { $0["path"] as? String }[4] == "/nothing/at/all")
        #expect(access.map { $0["status"] as? Int } == [200, 200, 200, 200, 404])
        #expect(access[3]["bytes"] as? Int == own.body.count)
        #expect(access[3]["key"] as? String != "no key" && access[0]["key"] as? String == "no key")
        // A hit has neither, since it must cost nothing more.
        #expect(access.map { $0["client"] is String } == [true, false, false, true, true])
        #expect(access.map { $0["request_id"] is String } == [true, false, false, true, true])
        #expect((access[0]["client"] as? String)?.hasPrefix("127.0.0.1:") == true)
        #expect(all.last?["event"] as? String == "stopped")
    }

    @Test func `each request that bears a key is told with its fingerprint, whatever becomes of it`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": "1"])
        let anna: MessageFields = ["Authorization": "Bearer anna"]
        let client = try RawClient(port: larder.port)
        // A miss, hits of what all share and of what is the key's own, a 304, one passed through, a refusal, Larder's own.
        for target in ["/models", "/models", "/models/user", "/models/user", "/key", "/models?limit=0", "/healthz"] {
            _ = try client.get(target, anna)
        }
        _ = try client.get("/models", ["Authorization": "Bearer anna", "If-None-Match": "*"])
        // The next request on the same connection bears no key, or another one.
        _ = try client.get("/models")
        _ = try client.get("/models", ["Authorization": "Bearer bert"])
        client.close()
        try larder.end()
        let access = try Self.objects(larder.child.lines(.error)).filter { $0["event"] as? String == "access" }
        let keys = access.compactMap { $0["key"] as? String }
        #expect(Set(keys.prefix(8)).count == 1 && keys[0].count == 8)
        #expect(keys.count == 10 && keys[8] == "no key")
        #expect(keys[9].count == 8 && keys[9] != keys[0])
        #expect(access[1]["decision"] as? String == "hit" && access[7]["status"] as? Int == 304)
    }

    @Test func `a key has one fingerprint, in whichever field it stands`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": "1"])
        for fields in [
            ["Authorization": "Bearer anna"], ["x-api-key": "anna"],
            ["X-Api-Key": "bert", "Authorization": "Bearer anna"],
            ["x-api-key": "bert"], ["x-api-key": ""],
        ] as [MessageFields] {
            _ = try larder.get("/models", fields)
        }
        try larder.end()
        let access = try Self.objects(larder.child.lines(.error)).filter { $0["event"] as? String == "access" }
        let keys = access.compactMap { $0["key"] as? String }
        #expect(keys.count == 5 && Set(keys.prefix(3)).count == 1 && Set(keys).count == 3)
        #expect(access.map { $0["decision"] as? String } == ["miss", "passed", "hit", "passed", "passed"])
    }

    @Test(arguments: [["LARDER_LOG_ACCESS": "false"], ["LARDER_LOG_LEVEL": "warning"]])
    func `no requests are logged where they are not wanted`(environment: [String: String]) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        // At that level nothing says that it serves, so the port has to be known.
        if environment["LARDER_LOG_LEVEL"] != nil { return try quiet(origin, environment) }
        let larder = try LarderProcess.serve(before: origin, environment: environment)
        _ = try larder.get("/models")
        try larder.end()
        #expect(!larder.child.lines(.error).contains { $0.contains("access") })
    }

    private func quiet(_ origin: ScriptedOrigin, _ environment: [String: String]) throws {
        let path = "/tmp/larder-quiet-\(getpid()).sock"
        let child = try ChildProcess(
            LarderProcess.path, ["serve", "--listen", "unix:\(path)", "--upstream", origin.url + "/api/v1"],
            environment: LarderProcess.environment(environment.merging(["LARDER_STATE_ENABLED": "false"]) { $1 }))
        // It says nothing, so it is asked. The socket alone is there before signals are watched.
        try eventually("it serves") {
            try ChildProcess(
                LarderProcess.path, ["healthcheck", "--url", "unix:\(path)"], environment: LarderProcess.environment()
            ).waitForExit() == .exited(0)
        }
        child.signal(SIGTERM)
        try child.expectExit()
        #expect(child.lines(.error).isEmpty)
    }

    @Test func `the same failure has one line a second, which counts`() throws {
        let origin = try ScriptedOrigin { request in
            request.target.contains("unknown") ? .close : Replies.wellBehaved(request)
        }
        let larder = try LarderProcess.serve(before: origin)
        for number in 0..<50 { _ = try larder.get("/models?unknown=\(number)") }
        /// The lines that were written, and how many more failures they and later ones say there were.
        func counts() throws -> (written: Int, heldBack: Int) {
            let failed = try Self.objects(larder.child.lines(.error)).filter {
                ($0["message"] as? String)?.contains("/models?...") == true
            }
            let heldBack = failed.compactMap { ($0["suppressed"] ?? $0["count"]) as? Int }
            return (failed.count { $0["event"] as? String == "fetch-failed" }, heldBack.reduce(0, +))
        }
        // What was held back last is reported once its time is over; on a slow machine some of it comes more than once.
        try eventually("all failures are reported") {
            let (written, heldBack) = try counts()
            return written + heldBack >= 50
        }
        try larder.end()
        let (written, heldBack) = try counts()
        #expect(written + heldBack == 50)
        #expect(written < 50)
    }
}
