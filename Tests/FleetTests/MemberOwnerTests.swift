import Fleet
import Testing

/// The owners whose generations a member follows, and how long the engine keeps those.
@Suite struct MemberOwnerTests {
    static let owner = Identifier(high: 3, low: 3)
    static let own = FleetResource(id: MemberBench.resource.id, owner: owner)

    @Test func `an owner without copies is forgotten, unless one is wanted`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(Self.own, WantRequest(), bench.moment)
        bench.member.forget(Self.owner)
        #expect(bench.member.generations.followed.contains(.owner(Self.owner)))
        _ = bench.member.disconnected("reset", bench.moment)
        _ = bench.member.fetched(ticket, .unshared, bench.moment)
        bench.member.forget(Self.owner)
        #expect(!bench.member.generations.followed.contains(.owner(Self.owner)))
    }

    @Test func `an owner who is forgotten while one is wanted is forgotten afterwards`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(Self.own, WantRequest(), bench.moment)
        _ = bench.member.disconnected("reset", bench.moment)
        bench.member.forget(Self.owner)
        #expect(bench.member.generations.followed.contains(.owner(Self.owner)))
        _ = bench.member.fetched(ticket, .failed(pause: 1), bench.moment)
        #expect(!bench.member.generations.followed.contains(.owner(Self.owner)))
    }

    @Test func `a refused key of which nothing is held takes no place once the engine has the refusal`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        // More than can be followed at a time.
        for number in 0..<UInt64(Generations.mostOwners) + 10 {
            let refused = Identifier(high: 5, low: number)
            let key = bench.namespace.generation(.owner(refused))
            let commands = MemberBench.commands(bench.member.refused(refused, bench.moment))
            #expect(commands == [.watch(key), .remaining(key), .get(key)])
            #expect(bench.member.generations.pending == [.owner(refused)])
            _ = bench.replies([.done, .number(-2), .nothing, .list([.done, .number(1)])])
            #expect(bench.member.generations.followed.count == 3)
        }
    }

    @Test func `a refused key of which copies are held is followed on`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        _ = bench.member.follow(Self.owner, bench.moment)
        _ = bench.replies([.bytes(MemberBench.ten)])
        _ = bench.member.refused(Self.owner, bench.moment)
        _ = bench.replies([.done, .number(1_000_000_000), .bytes(MemberBench.ten), .list([.done, .number(1)])])
        #expect(bench.member.generations.pending.isEmpty)
        #expect(bench.member.generations.followed.contains(.owner(Self.owner)))
        bench.member.forget(Self.owner)
        #expect(!bench.member.generations.followed.contains(.owner(Self.owner)))
    }

    @Test func `another's purge of an unknown owner is confirmed once the disk has no copies`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let generation = Generation(number: 11)
        let other = Identifier(high: 8, low: 8)
        let message = bench.message(.raised(.owner(Self.owner), generation, by: other))
        let heard = bench.member.heard(message, bench.moment)
        let drop = heard.compactMap { if case .drop(.owner(Self.owner), let number) = $0 { number } else { nil } }
        #expect(drop.count == 1 && MemberBench.commands(heard).isEmpty)
        // The same message again asks for nothing more.
        #expect(bench.member.heard(message, bench.moment).isEmpty)
        let dropped = bench.member.dropped(try #require(drop.first), bench.moment)
        #expect(
            MemberBench.news(MemberBench.commands(dropped).first, bench.namespace)
                == .confirmed(.owner(Self.owner), generation, by: bench.member.name))
        #expect(!bench.member.generations.followed.contains(.owner(Self.owner)))
    }

    /// What the engine has of an owner, what is known here, and how long it keeps the generation of a refusal.
    static let lives: [(remaining: Int64, value: Generation?, isKnown: Bool, life: UInt64)] = [
        // Nothing.
        (-2, nil, false, Limits.bareGenerationLife),
        // A generation under which nothing was stored.
        (3_000_000, Generation(number: 10), false, Limits.bareGenerationLife),
        (3_000_000, Generation(number: 10), true, Limits.bareGenerationLife),
        // Records of it may be there.
        (1_000_000_000, Generation(number: 10), false, Limits.generationLife),
        // The engine has lost it, and other members may have copies.
        (-2, nil, true, Limits.generationLife),
    ]

    @Test(arguments: lives.indices)
    func `a refusal is kept for long only if there may be copies`(index: Int) throws {
        let row = Self.lives[index]
        var bench = try MemberBench()
        _ = bench.start()
        if row.isKnown {
            _ = bench.member.follow(Self.owner, bench.moment)
            _ = bench.replies([.bytes(MemberBench.ten)])
        }
        _ = bench.member.refused(Self.owner, bench.moment)
        let value = row.value.map { EngineReply.bytes($0.encoded) } ?? .nothing
        let commands = MemberBench.commands(bench.replies([.done, .number(row.remaining), value]))
        guard case .transaction(let writes)? = commands.first else {
            Issue.record("no transaction: \(commands)")
            return
        }
        #expect(
            writes.first
                == .set(
                    bench.namespace.generation(.owner(Self.owner)), Generation(number: 1_700_000_000_000).encoded,
                    milliseconds: row.life, onlyIfAbsent: false))
    }

    @Test func `the first record of an owner extends the life of the generation`() throws {
        var bench = try MemberBench()
        _ = bench.start()
        let (ticket, asked) = bench.member.wanted(Self.own, WantRequest(), bench.moment)
        let key = bench.namespace.generation(.owner(Self.owner))
        #expect(MemberBench.commands(asked) == [.get(key)])
        let begun = MemberBench.commands(bench.replies([.nothing, .done, .number(-2), .nothing]))
        guard case .transaction(let first)? = begun.last,
            case .set(key, _, milliseconds: Limits.bareGenerationLife, onlyIfAbsent: false)? = first.first
        else {
            Issue.record("the generation does not begin with a short life: \(begun)")
            return
        }
        _ = bench.replies([.list([.done, .number(1)]), .number(-2), .nothing, .done, .number(-2), .nothing])
        _ = bench.member.fetched(ticket, .copy(MemberBench.facts(owner: Self.owner), body: [1]), bench.moment)
        let token = LeaseToken(member: bench.member.name, serial: ticket.number)
        let stored = MemberBench.commands(bench.replies([.done] + MemberBench.compared(token)))
        guard case .transaction(let writes)? = stored.last else {
            Issue.record("the record is not stored: \(stored)")
            return
        }
        #expect(writes.contains(.expire(key, milliseconds: Limits.generationLife)))
    }
}
