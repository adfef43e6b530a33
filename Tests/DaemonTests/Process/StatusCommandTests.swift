import TestSupport
import Testing

/// `larder status` and `larder purge`, as a shell sees them.
@Suite(.timeLimit(.minutes(300))) struct StatusCommandTests {
    private func larder(
        _ arguments: [String], answered reply: OriginReply
    ) throws -> (result: (ending: ChildProcess.Ending, output: String, error: String), origin: ScriptedOrigin) {
        let origin = try ScriptedOrigin { _ in reply }
        return (try LarderProcess.run(arguments + ["--url", origin.url]), origin)
    }

    @Test func `the status is a page of text, or the JSON as it came`() throws {
        let (page, origin) = try larder(["status"], answered: .json(StatusSample.whole))
        #expect(page.ending == .exited(0) && page.error.isEmpty)
        #expect(page.output.contains("/models/user  1a2b3c4d  stale"))
        #expect(origin.requests.map(\.target) == ["/_larder/status"])
        let (json, _) = try larder(["status", "--json"], answered: .json(StatusSample.whole))
        #expect(json.output == StatusSample.whole)
    }

    @Test func `a healthcheck for readiness says why Larder is not ready`() throws {
        let (ready, origin) = try larder(["healthcheck", "--ready"], answered: .json(#"{"status":"ready"}"#))
        #expect(ready.ending == .exited(0) && ready.output.contains(" is ready"))
        #expect(origin.requests.map(\.target) == ["/readyz"])
        let (warming, _) = try larder(
            ["healthcheck", "--ready"], answered: .json(#"{"status":"warming up"}"#, status: 503))
        #expect(warming.ending == .exited(1))
        #expect(warming.error.contains(" is not ready: it answered 503, warming up"), "\(warming.error)")
        let (healthy, other) = try larder(["healthcheck"], answered: .json(#"{"status":"ok"}"#))
        #expect(healthy.ending == .exited(0) && other.requests.map(\.target) == ["/healthz"])
    }

    @Test(arguments: [OriginReply.status(404), .json("[]"), .json("no"), .close])
    func `what is no status is one line and exit 1`(reply: OriginReply) throws {
        let (result, _) = try larder(["status"], answered: reply)
        #expect(result.ending == .exited(1) && result.output.isEmpty)
        #expect(result.error.hasPrefix("larder: ") && !result.error.contains("\n"), "\(result.error)")
    }

    @Test(arguments: [
        (["--catalog"], "catalog=1"), (["--key", "1a2b3c4d"], "key=1a2b3c4d"), (["--all"], "all=1"),
    ])
    func `purge sends its target, and prints the number of deleted copies`(flags: [String], query: String) throws {
        let (result, origin) = try larder(["purge"] + flags, answered: .json(#"{"purged":3}"#))
        #expect(result.ending == .exited(0) && result.output == "deleted 3 copies")
        #expect(origin.requests.map(\.method) == ["POST"])
        #expect(origin.requests.map(\.target) == ["/_larder/purge?" + query])
        #expect(origin.requests[0].fields["Content-Length"] == "0")
    }

    @Test(arguments: [
        [], ["--all", "--catalog"], ["--key", "sk-or-v1-canary"], ["--key", "1A2B3C4D"], ["--key", "1a2b3c4"],
    ])
    func `purging wants one thing to forget, and never a key`(flags: [String]) throws {
        let (result, origin) = try larder(["purge"] + flags, answered: .json(#"{"purged":3}"#))
        #expect(result.ending == .exited(64) && origin.requests.isEmpty)
        #expect(!result.error.contains("canary") && !result.error.contains("\n"), "\(result.error)")
    }

    @Test func `a unix socket is asked too`() throws {
        let path = "/tmp/larder-cli-\(UInt64.random(in: 0 ... .max)).sock"
        let larder = try LarderProcess.serve(["--demo", "--listen", "unix:\(path)"])
        let models = try LarderProcess.run(["models", "--url", "unix:\(path)", "--limit", "1"])
        #expect(models.ending == .exited(0) && models.output.contains("1 of "), "\(models)")
        let health = try LarderProcess.run(["healthcheck"], environment: ["LARDER_URL": "unix:\(path)"])
        #expect(health.ending == .exited(0) && health.output == "unix:\(path) is healthy")
        try larder.end()
    }
}
