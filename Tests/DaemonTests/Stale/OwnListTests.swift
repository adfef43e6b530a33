import Daemon
import Settings
import TestSupport
import Testing

/// A key's own list past its time: its key may have been revoked, so upstream is asked first.
@Suite(.timeLimit(.minutes(30))) struct OwnListTests {
    private static let targets = ["/models/user", "/models/user?category=x", "/models/user?some_day=1"]

    private static func serving(
        _ reply: Monitor<OriginReply?>, workers: Int = 1, _ body: (LiveLarder, ScriptedOrigin) throws -> Void
    ) throws {
        let origin = try ScriptedOrigin { request in
            reply.current ?? Replies.list(["\(request.key ?? "nobody")/own"], ["Cache-Control": "private"])
        }
        try LiveLarder.serving(
            before: origin,
            {
                $0.workers = workers
                $0.ttl.user = .milliseconds(200)
                $0.stale.whileRevalidate = .seconds(3600)
                $0.stale.ifError = .seconds(3600)
            }
        ) { larder throws in
            for target in targets { #expect(try larder.get(target, key: "anna").status == 200, "\(target)") }
            for target in targets { try larder.waitUntilStale(target, ["Authorization": "Bearer anna"]) }
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
