import Daemon
import Settings
import TestSupport
import Testing

/// What is told where as many fetches are under way as there may be.
@Suite(.timeLimit(.minutes(300))) struct BusyTests {
    @Test func `no further fetch is begun, and a copy that stands in is no forwarded request`() throws {
        let origin = try ScriptedOrigin { request in
            if request.query.hasPrefix("p") { return .hang }
            return request.path.hasSuffix("/models") ? Replies.catalogue() : Replies.list(["acme/anvil"])
        }
        try LiveLarder.serving(
            before: origin,
            {
                $0.ttl.catalog = .seconds(3600)
                $0.ttl.opaque = .milliseconds(400)
                $0.stale.ifError = .seconds(3600)
                $0.upstream.timeout = .seconds(600)
                // With room for as many bodies: otherwise most fetches would wait for memory.
                $0.cache.maxBytes = 2 << 30
            }
        ) { larder throws in
            let list = try larder.get("/models")
            let opaque = try larder.get("/providers")
            try larder.waitUntilStale("/providers")
            let asked = origin.requests.count
            // The most that one query is taken apart into, and so often that it makes a thousand.
            let clients = try (0..<32).map { client in
                let query = (0..<32).map { "p\(client)-\($0)=1" }.joined(separator: "&")
                return try larder.begin("/models?\(query)")
            }
            try origin.waitForRequests(asked + 1024)

            let forced = try larder.get("/models", ["Cache-Control": "no-cache"])
            #expect(forced.status == 200 && forced.body == list.body)
            #expect(forced.cacheVerdict == "larder; hit; ttl=N; detail=busy")
            let stale = try larder.get("/providers")
            #expect(stale.status == 200 && stale.body == opaque.body)
            #expect(stale.cacheVerdict == "larder; hit; ttl=-N; detail=busy")
            let nothing = try larder.get("/model/no/such")
            #expect(nothing.status == 503 && nothing.fields["Retry-After"] == "1")
            #expect(nothing.cacheStatus == "larder; detail=busy")
            #expect(origin.requests.count == asked + 1024)
            for client in clients { client.reset() }
        }
    }
}
