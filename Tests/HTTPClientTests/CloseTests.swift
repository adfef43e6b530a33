import EventLoop
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(300))) struct CloseTests {
    private func silent() throws -> Origin {
        try Origin { connection in
            _ = connection.request()
            connection.hang()
        }
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

    @Test func `a fetch that waits for a name is cancelled with the others`() throws {
        // On a busy machine the name may already be known not to exist by the time that the client is closed.
        var wasCancelled = false
        for _ in 0..<100 where !wasCancelled {
            var failures: [FetchFailure?] = []
            try withClient { client, loop in
                client.fetch(FetchRequest(url: "http://nonexistent.invalid/")) { failures.append($0.failure) }
                // Once curl has begun to resolve it.
                after(0, on: loop) { client.close() }
            }
            try #require(failures.count == 1)
            wasCancelled = failures == [.cancelled]
        }
        #expect(wasCancelled)
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
