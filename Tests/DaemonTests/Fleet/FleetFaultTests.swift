import Settings
import TestSupport
import Testing

/// What clients see when the engine fails or lies: nothing.
@Suite(.timeLimit(.minutes(300))) struct FleetFaultTests {
    enum Fault: CaseIterable {
        case absent, stopped, killed, full, readOnly
    }

    @Test(arguments: Fault.allCases)
    func `no client gets another status or waits long, and the fleet recovers by itself`(fault: Fault) throws {
        let engine = try EngineServer()
        if fault == .absent { try engine.kill() }
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try SharingLarders.serving(
            2, before: origin, by: engine, waits: fault != .absent, { settings, _ in SharingLarders.quick(&settings) }
        ) { larders throws in
            switch fault {
            case .absent: break
            case .stopped: engine.hold(true)
            case .killed: try engine.kill()
            case .full: try engine.command("CONFIG", "SET", "maxmemory", "1")
            case .readOnly: try engine.command("REPLICAOF", "127.0.0.1", "1")
            }
            let clock = ContinuousClock()
            for target in ["/models", "/models/count", "/providers", "/models?category=x", "/models"] {
                for larder in larders.all {
                    let began = clock.now
                    let answer = try larder.get(target)
                    #expect(answer.status == (target == "/providers" ? 404 : 200), "\(target)")
                    // 300 ms for the engine, and the rest for a busy machine. No client waits for another's fetch to the end.
                    #expect(clock.now - began < larder.settings.upstream.timeout / 2)
                }
            }
            for larder in larders.all {
                try eventually("the loss to be told", within: .hang) {
                    _ = try larder.get("/model/some/model:nitro", ["Cache-Control": "no-cache"])
                    return try larder.fleet("state") == "\"down\""
                }
                #expect(try larder.get("/_larder/status").text.contains("\"code\":\"fleet-down\""))
            }
            switch fault {
            case .absent, .killed: try engine.start()
            case .stopped: engine.hold(false)
            case .full: try engine.command("CONFIG", "SET", "maxmemory", "0")
            case .readOnly: try engine.command("REPLICAOF", "NO", "ONE")
            }
            for larder in larders.all {
                try eventually("the engine in use again", within: .hang) {
                    try larder.fleet("state") == "\"up\""
                }
            }
            #expect(try larders[0].get("/model/new/model:nitro").status == 200)
            #expect(try larders[1].get("/model/new/model:nitro").status == 200)
        }
    }

    @Test func `a wrong password is told, without the password, and hurts no client`() throws {
        var options = EngineServer.Options()
        options.arguments = ["--requirepass", "correct"]
        let engine = try EngineServer(options)
        let password = try SharingLarders.file("wrongsecret", in: engine, "password")
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try SharingLarders.serving(
            1, before: origin, by: engine, waits: false,
            // The first attempt has to get its answer: the log does not say later why the engine is lost.
            { settings, _ in settings.fleet.passwordFile = password }
        ) { larders throws in
            #expect(try larders[0].get("/models").status == 200)
            let status = try larders[0].get("/_larder/status").text
            #expect(status.contains("does not accept the password") && !status.contains("wrongsecret"))
        }
    }

    @Test(arguments: [("IP:127.0.0.1", "\"up\""), ("DNS:elsewhere.example", "\"down\"")])
    func `the engine's certificate must be for its name`(name: String, state: String) throws {
        var options = EngineServer.Options()
        options.tlsName = name
        let engine = try EngineServer(options)
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try SharingLarders.serving(
            1, before: origin, by: engine, waits: false,
            { settings, _ in
                settings.fleet.url = "rediss://127.0.0.1:\(engine.port)"
                settings.fleet.caFile = engine.caFile
            }
        ) { larders throws in
            #expect(try larders[0].get("/models").status == 200)
            try eventually("the state of the link") { try larders[0].fleet("state") == state }
            let notice = try larders[0].fleet("notice") ?? ""
            #expect(state == "\"up\"" ? notice == "null" : notice.contains("no secure connection"), "\(notice)")
        }
    }

    @Test func `values that were altered by hand are not served`() throws {
        let engine = try EngineServer()
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try SharingLarders.serving(2, before: origin, by: engine) { larders throws in
            let right = try larders[0].get("/models").body
            for key in try engine.keys() where key.contains(":b:") { try engine.command("SETRANGE", key, "30", "xyz") }
            let answer = try larders[1].get("/models")
            #expect(answer.status == 200 && answer.body == right)
            for key in try engine.keys() where key.contains(":c:") { try engine.command("SETRANGE", key, "30", "xyz") }
            #expect(try larders[1].get("/models", ["Cache-Control": "no-cache"]).body == right)
            for key in try engine.keys() { try engine.command("SET", key, "nonsense", "PX", "60000") }
            #expect(try larders[0].get("/models", ["Cache-Control": "no-cache"]).body == right)
            #expect(try larders[1].get("/models/count").status == 200)
        }
    }
}
