import Digest
import Fleet
import FleetService
import TestSupport
import Testing

/// What members do when the engine fails, lies or leaks.
@Suite(.timeLimit(.minutes(300))) struct EngineFaultTests {
    private static let list = bytes("[\"a/model\"]")

    enum Fault: CaseIterable {
        case absent, stopped, killed, full, readOnly
    }

    @Test(arguments: Fault.allCases)
    func `without the engine each member fetches alone, says so once, and recovers by itself`(fault: Fault) throws {
        let server = try EngineServer()
        if fault == .absent { try server.kill() }
        var limits = Replica.quick
        // Only one that stands still has to be given up after a time.
        if fault != .stopped {
            limits.fleetTimeout = 2_000
            limits.connectTimeout = 2_000
        }
        let replicas = try (0..<2).map { _ in try Replica("redis://127.0.0.1:\(server.port)", limits: limits) }
        if fault != .absent { for replica in replicas { try replica.waitUntilUp() } }
        switch fault {
        case .absent: break
        case .stopped: server.hold(true)
        case .killed: try server.kill()
        case .full: try server.command("CONFIG", "SET", "maxmemory", "1")
        case .readOnly: try server.command("REPLICAOF", "127.0.0.1", "1")
        }
        for replica in replicas {
            guard case .completed(keeps: true, isAlone: true) = try replica.get("models", copy(Self.list)) else {
                Issue.record("\(fault): the member does not fetch alone")
                continue
            }
        }
        // Until the breaker is open, or at least the link is lost.
        for replica in replicas {
            try eventually("the link's loss", within: .hang) {
                _ = try replica.get("other", copy(Self.list))
                return replica.seen.withValue { $0.log.contains { $0.contains("retrying") } }
            }
        }
        switch fault {
        case .absent, .killed: try server.start()
        case .stopped: server.hold(false)
        case .full: try server.command("CONFIG", "SET", "maxmemory", "0")
        case .readOnly: try server.command("REPLICAOF", "NO", "ONE")
        }
        for replica in replicas { try replica.waitUntilUp() }
        try eventually("a shared copy", within: .hang) {
            let name = "again \(UInt32.random(in: 0...UInt32.max))"
            let first = try replicas[0].get(name, copy(Self.list))
            return try first == .completed(keeps: true, isAlone: false)
                && replicas[1].get(name, copy(Self.list)) == .taken(body: Self.list)
        }
        for replica in replicas {
            let log = replica.seen.withValue { $0.log }
            // In use, lost, opened, in use again. On a busy machine it may be lost once more, which is a change too.
            let changes = log.map { line in
                ["is in use", "not usable", "keeps failing"].first { line.contains($0) } ?? line
            }
            #expect(zip(changes, changes.dropFirst()).allSatisfy { $0 != $1 }, "\(log)")
            #expect(changes.contains("is in use"), "\(log)")
        }
    }

    @Test func `what was altered in the engine is refused, and fetched again`() throws {
        let server = try EngineServer()
        let url = "redis://127.0.0.1:\(server.port)"
        let replicas = try (0..<2).map { _ in try Replica(url) }
        for replica in replicas { try replica.waitUntilUp() }
        let owner = Identifier(high: 5, low: 6)
        /// Gets both, and waits until so many were stored by this member: the answer comes before.
        func get(by replica: Replica, stored: UInt64) throws -> [Outcome] {
            let outcomes = try [("models", nil), ("user", owner)].map { name, owner in
                try replica.get(name, owner: owner, copy(Self.list, owner: owner))
            }
            try eventually("the copies in the engine") { replica.service.status.given == stored }
            return outcomes
        }
        let fetched = Outcome.completed(keeps: true, isAlone: false)
        #expect(try get(by: replicas[0], stored: 2) == [fetched, fetched])
        for key in try server.command("KEYS", "*:b:*").split(separator: "\n") {
            try server.command("SETRANGE", String(key), "1", "x")
        }
        #expect(try get(by: replicas[1], stored: 2) == [fetched, fetched])
        for key in try server.command("KEYS", "*:c:*").split(separator: "\n") {
            try server.command("SETRANGE", String(key), "20", "x")
        }
        #expect(try get(by: replicas[1], stored: 4) == [fetched, fetched])
        // One record in the place of another.
        let records = try server.command("KEYS", "*:c:*").split(separator: "\n").map(String.init)
        #expect(records.count == 2)
        try server.command("COPY", records[0], records[1], "REPLACE")
        let outcomes = try get(by: replicas[0], stored: 3)
        #expect(outcomes.filter(\.isTaken).count == 1)
        // Messages that no member has sealed change nothing.
        let channel = try #require(try server.command("PUBSUB", "CHANNELS").split(separator: "\n").first)
        try server.command("PUBLISH", String(channel), "nonsense")
        #expect(try replicas[0].purge(.all) == PurgeReport(confirmed: 2, members: 2))
    }

    @Test func `nothing secret passes the engine, and all keys expire and share one hash tag`() throws {
        let server = try EngineServer()
        let monitor = try ChildProcess(EngineServer.client, ["-p", "\(server.port)", "MONITOR"])
        try monitor.waitForLine(containing: "OK")
        let replicas = try (0..<2).map { _ in try Replica("redis://127.0.0.1:\(server.port)") }
        for replica in replicas { try replica.waitUntilUp() }
        let key = "Bearer sk-or-v1-topsecret"
        let words = try FleetSecret(Replica.secret).ownerFingerprinter.fingerprint(bytes(key).span).words
        let owner = Identifier(high: words.high, low: words.low)
        let list = bytes("{\"id\":\"acme/private-row\"}")
        let facts = CopyFacts(
            owner: owner, freshFor: 60_000, usableFor: 60_000, entityTag: bytes("\"private-tag\""),
            contentType: bytes("application/private-type"))
        #expect(
            try replicas[0].get("user", owner: owner, .copy(facts, body: list))
                == .completed(keeps: true, isAlone: false))
        #expect(try replicas[1].get("user", owner: owner, .unshared) == .taken(body: list))
        _ = try replicas[0].get("models", copy(Self.list))
        try eventually("the copies in the engine") { replicas[0].service.status.given == 2 }
        #expect(try replicas[0].purge(.owner(owner)).confirmed == 2)
        let names = try server.command("KEYS", "*").split(separator: "\n").map(String.init)
        #expect(names.count >= 5)
        for name in names {
            #expect(name.hasPrefix("larder:{test."), "\(name)")
            let life = Int(try server.command("PTTL", name)) ?? -1
            // -1: it does not expire; -2: it has expired meanwhile.
            #expect(life > 0 || life == -2, "\(name) does not expire")
        }
        let dump = try names.map { try server.command("GET", $0) }.joined(separator: "\n")
        try server.command("SET", "the-end", "1", "PX", "1000")
        try monitor.waitForLine(containing: "the-end")
        let traffic = monitor.lines().joined(separator: "\n")
        #expect(traffic.contains("\"EXEC\"") && traffic.contains("\"PUBLISH\""))
        for secret in ["topsecret", "private-row", "private-tag", "private-type", "a secret that all", owner.hex] {
            // The owner's digest names the key of its generation, and says nothing about the key.
            if secret == owner.hex { continue }
            #expect(!traffic.contains(secret) && !dump.contains(secret), "\(secret)")
        }
    }

    @Test func `members with different secrets share nothing and disturb nobody`() throws {
        let server = try EngineServer()
        let url = "redis://127.0.0.1:\(server.port)"
        var limits = Replica.patient
        // The report waits twice as long for the other, which does not understand the message.
        limits.fleetTimeout = 3_000
        let one = try Replica(url, limits: limits)
        let other = try Replica(url, secret: bytes("another secret, as while it is being rotated"))
        for replica in [one, other] { try replica.waitUntilUp() }
        for replica in [one, other] {
            #expect(try replica.get("models", copy(Self.list)) == .completed(keeps: true, isAlone: false))
        }
        // The numbers of generations are not sealed, so a purge reaches both.
        #expect(try one.purge(.all).confirmed == 1)
        try other.waitForDrop(.all)
        #expect(one.seen.withValue { $0.log.count } == 1 && other.seen.withValue { $0.log.count } == 1)
    }

    @Test func `a wrong password and a CA file that is missing are named, without the password`() throws {
        var options = EngineServer.Options()
        options.arguments = ["--requirepass", "correct"]
        let server = try EngineServer(options)
        let replica = try Replica("redis://127.0.0.1:\(server.port)") { $0.password = bytes("wrongsecret") }
        try replica.waitForLog("does not accept the password")
        #expect(replica.seen.withValue { $0.log.contains { $0.contains("wrongsecret") } } == false)
        try eventually("the reason") { replica.service.waitUntilUp(.zero)?.contains("password") == true }
        #expect(throws: FleetProblem.self) {
            _ = try Replica("rediss://localhost:1") { $0.caFile = "/nonexistent.pem" }
        }
    }
}
