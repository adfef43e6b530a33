import Glibc
import TestSupport
import Testing

/// How the process goes on serving for a while after it was asked to end.
@Suite(.timeLimit(.minutes(300))) struct ShutdownDelayTests {
    private func delayed(_ delay: String, before origin: ScriptedOrigin) throws -> LarderProcess {
        try LarderProcess.serve(
            before: origin, environment: ["LARDER_SERVER_SHUTDOWN_DELAY": delay, "LARDER_WORKERS": "2"])
    }

    @Test func `new and kept connections are served during the delay, with 503 from readyz`() throws {
        let manager = try NotifyReceiver()
        let larder = try LarderProcess.serve(
            ["--demo"],
            environment: [
                "LARDER_SERVER_SHUTDOWN_DELAY": "5m", "LARDER_WORKERS": "2", "NOTIFY_SOCKET": manager.name,
            ])
        let kept = try RawClient(port: larder.port)
        #expect(try kept.get("/readyz").status == 200)
        larder.child.signal(SIGTERM)
        try larder.child.waitForLine(containing: "still accepting connections for 5m")
        try eventually("every loop is leaving") {
            try (0..<16).allSatisfy { _ in try larder.get("/readyz").status == 503 }
        }
        try manager.waitFor("STOPPING=1\nSTATUS=Serving on http://127.0.0.1:\(larder.port); about to stop")
        #expect(try larder.get("/readyz").text == #"{"status":"draining"}"#)
        #expect(try larder.get("/healthz").status == 200)
        for _ in 0..<3 {
            let answer = try kept.get("/models")
            #expect(answer.status == 200 && answer.fields["Connection"] != "close")
        }
        #expect(larder.child.ending == nil)
        // A second signal ends the delay.
        try larder.end()
        #expect(larder.child.lines().contains { $0.contains(#""event":"draining""#) })
        #expect(try kept.readToEnd().isEmpty)
    }

    @Test func `when the delay is over, what is in flight is finished and nothing new begins`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { .held(gate, Replies.wellBehaved($0)) }
        let larder = try delayed("100ms", before: origin)
        let client = try RawClient(port: larder.port)
        try client.sendRequest("GET", "/models")
        try gate.waitForArrivals(1)
        larder.child.signal(SIGTERM)
        try larder.child.waitForLine(containing: #""event":"draining""#)
        try eventually("new connections are refused") { (try? RawClient(port: larder.port)) == nil }
        gate.open()
        let answer = try client.readResponse()
        #expect(answer.status == 200 && answer.fields["Connection"] == "close")
        client.close()
        try larder.child.expectExit()
    }

    @Test func `a third signal closes what is in flight`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { .held(gate, Replies.wellBehaved($0)) }
        let larder = try delayed("5m", before: origin)
        let client = try RawClient(port: larder.port)
        try client.sendRequest("GET", "/models")
        try gate.waitForArrivals(1)
        larder.child.signal(SIGTERM)
        try larder.child.waitForLine(containing: "still accepting")
        larder.child.signal(SIGINT)
        try larder.child.waitForLine(containing: #""event":"draining""#)
        try larder.end()
        #expect(((try? client.readToEnd()) ?? []).isEmpty)
    }
}
