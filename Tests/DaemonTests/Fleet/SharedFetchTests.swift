import Foundation
import Settings
import TestSupport
import Testing

/// One fetch, however many replicas need it.
@Suite(.timeLimit(.minutes(300))) struct SharedFetchTests {
    static let fromFleet = "larder; fwd=miss; detail=fleet"
    private static let fetched = "larder; fwd=miss; fwd-status=200; stored"

    /// Each key has a list of its own, which may be kept.
    private static func keyed(_ request: OriginRequest) -> OriginReply {
        guard request.path == "/api/v1/models/user" else { return Replies.wellBehaved(request) }
        guard let key = request.key else { return Replies.error(401, "No key") }
        return Replies.list(["\(key)/private-row"], ["Cache-Control": "private, max-age=60"])
    }

    @Test(arguments: [1, 2])
    func `three replicas that need a resource at the same time cost one fetch`(workers: Int) throws {
        let engine = try EngineServer()
        let gate = OriginGate()
        let origin = try ScriptedOrigin { _ in .held(gate, Replies.catalogue()) }
        try SharingLarders.serving(before: origin, by: engine, { settings, _ in settings.workers = workers }) {
            larders throws in
            let callers = try larders.all.map { try $0.begin("/models", ["Accept-Encoding": "gzip"]) }
            try gate.waitForArrivals(1)
            try eventually("two who wait") {
                try larders.all.map { try $0.fleet("waits") == "1" ? 1 : 0 }.reduce(0, +) == 2
            }
            gate.open()
            let answers = try callers.map { try $0.readResponse() }
            #expect(answers.map(\.cacheStatus).sorted() == [Self.fromFleet, Self.fromFleet, Self.fetched])
            #expect(answers.allSatisfy { $0.status == 200 && $0.body == answers[0].body })
            #expect(Set(answers.map { $0.fields["ETag"] ?? "" }).count == 1)
            for larder in larders.all { #expect(try larder.get("/models").isHit) }
            // A replica's facet is read beside its own list.
            for larder in larders.all { #expect(try larder.get("/models?category=x").status == 200) }
        }
        #expect(origin.count(of: "/api/v1/models") == 2)
    }

    @Test func `a resource is fetched once per lifetime, and a key's list once per key and lifetime`() throws {
        let engine = try EngineServer()
        let origin = try ScriptedOrigin(Self.keyed)
        func fetches(_ key: String) -> Int {
            origin.requests.count { $0.path == "/api/v1/models/user" && $0.key == key }
        }
        let clock = ContinuousClock()
        let began = clock.now
        try SharingLarders.serving(
            before: origin, by: engine,
            { settings, _ in
                settings.ttl.catalog = .seconds(2)
                settings.ttl.user = .seconds(2)
            }
        ) { larders throws in
            try eventually("a third list for each key") {
                for larder in larders.all {
                    #expect(try larder.get("/models").status == 200)
                    for key in ["anna", "bert"] {
                        let answer = try larder.get("/models/user", key: key)
                        #expect(answer.status == 200 && answer.text.contains("\(key)/private-row"))
                        #expect(!answer.text.contains(key == "anna" ? "bert/" : "anna/"))
                    }
                }
                return fetches("anna") >= 3 && fetches("bert") >= 3
            }
        }
        // A lifetime ends up to a tenth earlier, except for the catalogue.
        let lifetimes = Int((clock.now - began) / .milliseconds(1_800)) + 1
        #expect(origin.count(of: "/api/v1/models") <= lifetimes)
        for key in ["anna", "bert"] {
            #expect(fetches(key) <= lifetimes, "\(key): \(fetches(key)) of \(lifetimes)")
        }
    }

    @Test func `what upstream forbids to store is not shared, and each replica fetches it`() throws {
        let engine = try EngineServer()
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try SharingLarders.serving(2, before: origin, by: engine) { larders throws in
            for larder in larders.all { #expect(try larder.get("/models/user", key: "anna").status == 200) }
            #expect(try engine.keys().allSatisfy { !$0.contains(":b:") })
        }
        #expect(origin.requests.count == 2)
    }

    @Test func `a request that insists gets nothing that is too old`() throws {
        let engine = try EngineServer()
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try SharingLarders.serving(2, before: origin, by: engine) { larders throws in
            #expect(try larders[0].get("/models").status == 200)
            let answer = try larders[1].get("/models", ["Cache-Control": "no-cache"])
            #expect(answer.cacheStatus == "larder; fwd=request; fwd-status=200; stored")
        }
        #expect(origin.requests.count == 2)
    }

    @Test func `100,000 hits would cause no command of the engine`() throws {
        let engine = try EngineServer()
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try SharingLarders.serving(1, before: origin, by: engine) { larders throws in
            #expect(try larders[0].get("/models/count").status == 200)
            let client = try larders[0].connect()
            defer { client.close() }
            let before = try engine.commandCount()
            // All of them with `make test-fleet`.
            for _ in 0..<(WholeFleet.isTested ? 100_000 : 3_000) {
                #expect(try client.request("GET", "/models/count").isHit)
            }
            // The generations are read every five seconds, whatever is asked meanwhile.
            #expect(try engine.commandCount() - before < 200)
        }
        #expect(origin.requests.count == 1)
    }

    @Test func `the death of the replica that fetches costs one more fetch`() throws {
        let engine = try EngineServer()
        let gate = OriginGate()
        let origin = try ScriptedOrigin { request in
            request.number == 1 ? .held(gate, Replies.catalogue()) : Replies.catalogue()
        }
        defer { gate.open() }
        let secret = try SharingLarders.file(SharingLarders.secret, in: engine, "secret")
        let variables = [
            "LARDER_FLEET_URL": "redis://127.0.0.1:\(engine.port)", "LARDER_FLEET_SECRET_FILE": secret,
            // Another replica takes over after a quarter of it; after half of it, who waits fetches alone.
            "LARDER_FLEET_TIMEOUT": "5s", "LARDER_UPSTREAM_TIMEOUT": "60s",
        ]
        let holder = try LarderProcess.serve(before: origin, environment: variables)
        try holder.child.waitForLine(containing: "the engine is in use")
        let others = try (0..<2).map { _ in try LarderProcess.serve(before: origin, environment: variables) }
        for other in others { try other.child.waitForLine(containing: "the engine is in use") }
        let lost = try RawClient(port: holder.port, timeout: .hang)
        try lost.sendRequest("GET", "/models")
        try gate.waitForArrivals(1)
        holder.child.signal(SIGKILL)
        let waiting = try others.map { other in
            let client = try RawClient(port: other.port, timeout: .hang)
            try client.sendRequest("GET", "/models")
            return client
        }
        for client in waiting { #expect(try client.readResponse().status == 200) }
        #expect(origin.requests.count == 2)
        for other in others { try other.end() }
    }

    @Test func `an engine that is required and cannot be used prevents the start`() throws {
        let engine = try EngineServer()
        let secret = try SharingLarders.file(SharingLarders.secret, in: engine, "secret")
        try engine.kill()
        let (ending, _, error) = try LarderProcess.run(
            ["serve", "--demo", "--listen", "127.0.0.1:0"],
            environment: [
                "LARDER_FLEET_URL": "redis://127.0.0.1:\(engine.port)", "LARDER_FLEET_SECRET_FILE": secret,
                "LARDER_FLEET_REQUIRED": "true", "LARDER_STATE_ENABLED": "false",
            ])
        #expect(ending == .exited(1))
        #expect(error.contains("fleet.required"), "\(error)")
    }

    @Test func `a restart takes the fleet's copies, and none that was purged meanwhile`() throws {
        let engine = try EngineServer()
        let state = engine.folder + "/state"
        let origin = try ScriptedOrigin { Replies.list(["made/number-\($0.number)"]) }
        func keepState(_ settings: inout Settings, _ index: Int) {
            guard index == 1 else { return }
            settings.state.enabled = true
            settings.state.directory = state
        }
        try SharingLarders.serving(1, before: origin, by: engine) { first throws in
            #expect(try first[0].get("/models").status == 200)
            for run in 0..<2 {
                try SharingLarders.serving(2, before: origin, by: engine, keepState) { both throws in
                    let answer = try both[1].get("/models")
                    #expect(answer.text.contains("number-1\""))
                    #expect(answer.cacheStatus == Self.fromFleet || run == 1 && answer.isHit)
                    #expect(run == 0 || answer.isHit, "the copy in the state directory was removed")
                }
            }
            // Nobody has fetched anything again.
            #expect(origin.requests.count == 1)
            try engine.waitForReplicas(1)
            #expect(try first[0].purge("all=1").contains("\"replicas\":{\"confirmed\":1,\"of\":1}"))
            try SharingLarders.serving(2, before: origin, by: engine, keepState) { both throws in
                #expect(try both[1].get("/models").text.contains("number-2\""))
                #expect(try both[0].get("/models").cacheStatus == Self.fromFleet)
            }
        }
        #expect(origin.requests.count == 2)
    }
}
