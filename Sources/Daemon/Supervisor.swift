import Bytes
import Caching
import Digest
public import EventLoop
import Glibc
import HTTPClient
import Logging
import Persistence
import Serving
import Settings
import Threads

/// Starts the loops, gives them each other's mailboxes, forwards signals, and waits for the loops to end. It runs on
/// the main thread, on a loop of its own that serves nothing.
final class Supervisor {
    private(set) var settings: Settings
    private(set) var shardSettings: ShardSettings
    private var telemetry: SharedTelemetry
    var log: Logger { telemetry.log }
    let loop = Loop()
    private(set) var mailbox: Mailbox<SupervisorMessage>?
    var watches = Watches()
    var watchdog: Watchdog
    var manager: ServiceManager { watchdog.manager }
    var lifecycle: Lifecycle
    private(set) var loops: LoopGroup
    let sockets: OpenSockets
    private var addresses: [SocketAddress] { sockets.addresses }
    private var reloading: Reloading
    private let onServing: (RunningLarder) -> Void
    let upkeep: StoreUpkeep
    var handovers: Handovers
    /// Nil without a fleet.
    let fleet: FleetMembership?

    private init(
        _ settings: Settings, isDemo: Bool, sockets: OpenSockets, manager: ServiceManager,
        telemetry: SharedTelemetry, state: OpenState, fleet: FleetMembership?, reading readSettings: SettingsReading?,
        handovers: Handovers,
        onServing: @escaping (RunningLarder) -> Void
    ) {
        self.settings = settings
        self.sockets = sockets
        self.handovers = handovers
        self.fleet = fleet
        watchdog = Watchdog(manager, loops: settings.workers)
        lifecycle = Lifecycle(warmsUp: settings.upstream.warmUp)
        loops = LoopGroup(count: settings.workers)
        self.onServing = onServing
        reloading = Reloading(readSettings)
        self.telemetry = telemetry
        shardSettings = ShardSettings(
            settings, isDemo: isDemo, addresses: sockets.addresses, adminAddresses: sockets.adminAddresses,
            fingerprinter: fleet?.fingerprinter ?? state.fingerprinter)
        let (store, start) = state.begin(
            settings, isDemo: isDemo, shardSettings.keeping.entryBuilder, now: loop.nowMilliseconds,
            log: telemetry.log)
        upkeep = StoreUpkeep(store, of: state, start, on: loop)
    }

    /// Serves until SIGTERM or SIGINT, or until it is stopped by the handle that is passed to `onServing` once every
    /// address accepts connections. Returns the exit code; throws an error that prevents the start, such as a port in
    /// use.
    ///
    /// Sockets that the `environment` says were handed over replace those of the settings. `launch` is how this process
    /// was started; without it there is no handover to another process.
    static func run(
        _ settings: Settings, isDemo: Bool, environment: [String: String], launch: ProgramLaunch?, notes: ProcessNotes,
        reading: SettingsReading?, onServing: @escaping (RunningLarder) -> Void
    ) throws -> Int32 {
        ignoreBrokenPipes()
        let format = LineFormat(settings.log.format)
        let writer = try LogWriter(format, hasPrefix: isJournal(environment["JOURNAL_STREAM"]))
        defer { writer.close() }
        let log = Logger.larder(settings.log, format, writer)
        let manager = ServiceManager(environment: environment, processID: getpid(), log: log)
        var settings = settings
        allowDescriptors(for: settings, log)
        let takeover = try Takeover(environment: environment)
        let sockets = try OpenSockets.open(settings, takeover, environment)
        if sockets.areManagers {
            settings.listen = sockets.addresses.compactMap { ListenAddress($0.description) }
            if !isDemo { try refuseOwnListener(settings, sockets) }
            log.event(.socketsHandedOver, "using the sockets from the service manager instead of listen")
        }
        if settings.state.enabled, settings.state.directory != nil { try takeover?.waitForState() }
        let state = try OpenState(settings, isDemo: isDemo, isOurs: takeover != nil, log: log)
        var telemetry = SharedTelemetry(
            settings, isDemo: isDemo, addresses: sockets.addresses, adminAddresses: sockets.adminAddresses,
            writer: writer, log: log, notes: notes)
        telemetry.state = state.reporter()
        let fleet = try FleetMembership(settings, isDemo: isDemo, stateDirectory: state.path, log: log)
        defer { fleet?.close() }
        telemetry.fleet = { fleet?.report }
        let listen = settings.listen
        let supervisor = Supervisor(
            settings, isDemo: isDemo, sockets: sockets, manager: manager, telemetry: telemetry, state: state,
            fleet: fleet, reading: sockets.areManagers ? reading.map { listening(on: listen, $0) } : reading,
            handovers: Handovers(takeover: takeover), onServing: onServing)
        defer { supervisor.upkeep.store?.close() }
        try supervisor.start(launch)
        supervisor.loop.run()
        supervisor.loops.join()
        supervisor.loop.close()
        log.event(.stopped, "stopped")
        return supervisor.lifecycle.exitCode
    }

    /// The loader has checked the addresses in the settings; these are the service manager's.
    private static func refuseOwnListener(_ settings: Settings, _ sockets: OpenSockets) throws {
        guard settings.upstream.proxy == nil,
            let own = OwnListener.reached(
                by: settings.upstream.url, among: settings.listen + settings.admin.listen,
                machineNames: machineNames(), machineAddresses: interfaceAddresses())
        else { return }
        sockets.close()
        throw OpenSocketsError(
            description: "upstream.url is \(settings.upstream.url), which leads to Larder's own listener \(own)")
    }

    /// Ensures that as many connections can be open as the settings allow. Each may need one more to upstream, and the
    /// loops have some of their own.
    static func allowDescriptors(for settings: Settings, _ log: Logger) {
        let reserve = settings.workers * ReservedPlaces<Connection>.capacity
        let wanted = settings.server.maxConnections * 2 + 64 + reserve + settings.workers * 16
        let allowed = raiseDescriptorLimit(to: wanted)
        if allowed < settings.server.maxConnections + reserve + 64 {
            log.event(
                .fewDescriptors, "only \(allowed) file descriptors are allowed, too few for server.max_connections",
                ["server.max_connections": "\(settings.server.maxConnections)"])
        }
    }

    private func start(_ launch: ProgramLaunch?) throws {
        let mailbox = Mailbox<SupervisorMessage>(on: loop) { [unowned self] in receive($0) }
        self.mailbox = mailbox
        for signal in [Self.terminate, Self.interrupt] {
            watches.signals.append(try SignalWatch(on: loop, signal: signal) { [unowned self] in end() })
        }
        if reloading.isPossible {
            watches.signals.append(try SignalWatch(on: loop, signal: Self.hangUp) { [unowned self] in reload() })
        }
        if let launch { handovers.handover = try Handover(launch, on: loop, for: self, log: log) }
        SignalsAtStart.release()
        watches.endTimer = LoopTimer(on: loop) { [unowned self] in endTimePassed() }
        watchdog.timer = LoopTimer(on: loop) { [unowned self] in beat() }
        try Loop.startPool(name: "larder-pool", threads: min(4, max(2, settings.workers)))
        for index in 0..<settings.workers {
            let (shardSettings, telemetry, sockets) = (shardSettings, telemetry, sockets.sockets(for: index))
            let (store, fleet) = (upkeep.store, fleet)
            loops.add(
                try NamedThread.start(name: "larder-\(index)") {
                    runShard(index, shardSettings, sockets, mailbox, store, fleet, telemetry)
                })
        }
    }

    private func endTimePassed() {
        let step = lifecycle.timePassed()
        if step == .stop {
            log.event(.drainTimeout, "the drain timeout has passed; closing the remaining connections")
        }
        take(step)
    }

    private static let terminate: Int32 = 15
    private static let interrupt: Int32 = 2
    private static let hangUp: Int32 = 1

    private func receive(_ message: SupervisorMessage) {
        switch message {
        case .up(let index, let mailbox):
            let all = loops.up(index, mailbox)
            // Another loop may have failed and will then never be up: the running ones must not wait for it.
            if lifecycle.isEnding { return broadcast(.stop) }
            if let all { begin(all) }
        case .serving:
            guard loops.begun() else { return }
            if let takeover = handovers.takeover { takeover.begunToServe() } else { announce() }
        case .pong(let index): if watchdog.heartbeat.answered(index) { manager.notifyAlive() }
        case .readiness(let readiness):
            if lifecycle.report(readiness), loops.allServe { manager.notifyStatus(status) }
            handovers.takeover?.report(lifecycle.readiness)
            endStart()
        case .failed(_, let reason):
            log.event(.loopFailed, "\(reason)")
            lifecycle.fail()
            broadcast(.stop)
        case .drain: end()
        case .copiesRemoved: handovers.handover?.copiesRemoved()
        case .idle(let index): if loops.drained(index) { broadcast(.stop) }
        case .ended(let index):
            if watchdog.heartbeat.ended(index) { manager.notifyAlive() }
            loops.hasEnded()
            finishIfOver()
        }
    }

    private func begin(_ all: [Mailbox<ShardMessage>]) {
        let start = upkeep.takeStart()
        broadcast(.begin(all, start))
        fleet?.begin(all, hasCopies: !start.keys.isEmpty)
        broadcast(.warmUp)
        upkeep.begin()
        guard let takeover = handovers.takeover else { return broadcast(.accept) }
        do {
            try takeover.begin(on: loop, for: self, lifecycle.readiness)
        } catch {
            giveUp("cannot talk to the old process: \(error)")
        }
    }

    /// All loops accept connections, and this is the process that does so.
    func announce() {
        if let takeover = handovers.takeover {
            sockets.takeFiles()
            log.event(
                .tookOver, "took over from process \(takeover.oldProcess)", ["process": "\(takeover.oldProcess)"])
        }
        let upstream = shardSettings.source.isDemo ? "the built-in demo catalogue" : settings.upstream.url
        let hasPage = sockets.adminAddresses.isEmpty
        for (address, what) in addresses.map({ ($0, "serving") }) + sockets.adminAddresses.map({ ($0, "own pages") }) {
            let page = hasPage || what != "serving" ? address.pageURL : nil
            log.event(
                .serving, "\(what) on \(address.url)",
                ["upstream": "\(upstream)", "workers": "\(settings.workers)"].merging(
                    page.map { ["page": "\($0)"] } ?? [:]
                ) { $1 })
        }
        manager.notifyReady(status)
        if let watchdog = manager.watchdog {
            self.watchdog.timer?.start(after: 0, repeating: max(1, watchdog / 3))
        }
        if reloading.isWanted { reload() }
        if let mailbox { onServing(running(mailbox)) }
        endStart()
        handovers.handover?.begunToServe()
    }

    private func running(_ mailbox: Mailbox<SupervisorMessage>) -> RunningLarder {
        RunningLarder(addresses: addresses, adminAddresses: sockets.adminAddresses, mailbox: mailbox)
    }

    /// Called once all loops serve, and the catalogue is there if it is required first. Frees what only the start
    /// needed.
    private func endStart() {
        guard lifecycle.endStart(allServe: loops.allServe) else { return }
        ProcessMemory.forgetStartCode()
        ProcessMemory.trim()
    }

    /// The line that `systemctl status` shows.
    private var status: String {
        lifecycle.status(
            addresses: addresses.map(\.url).joined(separator: ", "), isReloadRefused: reloading.isRefused)
    }

    /// Asks every loop whether it still runs. When all have answered, the service manager is notified. It ends the
    /// process if it gets no notification for too long.
    private func beat() {
        let silent = watchdog.heartbeat.silent
        if !silent.isEmpty {
            let names = silent.map { "larder-\($0)" }.joined(separator: ", ")
            return log.event(.loopSilent, "no answer from \(names): not notifying the service manager")
        }
        for index in watchdog.heartbeat.begin() { loops.send(.ping, to: index) }
    }

    // MARK: Reloading

    /// What SIGHUP does: reads the settings again, and sends them to every loop. Valid settings take effect as a whole,
    /// invalid ones not at all. This is postponed while loops are starting, and ignored during shutdown.
    private func reload() {
        guard !lifecycle.isEnding, let read = reloading.begin(allServe: loops.allServe) else { return }
        handovers.handover?.reloaded()
        manager.notifyReloading()
        do {
            try take(try read())
            reloading.end(isRefused: false)
        } catch {
            reloading.end(isRefused: true)
            telemetry.notes.refusedReload("\(error)")
            log.event(.reloadRefused, "keeping the old settings: \(error)")
        }
        manager.notifyReady(status)
    }

    /// Applies the settings, except those that need a restart.
    private func take(_ read: Settings) throws(UpstreamError) {
        let (new, changed) = Reloading.merge(read, into: settings)
        let old = settings
        let next = shardSettings.taking(new, addresses: addresses, adminAddresses: sockets.adminAddresses)
        // A value that a loop could not use must be found before any loop is notified.
        if !next.source.isDemo { try UpstreamClient(on: loop, settings: next.source.client).close() }
        settings = new
        shardSettings = next
        telemetry.take(new)
        if new.server.maxConnections != old.server.maxConnections {
            Self.allowDescriptors(for: new, log)
            for loop in next.openConnections.state.withLock({ $0.allow(new.server.maxConnections) }) {
                loops.send(.place, to: loop)
            }
        }
        upkeep.store?.take(next.keeping.windows)
        broadcast(.reload(next, telemetry))
        telemetry.notes.reloaded(waiting: changed.filter(\.needsRestart).map(\.name))
        Reloading.log(changed, to: log)
    }

    // MARK: Ending

    /// What SIGTERM and SIGINT do. Loops that do not serve yet have nothing that a delay would be good for.
    private func end() {
        handovers.handover?.ending()
        let isFirst = !lifecycle.isEnding
        let step = lifecycle.end(hasDelay: settings.server.shutdownDelay > .zero && loops.allServe)
        if step == .stop {
            log.event(.secondSignal, "received another SIGTERM or SIGINT; closing all connections")
        }
        take(step)
        if isFirst { manager.notifyStopping(status) }
    }

    private func take(_ step: Lifecycle.Step) {
        switch step {
        case .leave:
            let delay = settings.server.shutdownDelay
            log.event(
                .shutdownDelay, "still accepting connections for \(DurationText.show(delay)); /readyz answers 503")
            watches.endTimer?.start(after: Int(delay.milliseconds))
            broadcast(.leave)
        case .drain:
            log.event(.draining, "draining: finishing the requests in flight")
            watches.endTimer?.start(after: Int(settings.server.drainTimeout.milliseconds))
            broadcast(.drain(isHandover: false))
        case .stop: broadcast(.stop)
        }
    }

    func broadcast(_ message: ShardMessage) { loops.broadcast(message) }

    /// Finishes when all loops have ended, and no new process that was killed may still have the state directory. Only
    /// then can what waits for that be written, such as the removal of copies. `Handover` limits the time.
    func finishIfOver() {
        guard loops.allEnded, handovers.handover?.isUnderWay != true else { return }
        watches.close()
        watchdog.timer?.close()
        handovers.close()
        upkeep.end()
        mailbox?.close()
    }
}

/// A handle to a Larder that serves.
public struct RunningLarder: Sendable {
    /// The addresses that it listens on, with the ports that the system chose.
    public let addresses: [SocketAddress]
    /// Those of `admin.listen`.
    public let adminAddresses: [SocketAddress]
    fileprivate let mailbox: Mailbox<SupervisorMessage>

    /// Makes it drain and end, as SIGTERM does; the second call ends it at once.
    public func drain() { mailbox.send(.drain) }
}

/// The whole life of a shard's thread.
private func runShard(
    _ index: Int, _ settings: ShardSettings, _ sockets: [ListeningSocket], _ supervisor: Mailbox<SupervisorMessage>,
    _ store: (any EntryStore)?, _ fleet: FleetMembership?, _ telemetry: SharedTelemetry
) {
    do {
        try Shard(
            index: index, settings: settings, sockets: sockets, supervisor: supervisor, store: store, fleet: fleet,
            telemetry: telemetry
        ).run()
    } catch {
        supervisor.send(.failed(index, "\(error)"))
    }
    supervisor.send(.ended(index))
}

extension SocketAddress {
    /// The address in the form that a person would type into a client.
    var url: String { isUnix ? description : "http://\(description)" }

    /// Where a browser on this machine finds the page; nil for a unix socket.
    var pageURL: String? {
        switch self {
        case .unix: nil
        case .ipv4(0, let port): "http://127.0.0.1:\(port)/_larder/"
        case .ipv6(0, 0, let port): "http://[::1]:\(port)/_larder/"
        case .ipv4, .ipv6: "\(url)/_larder/"
        }
    }
}
