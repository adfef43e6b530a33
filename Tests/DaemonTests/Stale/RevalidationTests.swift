import Daemon
import Settings
import TestSupport
import Testing

/// Stale copies that are served at once while one refresh runs behind them, on a whole Larder.
@Suite(.timeLimit(.minutes(300))) struct RevalidationTests {
    /// Short lives, and long use of what is stale.
    private static func settings(_ workers: Int = 1) -> (inout Settings) -> Void {
        {
            $0.workers = workers
            $0.ttl.catalog = .milliseconds(400)
            $0.ttl.user = .milliseconds(400)
            $0.ttl.model = .milliseconds(400)
            $0.ttl.opaque = .milliseconds(400)
            $0.stale.whileRevalidate = .seconds(3600)
        }
    }

    /// An upstream that tells in the name of each model which request it answers, and holds back every answer from the
    /// moment on that `gate` is set.
    private static func upstream(_ gate: Monitor<OriginGate?>, _ fields: MessageFields = Replies.shared) throws
        -> ScriptedOrigin
    {
        try ScriptedOrigin { request in
            let id = "\(request.key ?? "nobody")/number-\(request.number)"
            let reply: OriginReply =
                request.path.contains("/model/") ? Replies.model(id, fields) : Replies.list([id], fields)
            if let gate = gate.current { return .held(gate, reply) }
            return reply
        }
    }

    @Test(
        arguments: ["/models", "/models?use_rss=true&feed=x", "/providers"], [1, 3])
    func `a stale copy is served at once, and one refresh runs behind it`(target: String, workers: Int) throws {
        let gates = Monitor(nil as OriginGate?)
        let origin = try Self.upstream(gates)
        try LiveLarder.serving(before: origin, Self.settings(workers)) { larder throws in
            let key: MessageFields = ["Authorization": "Bearer anna"]
            // Connections on every loop.
            let clients = try (0..<workers * 6).map { _ in try larder.connect() }
            let first = try clients[0].get(target, key)
            #expect(first.status == 200)
            try larder.waitUntilStale(target, key)
            let gate = OriginGate()
            gates.withValue { $0 = gate }
            for _ in 0..<5 {
                for client in clients {
                    let answer = try client.get(target, key)
                    #expect(answer.cacheVerdict == "larder; hit; ttl=-N")
                    #expect(answer.body == first.body)
                }
            }
            try gate.waitForArrivals(1)
            try larder.settle()
            #expect(origin.requests.count == 2)
            #expect(origin.requests.last?.key == "anna")
            gate.open()
            gates.withValue { $0 = nil }
            // What the refresh brought is what all loops serve, however often they have to ask for something newer by then.
            for client in clients {
                try eventually("the new one is served") { try client.get(target, key).body != first.body }
            }
        }
    }

    @Test(arguments: [1, 3])
    func `what the refresh has brought is fresh for the next, on every loop`(workers: Int) throws {
        let isOld = Monitor(true)
        let settings: (inout Settings) -> Void = {
            $0.workers = workers
            $0.stale.whileRevalidate = .seconds(3600)
            $0.ttl.respectUpstream = true
        }
        // Upstream's own lifetime rules, so the first copy can be a short one and the second one long.
        let origin = try ScriptedOrigin {
            Replies.list(
                ["fetch/number-\($0.number)"],
                ["Cache-Control": isOld.current ? "public, max-age=1" : "public, max-age=1000"])
        }
        try LiveLarder.serving(before: origin, settings) { larder throws in
            #expect(try larder.get("/models").text.contains("number-1"))
            try larder.waitUntilStale("/models")
            isOld.withValue { $0 = false }
            #expect(try larder.get("/models").cacheVerdict == "larder; hit; ttl=-N")
            try eventually("it is refreshed") { try larder.get("/models").cacheVerdict == "larder; hit; ttl=N" }
            for _ in 0..<workers * 8 {
                try eventually("each loop has it") { try larder.get("/models").text.contains("number-2") }
            }
            #expect(origin.requests.count == 2)
        }
    }

    @Test func `a single model, and its other form, are served stale and refreshed as well`() throws {
        let origin = try ScriptedOrigin { request in
            if request.path.hasSuffix("/models") { return Replies.catalogue() }
            return Replies.model("acme/number-\(request.number)")
        }
        try LiveLarder.serving(
            before: origin,
            {
                Self.settings()(&$0)
                $0.ttl.catalog = .seconds(300)
            }
        ) { larder throws in
            // A model for each: the copy that the first form leaves may be stale again, and about to be refreshed.
            for target in ["/model/acme/anvil:nitro", "/models/acme/hammer:nitro"] {
                let first = try larder.get(target)
                #expect(first.status == 200)
                try larder.waitUntilStale(target)
                let asked = origin.requests.count
                let stale = try larder.get(target)
                #expect(stale.cacheVerdict == "larder; hit; ttl=-N")
                #expect(stale.body == first.body)
                try origin.waitForRequests(asked + 1)
                try eventually("the new one is served") { try larder.get(target).body != first.body }
            }
        }
    }

    @Test func `of a joined answer every stale part is refreshed, and no other`() throws {
        let gates = Monitor(nil as OriginGate?)
        let origin = try ScriptedOrigin { request in
            let reply =
                request.query == "output_modalities=all" ? Replies.catalogue() : Replies.list(["acme/anvil"])
            if let gate = gates.current { return .held(gate, reply) }
            return reply
        }
        try LiveLarder.serving(
            before: origin,
            {
                Self.settings()(&$0)
                $0.ttl.catalog = .seconds(300)
            }
        ) { larder throws in
            let target = "/models?zdr=true&category=x"
            let first = try larder.get(target)
            #expect(first.status == 200 && origin.requests.count == 3)
            try larder.waitUntilStale(target)
            try larder.waitUntilStale("/models?zdr=true")
            try larder.waitUntilStale("/models?category=x")
            let gate = OriginGate()
            gates.withValue { $0 = gate }
            for _ in 0..<5 {
                let stale = try larder.get(target)
                #expect(stale.cacheVerdict == "larder; hit; ttl=-N")
                #expect(stale.body == first.body)
            }
            // A part that another answer has in common is refreshed once.
            #expect(try larder.get("/models/count?zdr=true").cacheVerdict == "larder; hit; ttl=-N")
            try gate.waitForArrivals(2)
            try larder.settle()
            #expect(origin.requests.count == 5)
            #expect(Set(origin.targets.suffix(2)) == Set(origin.targets.dropFirst().prefix(2)))
            gate.open()
        }
    }

    @Test func `HEAD, a condition and gzip meet a stale copy as they meet a fresh one`() throws {
        let origin = try ScriptedOrigin { _ in Replies.catalogue() }
        try LiveLarder.serving(before: origin, Self.settings()) { larder throws in
            let first = try larder.get("/models")
            try larder.waitUntilStale("/models")
            let tag = try #require(first.fields["ETag"])
            let only = "only-if-cached"
            let head = try larder.request("HEAD", "/models", ["Cache-Control": only])
            #expect(head.status == 200 && head.body.isEmpty && head.cacheVerdict == "larder; hit; ttl=-N")
            #expect(head.fields["Content-Length"] == "\(first.body.count)")
            let current = try larder.get("/models", ["If-None-Match": tag, "Cache-Control": only])
            #expect(current.status == 304 && current.body.isEmpty && current.cacheVerdict == "larder; hit; ttl=-N")
            #expect(current.fields["ETag"] == tag)
            let gzip = try larder.get("/models", ["Accept-Encoding": "gzip", "Cache-Control": only])
            #expect(gzip.status == 200 && gzip.fields["Content-Encoding"] == "gzip")
            #expect(gzip.cacheVerdict == "larder; hit; ttl=-N")
            #expect(origin.requests.count == 1)
            // Without `only-if-cached` each of them has it refreshed.
            let asked = origin.requests.count
            #expect(try larder.request("HEAD", "/models").cacheVerdict.hasPrefix("larder; hit; ttl="))
            try origin.waitForRequests(asked + 1)
            // The same rows have the same tag.
            try larder.waitUntilStale("/models")
            #expect(try larder.get("/models").fields["ETag"] == tag)
        }
    }

    @Test func `a refresh bears the key of the request that caused it, and nobody else's`() throws {
        let origin = try ScriptedOrigin { Replies.list(["\($0.key ?? "nobody")/model"]) }
        try LiveLarder.serving(before: origin, Self.settings()) { larder throws in
            #expect(try larder.get("/models").text.contains("nobody/model"))
            var last = "nobody"
            for key in ["anna", "bert"] {
                try larder.waitUntilStale("/models")
                let asked = origin.requests.count
                let answer = try larder.get("/models", key: key)
                #expect(answer.cacheVerdict == "larder; hit; ttl=-N")
                #expect(answer.text.contains("\(last)/model"))
                try eventually("the new one is served") {
                    try larder.get("/models", LiveLarder.onlyIfCached).text.contains("\(key)/model")
                }
                #expect(origin.requests.dropFirst(asked).map(\.key) == [key])
                last = key
            }
        }
    }

    @Test(arguments: [1, 3])
    func `who forbids asking is served what is stale, and nothing is asked`(workers: Int) throws {
        let origin = try ScriptedOrigin { _ in Replies.catalogue() }
        try LiveLarder.serving(before: origin, Self.settings(workers)) { larder throws in
            _ = try larder.get("/models")
            try larder.waitUntilStale("/models")
            for _ in 0..<workers * 8 {
                let answer = try larder.get("/models", LiveLarder.onlyIfCached)
                #expect(answer.status == 200 && answer.cacheVerdict == "larder; hit; ttl=-N")
            }
            try larder.settle()
            #expect(origin.requests.count == 1)
        }
    }

    @Test func `without requests nothing is asked`() throws {
        let origin = try ScriptedOrigin { _ in Replies.catalogue() }
        try LiveLarder.serving(before: origin, Self.settings(3)) { larder throws in
            for target in ["/models", "/models/user", "/models?zdr=true", "/model/acme/x:nitro", "/providers"] {
                _ = try larder.get(target, key: "anna")
            }
            let asked = origin.requests.count
            // Several lifetimes.
            try eventually("a second has passed") {
                try larder.get("/models", LiveLarder.onlyIfCached).cacheStatus.hasPrefix("larder; hit; ttl=-2")
            }
            #expect(origin.requests.count == asked)
        }
    }

    @Test func `lists that were fetched together do not fall due together`() throws {
        let origin = try ScriptedOrigin { _ in Replies.list(["a/b"], ["Cache-Control": "private"]) }
        try LiveLarder.serving(before: origin, { $0.ttl.user = .seconds(3600) }) { larder throws in
            let client = try larder.connect()
            for number in 0..<50 {
                let fields: MessageFields = ["Authorization": "Bearer key-\(number)"]
                #expect(try client.get("/models/user", fields).status == 200)
            }
            let lifetimes = try StatusEntries(of: larder).lifetimes
            #expect(lifetimes.count == 50)
            #expect(Set(lifetimes).count > 25)
            #expect(lifetimes.allSatisfy { $0 > 3200 && $0 <= 3600 })
        }
    }
}
