import Daemon
import Settings
import TestSupport
import Testing

/// One fetch, however many wait for it.
@Suite(.timeLimit(.minutes(300))) struct SingleFlightTests {
    @Test(arguments: [1, 2])
    func `64 cold callers cost one upstream request`(workers: Int) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, Replies.catalogue()) }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let callers = try (0..<64).map { _ in try larder.begin("/models") }
            try gate.waitForArrivals(1)
            try larder.settle()
            gate.open()
            let answers = try callers.map { try $0.readResponse() }
            #expect(answers.allSatisfy { $0.status == 200 && $0.body == answers[0].body })
            #expect(answers.count { $0.cacheStatus == "larder; fwd=miss; fwd-status=200; stored" } == 1)
            #expect(answers.count { $0.cacheStatus.hasSuffix("; collapsed") || $0.isHit } == 63)
            if workers == 1 { #expect(!answers.contains { $0.isHit }) }
            #expect(try larder.get("/models").isHit)
        }
        #expect(origin.requests.count == 1)
    }

    @Test(arguments: [1, 2])
    func `callers with different keys wait together where upstream shares`(workers: Int) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, Replies.catalogue()) }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let callers = try (0..<64).map {
                try larder.begin($0 % 2 == 0 ? "/models" : "/models/count", ["Authorization": "Bearer sk-\($0)"])
            }
            try gate.waitForArrivals(1)
            try larder.settle()
            gate.open()
            for caller in callers { #expect(try caller.readResponse().status == 200) }
        }
        #expect(origin.requests.count == 1)
    }

    @Test(arguments: [1, 2], [false, true])
    func `a caller that leaves takes nothing from the others`(workers: Int, byReset: Bool) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, Replies.catalogue()) }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let first = try larder.begin("/models")
            try gate.waitForArrivals(1)
            let others = try (0..<16).map { _ in try larder.begin("/models") }
            try larder.settle()
            if byReset { first.reset() } else { first.close() }
            try larder.settle()
            gate.open()
            for other in others { #expect(try other.readResponse().status == 200) }
        }
        #expect(origin.requests.count == 1)
    }

    @Test func `an answer that nobody is left to get is kept all the same`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, Replies.catalogue()) }
        try LiveLarder.serving(before: origin) { larder throws in
            let only = try larder.begin("/models")
            try gate.waitForArrivals(1)
            only.reset()
            try larder.settle()
            gate.open()
            let answer = try larder.get("/models")
            #expect(answer.status == 200 && (answer.isHit || answer.cacheStatus.contains("collapsed")))
        }
        #expect(origin.requests.count == 1)
    }

    @Test(arguments: [1, 2])
    func `callers who insist on a fresh copy wait together as well`(workers: Int) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { request in
            request.number == 1 ? Replies.catalogue() : .held(gate, Replies.catalogue())
        }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            #expect(try larder.get("/models").status == 200)
            let callers = try (0..<32).map { _ in try larder.begin("/models", ["Cache-Control": "no-cache"]) }
            try gate.waitForArrivals(1)
            // Those who do not insist are served meanwhile.
            #expect(try larder.get("/models").status == 200)
            try larder.settle()
            gate.open()
            for caller in callers {
                #expect(try caller.readResponse().cacheStatus.hasPrefix("larder; fwd=request; fwd-status=200; stored"))
            }
        }
        #expect(origin.requests.count <= 3)
    }

    @Test(arguments: [1, 2])
    func `all are told of the failure that all waited for`(workers: Int) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, .close) }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let callers = try (0..<32).map { _ in try larder.begin("/models") }
            try gate.waitForArrivals(1)
            try larder.settle()
            gate.open()
            let answers = try callers.map { try $0.readResponse() }
            #expect(answers.allSatisfy { $0.status == 502 || $0.status == 503 })
            #expect(answers.contains { $0.cacheStatus == "larder; fwd=miss; detail=cut" })
        }
        #expect(origin.requests.count == 1)
    }

    @Test(arguments: [1, 2])
    func `upstream is asked once with each key that waited for another key's refusal`(workers: Int) throws {
        let gates = ["anna": OriginGate(), "bert": OriginGate()]
        let origin = try ScriptedOrigin { request in
            guard request.path.contains("/model/") else { return Replies.catalogue() }
            return .held(gates[request.key ?? ""] ?? OriginGate(), Replies.error(404))
        }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            #expect(try larder.get("/models").status == 200)
            let anna = try larder.begin("/model/no/such", ["Authorization": "Bearer anna"])
            try #require(gates["anna"]).waitForArrivals(1)
            let first = try larder.begin("/model/no/such", ["Authorization": "Bearer bert"])
            try larder.settle()
            try #require(gates["anna"]).open()
            #expect(try anna.readResponse().status == 404)
            try #require(gates["bert"]).waitForArrivals(1)
            let others = try (0..<workers * 8).map { _ in
                try larder.begin("/model/no/such", ["Authorization": "Bearer bert"])
            }
            try larder.settle()
            try #require(gates["bert"]).open()
            for bert in [first] + others { #expect(try bert.readResponse().status == 404) }
        }
        #expect(origin.requests.compactMap(\.key) == ["anna", "bert"])
    }

    @Test func `one resource does not wait for another`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { request in
            request.query == "output_modalities=all" ? .held(gate, Replies.catalogue()) : Replies.list(["top/one"])
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let held = try larder.begin("/models")
            try gate.waitForArrivals(1)
            #expect(try larder.get("/providers").text.contains("top/one"))
            gate.open()
            #expect(try held.readResponse().status == 200)
        }
    }
}
