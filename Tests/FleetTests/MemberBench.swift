import Fleet
import FleetSimulation

/// A member whose link is up and whose generations are 10.
struct MemberBench {
    static let resource = FleetResource(id: Identifier(high: 1, low: 1), isOfCatalogue: true)
    static let seal = ToySeal()

    var member: Member
    let namespace: Namespace
    var now: UInt64 = 1_000

    init(pending: PendingWork = PendingWork()) throws {
        namespace = try Namespace(prefix: "t", upstream: 1)
        member = Member(
            limits: Limits(), namespace: namespace, name: Identifier(high: 7, low: 7), sealer: Self.seal,
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
        let sealed = Self.seal.sealBody(body, isPrivate: owner != nil)
        let record = CopyRecord(
            stamp: stamp, fetchedAt: 1_700_000_000_000, keptFor: 60_000,
            facts: CopyFacts(owner: owner, freshFor: 20_000, usableFor: 60_000), digest: sealed.digest,
            size: UInt32(sealed.bytes.count))
        return Self.seal.seal(record.encoded(), for: namespace.record(Self.resource.id))
    }

    static func facts(owner: Identifier? = nil) -> CopyFacts {
        CopyFacts(owner: owner, freshFor: 20_000, usableFor: 60_000)
    }

    // MARK: What is sent

    static func commands(_ actions: [MemberAction]) -> [EngineCommand] {
        actions.compactMap { if case .send(let command) = $0 { command } else { nil } }
    }

    static func news(_ command: EngineCommand?, _ namespace: Namespace) -> News? {
        guard case .publish(let bytes)? = command, let opened = seal.open(bytes, for: namespace.news) else {
            return nil
        }
        return try? News(decoding: opened)
    }

    /// A message of another member.
    func message(_ news: News) -> [UInt8] { Self.seal.seal(news.encoded(), for: namespace.news) }

    static let ten = Generation(number: 10).encoded

    /// The replies before a record is stored: the last withdrawal is the tenth, and the lease is this one.
    static func compared(_ token: LeaseToken, lastWithdrawal: UInt64 = 10) -> [EngineReply] {
        [.done, .done, .bytes(Generation(number: lastWithdrawal).encoded), .bytes(token.encoded)]
    }

    static func withdrawal(number: UInt64, previous: UInt64, _ namespace: Namespace) -> [UInt8] {
        let news = News.withdrawn(resource.id, number: number, previous: previous)
        return seal.seal(news.encoded(), for: namespace.news)
    }

    /// A member that has fetched and stores the body.
    static func storing() throws -> (bench: MemberBench, token: LeaseToken) {
        var bench = try MemberBench()
        _ = bench.start()
        let (ticket, _) = bench.member.wanted(Self.resource, WantRequest(), bench.moment)
        _ = bench.replies([.number(-2), .nothing, .done, .number(-2), .nothing])
        let facts = CopyFacts(freshFor: 20_000, usableFor: 60_000)
        _ = bench.member.fetched(ticket, .copy(facts, body: [1]), bench.moment)
        _ = bench.replies([.done])
        return (bench, LeaseToken(member: bench.member.name, serial: ticket.number))
    }
}
