import Glibc
import TestSupport
import Testing

/// Sockets that a service manager opens and hands over.
@Suite(.timeLimit(.minutes(300))) struct HandoverTests {
    private func socketPath() -> String { "/tmp/larder-test-\(getpid())-\(UInt32.random(in: .min ... .max)).sock" }

    @Test(arguments: ["1", "3"])
    func `they are served in place of the settings' own`(workers: String) throws {
        let path = socketPath()
        let (tcp, port) = try TestSocket.listen()
        let unix = try TestSocket.listen(path: path)
        defer {
            tcp.close()
            unix.close()
            unsafe unlink(path)
        }
        let larder = try LarderProcess.serve(
            on: [tcp, unix], ["--demo", "--listen", "127.0.0.1:9"], environment: ["LARDER_WORKERS": workers])
        #expect(larder.port == port)
        for _ in 0..<20 { #expect(try RawClient.get(port: port, "/models").status == 200) }
        let client = try RawClient(path: path)
        #expect(try client.get("/models").status == 200)
        client.close()
        #expect((try? RawClient(port: 9)) == nil)
        try larder.end()
        // The file and what waits behind it are the manager's.
        #expect(unsafe access(path, F_OK) == 0)
        let waiting = try RawClient(path: path)
        try waiting.sendRequest("GET", "/models")
        let next = try LarderProcess.serve(on: [unix])
        #expect(try waiting.readResponse().status == 200)
        waiting.close()
        try next.end()
    }

    @Test func `the names that are answered to are those of what was handed over`() throws {
        let (tcp, port) = try TestSocket.listen()
        defer { tcp.close() }
        // By its settings it would listen for everybody, and answer to every name.
        let larder = try LarderProcess.serve(on: [tcp], ["--demo", "--listen", "0.0.0.0:0"])
        #expect(try RawClient.get(port: port, "/models", ["Host": "evil.example"]).status == 421)
        #expect(try RawClient.get(port: port, "/models", ["Host": "127.0.0.1:\(port)"]).status == 200)
        try larder.end()
    }

    @Test func `what is no listening socket is told in one line`() throws {
        let (tcp, port) = try TestSocket.listen()
        let connected = try TestSocket.connect(port: port)
        defer {
            tcp.close()
            connected.close()
        }
        let child = try LarderProcess.hand([tcp, connected], environment: ["LISTEN_FDNAMES": "web:odd"])
        try child.expectExit(1)
        let lines = child.lines()
        #expect(lines.count == 1)
        #expect(lines.first?.contains("descriptor 4 (odd)") == true, "\(lines)")
    }

    @Test func `a restart with the same socket loses no connection`() throws {
        let (tcp, port) = try TestSocket.listen()
        defer { tcp.close() }
        let tally = Monitor(Tally())
        var larder = try LarderProcess.serve(on: [tcp], environment: ["LARDER_WORKERS": "2"])
        for _ in 0..<4 {
            startThread {
                while !tally.current.isOver {
                    let answer = try? RawClient.get(port: port, "/models?limit=1", ["Connection": "close"])
                    tally.withValue { if answer?.status == 200 { $0.answered += 1 } else { $0.failed += 1 } }
                }
                tally.withValue { $0.ended += 1 }
            }
        }
        for _ in 0..<3 {
            let before = tally.current.answered
            try eventually("requests are answered") { tally.current.answered >= before + 50 }
            try larder.end()
            larder = try LarderProcess.serve(on: [tcp], environment: ["LARDER_WORKERS": "2"])
        }
        let before = tally.current.answered
        try eventually("requests are answered") { tally.current.answered >= before + 50 }
        tally.withValue { $0.isOver = true }
        try eventually("all clients have ended") { tally.current.ended == 4 }
        #expect(tally.current.failed == 0)
        try larder.end()
    }

    private struct Tally {
        var answered = 0
        var failed = 0
        var ended = 0
        var isOver = false
    }
}
