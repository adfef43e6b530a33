import Daemon
import Settings
import TestSupport
import Testing

/// Stale copies that stand in for errors, on a whole Larder: for how long, for whom, and when they do not.
@Suite(.timeLimit(.minutes(300))) struct StaleIfErrorTests {
    private static func settings(
        workers: Int = 1, whileRevalidate: Duration = .zero
    ) -> (inout Settings) -> Void {
        {
            $0.workers = workers
            $0.ttl.catalog = .milliseconds(400)
            $0.ttl.user = .milliseconds(400)
            $0.ttl.model = .milliseconds(400)
            $0.ttl.opaque = .milliseconds(400)
            $0.stale.whileRevalidate = whileRevalidate
            $0.stale.ifError = .seconds(3600)
        }
    }

    @Test func `a model's own copy is served where the catalogue is past all use`() throws {
        let isBroken = Monitor(false)
        let origin = try ScriptedOrigin { request in
            if request.path == "/api/v1/models", isBroken.current { return Replies.error(500) }
            if request.path.hasPrefix("/api/v1/model/") { return Replies.model("acme/anvil:nitro") }
            return Replies.catalogue()
        }
        let change: (inout Settings) -> Void = { $0.ttl.catalog = .milliseconds(300) }
        try LiveLarder.serving(before: origin, change) { larder throws in
            let first = try larder.get("/model/acme/anvil:nitro")
            #expect(first.status == 200)
            isBroken.withValue { $0 = true }
            try eventually("the catalogue is of no use") { try larder.get("/models").status != 200 }
            // The ready answer is the model's own; another spelling has none and looks for the catalogue first.
            #expect(try larder.get("/model/acme/anvil:nitro").isHit)
            let answer = try larder.get("/v1/model/acme/anvil:nitro")
            #expect(answer.status == 200 && answer.body == first.body)
            #expect(answer.cacheStatus.contains("detail="), "\(answer.cacheStatus)")
            // What the catalogue alone has is not there any more.
            #expect(try larder.get("/model/acme/anvil").status != 200)
        }
    }

    @Test(
        arguments: ["/models", "/models?use_rss=true&feed=x", "/models/user", "/providers", "/models/count"], [1, 3])
    func `a stale copy is served while upstream fails, upstream gets no requests, and it recovers`(
        target: String, workers: Int
    ) throws {
        let isBroken = Monitor(false)
        let origin = try ScriptedOrigin { request in
            if isBroken.current { return Replies.error(503, "Busy", ["Retry-After": "1"]) }
            return Replies.list(["fetch/number-\(request.number)"])
        }
        try LiveLarder.serving(before: origin, Self.settings(workers: workers)) { larder throws in
            let key: MessageFields = ["Authorization": "Bearer anna"]
            let first = try larder.get(target, key)
            #expect(first.status == 200)
            try larder.waitUntilStale(target, key)
            isBroken.withValue { $0 = true }
            let asked = origin.requests.count
            let began = ContinuousClock.now
            let stale = try larder.get(target, key)
            #expect(stale.status == 200 && stale.body == first.body)
            #expect(stale.cacheVerdict == "larder; fwd=stale; fwd-status=503; ttl=-N; detail=unusable")
            for _ in 0..<workers * 8 {
                let next = try larder.get(target, key)
                guard ContinuousClock.now - began < .milliseconds(900) else { break }
                #expect(next.status == 200 && next.body == first.body)
                #expect(next.cacheVerdict == "larder; hit; ttl=-N; detail=backing-off")
                #expect(origin.requests.count == asked + 1)
            }
            isBroken.withValue { $0 = false }
            try eventually("it recovers") {
                try larder.get(target, key).cacheVerdict.contains("fwd-status=200; stored")
            }
            // Upstream's wish was kept.
            #expect(ContinuousClock.now - began >= .milliseconds(950))
        }
    }

    @Test func `the facets of a joined answer are served stale one by one, and the answer says so`() throws {
        let isBroken = Monitor(false)
        let origin = try ScriptedOrigin { request in
            if request.query.contains("zdr"), isBroken.current { return Replies.error(500) }
            return request.query.contains("=x") || request.query.contains("zdr")
                ? Replies.list(["acme/anvil"]) : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin, Self.settings()) { larder throws in
            let target = "/models?zdr=true&category=x"
            let first = try larder.get(target)
            #expect(first.status == 200 && first.text.contains(#""total_count":1"#))
            try larder.waitUntilNothingIsFresh()
            isBroken.withValue { $0 = true }
            let stale = try larder.get(target)
            #expect(stale.status == 200 && stale.body == first.body)
            #expect(stale.cacheVerdict == "larder; fwd=stale; fwd-status=500; ttl=-N; detail=unusable")
            // The catalogue and the other facet fall due again and are asked for, the one that failed is not.
            try larder.waitUntilNothingIsFresh()
            let asked = origin.targets.count { $0.contains("zdr") }
            let began = ContinuousClock.now
            let next = try larder.get(target)
            if ContinuousClock.now - began < .milliseconds(300),
                origin.targets.count(where: { $0.contains("zdr") }) == asked
            {
                #expect(next.status == 200 && next.body == first.body)
                #expect(next.cacheVerdict == "larder; fwd=stale; fwd-status=200; ttl=-N; detail=backing-off")
            }
        }
    }

    @Test(arguments: [1, 3])
    func `too many requests of one key stop no other key`(workers: Int) throws {
        let isSlowed = Monitor(false)
        let origin = try ScriptedOrigin { request in
            if isSlowed.current, request.key == "anna" { return Replies.error(429, "Slow", ["Retry-After": "60"]) }
            return Replies.list(["fetch/number-\(request.number)"])
        }
        for window in [Duration.zero, .seconds(3600)] {
            isSlowed.withValue { $0 = false }
            let start = origin.requests.count
            try LiveLarder.serving(
                before: origin, Self.settings(workers: workers, whileRevalidate: window)
            ) { larder throws in
                let first = try larder.get("/models", key: "anna")
                #expect(first.status == 200)
                try larder.waitUntilStale("/models")
                isSlowed.withValue { $0 = true }
                let slowed = try larder.get("/models", key: "anna")
                #expect(slowed.body == first.body)
                try origin.waitForRequests(start + 2)
                // On every loop anna is served what is there, and upstream is not asked with her key again.
                try eventually("her key backs off") {
                    try larder.get("/models", key: "anna").cacheVerdict == "larder; hit; ttl=-N; detail=backing-off"
                }
                for _ in 0..<workers * 8 { #expect(try larder.get("/models", key: "anna").body == first.body) }
                #expect(origin.requests.count == start + 2)
                // Bert is not concerned.
                try eventually("bert gets a new one") { try larder.get("/models", key: "bert").body != first.body }
                let keys = origin.requests.dropFirst(start).map { $0.key ?? "" }
                #expect(keys.prefix(3) == ["anna", "anna", "bert"])
            }
        }
    }

    @Test(arguments: [401, 403], [1, 3])
    func `a refusal of a refresh ends what the key has, on every loop, and nothing of the others`(
        status: Int, workers: Int
    ) throws {
        let isRevoked = Monitor(false)
        let origin = try ScriptedOrigin { request in
            if isRevoked.current, request.key == "anna" { return Replies.error(status, "Revoked") }
            return request.path.hasSuffix("/user")
                ? Replies.list(["\(request.key ?? "")/own"], ["Cache-Control": "private"]) : Replies.catalogue()
        }
        try LiveLarder.serving(
            before: origin,
            {
                Self.settings(workers: workers, whileRevalidate: .seconds(3600))(&$0)
                $0.ttl.catalog = .seconds(300)
            }
        ) { larder throws in
            let clients = try (0..<workers * 8).map { _ in try larder.connect() }
            let (anna, bert): (MessageFields, MessageFields) = (
                ["Authorization": "Bearer anna"], ["Authorization": "Bearer bert"]
            )
            for client in clients {
                for key in [anna, bert] {
                    for target in ["/models/user", "/models/user?q=own", "/models"] {
                        #expect(try client.get(target, key).status == 200)
                    }
                }
            }
            try larder.waitUntilStale("/models/user", anna)
            isRevoked.withValue { $0 = true }
            // One more answer may be served, behind which the key is found out.
            _ = try clients[0].get("/models/user", anna)
            for target in ["/models/user", "/models/user?q=own"] {
                try eventually("\(target) is refused on all loops") {
                    try clients.allSatisfy { try $0.get(target, anna).status == status }
                }
            }
            for client in clients {
                #expect(try client.get("/models/user", bert).text.contains("bert/own"))
                // The copy that all share is fresh, and everyone's.
                #expect(try client.get("/models", anna).status == 200)
                #expect(try client.get("/models", bert).isHit)
            }
            #expect(try StatusEntries(of: larder).lines.contains("/models/user 200 expired") == false)
        }
    }

    @Test(arguments: [1, 3])
    func `a key that was refused is not served the stale copy of the others`(workers: Int) throws {
        let origin = try ScriptedOrigin { request in
            request.key == "bad" ? Replies.error(401, "Go away") : Replies.catalogue()
        }
        try LiveLarder.serving(
            before: origin, Self.settings(workers: workers, whileRevalidate: .seconds(3600))
        ) { larder throws in
            let clients = try (0..<workers * 8).map { _ in try larder.connect() }
            for client in clients { #expect(try client.get("/models").status == 200) }
            try larder.waitUntilStale("/models")
            let bad: MessageFields = ["Authorization": "Bearer bad"]
            // Only good keys can make a new shared copy, so the bad one is refused as soon as it was found out.
            try eventually("it is refused on the loop that asked") {
                try clients.contains { try $0.get("/models", bad).status == 401 }
            }
            for client in clients {
                try eventually("and on the others") { try client.get("/models", bad).status == 401 }
                #expect(try client.get("/models", ["Cache-Control": "only-if-cached"]).status == 200)
            }
        }
    }

    @Test func `a revoked key outlives its revocation by one lifetime where nothing may be stale`() throws {
        let isRevoked = Monitor(false)
        let origin = try ScriptedOrigin { request in
            isRevoked.current ? Replies.error(401, "Revoked") : Replies.list(["anna/own"], ["Cache-Control": "private"])
        }
        try LiveLarder.serving(
            before: origin,
            {
                $0.ttl.user = .milliseconds(300)
                $0.stale.ifError = .seconds(3600)
            }
        ) { larder throws in
            #expect(try larder.get("/models/user", key: "anna").status == 200)
            isRevoked.withValue { $0 = true }
            var fetches = 1
            // It is remembered for five seconds. Where a slow machine needs longer for this, the next refusal counts.
            try eventually("it is refused") {
                let began = ContinuousClock.now
                let answer = try larder.get("/models/user", key: "anna")
                guard answer.status == 401, !answer.isHit else { return false }
                let next = try larder.get("/models/user", key: "anna")
                let lines = try StatusEntries(of: larder).lines
                fetches += next.isHit ? 1 : 2
                guard ContinuousClock.now - began < .seconds(5) else { return false }
                // A copy from before does not stand in for it.
                #expect(next.cacheVerdict == "larder; hit; ttl=N")
                #expect(lines == ["/models/user 401 fresh"])
                return true
            }
            #expect(origin.requests.count == fetches)
        }
    }
}
