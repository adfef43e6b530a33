import Bytes
import Caching
import EventLoop
import HTTPCore
import Logging
import Serving
import Store
import Upstream

/// All that one loop owns, on the loop's own thread: listeners, connections, cache, fetches. Nothing of it is touched from
/// elsewhere; other loops and the supervisor send messages.
final class Shard {
    let index: Int
    var settings: ShardSettings
    let loop: Loop
    var observer: Observer
    var log: Logger { observer.log }
    var origin: Origin
    /// Clients under earlier settings that still have something under way.
    var retiredClients: [UpstreamClient] = []
    let supervisor: Mailbox<SupervisorMessage>

    var cache: ResponseCache
    var dispatcher = Dispatcher()
    var waiting = WaitingTable()
    var connections = ConnectionTable()
    var metrics = LoopMetrics()
    var gathers = GatherTable()
    var failureGate = RepeatGate()
    var accessLog: AccessLog?
    var date: DateLine
    /// The last `Host` that was found to be a good one: nearly every request has the same.
    var knownHost: [UInt8] = []
    /// Where the changing part of a head is written before it is sent.
    var scratch = ByteBuilder(capacity: 1024)
    var readiness: Readiness
    /// Whether the catalogue was ever fetched; for the loop that leads its fetches.
    var hasCatalog = false
    /// What the state directory has of the resources that this loop leads, and perhaps of others.
    var onDisk: DiskNames
    /// The copies that are being read from there.
    var recalls: [Recall: RecallInHand] = [:]
    let state: StateKeeper?
    private(set) var isDraining = false
    private var isStopping = false

    var peers: [Mailbox<ShardMessage>] = []
    private var mailbox: Mailbox<ShardMessage>?
    private let sockets: [ListeningSocket]
    private var listeners: [Listener] = []
    private var sweep: LoopTimer?
    /// When the next sweep should be, in nanoseconds.
    private var sweepDue: UInt64 = 0
    private var farewell: LoopTimer?
    /// Whether accepting was stopped for want of room.
    private var isFull = false

    /// A shard that listens on `sockets` once it is told to begin. It announces itself to the supervisor.
    init(
        index: Int, settings: ShardSettings, sockets: [ListeningSocket], supervisor: Mailbox<SupervisorMessage>,
        state: StateKeeper?, observer: Observer
    ) throws(UpstreamError) {
        self.index = index
        self.settings = settings
        self.sockets = sockets
        self.supervisor = supervisor
        self.state = state
        self.observer = observer
        loop = Loop()
        origin = try Origin(on: loop, settings)
        date = DateLine(allowsAnyOrigin: settings.allowsAnyOrigin)
        cache = ResponseCache(maximumBytes: settings.cacheBytes, windows: settings.windows)
        onDisk = DiskNames(room: settings.cacheBytes / 8)
        if let format = observer.accessFormat { accessLog = AccessLog(on: loop, format, observer.writer) }
        readiness = settings.warmsUp ? .warmingUp : .ready
        let mailbox = Mailbox<ShardMessage>(on: loop) { [unowned self] in receive($0) }
        self.mailbox = mailbox
        supervisor.send(.up(index, mailbox))
    }

    /// Serves until the shard has drained.
    func run() {
        loop.run()
        loop.close()
    }

    private func receive(_ message: ShardMessage) {
        switch message {
        case .begin(let peers, let state): begin(peers, state)
        case .wanted(let resource, let party): lead(resource, for: party)
        case .settled(let ticket, let outcome, let collapsed): settle(ticket, outcome, collapsed: collapsed)
        case .recalled(let recall, let record): recalled(recall, record)
        case .refused(let owner): endEntries(of: owner)
        case .readiness(let readiness): self.readiness = readiness
        case .ping: supervisor.send(.pong(index))
        case .report(let page, let ticket, let loop): peers[loop].send(.reported(ticket, report(for: page)))
        case .reported(let ticket, let report): reported(ticket, report)
        case .purge(let purge, let ticket, let loop): peers[loop].send(.purged(ticket, remove(purge)))
        case .purged(let ticket, let entries): purged(ticket, entries)
        case .reload(let settings, let observer): reload(settings, observer)
        case .drain: drain()
        case .stop: stop()
        }
    }

    // MARK: Beginning

    private func begin(_ peers: [Mailbox<ShardMessage>], _ state: StateAtStart) {
        self.peers = peers
        takeUp(state)
        do throws(UVError) {
            for socket in sockets {
                let listener = try Listener(on: loop, socket: socket) { [unowned self] in accept($0) }
                listener.failed = { [log = observer.log] error in log.tell(.acceptFailed, "accepting failed: \(error)")
                }
                listeners.append(listener)
            }
        } catch {
            supervisor.send(.failed(index, "cannot accept connections: \(error)"))
            return
        }
        metrics.tick(wallSeconds: loop.wallSeconds)
        sweep = LoopTimer(on: loop) { [unowned self] in
            connections.expire(at: loop.nowMilliseconds)
            resumeAccepting()
            closeRetiredClients()
            observe(due: sweepDue)
            sweepDue = loop.nowNanoseconds + UInt64(sweepPeriod) * 1_000_000
        }
        startSweeping()
        if settings.warmsUp { warmUp() }
        supervisor.send(.serving(index))
    }

    /// Looks at deadlines as often as the settings want it.
    func startSweeping() {
        sweepDue = loop.nowNanoseconds + UInt64(sweepPeriod) * 1_000_000
        sweep?.start(after: sweepPeriod, repeating: sweepPeriod)
    }

    /// How often deadlines are looked at, in milliseconds: a time limit is kept to a quarter of itself.
    private var sweepPeriod: Int {
        let shortest = min(settings.headerTimeout, settings.bodyTimeout, settings.idleTimeout)
        return Int(max(10, min(1_000, shortest / 4)))
    }

    // MARK: Connections

    private func accept(_ stream: Stream) {
        let connection = Connection(shard: self, stream: stream)
        stream.delegate = connection
        connections.insert(connection)
        metrics.recordConnection()
        settings.openConnections.opened()
        stream.startReading()
        guard settings.openConnections.isFull else { return }
        isFull = true
        for listener in listeners { listener.pause() }
    }

    /// Accepts again where there is room again: when a connection of this loop has gone, and now and then because one of
    /// another loop may have.
    func resumeAccepting() {
        guard isFull, !isDraining, !settings.openConnections.isFull else { return }
        isFull = false
        for listener in listeners { listener.resume() }
    }

    func remove(_ connection: Connection) {
        connections.remove(connection)
        settings.openConnections.closed()
        if isDraining { finishIfIdle() } else { resumeAccepting() }
    }

    /// The `Date` field line of this second.
    var dateLine: SharedBytes {
        date.update(to: loop.wallSeconds)
        return date.line
    }

    /// Whether this is the `Host` that was found to be a good one before.
    func isKnown(host: Span<UInt8>) -> Bool {
        let known = knownHost
        return known.span.equals(host)
    }

    /// Begins the changing part of an answer from the cache in `scratch`, up to the value of `Age`.
    func beginFields() {
        date.update(to: loop.wallSeconds)
        scratch.removeAll()
        let prefix = date.beforeAge
        scratch.append(prefix.span)
    }

    /// Sends a fresh answer with its body.
    func write(hit answer: Answer, to stream: Stream) -> WriteOutcome {
        let (now, wallSeconds) = (loop.nowMilliseconds, loop.wallSeconds)
        if !answer.hitHead.isRight(at: now, wallSeconds) {
            date.update(to: wallSeconds)
            let common = date.beforeAge
            answer.renewHitHead(common.span, at: now, wallSeconds)
        }
        return stream.write(nil, answer.hitHead.bytes, answer.body.count > HitHead.mostBody ? answer.body : nil)
    }

    /// Sends a head, what stands in `scratch`, and a body.
    func write(_ head: ByteSlice?, _ body: ByteSlice?, to stream: Stream) -> WriteOutcome {
        stream.write(head, scratch, body)
    }

    // MARK: Ending

    /// How long an idle connection is left open when the end has begun, in milliseconds: for the request that was on its
    /// way. What is answered from then on says that the connection closes.
    private static let lastMoment = 250

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        for listener in listeners { listener.close() }
        let farewell = LoopTimer(on: loop) { [unowned self] in connections.drain() }
        farewell.start(after: Self.lastMoment)
        self.farewell = farewell
        finishIfIdle()
    }

    private func stop() {
        isDraining = true
        isStopping = true
        for listener in listeners { listener.close() }
        connections.close()
        finishIfIdle()
    }

    /// Without connections there is nothing left to do here, but other loops' requests may still wait for fetches that
    /// this loop leads: the supervisor says when it is the end for all.
    private func finishIfIdle() {
        guard connections.count == 0 else { return }
        guard isStopping else {
            supervisor.send(.idle(index))
            return
        }
        // Who still waits was cut off; the table would keep the connections, and they this shard.
        waiting = WaitingTable()
        gathers = GatherTable()
        accessLog?.close()
        sweep?.close()
        farewell?.close()
        origin.close()
        for client in retiredClients { client.close() }
        mailbox?.close()
        mailbox = nil
    }
}
