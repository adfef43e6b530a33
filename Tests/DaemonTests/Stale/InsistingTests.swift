import Daemon
import Settings
import TestSupport
import Testing

/// Requests that insist on asking upstream, where that then fails.
@Suite(.timeLimit(.minutes(300))) struct InsistingTests {
    private static let noCache: MessageFields = ["Cache-Control": "no-cache"]

    @Test(arguments: [1, 3], [Duration.seconds(300), .milliseconds(400)])
    func `the copy is served, and the answer says how it came to that`(workers: Int, lifetime: Duration) throws {
        let isBroken = Monitor(false)
        let origin = try ScriptedOrigin { _ in
            isBroken.current ? Replies.error(503, "Busy", ["Retry-After": "30"]) : Replies.catalogue()
        }
        try LiveLarder.serving(
            before: origin,
            {
                $0.workers = workers
                $0.ttl.catalog = lifetime
                $0.stale.ifError = .seconds(3600)
            }
        ) { larder throws in
            let first = try larder.get("/models")
            let isStale = lifetime < .seconds(1)
            if isStale { try larder.waitUntilStale("/models") }
            isBroken.withValue { $0 = true }
            let ttl = isStale ? "ttl=-N" : "ttl=N"
            let forced = try larder.get("/models", Self.noCache)
            #expect(forced.status == 200 && forced.body == first.body)
            #expect(forced.cacheVerdict == "larder; fwd=request; fwd-status=503; \(ttl); detail=unusable")
            for _ in 0..<workers * 8 {
                let again = try larder.get("/models", Self.noCache)
                #expect(again.status == 200 && again.body == first.body)
                #expect(again.cacheVerdict == "larder; hit; \(ttl); detail=backing-off")
            }
            #expect(origin.requests.count == 2)
        }
    }

    @Test(arguments: [401, 404])
    func `upstream's refusal is the answer, whatever is stored`(status: Int) throws {
        let isBroken = Monitor(false)
        let origin = try ScriptedOrigin { _ in isBroken.current ? Replies.error(status) : Replies.catalogue() }
        try LiveLarder.serving(before: origin, { $0.stale.ifError = .seconds(3600) }) { larder throws in
            _ = try larder.get("/models")
            isBroken.withValue { $0 = true }
            let forced = try larder.get("/models", Self.noCache)
            #expect(forced.status == status)
            #expect(forced.cacheStatus == "larder; fwd=request; fwd-status=\(status); stored")
        }
    }

    @Test func `of two facets the one that failed is told of, whichever ends last`() throws {
        let isBroken = Monitor(false)
        let gate = OriginGate()
        let origin = try ScriptedOrigin { request in
            if request.query == "output_modalities=all" { return Replies.catalogue() }
            guard isBroken.current else { return Replies.list(["acme/anvil"]) }
            return request.query.contains("zdr") ? Replies.error(500) : .held(gate, Replies.list(["acme/anvil"]))
        }
        try LiveLarder.serving(before: origin, { $0.stale.ifError = .seconds(3600) }) { larder throws in
            let target = "/models?zdr=true&category=x"
            let first = try larder.get(target)
            isBroken.withValue { $0 = true }
            let client = try larder.begin(target, Self.noCache)
            try gate.waitForArrivals(1)
            // The failed one has ended once the back-off has begun.
            try eventually("the first has failed") {
                try larder.get("/models?zdr=true", Self.noCache).cacheStatus.contains("detail=")
            }
            gate.open()
            let answer = try client.readResponse()
            #expect(answer.status == 200 && answer.body == first.body)
            #expect(answer.cacheVerdict == "larder; fwd=request; fwd-status=500; ttl=N; detail=unusable")
        }
    }
}
