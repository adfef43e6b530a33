import TestSupport
import Testing

@Suite struct ChildProcessTests {
    @Test func `runs a program to its end and keeps its lines apart`() throws {
        let result = try ChildProcess.run(
            "/bin/sh", ["-c", "echo out; echo $NAME >&2; printf rest; exit 3"], environment: ["NAME": "err"])
        #expect(result.ending == .exited(3))
        #expect(result.output == "out\nrest" && result.error == "err")
    }

    @Test func `waits for a line, and signals`() throws {
        let child = try ChildProcess(
            "/bin/sh", ["-c", "trap 'echo caught; exit 0' USR1; echo ready; while :; do sleep 0.05; done"])
        try child.waitForLine(containing: "ready")
        #expect(child.ending == nil)
        child.signal(10)
        try child.waitForLine(containing: "caught")
        #expect(try child.waitForExit() == .exited(0))
    }

    @Test func `a killed program says so, and a line that never came is an error`() throws {
        let child = try ChildProcess("/bin/sleep", ["60"])
        child.signal(9)
        #expect(try child.waitForExit() == .signalled(9))
        #expect(throws: TimedOut.self) { try child.waitForLine(containing: "never") }
    }

    @Test func `an end that was not expected is an error with the last lines`() throws {
        let program = ["-c", "echo out; echo report >&2; exit 66"]
        try ChildProcess("/bin/sh", program).expectExit(66)
        let error = #expect(throws: (any Error).self) { try ChildProcess("/bin/sh", program).expectExit() }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("exited(66)") && text.contains("out") && text.contains("report"), "\(text)")
    }

    @Test func `passes descriptors on from 3, and no others`() throws {
        let (socket, _) = try TestSocket.listen()
        let child = try ChildProcess(
            "/bin/sh", ["-c", "ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/3"], passing: [socket.descriptor]
        )
        #expect(try child.waitForExit() == .exited(0))
        // `ls` has one more of its own, for the folder that it lists.
        #expect(child.lines()[0].hasPrefix("0 1 2 3 4 socket:"))
    }

    @Test func `a program that does not exist is an error`() {
        #expect(throws: SocketError.self) { try ChildProcess("/nonexistent/program") }
    }
}
