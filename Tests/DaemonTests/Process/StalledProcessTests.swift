import Glibc
import TestSupport
import Testing

/// A process that does not get to run for a while.
@Suite(.timeLimit(.minutes(300))) struct StalledProcessTests {
    /// When the process goes on, its timers come before its sockets.
    @Test func `a request that has arrived is answered, although its connection was idle for too long`() throws {
        let larder = try LarderProcess.serve(["--demo"], environment: ["LARDER_SERVER_IDLE_TIMEOUT": "4s"])
        let client = try RawClient(port: larder.port)
        #expect(try client.get("/healthz").status == 200)
        larder.child.signal(SIGSTOP)
        try client.sendRequest("GET", "/healthz")
        // How long it stands still: longer than a connection may be idle.
        usleep(5_500_000)
        larder.child.signal(SIGCONT)
        #expect(try client.readResponse().status == 200)
        client.close()
        try larder.end()
    }
}
