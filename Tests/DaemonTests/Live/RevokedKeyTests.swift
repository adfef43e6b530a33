import Daemon
import Settings
import TestSupport
import Testing

/// What is left of a key that upstream refuses.
@Suite(.timeLimit(.minutes(300))) struct RevokedKeyTests {
    /// An upstream that keeps lists private, and whose keys can be revoked.
    private static func upstream(_ revoked: Monitor<Set<String>>) throws -> ScriptedOrigin {
        try ScriptedOrigin { request in
            guard let key = request.key, !revoked.current.contains(key) else { return Replies.error(401, "Revoked") }
            if request.path.contains("/model/") { return Replies.model("\(key)/single", ["Cache-Control": "private"]) }
            return Replies.list(["\(key)/model"], ["Cache-Control": "private"])
        }
    }

    @Test(arguments: [1, 2, 4])
    func `a refusal ends all that was kept for the key, on every loop`(workers: Int) throws {
        let revoked = Monitor(Set<String>())
        let origin = try Self.upstream(revoked)
        let change = { (settings: inout Settings) in
            LiveLarder.lasting(&settings)
            settings.workers = workers
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            let targets = ["/models/user", "/models/user?q=model", "/models", "/models?category=x", "/model/x/y"]
            // Enough connections that every loop has some, and with them copies of its own.
            let clients = try (0..<workers * 8).map { _ in try larder.connect() }
            for client in clients {
                for target in targets {
                    for key in ["anna", "bert"] {
                        #expect(try client.get(target, ["Authorization": "Bearer \(key)"]).status == 200)
                    }
                }
            }
            revoked.withValue { $0 = ["anna"] }
            let refresh: MessageFields = ["Authorization": "Bearer anna", "Cache-Control": "no-cache"]
            #expect(try larder.get("/models/user", refresh).status == 401)
            for target in targets {
                try eventually("\(target) is refused on all loops") {
                    try clients.allSatisfy { try $0.get(target, ["Authorization": "Bearer anna"]).status == 401 }
                }
            }
            for client in clients {
                for target in targets { #expect(try client.get(target, ["Authorization": "Bearer bert"]).isHit) }
            }
        }
    }

    @Test func `a refusal of one key does not end the copy that all share`() throws {
        let origin = try ScriptedOrigin { request in
            request.key == "bad" ? Replies.error(403, "Go away") : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models").status == 200)
            let refresh: MessageFields = ["Authorization": "Bearer bad", "Cache-Control": "no-cache"]
            #expect(try larder.get("/models", refresh).status == 403)
            #expect(try larder.get("/models").isHit)
            #expect(try larder.get("/models", key: "good").isHit)
        }
        #expect(origin.requests.count == 2)
    }

    @Test func `a refusal is remembered also where a stale copy for all lies beside it`() throws {
        let origin = try ScriptedOrigin { request in
            request.key == "bad" ? Replies.error(401, "Go away") : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin, { $0.ttl.catalog = .milliseconds(50) }) { larder throws in
            #expect(try larder.get("/models").status == 200)
            let began = ContinuousClock.now
            try eventually("the copy is stale") { try larder.get("/models", key: "bad").status == 401 }
            for _ in 0..<10 { #expect(try larder.get("/models", key: "bad").status == 401) }
            // It is remembered for five seconds, so a slow machine may ask again.
            let passed = Int((ContinuousClock.now - began) / .seconds(5))
            #expect((2...2 + passed).contains(origin.requests.count))
            // To the others it is of no matter.
            #expect(try larder.get("/models", key: "good").status == 200)
            #expect(try larder.get("/models").status == 200)
        }
    }
}
