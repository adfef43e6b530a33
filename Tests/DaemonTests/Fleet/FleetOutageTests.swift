import Digest
import Fleet
import FleetService
import Foundation
import TestSupport
import Testing

/// Three whole replicas while their engine fails in every way: what clients see, what the log says, how it ends.
@Suite(.enabled(if: WholeFleet.isTested, WholeFleet.reason), .timeLimit(.minutes(300)), .serialized)
struct FleetOutageTests {
    enum Fault: CaseIterable {
        case stopped, killed, full, readOnly, paused, anotherServer, altered, newerSchema, wrongPassword,
            wrongCertificate

        /// Whether the link is lost. Values that are altered are just refused.
        var losesLink: Bool {
            switch self {
            case .altered, .newerSchema: false
            default: true
            }
        }
    }

    private static let password = ["-a", "correct", "--no-auth-warning"]
    private static let otherPassword = ["-a", "other", "--no-auth-warning"]

    @Test(arguments: Fault.allCases)
    func `clients get their answers in time, each replica logs three lines at most, and the fleet recovers`(
        fault: Fault
    ) throws {
        var options = EngineServer.Options()
        if fault == .wrongCertificate { options.tlsName = "IP:127.0.0.1" }
        if fault == .wrongPassword { options.arguments = ["--requirepass", "correct"] }
        let engine = try EngineServer(options)
        // Half of it is the longest wait for another's fetch: longer than anything takes on a busy machine.
        var variables = ["LARDER_UPSTREAM_TIMEOUT": "300s"]
        if fault == .wrongPassword {
            variables["LARDER_FLEET_PASSWORD_FILE"] = try SharingLarders.file("correct", in: engine, "password")
        }
        if fault == .wrongCertificate { variables["LARDER_FLEET_CA_FILE"] = engine.caFile }
        let scheme = fault == .wrongCertificate ? "rediss" : "redis"
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larders = try SharingProcesses(before: origin, by: engine, environment: variables) { _ in
            "\(scheme)://127.0.0.1:\(engine.port)"
        }
        try larders.waitUntilSharing()
        let before = larders.all.map(\.fleetLines.count)

        let ending = try begin(fault, engine)
        try askAll(larders, "\(fault)")
        if fault.losesLink {
            for larder in larders.all {
                try eventually("the loss", within: .hang) {
                    _ = try larder.get("/model/some/model-\(UInt32.random(in: 0...UInt32.max)):nitro")
                    return try larder.fleet("state") == "\"down\""
                }
            }
            try askAll(larders, "\(fault), and known")
        }
        try ending()
        try larders.waitUntilUp()
        try larders.waitUntilSharing()
        try larders.purgeEverywhere()
        for (larder, count) in zip(larders.all, before) {
            let lines = larder.fleetLines.dropFirst(count)
            #expect(lines.count <= 3, "\(lines)")
            #expect(lines.allSatisfy { !$0.contains("correct") && !$0.contains(SharingLarders.secret) })
            #expect(lines.isEmpty || lines.last?.contains("in use") == true)
        }
        try larders.end()
    }

    /// Begins the fault, and returns what ends it.
    private func begin(_ fault: Fault, _ engine: EngineServer) throws -> () throws -> Void {
        switch fault {
        case .stopped:
            engine.hold(true)
            return { engine.hold(false) }
        case .killed:
            try engine.kill()
            return { try engine.start() }
        case .full:
            try engine.command("CONFIG", "SET", "maxmemory", "1")
            return { try engine.command("CONFIG", "SET", "maxmemory", "0") }
        case .readOnly:
            try engine.command("REPLICAOF", "127.0.0.1", "1")
            return { try engine.command("REPLICAOF", "NO", "ONE") }
        case .paused:
            try engine.command("CLIENT", "PAUSE", "600000", "WRITE")
            return { try engine.command("CLIENT", "UNPAUSE") }
        case .anotherServer:
            try engine.kill()
            let other = Monitor(
                try ScriptedOrigin(port: engine.port) { _ in .garbage(Array("+OK\r\n:7\r\n".utf8)) } as ScriptedOrigin?)
            return {
                other.withValue {
                    $0?.stop()
                    $0 = nil
                }
                try engine.start()
            }
        case .altered:
            for key in try engine.keys() { try engine.setValue(key, Array("nonsense".utf8)) }
            return {}
        case .newerSchema:
            let sealer = FleetSealer(try FleetSecret(Array(SharingLarders.secret.utf8)))
            for key in try engine.keys() where key.contains(":c:") {
                let name = EngineKey(name: key)
                let sealed = try #require(try engine.value(key))
                var record = try #require(sealer.open(sealed, for: name))
                // The mark has two bytes.
                #expect(record[2] == CopyRecord.schema)
                record[2] = CopyRecord.schema + 1
                try engine.setValue(key, sealer.seal(record, for: name))
            }
            return {}
        case .wrongPassword:
            try engine.command("CONFIG", "SET", "requirepass", "other", options: Self.password)
            try engine.endConnections(options: Self.otherPassword)
            return { try engine.command("CONFIG", "SET", "requirepass", "correct", options: Self.otherPassword) }
        case .wrongCertificate:
            try engine.showCertificate(for: "DNS:elsewhere.example")
            try engine.endConnections()
            return { try engine.showCertificate(for: "IP:127.0.0.1") }
        }
    }

    /// Every replica answers what it has, what it must fetch, and what upstream does not have, as if it were alone. Nobody
    /// waits for more than the limits of the engine, a second; the rest is for a busy machine. (`scripts/bench fleet`
    /// measures.)
    private func askAll(_ larders: SharingProcesses, _ what: String) throws {
        let clock = ContinuousClock()
        let bound = Duration.seconds(120)
        for round in 0..<5 {
            let new = "/model/some/model-\(UInt32.random(in: 0...UInt32.max)):nitro"
            for larder in larders.all {
                for (target, status) in [("/models", 200), (new, 200), ("/models/count", 200), ("/model/a/b", 404)] {
                    let client = try RawClient(port: larder.port, timeout: .hang)
                    defer { client.close() }
                    let began = clock.now
                    #expect(try client.get(target).status == status, "\(what): \(target), round \(round)")
                    #expect(clock.now - began < bound, "\(what): \(target), round \(round)")
                }
            }
        }
    }
}
