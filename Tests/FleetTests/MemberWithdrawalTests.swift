import Fleet
import FleetSimulation
import Testing

/// Copies that may no longer be shared, on one member.
@Suite struct MemberWithdrawalTests {
    @Test func `a copy that may no longer be shared is removed from the engine and announced`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let commands = MemberBench.commands(bench.member.withdraw(MemberBench.resource, bench.moment))
        #expect(commands.first == .delete(bench.namespace.record(MemberBench.resource.id)))
        let numbers = bench.namespace.generation(.withdrawals)
        #expect(commands.dropFirst() == [.watch(numbers), .get(numbers)])
        let done = bench.replies([.number(1)])
        #expect(done.contains { if case .withdrawn(MemberBench.resource.id) = $0 { true } else { false } })
        let ten = MemberBench.ten
        guard case .transaction(let writes)? = MemberBench.commands(bench.replies([.done, .bytes(ten)])).first else {
            Issue.record("the withdrawal is not numbered")
            return
        }
        #expect(writes.first == .delete(bench.namespace.record(MemberBench.resource.id)))
        #expect(
            writes[1]
                == .set(
                    numbers, Generation(number: 11).encoded, milliseconds: Limits.generationLife, onlyIfAbsent: false))
        #expect(
            MemberBench.news(writes.last, bench.namespace)
                == .withdrawn(MemberBench.resource.id, number: 11, previous: 10))
        let saved = bench.replies([.list([.done, .number(2)])])
        #expect(saved.contains { if case .savePending(PendingWork()) = $0 { true } else { false } })
        let message = MemberBench.withdrawal(number: 11, previous: 10, bench.namespace)
        #expect(bench.member.heard(message, bench.moment).contains { if case .dropCopy = $0 { true } else { false } })
    }

    @Test func `a copy that is withdrawn while it is read is not taken, and one that is fetched meanwhile is not kept`()
        throws
    {
        var bench = try MemberBench()
        _ = bench.start()
        let message = MemberBench.withdrawal(number: 11, previous: 10, bench.namespace)
        let (ticket, _) = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        let record = bench.record(Stamp(all: 10, catalogue: 10), body: [1])
        _ = bench.replies([.number(59_000), .bytes(record)])
        let heard = bench.member.heard(message, bench.moment)
        let key = bench.namespace.record(MemberBench.resource.id)
        #expect(MemberBench.commands(heard) == [.remaining(key), .get(key)])
        // The body that was asked for before the message.
        #expect(bench.replies([.bytes([1])]).isEmpty)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        #expect(
            MemberBench.commands(bench.member.heard(message, bench.moment)).contains(
                .watch(bench.namespace.lease(MemberBench.resource.id))))
        let facts = CopyFacts(freshFor: 20_000, usableFor: 60_000)
        let completed = bench.member.fetched(ticket, .copy(facts, body: [1]), bench.moment)
        #expect(completed.contains { if case .answer(ticket, keeps: false) = $0 { true } else { false } })
    }

    @Test func `a want that reads again after a withdrawal reads after the deletion`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        _ = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        let commands = MemberBench.commands(bench.member.withdraw(MemberBench.resource, bench.moment))
        let key = bench.namespace.record(MemberBench.resource.id)
        let deleted = try #require(commands.firstIndex(of: .delete(key)))
        #expect(deleted < (try #require(commands.firstIndex(of: .get(key)))))
    }

    @Test
    func `a copy that was taken between the deletion and the number of a withdrawal is dropped without a message`()
        throws
    {
        var bench = try MemberBench()
        _ = bench.start()
        _ = bench.member.withdraw(MemberBench.resource, bench.moment)
        _ = bench.replies([.number(1), .done, .bytes(MemberBench.ten)])
        let numbered = bench.replies([.list([.number(1), .done, .number(2)])])
        #expect(
            numbered.contains { if case .dropCopy(MemberBench.resource.id) = $0 { true } else { false } })
    }

    @Test func `a copy that is withdrawn while the engine cannot be reached is deleted when it can`() throws {
        var bench = try MemberBench()
        let delete = EngineCommand.delete(bench.namespace.record(MemberBench.resource.id))
        let withdrawn = bench.member.withdraw(MemberBench.resource, bench.moment)
        #expect(withdrawn.contains { if case .withdrawn(MemberBench.resource.id) = $0 { true } else { false } })
        _ = bench.member.timePassed(bench.moment)
        _ = bench.member.connected(bench.moment)
        #expect(MemberBench.commands(bench.replies([.done])).contains(delete))
        // The connection ends before the reply, so it is deleted again.
        _ = bench.member.disconnected("reset", bench.moment)
        bench.now += 1_000
        _ = bench.member.timePassed(bench.moment)
        _ = bench.member.connected(bench.moment)
        #expect(MemberBench.commands(bench.replies([.done])).contains(delete))
        let ten = EngineReply.bytes(MemberBench.ten)
        let written = EngineReply.list([.number(1), .done, .number(1)])
        _ = bench.replies([ten, ten, ten, .number(1), .done, ten, written])
        _ = bench.member.disconnected("reset", bench.moment)
        bench.now += 1_000
        _ = bench.member.timePassed(bench.moment)
        _ = bench.member.connected(bench.moment)
        #expect(!MemberBench.commands(bench.replies([.done])).contains(delete))
    }

    @Test func `a member that has missed a withdrawal drops its copies with the next message or the next check`() throws
    {
        func drops(_ actions: [MemberAction]) -> Bool {
            actions.contains { if case .drop(.withdrawals, _) = $0 { true } else { false } }
        }
        var bench = try MemberBench()
        _ = bench.start()
        let next = MemberBench.withdrawal(number: 11, previous: 10, bench.namespace)
        #expect(!drops(bench.member.heard(next, bench.moment)))
        // The same message again, and a late one of another withdrawal.
        #expect(!drops(bench.member.heard(next, bench.moment)))
        let afterLost = MemberBench.withdrawal(number: 13, previous: 12, bench.namespace)
        #expect(drops(bench.member.heard(afterLost, bench.moment)))

        bench.now += 5_000
        let checks = MemberBench.commands(bench.member.timePassed(bench.moment))
        #expect(checks.first == .get(bench.namespace.generation(.withdrawals)))
        #expect(drops(bench.replies([.bytes(Generation(number: 14).encoded)])))
        // Records stay valid: what was withdrawn is deleted.
        #expect(bench.member.generations.stamp(of: MemberBench.resource) == Stamp(all: 10, catalogue: 10))
    }

    @Test func `what is fetched while a missed withdrawal is noticed is not kept`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        _ = bench.member.heard(MemberBench.withdrawal(number: 13, previous: 12, bench.namespace), bench.moment)
        let facts = CopyFacts(freshFor: 20_000, usableFor: 60_000)
        let completed = bench.member.fetched(ticket, .copy(facts, body: [1]), bench.moment)
        #expect(completed.contains { if case .answer(ticket, keeps: false) = $0 { true } else { false } })
    }

    @Test func `a withdrawal whose number the engine refuses is announced without it and numbered later`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        _ = bench.member.withdraw(MemberBench.resource, bench.moment)
        _ = bench.replies([.number(1), .done, .bytes(MemberBench.ten)])
        let refused = MemberBench.commands(bench.replies([.failure(.outOfMemory)]))
        #expect(
            MemberBench.news(refused.first, bench.namespace)
                == .withdrawn(MemberBench.resource.id, number: 0, previous: 0))
        _ = bench.replies([.number(1)])
        bench.now += 5_000
        let again = MemberBench.commands(bench.member.timePassed(bench.moment))
        #expect(again.contains(.delete(bench.namespace.record(MemberBench.resource.id))))
        #expect(again.last == .get(bench.namespace.generation(.withdrawals)))
    }

    @Test func `withdrawals that the engine has not got are made by the next process`() throws {
        var bench = try MemberBench()
        let actions = bench.member.withdraw(MemberBench.resource, bench.moment)
        let saved = actions.compactMap { if case .savePending(let work) = $0 { work } else { nil } }
        #expect(saved.last == PendingWork(withdrawals: [MemberBench.resource.id]))
        let kept = try PendingWork(decoding: try #require(saved.last).encoded())
        var next = try MemberBench(pending: kept)
        #expect(MemberBench.commands(next.start()).contains(.delete(next.namespace.record(MemberBench.resource.id))))
    }

    @Test func `a copy that is withdrawn or purged before its record is sent is not stored`() throws {
        for isPurge in [false, true] {
            var (bench, token) = try MemberBench.storing()
            if isPurge {
                _ = bench.member.purge(.catalogue, bench.moment)
            } else {
                let message = MemberBench.withdrawal(number: 11, previous: 10, bench.namespace)
                _ = bench.member.heard(message, bench.moment)
            }
            let commands = MemberBench.commands(bench.replies(MemberBench.compared(token)))
            guard case .transaction(let writes)? = commands.first else {
                Issue.record("no transaction: \(commands)")
                return
            }
            #expect(writes.count == 2 && writes[0] == .delete(bench.namespace.lease(MemberBench.resource.id)))
            #expect(
                MemberBench.news(writes[1], bench.namespace)
                    == .ended(MemberBench.resource.id, token: token, fetchAlone: false))
        }
    }

    @Test func `a copy that is withdrawn while its record is on the way is withdrawn again`() throws {
        var (bench, token) = try MemberBench.storing()
        _ = bench.replies(MemberBench.compared(token))
        _ = bench.member.heard(MemberBench.withdrawal(number: 11, previous: 10, bench.namespace), bench.moment)
        let commands = MemberBench.commands(bench.replies([.list([.done, .number(1), .number(2)])]))
        #expect(commands.first == .delete(bench.namespace.record(MemberBench.resource.id)))
        #expect(bench.member.counts.stored == 0)
    }

    @Test func `a copy is not stored after a withdrawal whose message has not come, and its lease is released`() throws
    {
        var (bench, token) = try MemberBench.storing()
        let commands = MemberBench.commands(bench.replies(MemberBench.compared(token, lastWithdrawal: 11)))
        guard case .transaction(let writes)? = commands.first else {
            Issue.record("no transaction: \(commands)")
            return
        }
        #expect(writes.count == 2 && writes[0] == .delete(bench.namespace.lease(MemberBench.resource.id)))

        // The withdrawal comes between the comparison and the transaction.
        (bench, token) = try MemberBench.storing()
        _ = bench.replies(MemberBench.compared(token))
        let lease = bench.namespace.lease(MemberBench.resource.id)
        #expect(MemberBench.commands(bench.replies([.nothing])).first == .watch(lease))
        let again = MemberBench.commands(bench.replies(MemberBench.compared(token, lastWithdrawal: 11)))
        guard case .transaction(let release)? = again.first else {
            Issue.record("no transaction: \(again)")
            return
        }
        #expect(release.count == 2 && release[0] == .delete(lease))
    }

    @Test func `a copy that a member has stored is reported, so that its next withdrawal counts`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let message = bench.message(.stored(MemberBench.resource.id))
        #expect(
            bench.member.heard(message, bench.moment).contains {
                if case .stored(MemberBench.resource.id) = $0 { true } else { false }
            })
    }
}
