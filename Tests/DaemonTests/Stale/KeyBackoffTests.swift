import Daemon
import Settings
import TestSupport
import Testing

/// Whom a failure keeps from asking upstream.
@Suite(.timeLimit(.minutes(300))) struct KeyBackoffTests {
    /// What upstream answers to keys whose name begins with "bad".
    enum Failure: String, CaseIterable {
        case busy, tooMany, page, reset

        var reply: OriginReply {
            switch self {
            case .busy: Replies.error(503, "Busy", ["Retry-After": "86400"])
            case .tooMany: Replies.error(429, "Slow", ["Retry-After": "86400"])
            case .page: Replies.body(Array("<html>".utf8))
            case .reset: .reset
            }
        }
    }

    /// How long a failure keeps its key from asking, at least: half a second, or as upstream wishes.
    private static func pause(after failure: Failure) -> Duration {
        failure == .busy || failure == .tooMany ? .seconds(3600) : .milliseconds(500)
    }

    private static func upstream(_ failure: Failure) throws -> ScriptedOrigin {
        try ScriptedOrigin { $0.key?.hasPrefix("bad") == true ? failure.reply : Replies.catalogue() }
    }

    @Test(arguments: Failure.allCases, [1, 3])
    func `one key's failure does not keep the others from asking, a failed connection does`(
        failure: Failure, workers: Int
    ) throws {
        // On a slow machine the shortest pause may be over before the third answer: then all begins anew.
        try eventually("three answers within a pause") {
            let origin = try Self.upstream(failure)
            return try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws -> Bool in
                let began = ContinuousClock.now
                #expect(try larder.get("/models", key: "bad").status >= 429)
                let again = try larder.get("/models", key: "bad")
                let good = try larder.get("/models", key: "good")
                let passed = ContinuousClock.now - began
                guard passed < Self.pause(after: failure) else { return false }
                #expect(again.status == 503)
                if failure == .busy || failure == .tooMany {
                    let seconds = try #require(Int(again.fields["Retry-After"] ?? ""))
                    #expect((3599 - Int(passed / .seconds(1))...3600).contains(seconds))
                }
                #expect(good.status == (failure == .reset ? 503 : 200))
                #expect(origin.requests.count == (failure == .reset ? 1 : 2))
                return true
            }
        }
    }

    @Test func `a fetch that waits for memory asks nobody if upstream has failed meanwhile`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { $0.key == "first" ? .held(gate, .close) : Replies.catalogue() }
        try LiveLarder.serving(
            before: origin,
            {
                $0.workers = 1
                // There is room for one body whose size is not known yet.
                $0.cache.maxBytes = 1 << 20
            }
        ) { larder throws in
            let first = try larder.begin("/models/user", ["Authorization": "Bearer first"])
            try gate.waitForArrivals(1)
            let second = try larder.begin("/models/user", ["Authorization": "Bearer second"])
            try larder.settle()
            gate.open()
            #expect(try first.readResponse().status == 502)
            let answer = try second.readResponse()
            #expect(answer.status == 503 && answer.cacheStatus == "larder; detail=backing-off")
        }
        #expect(origin.requests.count == 1)
    }

    @Test(arguments: [Failure.busy, .tooMany], [1, 3])
    func `behind a stale copy one key's failure does not keep the others from a refresh`(
        failure: Failure, workers: Int
    ) throws {
        let origin = try Self.upstream(failure)
        try LiveLarder.serving(
            before: origin,
            {
                $0.workers = workers
                $0.ttl.catalog = .milliseconds(100)
                $0.stale.whileRevalidate = .seconds(3600)
                $0.stale.ifError = .seconds(3600)
            }
        ) { larder throws in
            let clients = try (0..<workers * 4).map { _ in try larder.connect() }
            for client in clients { #expect(try client.get("/models").status == 200) }
            try larder.waitUntilStale("/models")
            // A refresh of before may have made the copy fresh once more, and the refresh with the bad key may not be over.
            try eventually("the bad key has asked") {
                for client in clients {
                    let answer = try client.get("/models", ["Authorization": "Bearer bad"])
                    #expect(answer.status == 200)
                }
                return origin.requests.contains { $0.key == "bad" }
            }
            let before = origin.requests.count { $0.key == nil }
            try eventually("the others ask") {
                for client in clients {
                    let answer = try client.get("/models")
                    #expect(
                        answer.status == 200 && !answer.cacheStatus.contains("backing-off"), "\(answer.cacheStatus)")
                }
                return origin.requests.count { $0.key == nil } > before
            }
        }
        #expect(origin.requests.count { $0.key == "bad" } == 1)
    }

    @Test(arguments: [1, 3])
    func `once a second key has got one nobody asks`(workers: Int) throws {
        let origin = try Self.upstream(.busy)
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            for key in ["bad", "bad2"] { #expect(try larder.get("/models", key: key).status == 502) }
            for key in ["bad", "bad2", "bad3", "good"] {
                #expect(try larder.get("/models", key: key).status == 503, "\(key)")
            }
            // It is about this list alone.
            #expect(try larder.get("/providers", key: "good").status == 200)
        }
        #expect(origin.requests.map(\.key) == ["bad", "bad2", "good"])
    }

    @Test func `of many keys that wait for a failing upstream two ask`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, Replies.error(503)) }
        try LiveLarder.serving(before: origin) { larder throws in
            let callers = try (0..<20).map { try larder.begin("/models", ["Authorization": "Bearer key\($0)"]) }
            try gate.waitForArrivals(1)
            try larder.settle()
            gate.open()
            for caller in callers { #expect(try caller.readResponse().status == 502) }
        }
        #expect(origin.requests.count == 2)
    }
}
