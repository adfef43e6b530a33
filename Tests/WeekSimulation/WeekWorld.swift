import Bytes
import Caching
import Catalog
import Fetching
import HTTPClient
import Persistence
import Serving
import TestSupport

/// One run of a week on virtual time: one loop of Larder, with its clients and upstream.
///
/// Larder's own machines decide: `ConnectionStateMachine`, `Responder`, `ResponseCache`, `WaitingTable`, `Dispatcher`,
/// `FetchTable` with `FetchAdmission`, `EntryBuilder`, `Completion`, `RelayStateMachine` and `ExchangeStateMachine`. What
/// `Daemon` and `Exchange` do between them, in `Connection`, `PassThrough`, `FetchCoordinator`, `FetchRunner` and
/// `LoopCache`, needs sockets and threads, so it is written a second time here, call for call. Not covered are messages
/// between loops, the state directory, a fleet, lists in pages, and bytes: requests arrive as heads that are read already,
/// and answers leave as bodies.
public final class WeekWorld {
    enum Event {
        case step(Int)
        /// Of a fetch.
        case part(ask: Int, bytes: Int)
        case arrived(ask: Int)
        case read(FetchTable.Ticket, Reading)
        case withdrawn(FetchTable.Ticket, Entry)
        /// Of a client's connection.
        case drains(SimulatedClient)
        /// Of a request that is passed through.
        case pass(SimulatedPassing, PassEvent)
        /// The settings leave more memory again.
        case relax
        case sweep
    }

    /// The result of reading a response on the pool.
    enum Reading {
        case entry(Entry)
        case tooLarge(FetchProblem)
        case failed(FetchProblem)
    }

    /// A request to upstream that is under way.
    struct Ask {
        var ticket: FetchTable.Ticket
        var thing: Int
        var key: Int
        var askedAt: Int
        var plan: SimulatedUpstream.Plan
        var bytes = 0
    }

    /// An entry for as long as Larder keeps it. Entries with the same identity have their content in common.
    struct Kept {
        weak var entry: Entry?
        let identity: UInt64
        let bytes: Int
    }

    /// What was counted in a run.
    public struct Counts: Sendable, Equatable {
        /// Events of every kind.
        public var events = 0
        /// Requests of clients.
        public var requests = 0
        /// Requests that were passed through.
        public var passed = 0
        /// Answers with upstream's content.
        public var answers = 0
        /// Other answers.
        public var errors = 0
        /// Requests to upstream.
        public var asked = 0
        /// Those that failed.
        public var failed = 0
        /// Those that upstream answered with 304.
        public var confirmed = 0
        /// Withdrawals of copies.
        public var withdrawals = 0
        /// Evictions because the cache was full.
        public var evictions = 0
        /// A digest of all events in their order.
        public var trace: UInt64 = 0

        /// Adds the counts of another run.
        public static func += (sum: inout Counts, other: Counts) {
            sum.events += other.events
            sum.requests += other.requests
            sum.passed += other.passed
            sum.answers += other.answers
            sum.errors += other.errors
            sum.asked += other.asked
            sum.failed += other.failed
            sum.confirmed += other.confirmed
            sum.withdrawals += other.withdrawals
            sum.evictions += other.evictions
            sum.trace ^= other.trace
        }

        /// No counts.
        public init() {}
    }

    let week: Week
    let rules: WeekRules
    var queue = EventQueue<Event>()
    /// The monotonic clock, which counts suspensions.
    var now: UInt64 = 0
    /// How long the process was suspended so far.
    var asleep: UInt64 = 0
    /// How far the wall clock was set, in seconds.
    var clockSet: Int64 = 0
    /// One source of randomness for upstream and one for Larder, so that a week with a step less differs little.
    var upstreamRandom: SeededGenerator
    var random: SeededGenerator

    var upstream = SimulatedUpstream()
    var ledger = Ledger()
    var counts = Counts()
    var log: ((String) -> Void)?

    // Larder.
    var cache: ResponseCache
    var dispatcher = Dispatcher()
    var table: FetchTable
    var waiting = WaitingTable<SimulatedClient>()
    let builder: EntryBuilder
    let responder: Responder
    var memory: Int

    var slots: [SimulatedClient?] = Array(repeating: nil, count: Week.clients)
    /// All connections that are open, or have a request without an answer.
    var clients: [SimulatedClient] = []
    var asks: [Int: Ask] = [:]
    var lastAsk = 0
    /// The statement of upstream behind each fetch that has a response.
    var statements: [FetchTable.Ticket: Int] = [:]
    /// The requests whose transfer has ended, and whose result is not used yet.
    var transferred: [FetchTable.Ticket: Ask] = [:]
    var kept: [Kept] = []
    /// The sizes of bodies, by the identity of their entries.
    var sizes: [UInt64: Int] = [:]
    /// The replies so far, of which one in some is lost if the rule says so.
    var replies = 0
    var nextSweep: UInt64?

    init(_ week: Week, rules: WeekRules, view: View) {
        self.week = week
        self.rules = rules
        memory = week.memory
        upstreamRandom = SeededGenerator(seed: week.seed &* 2_654_435_761 &+ 1)
        random = SeededGenerator(seed: week.seed &* 2_654_435_761 &+ 2)
        cache = ResponseCache(
            maximumBytes: rules.cacheIsLimited ? week.memory : week.memory << 10, windows: StaleWindows())
        table = FetchTable(bytes: week.memory, maximumBody: Self.maximumBody)
        builder = EntryBuilder(lifetimes: Lifetimes(), sharing: rules.directivesCount ? .auto : .always)
        responder = Responder(views: ViewTable([view]))
        now = 1_000
        for index in week.steps.indices { queue.add(.step(index), at: now + week.steps[index].at) }
    }

    static let maximumBody = 4 << 20

    /// Runs a week. The violation is that of the first broken invariant, if any.
    public static func run(
        _ week: Week, rules: WeekRules = WeekRules(), log: ((String) -> Void)? = nil
    ) -> (violation: WeekViolation?, counts: Counts) {
        guard let view = try? View("team", allow: ["acme/*"]) else { return (nil, Counts()) }
        let world = WeekWorld(week, rules: rules, view: view)
        world.log = log
        let violation = world.run()
        world.counts.evictions = world.cache.evictions
        return (violation, world.counts)
    }

    private func run() -> WeekViolation? {
        while let (at, event) = queue.next() {
            // What was due while the process was suspended happens when it continues, in its order.
            now = max(now, at)
            counts.events += 1
            counts.trace = (counts.trace ^ now) &* 0x100_0000_01B3 ^ UInt64(counts.answers)
            happen(event)
            checkWaits()
            checkMemory()
            if let violation = ledger.violation { return violation }
            planSweep()
        }
        for client in clients where !client.waits.isEmpty {
            ledger.violated(
                3, now, "client \(client.slot) has no answer to \(client.waits[0].subject.target) at the end")
        }
        if !asks.isEmpty { ledger.violated(3, now, "a request to upstream has no end") }
        return ledger.violation
    }

    /// Unix seconds.
    var wallSeconds: Int64 { 1_790_000_000 + Int64(now / 1000) + clockSet }

    /// The time in which the process could do something.
    var awake: UInt64 { now - asleep }

    static func owner(_ key: Int) -> Owner {
        key == 0 ? .nobody : Owner(high: UInt64(key) << 40 | 0xABCD, low: UInt64(key))
    }

    func owner(_ key: Int) -> Owner { rules.ownersDiffer ? Self.owner(key) : Self.owner(min(key, 1)) }

    // MARK: What happens

    private func happen(_ event: Event) {
        switch event {
        case .step(let index):
            log?("\(week.steps[index])")
            happen(week.steps[index].event)
        case .part(let ask, let bytes): received(ask, bytes)
        case .arrived(let ask): arrived(ask)
        case .read(let ticket, let reading): read(ticket, reading)
        case .withdrawn(let ticket, let entry): finish(ticket, entry)
        case .drains(let client): drains(client)
        case .pass(let passing, let event): happen(event, passing)
        case .relax: limit(to: week.memory)
        case .sweep: sweep()
        }
    }

    private func happen(_ event: Week.Event) {
        switch event {
        case .call(let client, let request): call(client, request)
        case .pass(let client, let pass): callThrough(client, pass)
        case .half(let client): sendHalf(client)
        case .leave(let client): leave(client)
        case .endInput(let client): endInput(client)
        case .stall(let client, let lasts): stall(client, until: now + lasts)
        case .purge(let scope): purge(scope)
        case .upstream(let mode, let thing, let lasts): upstream.behave(mode, thing, until: now + lasts)
        case .directives(let said, let thing, let lasts): upstream.direct(said, thing, until: now + lasts)
        case .validators(let lasts): upstream.validate(until: now + lasts)
        case .change(let thing, let isMine): upstream.change(thing, isMine: isMine)
        case .refuse(let key, let lasts): upstream.refuse(key, until: now + lasts)
        case .suspend(let lasts):
            asleep += lasts
            now += lasts
        case .setClock(let seconds): clockSet += seconds
        case .squeeze(let bytes, let lasts):
            limit(to: min(bytes, week.memory))
            queue.add(.relax, at: now + lasts)
        }
    }

    private func limit(to bytes: Int) {
        memory = bytes
        table.limit(to: bytes, maximumBody: Self.maximumBody)
        cache.limit(to: rules.cacheIsLimited ? bytes : bytes << 10)
    }

    // MARK: Periodic work

    /// The sweep runs once a second in Larder; here, only when there is something for it to do.
    private func planSweep() {
        var next: UInt64 = .max
        for client in clients { next = min(next, client.deadline) }
        if table.count > asks.count { next = min(next, now + 1_000) }
        guard next < .max else { return }
        next = max(next, now + 1)
        if let planned = nextSweep, planned <= next { return }
        nextSweep = next
        queue.add(.sweep, at: next)
    }

    private func sweep() {
        nextSweep = nil
        for client in clients where client.machine.deadline.hasPassed(at: now) { expire(client) }
        perform(table.expire(at: now))
    }

    // MARK: Invariants 3 and 6

    /// The longest that a request may wait while the process runs: for memory, for upstream and for what its answer needs
    /// besides, each with its time limit.
    static let patience: UInt64 = 90_000

    private func checkWaits() {
        clients.removeAll { !$0.isOpen && $0.waits.isEmpty }
        for client in clients {
            if let first = client.waits.first, !first.isPassed, awake > first.since + Self.patience {
                ledger.violated(
                    3, now, "client \(client.slot) waits for \(first.subject.target) for \(awake - first.since) ms")
            }
        }
    }

    private func checkMemory() {
        var inFlight = 0
        for ask in asks.values { inFlight += ask.bytes }
        for ask in transferred.values { inFlight += ask.bytes }
        kept.removeAll { $0.entry == nil }
        var contents: Set<UInt64> = []
        var bytes = 0
        for one in kept where contents.insert(one.identity).inserted { bytes += one.bytes }
        if bytes + inFlight > memory {
            ledger.violated(6, now, "entries keep \(bytes) bytes and fetches \(inFlight), together more than \(memory)")
        }
        // Larder's own figure counts what it needs besides the bodies.
        if cache.bytes + inFlight > memory {
            ledger.violated(6, now, "the cache has \(cache.bytes) bytes and fetches \(inFlight), more than \(memory)")
        }
    }
}
