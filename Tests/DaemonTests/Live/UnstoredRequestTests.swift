import Daemon
import Settings
import TestSupport
import Testing

/// Requests that say `no-store`: what is fetched for them is theirs alone.
@Suite(.timeLimit(.minutes(300))) struct UnstoredRequestTests {
    private static let noStore: MessageFields = ["Cache-Control": "no-store"]
    private static let targets = ["/models", "/models?category=x", "/model/some/variant:nitro", "/providers"]

    @Test(arguments: [1, 3]) func `nothing of it is stored, neither in memory nor on disk`(workers: Int) throws {
        let folder = StateFolder()
        let origin = try ScriptedOrigin { request in
            request.path.contains("/model/") ? Replies.model("some/row") : Replies.list(["some/row"])
        }
        try LiveLarder.serving(
            before: origin,
            {
                folder.keep(&$0)
                $0.workers = workers
            }
        ) { larder throws in
            for target in Self.targets {
                let answer = try larder.get(target, Self.noStore)
                #expect(answer.status == 200 && answer.text.contains("some/row"), "\(target): \(answer.text)")
                #expect(answer.cacheStatus == "larder; fwd=miss; fwd-status=200", "\(answer.cacheStatus)")
                #expect(try larder.get(target, LiveLarder.onlyIfCached).status == 504, "\(target)")
            }
            let status = try StatusEntries(of: larder)
            #expect(status.lines.isEmpty, "\(status.lines)")
            // What is there serves it all the same (RFC 9111 section 5.2.1.5).
            #expect(try larder.get("/providers").status == 200)
            #expect(try larder.get("/providers", Self.noStore).isHit)
        }
    }

    @Test(arguments: [1, 3]) func `it joins nobody, and nobody joins it`(workers: Int) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, Replies.catalogue()) }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let plain: [MessageFields] = [[:], [:]]
            let callers = try ([Self.noStore] + plain + [Self.noStore, Self.noStore]).map {
                try larder.begin("/models", $0)
            }
            try gate.waitForArrivals(4)
            try larder.settle()
            gate.open()
            for caller in callers { #expect(try caller.readResponse().status == 200) }
            #expect(origin.requests.count == 4)
            #expect(try larder.get("/models").isHit)
        }
    }

    @Test func `past its time a copy is not refreshed behind it, and its fetch replaces nothing`() throws {
        let version = Monitor(1)
        let origin = try ScriptedOrigin { _ in Replies.list(["version-\(version.current)/row"]) }
        try LiveLarder.serving(
            before: origin,
            {
                $0.ttl.opaque = .milliseconds(100)
                $0.stale.whileRevalidate = .seconds(3600)
            }
        ) { larder throws in
            #expect(try larder.get("/providers").text.contains("version-1"))
            try larder.waitUntilStale("/providers")
            version.withValue { $0 = 2 }
            #expect(try larder.get("/providers", Self.noStore).text.contains("version-2"))
            try larder.settle()
            #expect(origin.requests.count == 2)
            #expect(try larder.get("/providers", LiveLarder.onlyIfCached).text.contains("version-1"))
        }
    }
}
