import EventLoop
import Testing
import Upstream

@Suite(.timeLimit(.minutes(10))) struct CancelTests {
    private func silent() throws -> Origin {
        try Origin { connection in
            _ = connection.request()
            connection.hang()
        }
    }

    @Test func `a cancelled fetch says so once, at once`() throws {
        let origin = try silent()
        defer { origin.stop() }
        var failures: [FetchFailure?] = []
        try withClient { client, _ in
            let handle = client.fetch(FetchRequest(url: origin.url)) { failures.append($0.failure) }
            #expect(!handle.isFinished)
            handle.cancel()
            #expect(failures == [.cancelled])
            #expect(handle.isFinished)
            handle.cancel()
        }
        #expect(failures == [.cancelled])
    }

    @Test func `a fetch under way is cancelled, while another goes on`() throws {
        let origin = try Origin { connection in
            guard let request = connection.request() else { return }
            if request.contains("/slow") { connection.hang() } else { connection.send(ok("quick")) }
        }
        defer { origin.stop() }
        var results: [String] = []
        try withClient { client, _ in
            let slow = client.fetch(FetchRequest(url: "\(origin.url)/slow")) { results.append("slow \($0.name)") }
            client.fetch(FetchRequest(url: "\(origin.url)/quick")) { outcome in
                results.append("quick \(outcome.name)")
                slow.cancel()
            }
        }
        #expect(results == ["quick 200", "slow cancelled"])
    }

    @Test func `a fetch that waits for a name is cancelled without waiting`() throws {
        var failures: [FetchFailure?] = []
        try withClient { client, loop in
            let handle = client.fetch(FetchRequest(url: "http://nonexistent.invalid/")) { failures.append($0.failure) }
            let timer = LoopTimer(on: loop) { handle.cancel() }
            timer.start(after: 0)
            timer.close()
            handle.cancel()
        }
        #expect(failures == [.cancelled])
    }

    @Test func `a fetch that has failed before it began can be cancelled too`() throws {
        var failures: [FetchFailure?] = []
        try withClient { client, _ in
            client.fetch(FetchRequest(url: "nonsense")) { failures.append($0.failure) }.cancel()
        }
        #expect(failures == [.cancelled])
    }

    @Test func `cancelling within its own result does nothing`() throws {
        let origin = try Origin(answering: ok("hello"))
        defer { origin.stop() }
        var count = 0
        try withClient { client, _ in
            var handle: FetchHandle?
            handle = client.fetch(FetchRequest(url: origin.url)) { _ in
                count += 1
                handle?.cancel()
            }
        }
        #expect(count == 1)
    }

    @Test func `closing cancels all, and a fetch after it is cancelled at once`() throws {
        let origin = try silent()
        defer { origin.stop() }
        var failures: [FetchFailure?] = []
        try withClient { client, _ in
            for _ in 0..<3 {
                client.fetch(FetchRequest(url: origin.url)) { outcome in
                    failures.append(outcome.failure)
                    client.fetch(FetchRequest(url: origin.url)) { failures.append($0.failure) }
                }
            }
            client.fetch(FetchRequest(url: "nonsense")) { failures.append($0.failure) }
            client.close()
        }
        #expect(failures == Array(repeating: .cancelled, count: 7))
    }

    @Test func `the client may be closed within a result`() throws {
        let origin = try Origin { connection in
            guard let request = connection.request() else { return }
            if request.contains("/slow") { connection.hang() } else { connection.send(ok("quick")) }
        }
        defer { origin.stop() }
        var results: [String] = []
        try withClient { client, _ in
            client.fetch(FetchRequest(url: "\(origin.url)/slow")) { results.append("slow \($0.name)") }
            client.fetch(FetchRequest(url: "\(origin.url)/quick")) { outcome in
                results.append("quick \(outcome.name)")
                client.close()
            }
        }
        #expect(results == ["quick 200", "slow cancelled"])
    }
}
