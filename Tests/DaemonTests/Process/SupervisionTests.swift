import Glibc
import TestSupport
import Testing

/// What a service manager is told.
@Suite(.timeLimit(.minutes(300))) struct SupervisionTests {
    @Test(arguments: [false, true])
    func `it says when it serves and when it ends`(isAbstract: Bool) throws {
        let manager = try NotifyReceiver(isAbstract: isAbstract)
        let larder = try LarderProcess.serve(
            ["--demo"], environment: ["NOTIFY_SOCKET": manager.name, "LARDER_WORKERS": "3"])
        try manager.waitFor("READY=1")
        #expect(manager.messages.first?.contains("STATUS=Serving on http://127.0.0.1:\(larder.port)") == true)
        #expect(try larder.get("/healthz").status == 200)
        try larder.end()
        try manager.waitFor("STOPPING=1")
        #expect(manager.messages.last?.hasPrefix("STOPPING=1\n") == true)
        #expect(!manager.messages.contains { $0.contains("WATCHDOG=1") })
    }

    @Test func `it says that there is no catalogue, and when there is one`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        // It keeps the port for as long as it exists.
        defer { origin.stop() }
        let port = origin.port
        origin.stop()
        let manager = try NotifyReceiver()
        let larder = try LarderProcess.serve(
            before: origin,
            environment: [
                "NOTIFY_SOCKET": manager.name, "LARDER_UPSTREAM_WARM_UP": "true", "LARDER_WORKERS": "2",
            ])
        try manager.waitFor("; no catalogue: the last fetch failed")
        let back = try ScriptedOrigin(port: port, Replies.wellBehaved)
        try eventually("it has a catalogue") { try larder.get("/models").status == 200 }
        try eventually("it says so") { manager.messages.last?.hasSuffix(":\(larder.port)") == true }
        try larder.end()
        back.stop()
    }

    @Test func `it shows a sign of life for as long as it turns, while it drains too`() throws {
        let manager = try NotifyReceiver()
        let gate = OriginGate()
        let origin = try ScriptedOrigin { .held(gate, Replies.wellBehaved($0)) }
        let larder = try LarderProcess.serve(
            before: origin,
            environment: [
                "NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "60000", "LARDER_WORKERS": "3",
                "LARDER_SERVER_DRAIN_TIMEOUT": "5m", "LARDER_UPSTREAM_TIMEOUT": "5m",
            ])
        try manager.waitFor("WATCHDOG=1", count: 3)
        let client = try RawClient(port: larder.port)
        try client.sendRequest("GET", "/models")
        try gate.waitForArrivals(1)
        larder.child.signal(SIGTERM)
        try manager.waitFor("STOPPING=1")
        let before = manager.messages.count { $0 == "WATCHDOG=1" }
        try manager.waitFor("WATCHDOG=1", count: before + 3)
        gate.open()
        #expect(try client.readResponse().status == 200)
        client.close()
        try larder.child.expectExit()
    }

    @Test func `a process that stands still shows no sign of life`() throws {
        let manager = try NotifyReceiver()
        let larder = try LarderProcess.serve(
            ["--demo"], environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "30000"])
        try manager.waitFor("WATCHDOG=1", count: 3)
        larder.child.signal(SIGSTOP)
        var count = -1
        // What was on its way may still arrive.
        try eventually("the last sign has come") {
            defer { count = manager.messages.count }
            usleep(100_000)
            return manager.messages.count == count
        }
        larder.child.signal(SIGCONT)
        try manager.waitFor("WATCHDOG=1", count: manager.messages.count { $0 == "WATCHDOG=1" } + 2)
        try larder.end()
    }

    @Test func `a manager that is not there is a warning`() throws {
        let larder = try LarderProcess.serve(["--demo"], environment: ["NOTIFY_SOCKET": "nonsense"])
        #expect(try larder.get("/models").status == 200)
        try larder.end()
        #expect(larder.child.lines().contains { $0.contains("NOTIFY_SOCKET=nonsense") })
    }
}
