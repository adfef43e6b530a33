import Fleet
import TestSupport

/// One run of a scenario on virtual time.
public struct World {
    enum Event {
        case step(Int)
        case faultEnds(Scenario.Event)
        case poll(Int)
        /// To the engine, and from it. The numbers are a connection's.
        case command(Int, EngineCommand)
        case reply(Int, EngineReply)
        case message(Int, [UInt8])
        case connected(Int)
        case refused(replica: Int, attempt: Int)
        case closed(Int)
        /// To a replica.
        case timer(Int, incarnation: Int)
        case dropped(Int, incarnation: Int, id: UInt64)
        case fetched(Int, incarnation: Int, Ticket, resource: Int, UpstreamAnswer)
        case revive(Int)
    }

    enum UpstreamAnswer {
        case content(Content)
        case refused(owner: Int)
        case failed
    }

    /// Both connections of a replica, which fail together.
    struct Connection {
        var replica: Int
        var incarnation: Int
        var isOpen = true
        /// Whether something was lost on the way, so that nothing that was sent later arrives.
        var losesToEngine = false
        var losesToReplica = false
        /// When the last message arrives, by direction: a connection keeps the order.
        var lastToEngine: UInt64 = 0
        var lastToReplica: UInt64 = 0
    }

    /// The state of a replica's network.
    struct Network {
        var cutToEngine: (until: UInt64, loses: Bool)?
        var cutToReplica: (until: UInt64, loses: Bool)?
        var lost: UInt64 = 0
        var doubled: UInt64 = 0
        var late: UInt64 = 0
        /// Connections that were asked for; answers to older ones do not count.
        var attempt = 0
    }

    /// The lifetime of a shared copy, in milliseconds.
    public static let lifetime: UInt64 = 20_000
    /// How much later than its lifetime a copy may be replaced: a fetch, and the way to the engine and back.
    static let lateness: UInt64 = 2_500
    /// How long after a failure of upstream a caller may get an error of it: pauses last as long.
    static let aftermath: UInt64 = 30_000

    static let owners = [Identifier(high: 11, low: 1), Identifier(high: 11, low: 2)]
    static let resources = [
        shared(1, isOfCatalogue: true, lifetime: lifetime, isServedStale: true),
        shared(2, lifetime: lifetime, isServedStale: true),
        shared(3, lifetime: lifetime / 2, isServedStale: false), own(4, owner: 0), own(5, owner: 1),
    ]

    private static func shared(
        _ number: UInt64, isOfCatalogue: Bool = false, lifetime: UInt64, isServedStale: Bool
    ) -> SimulatedResource {
        let resource = FleetResource(id: Identifier(high: 1, low: number), isOfCatalogue: isOfCatalogue)
        return SimulatedResource(resource: resource, owner: nil, lifetime: lifetime, isServedStale: isServedStale)
    }

    private static func own(_ number: UInt64, owner: Int) -> SimulatedResource {
        let resource = FleetResource(id: Identifier(high: 1, low: number), owner: owners[owner])
        return SimulatedResource(resource: resource, owner: owner, lifetime: lifetime / 2, isServedStale: false)
    }

    /// What is random. Those that belong to a replica, or to a resource, are followed by its number.
    enum Stream {
        static let engine = 0
        static let start = 1
        static let toEngine = 8
        static let toReplica = 16
        static let news = 24
        static let moments = 32
        static let loops = 40
        static let upstream = 48
    }

    /// What was counted in a run.
    public struct Counts: Sendable, Equatable {
        /// Events of every kind.
        public var events = 0
        /// Fetches under a lease.
        public var leased = 0
        /// Fetches alone.
        public var alone = 0
        /// Copies taken from the fleet.
        public var taken = 0
        /// Purges that every member has confirmed.
        public var confirmed = 0
        /// Lines of the log.
        public var lines = 0
        /// A digest of all events in their order.
        public var trace: UInt64 = 0

        /// Adds the counts of another run.
        public static func += (sum: inout Counts, other: Counts) {
            sum.events += other.events
            sum.leased += other.leased
            sum.alone += other.alone
            sum.taken += other.taken
            sum.confirmed += other.confirmed
            sum.lines += other.lines
            sum.trace ^= other.trace
        }

        /// No counts.
        public init() {}
    }

    let scenario: Scenario
    let rules: Rules
    let limits: Limits
    let namespace: Namespace
    /// One source of randomness for each thing that is random, so that a scenario with a step less differs little.
    var streams: [SeededGenerator]
    var queue = EventQueue<Event>()
    var now: UInt64 = 0
    var engine: SimulatedEngine
    var replicas: [SimulatedReplica] = []
    var networks: [Network]
    var connections: [Connection] = []
    var upstream: SimulatedUpstream
    var checks: Checks
    /// What was counted so far.
    public private(set) var counts = Counts()
    /// Writes each event, if set.
    var log: ((String) -> Void)?

    init(_ scenario: Scenario, rules: Rules) throws {
        self.scenario = scenario
        self.rules = rules
        var limits = Limits()
        limits.longestPause = 8_000
        self.limits = limits
        namespace = try Namespace(prefix: "larder", upstream: 0xABCD)
        streams = (0..<64).map { SeededGenerator(seed: scenario.seed &* 64 &+ $0 ^ 0x5EED) }
        engine = SimulatedEngine(rules: rules)
        networks = Array(repeating: Network(), count: scenario.replicas)
        upstream = SimulatedUpstream()
        checks = Checks(replicas: scenario.replicas, limits: limits)
        for replica in 0..<scenario.replicas {
            replicas.append(
                SimulatedReplica(member: member(replica, pending: PendingWork()), clock: scenario.clocks[replica]))
            queue.add(.timer(replica, incarnation: 0), at: streams[Stream.start].within(0...50))
        }
        for index in scenario.steps.indices { queue.add(.step(index), at: scenario.steps[index].at) }
        for replica in 0..<scenario.replicas {
            queue.add(.poll(replica), at: Scenario.faultsEnd + UInt64(replica) * 100)
        }
    }

    /// Runs a scenario. The violation is that of the first broken invariant, if any.
    public static func run(
        _ scenario: Scenario, rules: Rules = Rules(), log: ((String) -> Void)? = nil
    ) -> (violation: Violation?, counts: Counts) {
        guard var world = try? World(scenario, rules: rules) else { return (nil, Counts()) }
        world.log = log
        return (world.run(), world.counts)
    }

    private mutating func run() -> Violation? {
        while let (at, event) = queue.next(), at <= Scenario.end {
            now = at
            counts.events += 1
            counts.trace = (counts.trace ^ now) &* 0x100_0000_01B3 ^ engine.writes
            happen(event)
            for replica in replicas.indices where replicas[replica].member.hasStuckWant {
                checks.violated(6, now, "a want of replica \(replica) waits for a reply to no question")
            }
            for replica in replicas.indices where replicas[replica].pausedSince == nil {
                if let wait = replicas[replica].oldestWait {
                    checks.waits(replica, since: wait.since, resource: wait.resource, now: now)
                }
            }
            if let violation = checks.violation { return violation }
        }
        checkEnd()
        return checks.violation
    }

    func member(_ replica: Int, pending: PendingWork) -> Member {
        var random = SeededGenerator(seed: scenario.seed &+ UInt64(replica) &* 7_919 &+ now &* 104_729)
        return Member(
            limits: limits, namespace: namespace, name: Identifier(high: random.next(), low: random.next()),
            sealer: seal, pending: pending)
    }

    var seal: ToySeal { ToySeal(bindsKeys: rules.sealsBindKeys) }

    /// What a replica's glue calls a resource.
    func fleetResource(_ resource: Int) -> FleetResource {
        let original = Self.resources[resource].resource
        guard original.owner != nil, !rules.ownersDiffer else { return original }
        return FleetResource(id: Self.resources[3].resource.id, owner: Self.owners[0])
    }

    /// Whether there has been no fault for so long that the fleet must be as if there never was one.
    var isQuiet: Bool { now >= Scenario.recovered }

    /// After one lifetime without faults every replica has the newest copy.
    private mutating func checkEnd() {
        for (index, replica) in replicas.enumerated() {
            for resource in Self.resources.indices {
                guard let copy = replica.memory[resource] else {
                    checks.violated(5, now, "replica \(index) has no copy of resource \(resource)")
                    continue
                }
                if copy.content.version != upstream.versions[resource] {
                    checks.violated(5, now, "replica \(index) has an old copy of resource \(resource): \(copy.content)")
                }
            }
        }
    }

    mutating func count(_ change: (inout Counts) -> Void) { change(&counts) }
}
