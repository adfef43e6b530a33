import Bytes
import Caching
import EventLoop
import HTTPClient
import HTTPCore
import Metrics
import Persistence
import Serving

/// All that one loop owns, composed: listeners, connections, cache, fetches, telemetry. It is used only on the loop's
/// thread. Other threads never touch it; other loops and the supervisor send messages.
final class Shard {
    let loop: Loop
    let cache: LoopCache
    let telemetry: Telemetry
    private(set) var settings: ShardSettings
    private let peers: Peers
    let fetches: FetchCoordinator
    let clients: ClientConnections
    private(set) var date: DateLine
    /// The last `Host` that was accepted: nearly every request has the same.
    private var knownHost: [UInt8] = []
    /// Writes the heads of responses.
    var heads = SpareHeadWriter()
    private var phase = Phase.serving
    private var lastDrainTimer: LoopTimer?
    private var sweeper: Sweeper?

    private enum Phase: UInt8 {
        case serving
        /// Everything is served, but `/readyz` says that this ends soon.
        case leaving
        /// No connection is accepted; those that are open close after their answers.
        case draining
        /// The same, because another process accepts the connections.
        case retiring
        /// Connections are closed, and the loop ends.
        case stopping
    }

    /// A shard that listens on `sockets` after it receives `begin`. It announces itself to the supervisor.
    init(
        index: Int, settings: ShardSettings, sockets: [ListeningSocket], supervisor: Mailbox<SupervisorMessage>,
        store: (any EntryStore)?, fleet: FleetMembership?, telemetry: SharedTelemetry
    ) throws(UpstreamError) {
        self.settings = settings
        loop = Loop()
        loop.zeroCopy = settings.zeroCopy
        peers = Peers(index: index, supervisor: supervisor)
        cache = LoopCache(settings, on: loop)
        self.telemetry = Telemetry(telemetry, on: loop, peers: peers)
        self.telemetry.take(settings.responder.views)
        clients = ClientConnections(
            sockets, places: settings.openConnections, on: loop, peers: peers, telemetry: self.telemetry)
        date = DateLine(allowsAnyOrigin: settings.allowsAnyOrigin, idleTimeout: settings.timeLimits.idle)
        fetches = try FetchCoordinator(
            settings, store: store, fleet: fleet, on: loop, peers: peers, cache: cache, telemetry: self.telemetry)
        peers.open(Mailbox<ShardMessage>(on: loop) { [unowned self] in receive($0) })
    }

    /// Serves until the shard has drained.
    func run() {
        loop.run()
        loop.close()
    }

    private func receive(_ message: ShardMessage) {
        switch message {
        case .begin(let all, let state): begin(all, state)
        case .warmUp: if settings.source.warmsUp { fetches.warmUp() }
        case .accept: beginAccepting()
        case .wanted(let resource, let waiter): fetches.wanted(resource, by: waiter)
        case .settled(let ticket, let outcome, let collapsed): fetches.settle(ticket, outcome, collapsed: collapsed)
        case .diskReadCompleted(let read, let record): fetches.disk.looked(read, record)
        case .notConfirmed(let resource, let owner, let digest):
            fetches.disk.notConfirmed(resource, owner, digest: digest)
        case .withdraw(let withdrawal, let ticket, let isFirst, let loop):
            peers.send(.withdrawn(ticket, fetches.takeOut(withdrawal, isFirst: isFirst)), to: loop)
        case .withdrawn(let ticket, let taken): fetches.disk.withdrawn(ticket, taken)
        case .removed(let ticket, let isDurable): fetches.disk.removed(ticket, isDurable: isDurable)
        case .ignored(let parameter, let seenAt): cache.responses.ignoredParameters.insert(parameter, seenAt: seenAt)
        case .readiness(let readiness): fetches.heard(readiness)
        case .catalogue(let entry): cache.keep(entry, for: .catalog, owner: .nobody)
        case .history(let message): history.receive(message)
        case .fleet(let message): fetches.fleet?.receive(message)
        case .ping: peers.supervisor.send(.pong(peers.index))
        case .report(let page, let ticket, let loop): peers.send(.reported(ticket, report(for: page)), to: loop)
        case .reported(let ticket, let report): telemetry.reported(ticket, report)
        case .reload(let settings, let telemetry): reload(settings, telemetry)
        case .leave: if phase == .serving { phase = .leaving }
        case .drain(let isHandover): drain(isHandover: isHandover)
        case .place: clients.gotPlace()
        case .findIdle(let count): clients.findIdle(count)
        case .closeIdle(let count): clients.closeIdle(count)
        case .removeCopies: fetches.disk.withdraw(.purge(.all)) { _ in }
        case .stop: stop()
        }
    }

    private func begin(_ all: [Mailbox<ShardMessage>], _ state: StateAtStart) {
        peers.begin(all)
        fetches.begin(state)
        telemetry.begin()
        sweeper = Sweeper(on: loop) { [unowned self] in sweep(due: $0) }
        sweeper?.start(settings)
    }

    private func beginAccepting() {
        guard !isDraining else { return }
        do throws(UVError) {
            try clients.begin { [unowned self] in accept($0, $1) }
        } catch {
            peers.supervisor.send(.failed(peers.index, "cannot accept connections: \(error)"))
            return
        }
        peers.supervisor.send(.serving(peers.index))
    }

    /// Applies the settings. Operations in progress continue as they began; every time limit that is set from now on is
    /// a new one.
    private func reload(_ next: ShardSettings, _ telemetry: SharedTelemetry) {
        let before = settings
        settings = next
        self.telemetry.take(telemetry)
        if next.responder.views != before.responder.views { self.telemetry.take(next.responder.views) }
        fetches.reload(next)
        loop.zeroCopy = next.zeroCopy
        date = DateLine(allowsAnyOrigin: next.allowsAnyOrigin, idleTimeout: next.timeLimits.idle)
        if next.headLimits != before.headLimits { clients.table.takeHeadLimits() }
        if next.hosts != before.hosts { knownHost = [] }
        cache.reload(next, from: before)
        sweeper?.start(next)
    }

    /// The periodic work. `due` is when this call should have happened, in nanoseconds.
    private func sweep(due: UInt64) {
        clients.sweep()
        fetches.sweep()
        telemetry.observe(due: due)
    }

    // MARK: Ending

    /// How long an idle connection stays open after shutdown has begun, in milliseconds. This covers a request that was
    /// already on its way. Every answer from then on announces that the connection closes.
    private static let lastMoment = 250

    /// The same if another process has taken over, and there is no hurry. A client that has just been idle may be about
    /// to send its next request.
    private static let lastMomentOfHandover = 3_000

    /// Whether every answer is the last one of its connection.
    var isDraining: Bool { phase.rawValue >= Phase.draining.rawValue }

    /// Whether Larder is about to stop. When another process has taken over, it is not.
    var isEnding: Bool { phase != .serving && phase != .retiring }

    private func drain(isHandover: Bool) {
        guard !isDraining || phase == .retiring && !isHandover else { return }
        phase = isHandover ? .retiring : .draining
        clients.stopAccepting()
        let timer = lastDrainTimer ?? LoopTimer(on: loop) { [unowned self] in clients.table.drain() }
        timer.start(after: isHandover ? Self.lastMomentOfHandover : Self.lastMoment)
        lastDrainTimer = timer
        finishIfIdle()
    }

    private func stop() {
        phase = .stopping
        clients.stopAccepting()
        clients.table.close()
        finishIfIdle()
    }

    /// Without connections this loop has nothing left to do for its own clients. But other loops' requests may still
    /// wait for fetches that this loop owns, so the supervisor decides when all loops end.
    private func finishIfIdle() {
        guard clients.table.count == 0 else { return }
        guard phase == .stopping else {
            peers.supervisor.send(.idle(peers.index))
            return
        }
        telemetry.end()
        sweeper?.close()
        lastDrainTimer?.close()
        clients.close()
        fetches.close()
        peers.close()
    }

    // MARK: Connections

    private func accept(_ stream: Stream, _ door: Connection.Door) {
        let connection = Connection(shard: self, stream: stream, door: door)
        stream.delegate = connection
        telemetry.recordConnection()
        stream.startReading()
        clients.opened(connection)
    }

    /// A connection was closed.
    func remove(_ connection: Connection) {
        clients.closed(connection)
        if isDraining { finishIfIdle() }
    }

    /// The number of connections that this loop has.
    var openConnections: Int { clients.table.count }

    /// Rewrites the lines with the date if the second has changed.
    func updateDate() { date.update(to: loop.wallSeconds) }

    /// Whether this is the `Host` that was accepted before.
    func isKnown(host: Span<UInt8>) -> Bool {
        let known = knownHost
        // An empty one was never accepted.
        return !known.isEmpty && known.span.equals(host)
    }

    /// A `Host` was accepted.
    func remember(host: Span<UInt8>) { knownHost = host.copied() }
}
