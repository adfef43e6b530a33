import Fleet
import FleetService
import Foundation
import TestSupport
import Testing

/// Two and three members in one process, and a real engine.
@Suite(.timeLimit(.minutes(300))) struct FleetServiceTests {
    private func fleet(_ count: Int, _ server: EngineServer, limits: Limits = Replica.patient) throws -> [Replica] {
        let replicas = try (0..<count).map { _ in try Replica("redis://127.0.0.1:\(server.port)", limits: limits) }
        for replica in replicas { try replica.waitUntilUp() }
        return replicas
    }

    private static let list = bytes("[\"one\",\"two\"]")

    @Test func `one member fetches under the lease, and the others take its copy`() throws {
        let server = try EngineServer()
        let replicas = try fleet(3, server)
        // All want it at the same time, and the fetch does not end by itself.
        let wants = replicas.map { $0.want("models") }
        try eventually("a fetch") { replicas.contains { !$0.seen.withValue { $0.fetches.isEmpty } } }
        let holder = try #require(replicas.firstIndex { !$0.seen.withValue { $0.fetches.isEmpty } })
        try eventually("two who wait") { replicas.map(\.service.status.waits).reduce(0, +) == 2 }
        replicas[holder].service.fetched(try replicas[holder].nextFetch(), copy(Self.list))
        for (index, want) in wants.enumerated() {
            let outcome = try want.value()
            #expect(outcome == (index == holder ? .completed(keeps: true, isAlone: false) : .taken(body: Self.list)))
        }
        #expect(replicas.map { $0.seen.withValue { $0.fetches.count } }.reduce(0, +) == 1)

        // One that has the body does not read it again.
        let held = replicas[0].service.digest(of: Self.list, isPrivate: false)
        #expect(try replicas[0].get("models", held: held, copy(Self.list)) == .taken(body: nil))
        // The members announce themselves, and the counts follow the replies.
        try eventually("the holder's status") {
            let status = replicas[holder].service.status
            return status.isUp && status.leases == 1 && status.given == 1 && status.members == 3
        }
    }

    @Test func `a member that dies with the lease is replaced by one of those who wait`() throws {
        let server = try EngineServer()
        var limits = Replica.patient
        // The lease is taken over after a quarter of this, and after half of it every member fetches alone.
        limits.upstreamTimeout = 24_000
        limits.fleetTimeout = 5_000
        var replicas = try fleet(3, server, limits: limits)
        _ = replicas[0].want("models")
        _ = try replicas[0].nextFetch()
        replicas.removeFirst()
        let wants = replicas.map { $0.want("models", result: copy(Self.list)) }
        let outcomes = try wants.map { try $0.value() }
        #expect(outcomes.filter(\.isTaken).count == 1)
        #expect(outcomes.contains(.completed(keeps: true, isAlone: false)))
    }

    @Test func `all learn of a failed fetch, with its pause`() throws {
        let server = try EngineServer()
        let replicas = try fleet(2, server)
        _ = replicas[0].want("models")
        let ticket = try replicas[0].nextFetch()
        let waiting = replicas[1].want("models")
        try eventually("one who waits") { replicas[1].service.status.waits == 1 }
        replicas[0].service.fetched(ticket, .failed(pause: 7_000))
        #expect(try waiting.value() == .backOff(7_000))
        try eventually("the message") { replicas[1].seen.withValue { $0.backOffs.count == 1 } }
    }

    @Test func `a purge reaches all members, who confirm it, and what was fetched before is not taken`() throws {
        let server = try EngineServer()
        let replicas = try fleet(3, server)
        #expect(try replicas[0].get("models", copy(Self.list)) == .completed(keeps: true, isAlone: false))
        #expect(try replicas[1].get("models", copy(Self.list)) == .taken(body: Self.list))
        #expect(try replicas[1].purge(.catalogue) == PurgeReport(confirmed: 3, members: 3))
        for replica in replicas { try replica.waitForDrop(.catalogue) }
        #expect(try replicas[2].get("models", copy(bytes("new"))) == .completed(keeps: true, isAlone: false))
        #expect(try replicas[0].get("models", copy(Self.list)) == .taken(body: bytes("new")))

        // A fetch that began before a purge is not kept, and nobody gets it.
        let old = replicas[0].want("models/count")
        let ticket = try replicas[0].nextFetch(after: 1)
        #expect(try replicas[1].purge(.all).confirmed == 3)
        replicas[0].service.fetched(ticket, copy(bytes("441")))
        #expect(try old.value() == .completed(keeps: false, isAlone: false))
        #expect(try replicas[2].get("models/count", copy(bytes("442"))) == .completed(keeps: true, isAlone: false))
    }

    @Test func `a purge without the engine is made up for, also by the next process`() throws {
        let server = try EngineServer()
        let file = server.folder + "/pending"
        let url = "redis://127.0.0.1:\(server.port)"
        let other = try Replica(url)
        try other.waitUntilUp()
        #expect(try other.get("models", copy(Self.list)) == .completed(keeps: true, isAlone: false))
        server.hold(true)
        do {
            let replica = try Replica(url, limits: Replica.quick, pendingFile: file)
            #expect(try replica.purge(.all) == PurgeReport(confirmed: 1, members: nil))
            try eventually("the file") { FileManager.default.fileExists(atPath: file) }
        }
        server.hold(false)
        let drops = other.seen.withValue { $0.drops.count }
        let next = try Replica(url, limits: Replica.patient, pendingFile: file)
        try next.waitUntilUp()
        try eventually("the purge") { other.seen.withValue { $0.drops.count } > drops }
        try eventually("the file is gone") { !FileManager.default.fileExists(atPath: file) }
    }

    /// Lets a thread stand still.
    private final class Stop: Sendable {
        private let state = Monitor((isReached: false, isOpen: false))

        func stand() {
            state.withValue { $0.isReached = true }
            _ = state.wait(.hang) { $0.isOpen ? true : nil }
        }

        func waitUntilReached() throws {
            guard state.wait(.hang, until: { $0.isReached ? true : nil }) != nil else {
                throw TimedOut("the thread at its stop", after: .hang)
            }
        }

        func open() { state.withValue { $0.isOpen = true } }
    }

    @Test func `a thread that stood still does not take its own delay for the engine's silence`() throws {
        let server = try EngineServer()
        var limits = Replica.patient
        limits.fleetTimeout = 4_000
        // Nothing else is asked meanwhile.
        limits.checkInterval = 600_000
        let replica = try Replica("redis://127.0.0.1:\(server.port)", limits: limits)
        try replica.waitUntilUp()
        let service = replica.service
        try eventually("the generations") { service.status.knowsGenerations }
        let (failures, lines) = (service.status.failures, replica.seen.withValue { $0.log.count })

        // What a purge calls runs on the fleet's thread. What is sent while that stands still is handled in one turn of
        // its loop: the question is sent at the beginning of the next turn, in which the thread stands still again.
        let (first, second) = (Stop(), Stop())
        service.purge(.owner(1), drop: { _ in first.stand() }, done: { _ in })
        try first.waitUntilReached()
        service.follow(Identifier(high: 5 << 32, low: 6))
        service.purge(
            .owner(2),
            drop: { _ in service.purge(.owner(3), drop: { _ in second.stand() }, done: { _ in }) }, done: { _ in })
        first.open()
        try second.waitUntilReached()
        let begin = ContinuousClock.now
        try eventually("the answer") { unreadBytes(fromPort: server.port) > 0 }
        try eventually("the end of its time") { ContinuousClock.now - begin > .milliseconds(4_700) }
        second.open()

        // The loop has looked at its timers by then.
        let isOver = Monitor<Bool?>(nil)
        service.purge(.owner(4), drop: { _ in }, done: { _ in isOver.withValue { $0 = true } })
        #expect(try isOver.value())
        #expect(service.status.failures == failures)
        #expect(replica.seen.withValue { $0.log.count } == lines)
    }

    @Test func `a copy that may no longer be shared is gone from the engine and dropped by all`() throws {
        let server = try EngineServer()
        let replicas = try fleet(2, server)
        #expect(try replicas[0].get("models", copy(Self.list)) == .completed(keeps: true, isAlone: false))
        let done = Monitor<Bool?>(nil)
        let resource = replicas[0].resource("models")
        replicas[0].service.withdraw(resource) { done.withValue { $0 = true } }
        #expect(try done.value())
        try eventually("the drop") { replicas[1].seen.withValue { $0.droppedCopies.contains(resource.id) } }
        #expect(try replicas[1].get("models", copy(bytes("new"))) == .completed(keeps: true, isAlone: false))
    }

    @Test func `a refused key's copies end on all members`() throws {
        let server = try EngineServer()
        let replicas = try fleet(2, server)
        let owner = Identifier(high: 5, low: 6)
        #expect(
            try replicas[0].get("user", owner: owner, copy(bytes("mine"), owner: owner))
                == .completed(keeps: true, isAlone: false))
        #expect(try replicas[1].get("user", owner: owner, copy([], owner: owner)) == .taken(body: bytes("mine")))
        replicas[0].service.refused(owner)
        try replicas[1].waitForDrop(.owner(owner))
    }

    @Test func `a copy above fleet.max_value_bytes stays with the member that fetched it`() throws {
        let server = try EngineServer()
        var limits = Replica.patient
        limits.longestValue = 1_000
        let replicas = try fleet(2, server, limits: limits)
        let large = [UInt8](repeating: 0x61, count: 1_001)
        #expect(try replicas[0].get("large", copy(large)) == .completed(keeps: true, isAlone: false))
        // It may have waited for the first one, and fetched alone then.
        guard case .completed(keeps: true, _) = try replicas[1].get("large", copy(large)) else {
            Issue.record("the large copy is shared")
            return
        }
        #expect(try replicas[0].get("small", copy(Array(large.dropLast()))) == .completed(keeps: true, isAlone: false))
        #expect(try replicas[1].get("small", copy([])) == .taken(body: Array(large.dropLast())))
        // A member with a lower limit does not take what others have stored.
        limits.longestValue = 500
        let lower = try Replica("redis://127.0.0.1:\(server.port)", limits: limits)
        try lower.waitUntilUp()
        #expect(try lower.get("small", copy([1])) == .completed(keeps: true, isAlone: false))
        try eventually("the counts") {
            replicas[0].service.status.given == 1 && replicas[1].service.status.given == 0
        }
    }

    @Test func `a refused key that the engine does not know leaves nothing there for long`() throws {
        let server = try EngineServer()
        let replicas = try fleet(2, server)
        let owner = Identifier(high: 5, low: 6)
        replicas[0].service.refused(owner)
        func life() throws -> Int {
            let keys = try server.command("KEYS", "*:g:\(owner.hex)").split(separator: "\n")
            return try keys.first.flatMap {
                Int(try server.command("PTTL", String($0)).trimmingCharacters(in: .whitespacesAndNewlines))
            } ?? -2
        }
        try eventually("the generation") { try life() > 0 }
        #expect(try life() <= Int(Limits.bareGenerationLife))
        // A copy that is stored under it needs it for longer.
        #expect(
            try replicas[1].get("user", owner: owner, copy(bytes("mine"), owner: owner))
                == .completed(keeps: true, isAlone: false))
        try eventually("a longer life") { try life() > Int(Limits.bareGenerationLife) }
    }

    @Test func `a copy for one key is taken for that key alone, and two upstreams share nothing`() throws {
        let server = try EngineServer()
        let replicas = try fleet(2, server)
        let owners = [Identifier(high: 5, low: 6), Identifier(high: 5, low: 7)]
        #expect(
            try replicas[0].get("user", owner: owners[0], copy(bytes("mine"), owner: owners[0]))
                == .completed(keeps: true, isAlone: false))
        #expect(
            try replicas[1].get("user", owner: owners[1], copy(bytes("other"), owner: owners[1]))
                == .completed(keeps: true, isAlone: false))
        #expect(try replicas[1].get("user", owner: owners[0], copy([])) == .taken(body: bytes("mine")))
        let elsewhere = try Replica("redis://127.0.0.1:\(server.port)", upstream: 2, limits: Replica.patient)
        try elsewhere.waitUntilUp()
        #expect(
            try elsewhere.get("user", owner: owners[0], copy([], owner: owners[0]))
                == .completed(keeps: true, isAlone: false))
    }
}
