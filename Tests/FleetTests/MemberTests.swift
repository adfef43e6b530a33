import Fleet
import FleetSimulation
import Testing

/// One member, command by command. What several do together is tried by the simulation.
@Suite struct MemberTests {
    static let resource = FleetResource(id: Identifier(high: 1, low: 1), isOfCatalogue: true)
    static let seal = ToySeal()

    /// A member whose link is up and whose generations are 10.
    struct Bench {
        var member: Member
        let namespace: Namespace
        var now: UInt64 = 1_000

        init(pending: PendingWork = PendingWork()) throws {
            namespace = try Namespace(prefix: "t", upstream: 1)
            member = Member(
                limits: Limits(), namespace: namespace, name: Identifier(high: 7, low: 7), sealer: seal,
                pending: pending)
        }

        var moment: Moment { Moment(now: now, wall: 1_700_000_000_000) }

        mutating func replies(_ replies: [EngineReply]) -> [MemberAction] {
            var actions: [MemberAction] = []
            for reply in replies { actions += member.received(reply, moment) }
            return actions
        }

        mutating func start(generation: Generation = Generation(number: 10)) -> [MemberAction] {
            _ = member.timePassed(moment)
            _ = member.connected(moment)
            return replies([.done] + Array(repeating: .bytes(generation.encoded), count: 3))
        }

        func record(_ stamp: Stamp, owner: Identifier? = nil, body: [UInt8]) -> [UInt8] {
            let sealed = seal.sealBody(body, isPrivate: owner != nil)
            let record = CopyRecord(
                stamp: stamp, fetchedAt: 1_700_000_000_000, keptFor: 60_000,
                facts: CopyFacts(owner: owner, freshFor: 20_000, usableFor: 60_000), digest: sealed.digest,
                size: UInt32(sealed.bytes.count))
            return seal.seal(record.encoded(), for: namespace.record(resource.id))
        }
    }

    static func commands(_ actions: [MemberAction]) -> [EngineCommand] {
        actions.compactMap { if case .send(let command) = $0 { command } else { nil } }
    }

    static func news(_ command: EngineCommand?, _ namespace: Namespace) -> News? {
        guard case .publish(let bytes)? = command, let opened = seal.open(bytes, for: namespace.news) else {
            return nil
        }
        return try? News(decoding: opened)
    }

    @Test func `the time that a record has left is read before the record`() throws {
        var bench = try Bench()
        _ = bench.start()
        let (_, actions) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        let key = bench.namespace.record(Self.resource.id)
        #expect(Self.commands(actions) == [.remaining(key), .get(key)])
    }

    @Test func `a fresh copy of the known generations is taken with its body`() throws {
        var bench = try Bench()
        _ = bench.start()
        let body = Array("a list".utf8)
        _ = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        let record = bench.record(Stamp(all: 10, catalogue: 10), body: body)
        let asked = bench.replies([.number(59_000), .bytes(record)])
        #expect(Self.commands(asked) == [.get(bench.namespace.body(Self.seal.sealBody(body, isPrivate: false).digest))])
        let taken = bench.replies([.bytes(body)]).compactMap {
            if case .take(_, _, let taken) = $0 { taken } else { nil }
        }
        #expect(taken.map(\.body) == [body] && taken.map(\.age) == [1_000])
    }

    @Test func `a body that is in memory is not read again`() throws {
        var bench = try Bench()
        _ = bench.start()
        let body = Array("a list".utf8)
        let held = Self.seal.sealBody(body, isPrivate: false).digest
        _ = bench.member.wanted(Self.resource, WantRequest(held: held), bench.moment)
        let record = bench.record(Stamp(all: 10, catalogue: 10), body: body)
        let taken = bench.replies([.number(59_000), .bytes(record)])
        #expect(taken.count == 1 && Self.commands(taken).isEmpty)
    }

    enum Flaw: CaseIterable {
        case otherGeneration, stale, otherOwner, cut, altered, otherKey, tooLate
    }

    @Test(arguments: Flaw.allCases)
    func `a record that cannot be used is like none`(flaw: Flaw) throws {
        var bench = try Bench()
        _ = bench.start()
        _ = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        var stamp = Stamp(all: 10, catalogue: 10)
        if flaw == .otherGeneration { stamp.catalogue = 11 }
        var record = bench.record(stamp, owner: flaw == .otherOwner ? Identifier(high: 3, low: 3) : nil, body: [1])
        if flaw == .cut { record.removeLast() }
        if flaw == .altered { record[40] ^= 1 }
        if flaw == .otherKey, let content = Self.seal.open(record, for: bench.namespace.record(Self.resource.id)) {
            record = Self.seal.seal(content, for: bench.namespace.record(Identifier(high: 1, low: 2)))
        }
        let remaining: Int64 = if flaw == .stale { 40_000 } else if flaw == .tooLate { -2 } else { 59_000 }
        let commands = Self.commands(bench.replies([.number(remaining), .bytes(record)]))
        guard case .set(let key, _, 11_000, onlyIfAbsent: true)? = commands.first else {
            Issue.record("no lease was asked for: \(commands)")
            return
        }
        #expect(key == bench.namespace.lease(Self.resource.id))
    }

    @Test func `a fetched copy is stored body first, and the record, the release and the news go in one transaction`()
        throws
    {
        var bench = try Bench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing])
        let fetch = bench.replies([.done, .number(-2), .nothing])
        #expect(
            fetch.contains {
                if case .fetch(ticket, Self.resource, 10_000, .lease(until: 12_000)) = $0 { true } else { false }
            })
        bench.now = 1_200
        let facts = CopyFacts(freshFor: 20_000, usableFor: 60_000)
        let stored = bench.member.fetched(ticket, .copy(facts, body: [1, 2]), bench.moment)
        #expect(stored.contains { if case .answer(ticket, keeps: true) = $0 { true } else { false } })
        let digest = Self.seal.sealBody([1, 2], isPrivate: false).digest
        #expect(
            Self.commands(stored) == [
                .set(bench.namespace.body(digest), [1, 2], milliseconds: 71_000, onlyIfAbsent: false)
            ])
        let lease = bench.namespace.lease(Self.resource.id)
        let numbers = bench.namespace.generation(.withdrawals)
        #expect(
            Self.commands(bench.replies([.done])) == [.watch(lease), .watch(numbers), .get(numbers), .get(lease)])
        let token = LeaseToken(member: bench.member.name, serial: ticket.number)
        let commands = Self.commands(bench.replies(Self.compared(token)))
        guard case .transaction(let writes)? = commands.first else {
            Issue.record("no transaction: \(commands)")
            return
        }
        #expect(writes.count == 3 && writes[1] == .delete(lease))
        #expect(Self.news(writes.last, bench.namespace) == .stored(Self.resource.id))
        guard case .set(let key, _, 60_000, onlyIfAbsent: false) = writes[0] else {
            Issue.record("no record: \(writes[0])")
            return
        }
        #expect(key == bench.namespace.record(Self.resource.id))
    }

    @Test func `a lease that another holds by now is not released`() throws {
        var bench = try Bench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        _ = bench.member.fetched(ticket, .failed(pause: 1_000), bench.moment)
        let other = LeaseToken(member: Identifier(high: 8, low: 8), serial: 1)
        #expect(Self.commands(bench.replies([.done, .bytes(other.encoded)])) == [.unwatch])
    }

    @Test func `a copy that is purged while it is fetched is not kept and its lease is released`() throws {
        var bench = try Bench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        let (_, purge) = bench.member.purge(.catalogue, bench.moment)
        #expect(Self.commands(purge).first == .watch(bench.namespace.lease(Self.resource.id)))
        let landed = bench.member.fetched(
            ticket, .copy(CopyFacts(freshFor: 20_000, usableFor: 60_000), body: [1]), bench.moment)
        #expect(landed.contains { if case .answer(ticket, keeps: false) = $0 { true } else { false } })
        #expect(Self.commands(landed).isEmpty)
    }

    @Test func `a copy that was fetched before the engine lost a generation is kept here and not stored`() throws {
        var bench = try Bench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        let news = News.raised(.catalogue, Generation(number: 11, keeps: 10), by: Identifier(high: 8, low: 8))
        _ = bench.member.heard(Self.seal.seal(news.encoded(), for: bench.namespace.news), bench.moment)
        #expect(bench.member.generations.number(.catalogue) == 11)
        let landed = bench.member.fetched(
            ticket, .copy(CopyFacts(freshFor: 20_000, usableFor: 60_000), body: [1]), bench.moment)
        #expect(landed.contains { if case .answer(ticket, keeps: true) = $0 { true } else { false } })
        let lease = bench.namespace.lease(Self.resource.id)
        #expect(Self.commands(landed) == [.watch(lease), .get(lease)])
    }

    @Test func `comparisons are made one at a time`() throws {
        var bench = try Bench()
        _ = bench.start()
        let (_, first) = bench.member.purge(.all, bench.moment)
        let (_, second) = bench.member.purge(.catalogue, bench.moment)
        #expect(Self.commands(first).first == .watch(bench.namespace.generation(.all)))
        #expect(Self.commands(second).isEmpty)
        let written = Self.commands(bench.replies([.done, .bytes(Generation(number: 10).encoded)]))
        guard case .transaction? = written.first else {
            Issue.record("no transaction: \(written)")
            return
        }
        let next = Self.commands(bench.replies([.list([.done, .number(1)])]))
        #expect(next.contains(.watch(bench.namespace.generation(.catalogue))))
    }

    @Test func `a purge says how many members have confirmed it`() throws {
        var bench = try Bench()
        _ = bench.start(generation: Generation(number: 1_800_000_000_000))
        let (id, purge) = bench.member.purge(.all, bench.moment)
        let drop = purge.compactMap { if case .drop(.all, let id) = $0 { id } else { nil } }
        _ = bench.replies([.done, .bytes(Generation(number: 1_800_000_000_000).encoded), .list([.done, .number(3)])])
        func reports(_ actions: [MemberAction]) -> [PurgeReport] {
            actions.compactMap { if case .purged(id, let report) = $0 { report } else { nil } }
        }
        func confirmation(_ member: UInt64, _ number: UInt64) -> [UInt8] {
            let news = News.confirmed(.all, Generation(number: number), by: Identifier(high: member, low: 0))
            return Self.seal.seal(news.encoded(), for: bench.namespace.news)
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
        var bench = try Bench()
        let (id, actions) = bench.member.purge(.all, bench.moment)
        let drop = actions.compactMap { if case .drop(.all, let id) = $0 { id } else { nil } }
        #expect(actions.contains { if case .savePending(PendingWork(purges: [.all])) = $0 { true } else { false } })
        let done = bench.member.dropped(try #require(drop.first), bench.moment)
        #expect(
            done.contains { if case .purged(id, PurgeReport(confirmed: 1, members: nil)) = $0 { true } else { false } })
        #expect(Self.commands(bench.start()).contains(.watch(bench.namespace.generation(.all))))
        // So does the next process.
        var next = try Bench(pending: PendingWork(purges: [.all]))
        #expect(Self.commands(next.start()).contains(.watch(next.namespace.generation(.all))))
    }

    static let ten = Generation(number: 10).encoded

    /// The replies before a record is stored: the last withdrawal is the tenth, and the lease is this one.
    static func compared(_ token: LeaseToken, lastWithdrawal: UInt64 = 10) -> [EngineReply] {
        [.done, .done, .bytes(Generation(number: lastWithdrawal).encoded), .bytes(token.encoded)]
    }

    static func withdrawal(number: UInt64, previous: UInt64, _ namespace: Namespace) -> [UInt8] {
        let news = News.withdrawn(resource.id, number: number, previous: previous)
        return seal.seal(news.encoded(), for: namespace.news)
    }

    @Test func `a copy that may no longer be shared is removed from the engine and announced`() throws {
        var bench = try Bench()
        _ = bench.start()
        let commands = Self.commands(bench.member.withdraw(Self.resource, bench.moment))
        #expect(commands.first == .delete(bench.namespace.record(Self.resource.id)))
        let numbers = bench.namespace.generation(.withdrawals)
        #expect(commands.dropFirst() == [.watch(numbers), .get(numbers)])
        let done = bench.replies([.number(1)])
        #expect(done.contains { if case .withdrawn(Self.resource.id) = $0 { true } else { false } })
        let ten = Self.ten
        guard case .transaction(let writes)? = Self.commands(bench.replies([.done, .bytes(ten)])).first else {
            Issue.record("the withdrawal is not numbered")
            return
        }
        #expect(writes.first == .delete(bench.namespace.record(Self.resource.id)))
        #expect(
            writes[1]
                == .set(
                    numbers, Generation(number: 11).encoded, milliseconds: Limits.generationLife, onlyIfAbsent: false))
        #expect(
            Self.news(writes.last, bench.namespace) == .withdrawn(Self.resource.id, number: 11, previous: 10))
        let saved = bench.replies([.list([.done, .number(2)])])
        #expect(saved.contains { if case .savePending(PendingWork()) = $0 { true } else { false } })
        let message = Self.withdrawal(number: 11, previous: 10, bench.namespace)
        #expect(bench.member.heard(message, bench.moment).contains { if case .dropCopy = $0 { true } else { false } })
    }

    @Test func `a copy that is withdrawn while it is read is not taken, and one that is fetched meanwhile is not kept`()
        throws
    {
        var bench = try Bench()
        _ = bench.start()
        let message = Self.withdrawal(number: 11, previous: 10, bench.namespace)
        let (ticket, _) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        let record = bench.record(Stamp(all: 10, catalogue: 10), body: [1])
        _ = bench.replies([.number(59_000), .bytes(record)])
        let heard = bench.member.heard(message, bench.moment)
        let key = bench.namespace.record(Self.resource.id)
        #expect(Self.commands(heard) == [.remaining(key), .get(key)])
        // The body that was asked for before the message.
        #expect(bench.replies([.bytes([1])]).isEmpty)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        #expect(
            Self.commands(bench.member.heard(message, bench.moment)).contains(
                .watch(bench.namespace.lease(Self.resource.id))))
        let facts = CopyFacts(freshFor: 20_000, usableFor: 60_000)
        let landed = bench.member.fetched(ticket, .copy(facts, body: [1]), bench.moment)
        #expect(landed.contains { if case .answer(ticket, keeps: false) = $0 { true } else { false } })
    }

    @Test func `a copy that is withdrawn while the engine cannot be reached is deleted when it can`() throws {
        var bench = try Bench()
        let delete = EngineCommand.delete(bench.namespace.record(Self.resource.id))
        let withdrawn = bench.member.withdraw(Self.resource, bench.moment)
        #expect(withdrawn.contains { if case .withdrawn(Self.resource.id) = $0 { true } else { false } })
        _ = bench.member.timePassed(bench.moment)
        _ = bench.member.connected(bench.moment)
        #expect(Self.commands(bench.replies([.done])).contains(delete))
        // The connection ends before the reply, so it is deleted again.
        _ = bench.member.disconnected("reset", bench.moment)
        bench.now += 1_000
        _ = bench.member.timePassed(bench.moment)
        _ = bench.member.connected(bench.moment)
        #expect(Self.commands(bench.replies([.done])).contains(delete))
        let ten = EngineReply.bytes(Self.ten)
        let written = EngineReply.list([.number(1), .done, .number(1)])
        _ = bench.replies([ten, ten, ten, .number(1), .done, ten, written])
        _ = bench.member.disconnected("reset", bench.moment)
        bench.now += 1_000
        _ = bench.member.timePassed(bench.moment)
        _ = bench.member.connected(bench.moment)
        #expect(!Self.commands(bench.replies([.done])).contains(delete))
    }

    @Test func `a member that has missed a withdrawal drops its copies with the next message or the next check`() throws
    {
        func drops(_ actions: [MemberAction]) -> Bool {
            actions.contains { if case .drop(.withdrawals, _) = $0 { true } else { false } }
        }
        var bench = try Bench()
        _ = bench.start()
        let next = Self.withdrawal(number: 11, previous: 10, bench.namespace)
        #expect(!drops(bench.member.heard(next, bench.moment)))
        // The same message again, and a late one of another withdrawal.
        #expect(!drops(bench.member.heard(next, bench.moment)))
        let afterLost = Self.withdrawal(number: 13, previous: 12, bench.namespace)
        #expect(drops(bench.member.heard(afterLost, bench.moment)))

        bench.now += 5_000
        let checks = Self.commands(bench.member.timePassed(bench.moment))
        #expect(checks.first == .get(bench.namespace.generation(.withdrawals)))
        #expect(drops(bench.replies([.bytes(Generation(number: 14).encoded)])))
        // Records stay valid: what was withdrawn is deleted.
        #expect(bench.member.generations.stamp(of: Self.resource) == Stamp(all: 10, catalogue: 10))
    }

    @Test func `what is fetched while a missed withdrawal is noticed is not kept`() throws {
        var bench = try Bench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        _ = bench.member.heard(Self.withdrawal(number: 13, previous: 12, bench.namespace), bench.moment)
        let facts = CopyFacts(freshFor: 20_000, usableFor: 60_000)
        let landed = bench.member.fetched(ticket, .copy(facts, body: [1]), bench.moment)
        #expect(landed.contains { if case .answer(ticket, keeps: false) = $0 { true } else { false } })
    }

    @Test func `a withdrawal whose number the engine refuses is announced without it and numbered later`() throws {
        var bench = try Bench()
        _ = bench.start()
        _ = bench.member.withdraw(Self.resource, bench.moment)
        _ = bench.replies([.number(1), .done, .bytes(Self.ten)])
        let refused = Self.commands(bench.replies([.failure(.outOfMemory)]))
        #expect(Self.news(refused.first, bench.namespace) == .withdrawn(Self.resource.id, number: 0, previous: 0))
        _ = bench.replies([.number(1)])
        bench.now += 5_000
        let again = Self.commands(bench.member.timePassed(bench.moment))
        #expect(again.contains(.delete(bench.namespace.record(Self.resource.id))))
        #expect(again.last == .get(bench.namespace.generation(.withdrawals)))
    }

    @Test func `withdrawals that the engine has not got are made by the next process`() throws {
        var bench = try Bench()
        let actions = bench.member.withdraw(Self.resource, bench.moment)
        let saved = actions.compactMap { if case .savePending(let work) = $0 { work } else { nil } }
        #expect(saved.last == PendingWork(withdrawals: [Self.resource.id]))
        let kept = try PendingWork(decoding: try #require(saved.last).encoded())
        var next = try Bench(pending: kept)
        #expect(Self.commands(next.start()).contains(.delete(next.namespace.record(Self.resource.id))))
    }

    /// A member that has fetched and stores the body.
    private func storing() throws -> (bench: Bench, token: LeaseToken) {
        var bench = try Bench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        let facts = CopyFacts(freshFor: 20_000, usableFor: 60_000)
        _ = bench.member.fetched(ticket, .copy(facts, body: [1]), bench.moment)
        _ = bench.replies([.done])
        return (bench, LeaseToken(member: bench.member.name, serial: ticket.number))
    }

    @Test func `a copy that is withdrawn or purged before its record is sent is not stored`() throws {
        for isPurge in [false, true] {
            var (bench, token) = try storing()
            if isPurge {
                _ = bench.member.purge(.catalogue, bench.moment)
            } else {
                let message = Self.withdrawal(number: 11, previous: 10, bench.namespace)
                _ = bench.member.heard(message, bench.moment)
            }
            let commands = Self.commands(bench.replies(Self.compared(token)))
            guard case .transaction(let writes)? = commands.first else {
                Issue.record("no transaction: \(commands)")
                return
            }
            #expect(writes.count == 2 && writes[0] == .delete(bench.namespace.lease(Self.resource.id)))
            #expect(
                Self.news(writes[1], bench.namespace) == .ended(Self.resource.id, token: token, fetchAlone: false))
        }
    }

    @Test func `a copy that is withdrawn while its record is on the way is withdrawn again`() throws {
        var (bench, token) = try storing()
        _ = bench.replies(Self.compared(token))
        _ = bench.member.heard(Self.withdrawal(number: 11, previous: 10, bench.namespace), bench.moment)
        let commands = Self.commands(bench.replies([.list([.done, .number(1), .number(2)])]))
        #expect(commands.first == .delete(bench.namespace.record(Self.resource.id)))
        #expect(bench.member.counts.stored == 0)
    }

    @Test func `a copy is not stored after a withdrawal whose message has not come, and its lease is released`() throws
    {
        var (bench, token) = try storing()
        let commands = Self.commands(bench.replies(Self.compared(token, lastWithdrawal: 11)))
        guard case .transaction(let writes)? = commands.first else {
            Issue.record("no transaction: \(commands)")
            return
        }
        #expect(writes.count == 2 && writes[0] == .delete(bench.namespace.lease(Self.resource.id)))

        // The withdrawal comes between the comparison and the transaction.
        (bench, token) = try storing()
        _ = bench.replies(Self.compared(token))
        let lease = bench.namespace.lease(Self.resource.id)
        #expect(Self.commands(bench.replies([.nothing])).first == .watch(lease))
        let again = Self.commands(bench.replies(Self.compared(token, lastWithdrawal: 11)))
        guard case .transaction(let release)? = again.first else {
            Issue.record("no transaction: \(again)")
            return
        }
        #expect(release.count == 2 && release[0] == .delete(lease))
    }

    @Test func `a holder that has lost its lease before its record is sent stores nothing`() throws {
        var (bench, _) = try storing()
        let other = LeaseToken(member: Identifier(high: 8, low: 8), serial: 1)
        #expect(Self.commands(bench.replies(Self.compared(other))) == [.unwatch])
        #expect(bench.member.counts.stored == 0)
        // The want is over: the next one reads the record of the other.
        let (_, actions) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        #expect(Self.commands(actions).first == .remaining(bench.namespace.record(Self.resource.id)))
    }

    @Test func `a purge while the lease's holder is asked for makes the answer late`() throws {
        var bench = try Bench()
        _ = bench.start()
        _ = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing])
        let lease = bench.namespace.lease(Self.resource.id)
        #expect(Self.commands(bench.replies([.nothing, .number(-2), .nothing])) == [.get(lease), .remaining(lease)])
        _ = bench.member.purge(.catalogue, bench.moment)
        let other = LeaseToken(member: Identifier(high: 8, low: 8), serial: 1)
        #expect(bench.replies([.bytes(other.encoded), .number(9_000)]).isEmpty)
    }

    @Test func `an owner without copies is forgotten, unless one is wanted`() throws {
        let owner = Identifier(high: 3, low: 3)
        let own = FleetResource(id: Identifier(high: 1, low: 9), owner: owner)
        var bench = try Bench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(own, WantRequest(), bench.moment)
        bench.member.forget(owner)
        #expect(bench.member.generations.followed.contains(.owner(owner)))
        _ = bench.member.disconnected("reset", bench.moment)
        _ = bench.member.fetched(ticket, .unshared, bench.moment)
        bench.member.forget(owner)
        #expect(!bench.member.generations.followed.contains(.owner(owner)))
    }

    @Test func `a reply that was not asked for, or of another type, ends the connection`() throws {
        for reply in [EngineReply.done, .list([])] {
            var bench = try Bench()
            _ = bench.start()
            if reply != .done { _ = bench.member.wanted(Self.resource, WantRequest(), bench.moment) }
            let actions = bench.replies([reply])
            #expect(actions.contains { if case .disconnect = $0 { true } else { false } })
            #expect(!bench.member.link.isUp)
        }
    }

    @Test func `a reply that does not come in time ends the connection, and the wants fetch alone`() throws {
        var bench = try Bench()
        _ = bench.start()
        _ = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        bench.now = 1_500
        #expect(bench.member.deadline == 1_500)
        let actions = bench.member.timePassed(bench.moment)
        #expect(actions.contains { if case .disconnect = $0 { true } else { false } })
        #expect(actions.contains { if case .fetch(_, _, _, .alone) = $0 { true } else { false } })
    }
}
