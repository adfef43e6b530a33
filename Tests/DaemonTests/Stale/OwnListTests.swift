import Caching
import Daemon
import Settings
import TestSupport
import Testing

/// What a key has for itself, past its time: the key may have been revoked, so upstream is asked first.
@Suite(.timeLimit(.minutes(300))) struct OwnListTests {
    private static let targets = ["/models/user", "/models/user?category=x", "/models/user?some_day=1"]

    /// What else a key has for itself: upstream's data, and all that upstream does not let others have.
    private static let others = [
        "/models", "/models?q=own", "/models/count", "/models?category=x", "/models?use_rss=true", "/model/x/y",
        "/models/x/z", "/providers", "/models/x/y/endpoints", "/embeddings/models", "/tools", "/benchmarks",
    ]

    private static func serving(
        _ reply: Monitor<OriginReply?>, workers: Int = 1, _ targets: [String] = OwnListTests.targets,
        key: String? = "anna",
        share: Sharing = .auto, _ body: (LiveLarder, ScriptedOrigin) throws -> Void
    ) throws {
        let fields: MessageFields = share == .auto ? ["Cache-Control": "private"] : Replies.shared
        let origin = try ScriptedOrigin { request in
            let name = "\(request.key ?? "nobody")/own"
            return reply.current
                ?? (request.path.contains("/model/") ? Replies.model(name, fields) : Replies.list([name], fields))
        }
        try LiveLarder.serving(
            before: origin,
            {
                $0.workers = workers
                $0.cache.share = share
                $0.ttl.catalog = .milliseconds(200)
                $0.ttl.user = .milliseconds(200)
                $0.ttl.model = .milliseconds(200)
                $0.ttl.opaque = .milliseconds(200)
                $0.ttl.data = .milliseconds(200)
                $0.stale.whileRevalidate = .seconds(3600)
                $0.stale.ifError = .seconds(3600)
            }
        ) { larder throws in
            let caller: MessageFields = key.map { ["Authorization": "Bearer \($0)"] } ?? [:]
            for target in targets { #expect(try larder.get(target, caller).status == 200, "\(target)") }
            for target in targets { try larder.waitUntilStale(target, caller) }
            try body(larder, origin)
        }
    }

    @Test(arguments: [1, 3]) func `a revoked key does not get its list once more`(workers: Int) throws {
        let reply = Monitor<OriginReply?>(nil)
        try Self.serving(reply, workers: workers) { larder, _ in
            reply.withValue { $0 = Replies.error(401, "Revoked") }
            for target in Self.targets {
                let answer = try larder.get(target, key: "anna")
                #expect(answer.status == 401 && !answer.text.contains("own"), "\(target): \(answer.text)")
            }
        }
    }

    @Test(arguments: [1, 3], [Sharing.auto, .never])
    func `a revoked key gets nothing once more that it does not share`(workers: Int, share: Sharing) throws {
        let reply = Monitor<OriginReply?>(nil)
        try Self.serving(reply, workers: workers, Self.others, share: share) { larder, _ in
            // The refusal of one ends what there is of the others: each is the first to be asked for once.
            for target in Self.others {
                reply.withValue { $0 = Replies.error(401, "Revoked") }
                let refused = try larder.get(target, key: "anna")
                #expect(refused.status == 401 && !refused.text.contains("own"), "\(target): \(refused.cacheStatus)")
                reply.withValue { $0 = nil }
                // The refusal is remembered, and then there are copies again.
                let anew: MessageFields = ["Authorization": "Bearer anna", "Cache-Control": "no-cache"]
                for other in Self.others { #expect(try larder.get(other, anew).status == 200, "\(other)") }
                for other in Self.others { try larder.waitUntilStale(other, ["Authorization": "Bearer anna"]) }
            }
        }
    }

    @Test func `callers without a key have none to be revoked, and do not wait`() throws {
        let reply = Monitor<OriginReply?>(nil)
        try Self.serving(reply, Self.others, key: nil) { larder, _ in
            reply.withValue { $0 = .hang }
            for target in Self.others {
                let answer = try larder.get(target)
                #expect(answer.text.contains("nobody/own") || target.contains("count"), "\(target): \(answer.text)")
                #expect(answer.cacheVerdict == "larder; hit; ttl=-N", "\(target)")
            }
        }
    }

    @Test func `when upstream fails the key's other copies stand in`() throws {
        let reply = Monitor<OriginReply?>(nil)
        try Self.serving(reply, Self.others) { larder, _ throws in
            reply.withValue { $0 = Replies.error(503) }
            for target in Self.others { #expect(try larder.get(target, key: "anna").status == 200, "\(target)") }
        }
    }

    @Test func `a caller waits for the new list`() throws {
        let reply = Monitor<OriginReply?>(nil)
        try Self.serving(reply) { larder, origin in
            reply.withValue { $0 = Replies.list(["anna/newer"], ["Cache-Control": "private"]) }
            let first = try larder.get("/models/user", key: "anna")
            #expect(first.text.contains("newer") && first.cacheStatus.contains("fwd=stale"), "\(first.cacheStatus)")
            for target in Self.targets {
                // A facet may have been fresh for a moment longer than the list.
                try eventually("\(target) is new") {
                    let answer = try larder.get(target, key: "anna")
                    #expect(!answer.cacheStatus.contains("ttl=-"), "\(target): \(answer.cacheStatus)")
                    return answer.text.contains("newer")
                }
            }
        }
    }

    @Test(arguments: [Replies.error(503), .reset, Replies.error(429)])
    func `when upstream fails the list stands in`(failure: OriginReply) throws {
        let reply = Monitor<OriginReply?>(nil)
        try Self.serving(reply) { larder, _ in
            reply.withValue { $0 = failure }
            for target in Self.targets {
                for _ in 0..<2 {
                    let answer = try larder.get(target, key: "anna")
                    #expect(answer.status == 200 && answer.text.contains("own"), "\(target): \(answer.text)")
                }
            }
        }
    }
}
