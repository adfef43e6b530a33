import Glibc
import TestSupport
import Testing

/// How the process begins and ends.
@Suite(.timeLimit(.minutes(300))) struct SignalTests {
    @Test(arguments: [SIGTERM, SIGINT], ["1", "4"])
    func `a signal to end lets what is in flight end, and nothing new begin`(signal: Int32, workers: String) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { .held(gate, Replies.wellBehaved($0)) }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": workers])
        let client = try RawClient(port: larder.port)
        try client.sendRequest("GET", "/models")
        try gate.waitForArrivals(1)
        larder.child.signal(signal)
        try larder.child.waitForLine(containing: "draining")
        try eventually("new connections are refused") { (try? RawClient(port: larder.port)) == nil }
        #expect(larder.child.ending == nil)
        gate.open()
        let answer = try client.readResponse()
        #expect(answer.status == 200 && answer.fields["Connection"] == "close")
        client.close()
        try larder.child.expectExit()
    }

    @Test func `a second signal ends at once`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { .held(gate, Replies.wellBehaved($0)) }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_SERVER_DRAIN_TIMEOUT": "5m"])
        let client = try RawClient(port: larder.port)
        try client.sendRequest("GET", "/models")
        try gate.waitForArrivals(1)
        larder.child.signal(SIGTERM)
        try larder.child.waitForLine(containing: "draining")
        try larder.end()
        #expect(((try? client.readToEnd()) ?? []).isEmpty)
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR2])
    func `signals that come while it ends do not make it fail`(signal: Int32) throws {
        for _ in 0..<5 {
            let larder = try LarderProcess.serve(["--demo"], environment: ["LARDER_WORKERS": "3"])
            larder.child.signal(SIGTERM)
            // Of two signals that wait, the lower number is delivered first, and this one would begin an upgrade.
            if signal == SIGUSR2 { try larder.child.waitForLine(containing: "draining") }
            while larder.child.ending == nil { larder.child.signal(signal) }
            try larder.child.expectExit()
        }
    }

    @Test func `an idle Larder ends at once`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        let client = try RawClient(port: larder.port)
        #expect(try client.get("/models").status == 200)
        try larder.end()
        #expect(try client.readToEnd().isEmpty)
    }

    @Test func `a port in use is told in one line`() throws {
        let (socket, port) = try TestSocket.listen()
        defer { socket.close() }
        let (ending, output, error) = try LarderProcess.run(["serve", "--demo", "--listen", "127.0.0.1:\(port)"])
        #expect(ending == .exited(1))
        #expect(output.isEmpty)
        #expect(error.hasPrefix("larder: cannot listen on 127.0.0.1:\(port): ") && !error.contains("\n"), "\(error)")
    }

    @Test func `two Larders do not share a port`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        let (ending, _, error) = try LarderProcess.run(["serve", "--demo", "--listen", "127.0.0.1:\(larder.port)"])
        #expect(ending == .exited(1))
        #expect(error.contains("127.0.0.1:\(larder.port)"))
        #expect(try larder.get("/healthz").status == 200)
        try larder.end()
        // The port is free again at once.
        let next = try LarderProcess.serve(["--demo", "--listen", "127.0.0.1:\(larder.port)"])
        #expect(next.port == larder.port)
        try next.end()
    }
}
