import Fleet
import FleetSimulation
import Testing

/// One member, command by command. What several do together is tried by the simulation.
@Suite struct MemberTests {
    @Test func `the time that a record has left is read before the record`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let (_, actions) = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        let key = bench.namespace.record(MemberBench.resource.id)
        #expect(MemberBench.commands(actions) == [.remaining(key), .get(key)])
    }

    @Test func `a fresh copy of the known generations is taken with its body`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let body = Array("a list".utf8)
        _ = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        let record = bench.record(Stamp(all: 10, catalogue: 10), body: body)
        let asked = bench.replies([.number(59_000), .bytes(record)])
        #expect(
            MemberBench.commands(asked) == [
                .get(bench.namespace.body(MemberBench.seal.sealBody(body, isPrivate: false).digest))
            ])
        let taken = bench.replies([.bytes(body)]).compactMap {
            if case .take(_, _, let taken) = $0 { taken } else { nil }
        }
        #expect(taken.map(\.body) == [body] && taken.map(\.age) == [1_000])
    }

    @Test func `a body that is in memory is not read again`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let body = Array("a list".utf8)
        let held = MemberBench.seal.sealBody(body, isPrivate: false).digest
        _ = bench.member.wanted(MemberBench.resource, WantRequest(held: held), bench.moment)
        let record = bench.record(Stamp(all: 10, catalogue: 10), body: body)
        let taken = bench.replies([.number(59_000), .bytes(record)])
        #expect(taken.count == 1 && MemberBench.commands(taken).isEmpty)
    }

    enum Flaw: CaseIterable {
        case otherGeneration, stale, otherOwner, cut, altered, otherKey, tooLate
    }

    @Test(arguments: Flaw.allCases)
    func `a record that cannot be used is like none`(flaw: Flaw) throws {
        var bench = try MemberBench()
        _ = bench.start()
        _ = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        var stamp = Stamp(all: 10, catalogue: 10)
        if flaw == .otherGeneration { stamp.catalogue = 11 }
        var record = bench.record(stamp, owner: flaw == .otherOwner ? Identifier(high: 3, low: 3) : nil, body: [1])
        if flaw == .cut { record.removeLast() }
        if flaw == .altered { record[40] ^= 1 }
        if flaw == .otherKey,
            let content = MemberBench.seal.open(record, for: bench.namespace.record(MemberBench.resource.id))
        {
            record = MemberBench.seal.seal(content, for: bench.namespace.record(Identifier(high: 1, low: 2)))
        }
        let remaining: Int64 = if flaw == .stale { 40_000 } else if flaw == .tooLate { -2 } else { 59_000 }
        let commands = MemberBench.commands(bench.replies([.number(remaining), .bytes(record)]))
        guard case .set(let key, _, 11_000, onlyIfAbsent: true)? = commands.first else {
            Issue.record("no lease was asked for: \(commands)")
            return
        }
        #expect(key == bench.namespace.lease(MemberBench.resource.id))
    }

    @Test func `a fetched copy is stored body first, and the record, the release and the news go in one transaction`()
        throws
    {
        var bench = try MemberBench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing])
        let fetch = bench.replies([.done, .number(-2), .nothing])
        #expect(
            fetch.contains {
                if case .fetch(ticket, MemberBench.resource, 10_000, .lease(until: 12_000)) = $0 { true } else { false }
            })
        bench.now = 1_200
        let facts = CopyFacts(freshFor: 20_000, usableFor: 60_000)
        let stored = bench.member.fetched(ticket, .copy(facts, body: [1, 2]), bench.moment)
        #expect(stored.contains { if case .answer(ticket, keeps: true) = $0 { true } else { false } })
        let digest = MemberBench.seal.sealBody([1, 2], isPrivate: false).digest
        #expect(
            MemberBench.commands(stored) == [
                .set(bench.namespace.body(digest), [1, 2], milliseconds: 71_000, onlyIfAbsent: false)
            ])
        let lease = bench.namespace.lease(MemberBench.resource.id)
        let numbers = bench.namespace.generation(.withdrawals)
        #expect(
            MemberBench.commands(bench.replies([.done])) == [
                .watch(lease), .watch(numbers), .get(numbers), .get(lease),
            ])
        let token = LeaseToken(member: bench.member.name, serial: ticket.number)
        let commands = MemberBench.commands(bench.replies(MemberBench.compared(token)))
        guard case .transaction(let writes)? = commands.first else {
            Issue.record("no transaction: \(commands)")
            return
        }
        #expect(writes.count == 3 && writes[1] == .delete(lease))
        #expect(MemberBench.news(writes.last, bench.namespace) == .stored(MemberBench.resource.id))
        guard case .set(let key, _, 60_000, onlyIfAbsent: false) = writes[0] else {
            Issue.record("no record: \(writes[0])")
            return
        }
        #expect(key == bench.namespace.record(MemberBench.resource.id))
    }

    @Test func `a lease that another holds by now is not released`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        _ = bench.member.fetched(ticket, .failed(pause: 1_000), bench.moment)
        let other = LeaseToken(member: Identifier(high: 8, low: 8), serial: 1)
        #expect(MemberBench.commands(bench.replies([.done, .bytes(other.encoded)])) == [.unwatch])
    }

    @Test func `a copy that is purged while it is fetched is not kept and its lease is released`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        let (_, purge) = bench.member.purge(.catalogue, bench.moment)
        #expect(MemberBench.commands(purge).first == .watch(bench.namespace.lease(MemberBench.resource.id)))
        let completed = bench.member.fetched(
            ticket, .copy(CopyFacts(freshFor: 20_000, usableFor: 60_000), body: [1]), bench.moment)
        #expect(completed.contains { if case .answer(ticket, keeps: false) = $0 { true } else { false } })
        #expect(MemberBench.commands(completed).isEmpty)
    }

    @Test func `a copy that was fetched before the engine lost a generation is kept here and not stored`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        let news = News.raised(.catalogue, Generation(number: 11, keeps: 10), by: Identifier(high: 8, low: 8))
        _ = bench.member.heard(MemberBench.seal.seal(news.encoded(), for: bench.namespace.news), bench.moment)
        #expect(bench.member.generations.number(.catalogue) == 11)
        let completed = bench.member.fetched(
            ticket, .copy(CopyFacts(freshFor: 20_000, usableFor: 60_000), body: [1]), bench.moment)
        #expect(completed.contains { if case .answer(ticket, keeps: true) = $0 { true } else { false } })
        let lease = bench.namespace.lease(MemberBench.resource.id)
        #expect(MemberBench.commands(completed) == [.watch(lease), .get(lease)])
    }

    @Test func `comparisons are made one at a time`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let (_, first) = bench.member.purge(.all, bench.moment)
        let (_, second) = bench.member.purge(.catalogue, bench.moment)
        #expect(MemberBench.commands(first).first == .watch(bench.namespace.generation(.all)))
        #expect(MemberBench.commands(second).isEmpty)
        let written = MemberBench.commands(bench.replies([.done, .bytes(Generation(number: 10).encoded)]))
        guard case .transaction? = written.first else {
            Issue.record("no transaction: \(written)")
            return
        }
        let next = MemberBench.commands(bench.replies([.list([.done, .number(1)])]))
        #expect(next.contains(.watch(bench.namespace.generation(.catalogue))))
    }

    @Test func `a purge says how many members have confirmed it`() throws {
        var bench = try MemberBench()
        _ = bench.start(generation: Generation(number: 1_800_000_000_000))
        let (id, purge) = bench.member.purge(.all, bench.moment)
        let drop = purge.compactMap { if case .drop(.all, let id) = $0 { id } else { nil } }
        _ = bench.replies([.done, .bytes(Generation(number: 1_800_000_000_000).encoded), .list([.done, .number(3)])])
        func reports(_ actions: [MemberAction]) -> [PurgeReport] {
            actions.compactMap { if case .purged(id, let report) = $0 { report } else { nil } }
        }
        func confirmation(_ member: UInt64, _ number: UInt64) -> [UInt8] {
            let news = News.confirmed(.all, Generation(number: number), by: Identifier(high: member, low: 0))
            return MemberBench.seal.seal(news.encoded(), for: bench.namespace.news)
        }
        #expect(reports(bench.member.heard(confirmation(1, 1_800_000_000_001), bench.moment)).isEmpty)
        // Of an older generation, and one that no member has sealed.
        #expect(reports(bench.member.heard(confirmation(2, 1_800_000_000_000), bench.moment)).isEmpty)
        var forged = confirmation(2, 1_800_000_000_001)
        forged[forged.count - 1] ^= 1
        #expect(reports(bench.member.heard(forged, bench.moment)).isEmpty)
        #expect(reports(bench.member.dropped(try #require(drop.first), bench.moment)).isEmpty)
        var slow = bench
        #expect(
            reports(bench.member.heard(confirmation(2, 1_800_000_000_001), bench.moment))
                == [PurgeReport(confirmed: 3, members: 3)])
        slow.now += 1_000
        #expect(reports(slow.member.timePassed(slow.moment)) == [PurgeReport(confirmed: 2, members: 3)])
    }

    @Test func `a purge without the engine is kept and published when it is back`() throws {
        var bench = try MemberBench()
        let (id, actions) = bench.member.purge(.all, bench.moment)
        let drop = actions.compactMap { if case .drop(.all, let id) = $0 { id } else { nil } }
        #expect(actions.contains { if case .savePending(PendingWork(purges: [.all])) = $0 { true } else { false } })
        let done = bench.member.dropped(try #require(drop.first), bench.moment)
        #expect(
            done.contains { if case .purged(id, PurgeReport(confirmed: 1, members: nil)) = $0 { true } else { false } })
        #expect(MemberBench.commands(bench.start()).contains(.watch(bench.namespace.generation(.all))))
        // So does the next process.
        var next = try MemberBench(pending: PendingWork(purges: [.all]))
        #expect(MemberBench.commands(next.start()).contains(.watch(next.namespace.generation(.all))))
    }

    @Test func `a holder that has lost its lease before its record is sent stores nothing`() throws {
        var (bench, _) = try MemberBench.storing()
        let other = LeaseToken(member: Identifier(high: 8, low: 8), serial: 1)
        #expect(MemberBench.commands(bench.replies(MemberBench.compared(other))) == [.unwatch])
        #expect(bench.member.counts.stored == 0)
        // The want is over: the next one reads the record of the other.
        let (_, actions) = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        #expect(MemberBench.commands(actions).first == .remaining(bench.namespace.record(MemberBench.resource.id)))
    }

    @Test func `a purge while the lease's holder is asked for makes the answer late`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        _ = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing])
        let lease = bench.namespace.lease(MemberBench.resource.id)
        #expect(
            MemberBench.commands(bench.replies([.nothing, .number(-2), .nothing])) == [.get(lease), .remaining(lease)])
        _ = bench.member.purge(.catalogue, bench.moment)
        let other = LeaseToken(member: Identifier(high: 8, low: 8), serial: 1)
        #expect(bench.replies([.bytes(other.encoded), .number(9_000)]).isEmpty)
    }

    @Test func `a fetch that ends while the link is down ends the want`() throws {
        for result in [FetchResult.unshared, .failed(pause: 9), .copy(MemberBench.facts(), body: [1])] {
            var bench = try MemberBench()
            _ = bench.start()
            let (ticket, _) = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
            _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
            _ = bench.member.disconnected("reset", bench.moment)
            let completed = bench.member.fetched(ticket, result, bench.moment)
            #expect(completed.contains { if case .answer(ticket, _) = $0 { true } else { false } })
            #expect(MemberBench.commands(completed).isEmpty)
            #expect(!bench.member.hasStuckWant)
        }
    }

    @Test(arguments: 0..<4)
    func `an error in a comparison ends that one, and its further replies say nothing about the next`(first: Int) throws
    {
        var (bench, token) = try MemberBench.storing()
        // The comparison of the record is under way, and a purge waits behind it.
        _ = bench.member.purge(.all, bench.moment)
        var replies = MemberBench.compared(token)
        replies[first] = .failure(.other("ERR"))
        var commands: [EngineCommand] = []
        for reply in replies { commands += MemberBench.commands(bench.replies([reply])) }
        let all = bench.namespace.generation(.all)
        let lease = bench.namespace.lease(MemberBench.resource.id)
        #expect(commands == [.unwatch, .watch(all), .get(all)])
        // The purge compares its own key's value: with the late reply of the lease it would have been another one.
        let raise = MemberBench.commands(bench.replies([.done, .done, .bytes(MemberBench.ten)]))
        guard case .transaction(let writes)? = raise.first, case .set(all, _, _, _)? = writes.first else {
            Issue.record("the purge is not written: \(raise)")
            return
        }
        // The lease is released by the comparison after that one.
        let next = MemberBench.commands(bench.replies([.list([.done, .number(1)])]))
        #expect(next == [.watch(lease), .get(lease)])
        let release = MemberBench.commands(bench.replies([.done, .bytes(token.encoded)]))
        guard case .transaction(let ends)? = release.first else {
            Issue.record("the lease is not released: \(release)")
            return
        }
        #expect(
            MemberBench.news(ends.last, bench.namespace)
                == .ended(MemberBench.resource.id, token: token, fetchAlone: true))
    }

    @Test func `two errors in one comparison end one comparison`() throws {
        var (bench, _) = try MemberBench.storing()
        _ = bench.member.purge(.all, bench.moment)
        let error = EngineReply.failure(.other("ERR"))
        let all = bench.namespace.generation(.all)
        #expect(
            MemberBench.commands(bench.replies([.done, .done, error, error])) == [.unwatch, .watch(all), .get(all)])
        let raise = MemberBench.commands(bench.replies([.done, .done, .bytes(MemberBench.ten)]))
        guard case .transaction? = raise.first else {
            Issue.record("the purge is not written: \(raise)")
            return
        }
    }

    @Test func `a reply that was not asked for, or of another type, ends the connection`() throws {
        for reply in [EngineReply.done, .list([])] {
            var bench = try MemberBench()
            _ = bench.start()
            if reply != .done { _ = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment) }
            let actions = bench.replies([reply])
            #expect(actions.contains { if case .disconnect = $0 { true } else { false } })
            #expect(!bench.member.link.isUp)
        }
    }

    @Test func `a reply that does not come in time ends the connection, and the wants fetch alone`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        _ = bench.member.wanted(MemberBench.resource, WantRequest(), bench.moment)
        bench.now = 1_500
        #expect(bench.member.deadline == 1_500)
        let actions = bench.member.timePassed(bench.moment)
        #expect(actions.contains { if case .disconnect = $0 { true } else { false } })
        #expect(actions.contains { if case .fetch(_, _, _, .alone) = $0 { true } else { false } })
    }

    @Test(arguments: [true, false])
    func `what another process has left is purged here, and sent when the engine is there`(isUp: Bool) throws {
        var bench = try MemberBench()
        _ = bench.start()
        if !isUp { _ = bench.member.disconnected("reset", bench.moment) }
        let work = PendingWork(purges: [.all], withdrawals: [MemberBench.resource.id])
        let actions = bench.member.inherit(work, bench.moment)
        #expect(actions.contains { if case .drop(.all, _) = $0 { true } else { false } })
        let deletion = EngineCommand.delete(bench.namespace.record(MemberBench.resource.id))
        #expect(MemberBench.commands(actions).contains(deletion) == isUp)
        #expect(bench.member.generations.pending == [.all])
        let saved = actions.compactMap { if case .savePending(let work) = $0 { work } else { nil } }
        #expect(saved.last == work)
    }
}
