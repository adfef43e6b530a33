import Digest
import EventLoop
import Fleet
import FleetService
import Logging
import Metrics
import Settings
import Threads

/// What the fleet's thread sends to a loop.
enum FleetLoopMessage: Sendable {
    /// About a want of this loop.
    case answered(UInt64, FleetAnswer)
    /// To the first loop: remove this on all loops, and report the number.
    case drop(Scope, UInt64)
    /// To all: the copy of this resource may no longer be shared.
    case dropCopy(Identifier)
    /// To all: a replica has stored a copy of this resource.
    case stored(Identifier)
    /// To all: the engine is not in use any more.
    case disconnected
    /// To all: back off from upstream for this resource for so many milliseconds.
    case backOff(Identifier, UInt32)
    /// For a purge of this loop: remove the copies, and report the number.
    case dropPurged(UInt64, number: UInt64)
    /// A purge of this loop is over.
    case purged(UInt64, PurgeReport)
    /// The engine does not give out the copy any more.
    case withdrawn(UInt64)
}

/// This process as a replica of a fleet: its thread, and the way from there to the loops.
final class FleetMembership: Sendable {
    let service: FleetService
    /// Identifies keys alike on all replicas.
    let fingerprinter: Fingerprinter
    private let router: FleetRouter
    private let timeout: Duration

    /// Starts the fleet's thread if the settings name an engine. It fails if the settings cannot be used, or if the engine
    /// is required and cannot be used.
    init?(_ settings: Settings, isDemo: Bool, stateDirectory: String?, log: Logger) throws(FleetProblem) {
        guard var member = try FleetServiceSettings(settings, isDemo: isDemo) else { return nil }
        fingerprinter = member.secret.ownerFingerprinter
        member.pendingFile = stateDirectory.map { $0 + "/fleet.pending" }
        member.numbersFile = stateDirectory.map { $0 + "/fleet.generations" }
        let router = FleetRouter(log)
        self.router = router
        service = try FleetService(member) { router.report($0) }
        timeout = settings.fleet.connectTimeout + settings.fleet.timeout
        service.waitUntilTried(timeout)
        guard settings.fleet.required else { return }
        if let reason = service.waitUntilUp(timeout + .seconds(1)) {
            service.close()
            throw FleetProblem(description: "fleet.required is set, and the engine cannot be used: \(reason)")
        }
    }

    /// All loops run. `hasCopies`: they begin with copies of an earlier process.
    func begin(_ loops: [Mailbox<ShardMessage>], hasCopies: Bool) {
        for number in router.begin(loops, hasCopies: hasCopies) { service.dropped(number) }
    }

    /// Sends what the process before this one has purged without reaching the engine.
    func inheritPending() { service.readPending() }

    /// Called once no loop runs any more.
    func close() { service.close() }

    /// What the status page shows.
    var report: FleetReport {
        let status = service.status
        var report = FleetReport(isUp: status.isUp)
        report.notice = status.isUp ? nil : status.notice
        report.replicas = status.members
        report.taken = status.taken
        report.given = status.given
        report.leases = status.leases
        report.waits = status.waits
        report.alone = status.alone
        report.failures = status.failures
        report.purges = status.purges
        report.since = status.changed
        return report
    }
}

/// Passes events of the fleet's thread on to the loops. Before they run, it keeps them.
private final class FleetRouter: Sendable {
    private struct State {
        var loops: [Mailbox<ShardMessage>] = []
        var early: [FleetEvent] = []
    }

    private let state = Mutex(State())
    private let log: Logger

    init(_ log: Logger) { self.log = log }

    func report(_ event: FleetEvent) {
        if case .log(let line, let isProblem) = event {
            return log.event(isProblem ? .fleetLost : .fleetUp, "\(line)")
        }
        let loops = state.withLock { state in
            if state.loops.isEmpty { state.early.append(event) }
            return state.loops
        }
        if !loops.isEmpty { send(event, to: loops) }
    }

    private func send(_ event: FleetEvent, to loops: [Mailbox<ShardMessage>]) {
        switch event {
        case .drop(let scope, let number): loops[0].send(.fleet(.drop(scope, number)))
        case .dropCopy(let id): send(.dropCopy(id), toAll: loops)
        case .stored(let id): send(.stored(id), toAll: loops)
        case .disconnected: send(.disconnected, toAll: loops)
        case .backOff(let id, let pause): send(.backOff(id, pause), toAll: loops)
        case .log: break
        }
    }

    private func send(_ message: FleetLoopMessage, toAll loops: [Mailbox<ShardMessage>]) {
        for loop in loops { loop.send(.fleet(message)) }
    }

    /// Returns the removals for which there is nothing to remove.
    func begin(_ loops: [Mailbox<ShardMessage>], hasCopies: Bool) -> [UInt64] {
        let early = state.withLock { state in
            state.loops = loops
            defer { state.early = [] }
            return state.early
        }
        var done: [UInt64] = []
        for event in early {
            if !hasCopies, case .drop(_, let number) = event { done.append(number) } else { send(event, to: loops) }
        }
        return done
    }
}
