import Daemon
import Settings
import TestSupport
import Testing

/// How long a copy is served, and what a request may say about it.
@Suite(.timeLimit(.minutes(300))) struct FreshnessTests {
    @Test func `a hit tells its age and what is left, and the lifetime of the setting`() throws {
        let origin = try ScriptedOrigin { _ in
            Replies.catalogue(["Cache-Control": "public, max-age=7", "Age": "40"])
        }
        try LiveLarder.serving(before: origin, { $0.ttl.catalog = .seconds(100) }) { larder throws in
            let began = ContinuousClock.now
            let first = try larder.get("/models")
            let passed = Int(began.duration(to: .now) / .seconds(1))
            // The time that the fetch took counts too: a slow machine may take seconds.
            let age = try #require(Int(first.fields["Age"] ?? ""))
            #expect((40...40 + passed).contains(age))
            #expect(first.fields["Cache-Control"] == "public, max-age=100")
            #expect(first.fields["Vary"] == "Accept-Encoding")
            #expect(first.fields["Date"] != nil)
            var (later, left) = (0, 0)
            try eventually("it ages") {
                let answer = try larder.get("/models")
                later = try #require(Int(answer.fields["Age"] ?? ""))
                left = try #require(Int(answer.cacheStatus.replacing("larder; hit; ttl=", with: "")))
                return later > age
            }
            // One is rounded down and the other one up. What the fetch took counts for the age alone.
            #expect((99...100 + passed).contains(left + later - 40))
        }
    }

    @Test func `when its time is over a copy is fetched anew, once`() throws {
        let origin = try ScriptedOrigin { Replies.list(["fetch/number-\($0.number)"]) }
        try LiveLarder.serving(before: origin, { $0.ttl.catalog = .milliseconds(300) }) { larder throws in
            // The copy is younger than this, whatever else the machine does.
            let began = ContinuousClock.now
            #expect(try larder.get("/models").text.contains("number-1"))
            var fetches = 1
            for path in ["/models/count", "/models", "/models/count"] {
                let answer = try larder.get(path)
                if answer.isHit { continue }
                #expect(began.duration(to: .now) >= .milliseconds(300), "\(path): \(answer.cacheStatus)")
                fetches += 1
            }
            #expect(origin.requests.count == fetches)
            try eventually("it is stale") {
                let answer = try larder.get("/models")
                if answer.isHit { return false }
                fetches += 1
                #expect(answer.cacheStatus == "larder; fwd=stale; fwd-status=200; stored")
                #expect(answer.text.contains("number-\(fetches)"))
                return true
            }
            #expect(origin.requests.count == fetches)
        }
    }

    @Test func `a stale copy is stale on a loop that does not have it, and a 304 is reported as one`() throws {
        let origin = try ScriptedOrigin { request in
            request.fields["If-None-Match"] == nil
                ? .json(#"{"data":[]}"#, ["Cache-Control": "public", "ETag": #""one""#]) : .status(304)
        }
        let paths = (1...24).map { "/providers?n=\($0)" }
        try LiveLarder.serving(
            before: origin,
            {
                $0.workers = 2
                $0.ttl.opaque = .milliseconds(300)
                $0.stale.whileRevalidate = .zero
            }
        ) { larder throws in
            for path in paths {
                #expect(try larder.get(path).cacheStatus == "larder; fwd=miss; fwd-status=200; stored")
            }
            try larder.waitUntilNothingIsFresh()
            // Each connection is on either loop, and each copy on one or on both.
            for path in paths {
                #expect(try larder.get(path).cacheStatus == "larder; fwd=stale; fwd-status=304; stored", "\(path)")
            }
        }
        #expect(origin.requests.count == 2 * paths.count)
    }

    @Test func `a lifetime of zero asks upstream each time`() throws {
        let origin = try ScriptedOrigin { Replies.list(["fetch/number-\($0.number)"]) }
        try LiveLarder.serving(before: origin, { $0.ttl.catalog = .zero }) { larder throws in
            for number in 1...3 {
                let answer = try larder.get("/models")
                #expect(answer.text.contains("number-\(number)"))
                #expect(answer.cacheStatus == "larder; fwd=miss; fwd-status=200")
                #expect(answer.fields["Cache-Control"] == "public, max-age=0")
            }
        }
    }

    @Test func `upstream's lifetime rules where the setting says so`() throws {
        let origin = try ScriptedOrigin { request in
            let directives =
                request.query.contains("feed=x") ? "public, max-age=900, s-maxage=1000" : "public, no-cache"
            return Replies.list(["a/b"], ["Cache-Control": directives])
        }
        try LiveLarder.serving(before: origin, { $0.ttl.respectUpstream = true }) { larder throws in
            // Shortened by up to a tenth, so that not all copies fall due together.
            let lifetime = try larder.get("/models?use_rss=true&feed=x").fields["Cache-Control"] ?? ""
            #expect((900...1000).contains(Int(lifetime.dropFirst("public, max-age=".count)) ?? 0), "\(lifetime)")
            #expect(try larder.get("/models?use_rss=true&feed=x").isHit)
            #expect(try larder.get("/models?use_rss=true&feed=y").fields["Cache-Control"] == "public, max-age=0")
            #expect(!(try larder.get("/models?use_rss=true&feed=y").isHit))
        }
        #expect(origin.requests.count == 3)
    }

    @Test(arguments: ["no-cache", "max-age=0", "max-stale=5, no-cache"], [1, 2])
    func `a request can insist on a fresh copy, which then serves all`(directive: String, workers: Int) throws {
        let origin = try ScriptedOrigin { Replies.list(["fetch/number-\($0.number)"]) }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let client = try larder.connect()
            _ = try client.get("/models")
            let forced = try client.get("/models", ["Cache-Control": directive])
            #expect(forced.cacheStatus == "larder; fwd=request; fwd-status=200; stored")
            #expect(forced.text.contains("number-2"))
            let after = try client.get("/models")
            #expect(after.isHit && after.body == forced.body)
        }
        #expect(origin.requests.count == 2)
    }

    @Test func `Pragma says the same where there is no Cache-Control`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            _ = try larder.get("/models")
            #expect(try larder.get("/models", ["Pragma": "no-cache", "Cache-Control": "max-age=60"]).isHit)
            #expect(!(try larder.get("/models", ["Pragma": "no-cache"]).isHit))
        }
        #expect(origin.requests.count == 2)
    }

    @Test(arguments: [1, 4])
    func `a request can forbid to ask upstream`(workers: Int) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let only: MessageFields = ["Cache-Control": "only-if-cached"]
            for target in ["/models", "/models/count", "/models/user", "/model/acme/anvil", "/models?category=x"] {
                let answer = try larder.get(target, only)
                #expect(answer.status == 504, "\(target)")
                #expect(answer.cacheStatus == "larder; detail=only-if-cached", "\(target)")
                #expect(answer.text.hasPrefix(#"{"error":{"code":504,"message":""#), "\(target)")
            }
            #expect(origin.requests.isEmpty)
            // One loop fetches it; the others have it from there, without asking upstream.
            _ = try larder.get("/models")
            for _ in 0..<16 {
                let answer = try larder.get("/models", only)
                #expect(answer.status == 200 && answer.isHit)
            }
        }
        #expect(origin.requests.count == 1)
    }

    @Test func `what one loop has fetched is on the others a hit without another request`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin, { $0.workers = 4 }) { larder throws in
            for target in ["/models", "/models?q=a", "/models/count", "/model/acme/anvil:nitro", "/models?category=x"] {
                for round in 0..<16 {
                    let answer = try larder.get(target)
                    #expect(answer.status == 200, "\(target)")
                    if round > 0 { #expect(answer.isHit, "\(target): \(answer.cacheStatus)") }
                }
            }
        }
        #expect(origin.requests.count == 3)
    }

    @Test func `the catalogue is fetched at the start, without a key, where that is wished`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin, { $0.upstream.warmUp = true }) { larder throws in
            try origin.waitForRequests(1)
            let answer = try larder.get("/models")
            #expect(answer.isHit || answer.cacheStatus.contains("collapsed"))
        }
        #expect(origin.targets == ["/api/v1/models?output_modalities=all"])
        #expect(origin.requests[0].key == nil)
    }
}
