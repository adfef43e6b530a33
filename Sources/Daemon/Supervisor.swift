import Caching
import Digest
public import EventLoop
import Glibc
import Logging
import Serving

/// Starts the loops, hands them each other's mailboxes, passes signals on, and waits for their end. It runs on the main
/// thread, on a loop of its own that serves nothing.
final class Supervisor {
    var settings: Settings
    var shardSettings: ShardSettings
    var observer: Observer
    var log: Logger { observer.log }
    let loop = Loop()
    private var mailbox: Mailbox<SupervisorMessage>?
    private var signals: [SignalWatch] = []
    private var drainTimer: LoopTimer?
    let manager: ServiceManager
    private var heartbeat: Heartbeat
    private var heartbeatTimer: LoopTimer?
    private var readiness: Readiness
    private var threads: [LoopThread] = []
    private var shards: [Mailbox<ShardMessage>?]
    private(set) var servingCount = 0
    private var hasStarted = false
    private var idleCount = 0
    private var endedCount = 0
    private(set) var isDraining = false
    private var exitCode: Int32 = 0
    let addresses: [SocketAddress]
    /// Reads the settings again; nil where nobody can.
    let readSettings: SettingsReading?
    /// Whether they are to be read again once everything serves.
    var isReloadWanted = false
    /// Whether they were bad the last time.
    var isReloadRefused = false

    private let onServing: (RunningLarder) -> Void
    let keeper: StateKeeper?
    /// What the loops begin with; they have it once they run.
    private var stateAtStart: StateAtStart
    private var stateTimer: LoopTimer?

    private init(
        _ settings: Settings, isDemo: Bool, addresses: [SocketAddress], manager: ServiceManager, observer: Observer,
        state: OpenState, reading readSettings: SettingsReading?, onServing: @escaping (RunningLarder) -> Void
    ) {
        self.settings = settings
        self.manager = manager
        heartbeat = Heartbeat(loops: settings.workers)
        readiness = settings.upstream.warmUp ? .warmingUp : .ready
        self.onServing = onServing
        self.readSettings = readSettings
        self.addresses = addresses
        self.observer = observer
        shardSettings = ShardSettings(
            settings, isDemo: isDemo, addresses: addresses, fingerprinter: state.fingerprinter)
        (keeper, stateAtStart) = state.begin(
            settings, isDemo: isDemo, shardSettings.entryBuilder, now: loop.nowMilliseconds, log: observer.log)
        shards = Array(repeating: nil, count: settings.workers)
    }

    /// Serves until SIGTERM or SIGINT, or until it is told by the handle that `onServing` is given once every address
    /// accepts connections. Returns the exit code; throws what keeps it from starting, such as a port in use.
    ///
    /// Sockets that the `environment` says were handed over are served in place of those of the settings.
    static func run(
        _ settings: Settings, isDemo: Bool, environment: [String: String], reading: SettingsReading?,
        onServing: @escaping (RunningLarder) -> Void
    ) throws -> Int32 {
        ignoreBrokenPipes()
        let format = LineFormat(settings.log.format)
        let writer = try LogWriter(format)
        defer { writer.close() }
        let log = Logger.larder(settings.log, format, writer)
        let manager = ServiceManager(environment: environment, processID: getpid(), log: log)
        var settings = settings
        allowDescriptors(for: settings, log)
        let handed = try HandedSockets.take(from: environment, processID: getpid())
        let sockets: OpenSockets
        if handed.isEmpty {
            sockets = try OpenSockets(settings.listen, loops: settings.workers)
        } else {
            sockets = try OpenSockets(handedOver: handed, loops: settings.workers)
            settings.listen = sockets.addresses.compactMap { ListenAddress($0.description) }
            log.tell(.socketsHandedOver, "taking the sockets that were handed over, in place of what listen says")
        }
        let state = try OpenState(settings, isDemo: isDemo, log: log)
        var observer = Observer(settings, isDemo: isDemo, addresses: sockets.addresses, writer: writer, log: log)
        observer.state = state.reporter()
        let listen = settings.listen
        let supervisor = Supervisor(
            settings, isDemo: isDemo, addresses: sockets.addresses, manager: manager, observer: observer, state: state,
            reading: handed.isEmpty ? reading : reading.map { listening(on: listen, $0) },
            onServing: onServing)
        defer { supervisor.keeper?.close() }
        try supervisor.start(sockets)
        supervisor.loop.run()
        for thread in supervisor.threads { thread.join() }
        supervisor.loop.close()
        log.tell(.stopped, "stopped")
        return supervisor.exitCode
    }

    /// Makes sure that as many connections can be open as the settings allow: each may have one to upstream beside it, and
    /// the loops have some of their own.
    static func allowDescriptors(for settings: Settings, _ log: Logger) {
        let wanted = settings.server.maxConnections * 2 + 64 + settings.workers * 16
        let allowed = raiseDescriptorLimit(to: wanted)
        if allowed < settings.server.maxConnections + 64 {
            log.tell(
                .fewDescriptors, "only \(allowed) descriptors may be open, too few for server.max_connections",
                ["server.max_connections": "\(settings.server.maxConnections)"])
        }
    }

    private func start(_ sockets: OpenSockets) throws {
        let mailbox = Mailbox<SupervisorMessage>(on: loop) { [unowned self] in receive($0) }
        self.mailbox = mailbox
        for signal in [Self.terminate, Self.interrupt] {
            signals.append(try SignalWatch(on: loop, signal: signal) { [unowned self] in drain() })
        }
        if readSettings != nil {
            signals.append(try SignalWatch(on: loop, signal: Self.hangUp) { [unowned self] in reload() })
        }
        SignalsAtStart.release()
        drainTimer = LoopTimer(on: loop) { [unowned self] in
            log.tell(.drainTimeout, "the time to drain is over; closing what is still open")
            tellAll(.stop)
        }
        heartbeatTimer = LoopTimer(on: loop) { [unowned self] in beat() }
        try Loop.startPool(name: "larder-pool", threads: min(4, max(2, settings.workers)))
        for index in 0..<settings.workers {
            let (shardSettings, observer, sockets) = (shardSettings, observer, sockets.sockets(for: index))
            let keeper = keeper
            threads.append(
                try LoopThread.spawn(name: "larder-\(index)") {
                    runShard(index, shardSettings, sockets, mailbox, keeper, observer)
                })
        }
    }

    private static let terminate: Int32 = 15
    private static let interrupt: Int32 = 2
    private static let hangUp: Int32 = 1

    private func receive(_ message: SupervisorMessage) {
        switch message {
        case .up(let index, let mailbox):
            shards[index] = mailbox
            // One of the others may have failed, and will then never be up: whoever is must not wait for it.
            if isDraining { return tellAll(.stop) }
            let all = shards.compactMap(\.self)
            if all.count == settings.workers { begin(all) }
        case .serving:
            servingCount += 1
            if servingCount == settings.workers { announce() }
        case .pong(let index):
            if heartbeat.answered(index) { manager.notifyAlive() }
        case .readiness(let readiness):
            tell(readiness)
            endStart()
        case .failed(_, let reason):
            log.tell(.loopFailed, "\(reason)")
            exitCode = 1
            isDraining = true
            tellAll(.stop)
        case .drain: drain()
        case .idle:
            idleCount += 1
            if idleCount == settings.workers { tellAll(.stop) }
        case .ended(let index):
            if heartbeat.ended(index) { manager.notifyAlive() }
            endedCount += 1
            if endedCount == settings.workers { finish() }
        }
    }

    private func begin(_ all: [Mailbox<ShardMessage>]) {
        tellAll(.begin(all, stateAtStart))
        // The loops replace it in time; it must not outlive that here.
        stateAtStart = .nothing
        guard let keeper else { return }
        let clock = ClockWatch(now: loop.nowMilliseconds, wall: Loop.wallMilliseconds)
        var (watch, pruned) = (clock, loop.nowMilliseconds)
        stateTimer = LoopTimer(on: loop) { [unowned self] in
            _ = loop.wallSeconds
            let now = loop.nowMilliseconds
            if watch.hasJumped(now: now, wall: Loop.wallMilliseconds) { keeper.noteClock(now: now) }
            guard now >= pruned + Self.pruningPeriod else { return }
            pruned = now
            keeper.prune(now: now)
        }
        stateTimer?.start(after: Self.clockPeriod, repeating: Self.clockPeriod)
    }

    /// How often the wall clock is compared with the monotonic one, in milliseconds.
    private static let clockPeriod = 5_000
    /// How often copies are dropped that are of no use any more, in milliseconds. Never at the start: the clock of a machine that
    /// has just been switched on may be wrong.
    private static let pruningPeriod: UInt64 = 600_000

    private func announce() {
        let upstream = shardSettings.isDemo ? "the built-in demo catalogue" : settings.upstream.url
        for address in addresses {
            log.tell(
                .serving, "serving on \(address.url)", ["upstream": "\(upstream)", "workers": "\(settings.workers)"])
        }
        manager.notifyReady(status)
        if let watchdog = manager.watchdog {
            heartbeatTimer?.start(after: 0, repeating: max(1, watchdog / 3))
        }
        if isReloadWanted { reload() }
        if let mailbox { onServing(RunningLarder(addresses: addresses, mailbox: mailbox)) }
        endStart()
    }

    /// Once all loops serve, and there is a catalogue where one is to be there first: what only the start needed goes.
    private func endStart() {
        guard !hasStarted, servingCount == settings.workers, readiness == .ready else { return }
        hasStarted = true
        ProcessMemory.forgetStartCode()
        ProcessMemory.trim()
    }

    /// The line that `systemctl status` shows.
    var status: String {
        let places = addresses.map(\.url).joined(separator: ", ")
        let serving =
            switch readiness {
            case .warmingUp: "Serving on \(places); fetching the catalogue"
            case .ready: "Serving on \(places)"
            case .noCatalog: "Serving on \(places); there is no catalogue, and upstream cannot be reached"
            case .draining: "Finishing what is in flight"
            }
        return isReloadRefused && !isDraining ? "\(serving); the settings are bad, and the earlier ones stay" : serving
    }

    private func tell(_ readiness: Readiness) {
        guard self.readiness != readiness, self.readiness != .draining else { return }
        self.readiness = readiness
        if servingCount == settings.workers { manager.notifyStatus(status) }
    }

    /// Asks every loop whether it turns. The service manager is told so when all have answered, and ends the process when
    /// it has not been told for too long.
    private func beat() {
        let silent = heartbeat.silent
        if !silent.isEmpty {
            let names = silent.map { "larder-\($0)" }.joined(separator: ", ")
            return log.tell(.loopSilent, "no answer from \(names): the service manager is not told that all is well")
        }
        for index in heartbeat.begin() { shards[index]?.send(.ping) }
    }

    private func drain() {
        if isDraining {
            log.tell(.endedTwice, "told to end a second time; closing what is still open")
            return tellAll(.stop)
        }
        isDraining = true
        log.tell(.draining, "draining")
        readiness = .draining
        manager.notifyStopping(status)
        drainTimer?.start(after: Int(settings.server.drainTimeout.milliseconds))
        tellAll(.drain)
    }

    func tellAll(_ message: ShardMessage) {
        for shard in shards { shard?.send(message) }
    }

    private func finish() {
        for signal in signals { signal.close() }
        drainTimer?.close()
        heartbeatTimer?.close()
        stateTimer?.close()
        mailbox?.close()
    }
}

/// A Larder that serves, as others see it.
public struct RunningLarder: Sendable {
    /// What it listens on, with the ports that the system chose.
    public let addresses: [SocketAddress]
    fileprivate let mailbox: Mailbox<SupervisorMessage>

    /// Tells it to drain and end, as SIGTERM does; a second time, to end at once.
    public func drain() { mailbox.send(.drain) }
}

/// The whole life of a shard's thread.
private func runShard(
    _ index: Int, _ settings: ShardSettings, _ sockets: [ListeningSocket], _ supervisor: Mailbox<SupervisorMessage>,
    _ keeper: StateKeeper?, _ observer: Observer
) {
    do {
        try Shard(
            index: index, settings: settings, sockets: sockets, supervisor: supervisor, state: keeper,
            observer: observer
        ).run()
    } catch {
        supervisor.send(.failed(index, "\(error)"))
    }
    supervisor.send(.ended(index))
}

extension SocketAddress {
    /// As a person would type it into a client.
    var url: String { isUnix ? description : "http://\(description)" }
}

/// Serves until told to end; what `larder serve` calls. Returns the exit code, and throws with one clear line what keeps it
/// from starting.
///
/// `environment` is where the service manager's protocols are read from: sockets that it hands over (`LISTEN_FDS`), and
/// where it wants to be told how things are (`NOTIFY_SOCKET`, `WATCHDOG_USEC`). `reload` reads the settings again
/// on SIGHUP, on the thread that this is called on; without it the signal is left alone.
public func serve(
    _ settings: Settings, demo: Bool, environment: [String: String] = [:],
    onServing: @escaping (RunningLarder) -> Void = { _ in }, reload: (() throws(SettingsError) -> Settings)? = nil
) throws -> Int32 {
    try Supervisor.run(settings, isDemo: demo, environment: environment, reading: reload, onServing: onServing)
}
