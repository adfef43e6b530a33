import Foundation
import TestSupport
import Testing

/// `larder check` and `larder doctor` about a fleet, as a shell sees them.
@Suite(.timeLimit(.minutes(300))) struct FleetCommandTests {
    /// The lines of `larder doctor` about the fleet.
    private func doctor(_ variables: [String: String]) throws -> [String] {
        let origin = try ScriptedOrigin { _ in .json(#"{"data":{"count":1}}"#) }
        let common = [
            "LARDER_UPSTREAM_URL": origin.url + "/api/v1", "LARDER_LISTEN": "127.0.0.1:0",
            "LARDER_STATE_ENABLED": "false", "LARDER_FLEET_CONNECT_TIMEOUT": "10s",
        ]
        let result = try LarderProcess.run(["doctor"], environment: common.merging(variables) { $1 })
        return result.output.split(separator: "\n").filter { $0.contains(" fleet ") }.map(String.init)
    }

    @Test func `the doctor tries every command, the clock and the eviction policy`() throws {
        let engine = try EngineServer()
        let secret = try SharingLarders.file(SharingLarders.secret, in: engine, "secret")
        let variables = [
            "LARDER_FLEET_URL": "redis://127.0.0.1:\(engine.port)", "LARDER_FLEET_SECRET_FILE": secret,
        ]
        let well = try doctor(variables)
        #expect(well.count == 4 && well.allSatisfy { $0.hasPrefix("ok") }, "\(well)")
        try engine.command("CONFIG", "SET", "maxmemory", "100mb")
        #expect(try doctor(variables).contains { $0.hasPrefix("warn") && $0.contains("noeviction") })
        // The rights of docs/fleet.md, all and without one of them.
        try engine.makeDocumentedUser(password: "pass")
        let password = try SharingLarders.file("pass", in: engine, "password")
        let user = ["LARDER_FLEET_USERNAME": "larder", "LARDER_FLEET_PASSWORD_FILE": password]
        let allowed = try doctor(variables.merging(user) { $1 })
        #expect(
            allowed.contains { $0.hasPrefix("ok") && $0.contains("every command that a fleet needs") }, "\(allowed)")
        try engine.makeDocumentedUser(password: "pass") { words in words.removeAll { $0 == "+publish" } }
        let limited = try doctor(variables.merging(user) { $1 })
        #expect(limited.contains { $0.contains("the password is accepted") }, "\(limited)")
        #expect(limited.contains { $0.hasPrefix("warn") && $0.contains("refuses PUBLISH (its ACL") }, "\(limited)")
        #expect(limited.count { $0.hasPrefix("skip") } == 2, "\(limited)")
    }

    @Test func `the doctor asks every Sentinel, and names those that do not answer`() throws {
        let engine = try EngineServer()
        var options = EngineServer.Options()
        options.watches = engine.port
        let sentinels = [try EngineServer(options), try EngineServer(options)]
        let secret = try SharingLarders.file(SharingLarders.secret, in: engine, "secret")
        func lines(_ ports: [UInt16], master: String = "mymaster") throws -> [String] {
            let nodes = ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
            return try doctor([
                "LARDER_FLEET_URL": "redis+sentinel://\(nodes)/\(master)", "LARDER_FLEET_SECRET_FILE": secret,
            ])
        }
        let ports = sentinels.map(\.port)
        let well = try lines(ports)
        #expect(well.allSatisfy { $0.hasPrefix("ok") }, "\(well)")
        #expect(well.contains { $0.contains("2 Sentinels name the engine 127.0.0.1:\(engine.port)") }, "\(well)")
        for absent in [[1, ports[0], ports[1]], [ports[0], ports[1], 1]] {
            let some = try lines(absent)
            #expect(
                some.contains {
                    $0.hasPrefix("warn") && $0.contains("1 of 3 Sentinels") && $0.contains("127.0.0.1:1: ")
                })
            #expect(some.contains { $0.hasPrefix("ok") && $0.contains("the engine answers") }, "\(some)")
        }
        let unknown = try lines(ports, master: "another")
        #expect(unknown.count == 1 && unknown[0].contains("no Sentinel names the engine another"), "\(unknown)")
        for port in ports { #expect(unknown[0].contains("127.0.0.1:\(port): ")) }
    }

    @Test func `the doctor says why an engine cannot be used, without the password`() throws {
        var options = EngineServer.Options()
        options.arguments = ["--requirepass", "correct"]
        let engine = try EngineServer(options)
        let secret = try SharingLarders.file(SharingLarders.secret, in: engine, "secret")
        let password = try SharingLarders.file("wrongsecret", in: engine, "password")
        let variables = [
            "LARDER_FLEET_URL": "redis://127.0.0.1:\(engine.port)", "LARDER_FLEET_SECRET_FILE": secret,
            "LARDER_FLEET_PASSWORD_FILE": password,
        ]
        let wrong = try doctor(variables)
        #expect(wrong.count == 1 && wrong[0].contains("does not accept the password"), "\(wrong)")
        #expect(!wrong[0].contains("wrongsecret"))
        try engine.kill()
        let absent = try doctor(variables)
        #expect(absent.count == 1 && absent[0].contains("whether the engine runs"), "\(absent)")
    }

    @Test(arguments: [
        (["LARDER_FLEET_URL": "redis://127.0.0.1"], "fleet.secret_file"),
        (["LARDER_FLEET_URL": "redis://:hunter2@127.0.0.1"], "fleet.url"),
        (["LARDER_FLEET_REQUIRED": "true"], "fleet.url is not"),
        (["LARDER_FLEET_URI": "redis://127.0.0.1"], "did you mean LARDER_FLEET_URL"),
        (["LARDER_FLEET_URL": "redis://127.0.0.1", "LARDER_FLEET_SECRET_FILE": "/etc/hostname"], "fewer than 32"),
    ])
    func `check names what is wrong with the settings of a fleet`(variables: [String: String], text: String) throws {
        let result = try LarderProcess.run(["check"], environment: variables)
        #expect(result.ending == .exited(78))
        #expect(result.error.contains(text) && !result.error.contains("hunter2"), "\(result.error)")
    }
}
