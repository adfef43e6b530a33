import TestSupport

/// What is done to a fleet in one run. A seed makes it; shrinking removes parts of it.
public struct Scenario: Sendable, Equatable {
    /// One thing that happens, at a moment of virtual time.
    public struct Step: Sendable, Equatable, CustomStringConvertible {
        /// Milliseconds from the start.
        public var at: UInt64
        /// What happens.
        public var event: Event

        /// For a report.
        public var description: String { "\(at) ms: \(event)" }
    }

    /// What can happen. Every fault ends after `lasts` milliseconds.
    public enum Event: Sendable, Equatable {
        /// A client asks replica for a resource; `isDemanding`: it wants a copy that was made just now.
        case call(replica: Int, resource: Int, isDemanding: Bool)
        /// A purge: 0 all, 1 the catalogue, 2 and 3 an owner's copies.
        case purge(replica: Int, scope: Int)
        /// A replica learns that a copy may no longer be shared.
        case withdraw(replica: Int, resource: Int)
        /// A replica evicts all copies of an owner.
        case forget(replica: Int, owner: Int)
        /// Upstream's content changes.
        case change(resource: Int)
        /// Upstream behaves so.
        case upstream(UpstreamMode, lasts: UInt64)
        /// Upstream refuses an owner's key.
        case refuse(owner: Int, lasts: UInt64)
        /// The engine stops and starts again, empty.
        case restartEngine(lasts: UInt64)
        /// The engine behaves so.
        case engine(EngineMode, lasts: UInt64)
        /// The engine evicts one key.
        case evict(UInt64)
        /// A replica's link is cut. `loses`: what is sent meanwhile is lost and the connection is dead; else it is late.
        case cut(replica: Int, toEngine: Bool, toReplica: Bool, loses: Bool, lasts: UInt64)
        /// So many of a hundred messages to a replica are lost, doubled or late.
        case news(replica: Int, lost: UInt64, doubled: UInt64, late: UInt64, lasts: UInt64)
        /// A replica is suspended.
        case pause(replica: Int, lasts: UInt64)
        /// A replica is killed and started again.
        case kill(replica: Int, lasts: UInt64)
    }

    /// How upstream behaves.
    public enum UpstreamMode: Sendable, Equatable { case failing, silent, slow(UInt64) }
    /// How the engine behaves.
    public enum EngineMode: Sendable, Equatable { case readOnly, full, loading, slow(UInt64), lying, silent }

    /// The number that reproduces the run.
    public var seed: UInt64
    /// How many replicas there are, 2 to 5.
    public var replicas: Int
    /// How far each replica's clock is from the true time, in milliseconds.
    public var clocks: [Int64]
    /// What happens, in the order of time.
    public var steps: [Step]

    /// Faults begin and end before this moment; calls continue.
    public static let faultsEnd: UInt64 = 60_000
    /// From here on the fleet must work as if there had been no faults.
    public static let recovered: UInt64 = faultsEnd + 25_000
    /// One lifetime and a little later.
    public static let end: UInt64 = recovered + World.lifetime + 6_000

    /// The scenario of a seed.
    public init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        self.seed = seed
        let replicas = Int(random.within(2...5))
        self.replicas = replicas
        clocks = (0..<replicas).map { _ in
            random.percent(40) ? 0 : Int64(random.within(0...600_000)) - 300_000
        }
        var steps: [Step] = []
        for _ in 0..<random.within(60...160) {
            let event = Event.call(
                replica: random.index(replicas), resource: random.index(World.resources.count),
                isDemanding: random.percent(5))
            let at = random.within(0...Self.faultsEnd)
            // Clients often come together.
            for _ in 0..<(random.percent(20) ? 3 : 1) {
                var event = event
                if random.percent(50), case .call(_, let resource, let isDemanding) = event {
                    event = .call(replica: random.index(replicas), resource: resource, isDemanding: isDemanding)
                }
                steps.append(Step(at: at + random.within(0...20), event: event))
            }
        }
        for _ in 0..<random.within(0...6) {
            steps.append(
                Step(
                    at: random.within(0...Self.faultsEnd),
                    event: .purge(replica: random.index(replicas), scope: random.index(4))))
        }
        for _ in 0..<random.within(0...8) {
            steps.append(
                Step(
                    at: random.within(0...Self.faultsEnd), event: .change(resource: random.index(World.resources.count))
                ))
        }
        for _ in 0..<random.within(0...12) {
            let at = random.within(0...(Self.faultsEnd - 1_000))
            let lasts = min(
                random.percent(50) ? random.within(10...1_500) : random.within(500...15_000), Self.faultsEnd - at)
            steps.append(Step(at: at, event: Self.fault(replicas: replicas, lasts: lasts, &random)))
        }
        for _ in 0..<random.within(0...4) {
            let event = Event.withdraw(replica: random.index(replicas), resource: random.index(World.resources.count))
            steps.append(Step(at: random.within(0...Self.faultsEnd), event: event))
        }
        for _ in 0..<random.within(0...4) {
            let event = Event.forget(replica: random.index(replicas), owner: random.index(World.owners.count))
            steps.append(Step(at: random.within(0...Self.faultsEnd), event: event))
        }
        self.steps = steps.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(
            \.element)
    }

    private static func fault(replicas: Int, lasts: UInt64, _ random: inout SeededGenerator) -> Event {
        let replica = random.index(replicas)
        switch random.index(16) {
        case 0: return .upstream(.failing, lasts: lasts)
        case 1: return .upstream(.silent, lasts: lasts)
        case 2: return .upstream(.slow(random.within(500...12_000)), lasts: lasts)
        case 3: return .refuse(owner: random.index(2), lasts: lasts)
        case 4: return .restartEngine(lasts: random.percent(50) ? 1 : lasts)
        case 5: return .engine(.readOnly, lasts: lasts)
        case 6: return .engine(.full, lasts: lasts)
        case 7: return .engine(random.percent(50) ? .loading : .silent, lasts: lasts)
        case 8: return .engine(.slow(random.within(50...900)), lasts: lasts)
        case 9: return .engine(.lying, lasts: lasts)
        case 10: return .evict(random.next())
        case 11, 12:
            let way = random.index(3)
            return .cut(
                replica: replica, toEngine: way != 0, toReplica: way != 1, loses: random.percent(60), lasts: lasts)
        case 13:
            return .news(
                replica: replica, lost: random.within(0...100), doubled: random.within(0...50),
                late: random.within(0...50), lasts: lasts)
        case 14: return .pause(replica: replica, lasts: lasts)
        default: return .kill(replica: replica, lasts: lasts)
        }
    }
}

/// Rules that a run can do without, to show that an invariant finds what their absence causes.
public struct Rules: Sendable, Equatable {
    /// The engine grants a lease only if there is none.
    public var leasesExclude = true
    /// A transaction does nothing if what it watches has changed, and the value that is compared is the true one.
    public var comparisonsHold = true
    /// A replica removes what its member asks it to remove.
    public var purgesRemove = true
    /// The engine deletes a record that it is asked to delete.
    public var withdrawalsDelete = true
    /// A replica that has missed a withdrawal removes its copies.
    public var missedWithdrawalsRemove = true
    /// An answer that was fetched before a purge is not kept.
    public var outdatedIsNotKept = true
    /// A seal fits one key alone.
    public var sealsBindKeys = true
    /// Each owner has an identifier of its own.
    public var ownersDiffer = true
    /// Timers of replicas fire.
    public var timersFire = true
    /// Age is counted by the engine, not by clocks that differ.
    public var engineTellsAge = true

    /// All rules.
    public init() {}
}

/// A broken invariant.
public struct Violation: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which of the six.
    public var invariant: Int
    /// When, in milliseconds of virtual time.
    public var at: UInt64
    /// What was seen.
    public var what: String

    /// What was seen, without its numbers.
    public var kind: String { "\(invariant) " + what.filter { !$0.isNumber } }

    /// For a report.
    public var description: String { "invariant \(invariant) at \(at) ms: \(what)" }
}
