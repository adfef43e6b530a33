import Foundation
import Glibc
import TestSupport
import Testing

/// What becomes of requests for the history, and for copies that are only on the disk, while another process has the state
/// directory.
@Suite(.timeLimit(.minutes(300))) struct LentHistoryTests {
    /// A program that takes the state directory, and does no more.
    private static let taker = """
        /usr/bin/env python3
        import os, socket, time
        s = socket.socket(fileno=3)
        s.setblocking(True)
        s.send(b'state')
        s.recv(99)
        os.write(2, b'it has the state\\n')
        time.sleep(1000)

        """

    @Test func `they are refused after a while, once each, and answered when it is back`() throws {
        let (origin, folder) = (try ScriptedOrigin(Replies.wellBehaved), StateFolder())
        let larder = try UpgradingLarder(
            ["--upstream", origin.url + "/api/v1", "--listen", "127.0.0.1:0", "--state-dir", folder.path],
            environment: ["LARDER_STATE_ENABLED": "true"])
        #expect(try larder.get("/models").status == 200)
        try larder.install(script: Self.taker)
        kill(larder.process, SIGUSR2)
        try larder.child.waitForLine(containing: "it has the state")
        let targets = [
            "/_larder/changes", "/_larder/changes.atom", "/_larder/history/acme/anvil",
            "/models?larder_as_of=2026-01-01", "/models?larder_as_of=2026-01-01&limit=1",
        ]
        let clients = try targets.map { target in
            let client = try RawClient(port: larder.port, timeout: .hang)
            try client.sendRequest("GET", target)
            return client
        }
        for (target, client) in zip(targets, clients) {
            let answer = try client.readResponse()
            #expect(answer.status == 503 && answer.fields["Retry-After"] != nil, "\(target): \(answer.text)")
        }
        kill(try #require(larder.started.last), SIGKILL)
        try eventually("the state is back", within: .hang) { larder.lines("upgrade-failed").count == 1 }
        // The reads of before are answered now as well, and have no waiters any more.
        for (target, client) in zip(targets, clients) {
            let answer = try client.get(target)
            #expect(answer.status != 503, "\(target): \(answer.text)")
            #expect(try client.get("/healthz").text == #"{"status":"ok"}"#)
            client.close()
        }
        try larder.end()
    }

    @Test func `a copy that is only on the disk is fetched after a while`() throws {
        let (origin, folder) = (try ScriptedOrigin(Replies.wellBehaved), StateFolder())
        let arguments = ["--upstream", origin.url + "/api/v1", "--listen", "127.0.0.1:0", "--state-dir", folder.path]
        let environment = ["LARDER_STATE_ENABLED": "true"]
        let first = try LarderProcess.serve(arguments, environment: environment)
        for target in ["/models", "/model/a/b:nitro", "/model/a/c:nitro"] {
            #expect(try first.get(target).status == 200)
        }
        try first.end()
        let larder = try UpgradingLarder(arguments, environment: environment)
        #expect(try larder.get("/model/a/b:nitro").isHit)
        try larder.install(script: Self.taker)
        kill(larder.process, SIGUSR2)
        try larder.child.waitForLine(containing: "it has the state")
        let before = origin.requests.count
        let answer = try larder.get("/model/a/c:nitro")
        #expect(answer.status == 200 && !answer.isHit, "\(answer.fields)")
        #expect(origin.requests.count == before + 1)
        kill(try #require(larder.started.last), SIGKILL)
        try eventually("the state is back", within: .hang) { larder.lines("upgrade-failed").count == 1 }
        #expect(try larder.get("/model/a/c:nitro").isHit)
        try larder.end()
    }
}
