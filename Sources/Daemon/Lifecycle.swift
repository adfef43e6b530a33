import EventLoop
import Glibc
import Logging
public import Settings

/// Serves until SIGTERM or SIGINT; `larder serve` calls this. Returns the exit code. An error that prevents the start
/// is thrown, with one clear line.
///
/// `environment` is where the service manager's protocols are read from: sockets that it hands over (`LISTEN_FDS`), and
/// where it expects notifications (`NOTIFY_SOCKET`, `WATCHDOG_USEC`). `arguments` are those that the process was started
/// with, so that it can hand over to a new one on SIGUSR2 or for `larder upgrade`; without them, it does not.
public func serve(
    _ settings: Settings, demo: Bool, environment: [String: String] = [:], arguments: [String]? = nil,
    onServing: @escaping (RunningLarder) -> Void = { _ in }
) throws -> Int32 {
    try serve(
        LoadedSettings(settings), demo: demo, environment: environment, arguments: arguments, onServing: onServing)
}

/// The same, with the origins of the settings, which `/_larder/settings` shows. `reload` reads them again on SIGHUP, on
/// the thread that this is called on; without it the signal is not handled.
public func serve(
    _ loaded: LoadedSettings, demo: Bool, environment: [String: String] = [:], arguments: [String]? = nil,
    onServing: @escaping (RunningLarder) -> Void = { _ in }, reload: (() throws(SettingsError) -> LoadedSettings)? = nil
) throws -> Int32 {
    let notes = ProcessNotes(loaded)
    var reading: SettingsReading?
    if let reload { reading = noting(reload, in: notes) }
    let launch = arguments.flatMap { ProgramLaunch(arguments: $0, environment: environment) }
    return try Supervisor.run(
        loaded.settings, isDemo: demo, environment: environment, launch: launch, notes: notes, reading: reading,
        onServing: onServing)
}

/// The same reading, which notes where the settings came from.
private func noting(
    _ read: @escaping () throws(SettingsError) -> LoadedSettings, in notes: ProcessNotes
) -> SettingsReading {
    { () throws(SettingsError) in
        let loaded = try read()
        notes.read(loaded)
        return loaded.settings
    }
}

/// Where a process stands between its start and its end.
struct Lifecycle {
    /// What `/readyz` answers.
    private(set) var readiness: Readiness
    /// Whether the start is over: all loops serve, and the catalogue is there if it is required first.
    private(set) var hasStarted = false
    private(set) var exitCode: Int32 = 0
    private var phase = Phase.running

    private enum Phase {
        case running
        /// It was asked to end, and goes on serving for a while, so that load balancers notice.
        case leaving
        /// Another process has taken over.
        case retiring
        case draining
    }

    /// The next step on the way to the end.
    enum Step: Equatable {
        /// Go on accepting connections for the delay, with 503 from `/readyz`.
        case leave
        /// Accept no more connections, and finish what is in flight.
        case drain
        /// Close all connections.
        case stop
    }

    /// Just begun.
    init(warmsUp: Bool) { readiness = warmsUp ? .warmingUp : .ready }

    /// A loop has found out whether Larder is ready; whether that is news.
    mutating func report(_ readiness: Readiness) -> Bool {
        guard self.readiness != readiness, self.readiness != .draining else { return false }
        self.readiness = readiness
        return true
    }

    /// Ends the start if it is over; whether that was now.
    mutating func endStart(allServe: Bool) -> Bool {
        guard !hasStarted, allServe, readiness == .ready else { return false }
        hasStarted = true
        return true
    }

    /// Whether the process was asked to end.
    var isEnding: Bool { phase != .running }

    /// The process was asked to end, for the first time or again. `hasDelay`: connections are to be accepted for a
    /// while longer.
    mutating func end(hasDelay: Bool) -> Step {
        readiness = .draining
        if phase == .running, hasDelay {
            phase = .leaving
            return .leave
        }
        return nextStep()
    }

    /// Another process has taken over: this one finishes what is in flight.
    mutating func retire() { if phase == .running { phase = .retiring } }

    /// The time for the last step is over.
    mutating func timePassed() -> Step { phase == .retiring ? .stop : nextStep() }

    private mutating func nextStep() -> Step {
        if phase == .draining { return .stop }
        phase = .draining
        return .drain
    }

    /// A loop cannot continue.
    mutating func fail() {
        exitCode = 1
        phase = .draining
    }

    /// The line that `systemctl status` shows. `addresses` are those that it listens on.
    func status(addresses: String, isReloadRefused: Bool) -> String {
        let serving =
            switch readiness {
            case .warmingUp: "Serving on \(addresses); fetching the catalogue"
            case .ready: "Serving on \(addresses)"
            case .noCatalog: "Serving on \(addresses); no catalogue: the last fetch failed"
            case .draining where phase == .leaving: "Serving on \(addresses); about to stop"
            case .draining: "Finishing requests in flight"
            }
        return isReloadRefused && !isEnding ? "\(serving); new settings are invalid, keeping the old ones" : serving
    }
}

/// Reads the settings as they are now.
typealias SettingsReading = () throws(SettingsError) -> Settings

/// The reading of the settings while the process serves.
struct Reloading {
    /// Reads the settings again; nil if that is not possible.
    private let read: SettingsReading?
    /// Whether to read them again once all loops serve.
    private(set) var isWanted = false
    /// Whether they were invalid the last time.
    private(set) var isRefused = false

    /// `read` is nil if the settings cannot be read again.
    init(_ read: SettingsReading?) { self.read = read }

    /// Whether the settings can be read again.
    var isPossible: Bool { read != nil }

    /// They are to be read again. Returns how, or nil if it is postponed or impossible.
    mutating func begin(allServe: Bool) -> SettingsReading? {
        guard let read else { return nil }
        isWanted = !allServe
        return isWanted ? nil : read
    }

    /// They were read, and are valid or not.
    mutating func end(isRefused: Bool) { self.isRefused = isRefused }

    /// The settings that hold after `read` was read: those of `read`, except those that need a restart. Also returns
    /// all that differ.
    static func merge(_ read: Settings, into settings: Settings) -> (Settings, changed: [SettingDefinition]) {
        let changed = SettingsTable.definitions(for: settings, read).filter { !$0.isSame(settings, read) }
        var new = read
        for setting in changed where setting.needsRestart { setting.copy(settings, &new) }
        return (new, changed)
    }

    /// Logs what has changed.
    static func log(_ changed: [SettingDefinition], to log: Logger) {
        let waiting = changed.filter(\.needsRestart).map(\.name).joined(separator: ", ")
        let taken = changed.filter { !$0.needsRestart }.map(\.name).joined(separator: ", ")
        log.event(
            .reloaded, "reloaded the settings: \(taken.isEmpty ? "nothing changed" : "changed \(taken)")")
        if !waiting.isEmpty {
            log.event(.restartNeeded, "these settings take effect only after a restart: \(waiting)")
        }
    }
}

/// The same reading, but the addresses are the service manager's.
func listening(on addresses: [ListenAddress], _ read: @escaping SettingsReading) -> SettingsReading {
    { () throws(SettingsError) in
        var settings = try read()
        settings.listen = addresses
        return settings
    }
}

/// The signals and the timer that a supervisor watches for.
struct Watches {
    var signals: [SignalWatch] = []
    /// Ends the shutdown delay, and then the drain.
    var endTimer: LoopTimer?

    /// Watches for nothing more, so that the loop can end. A signal that comes later changes nothing: by default it would
    /// end the process before all is written, and with a failure. Call it on the main thread.
    func close() {
        holdSignals([SIGTERM, SIGINT, SIGHUP, SIGUSR2])
        for signal in signals { signal.close() }
        endTimer?.close()
    }
}

/// Signals that come before anything watches for them. By default SIGHUP and SIGUSR2 end a process, even while the
/// settings are being read for the first time. The first process of a container never gets a signal that it does not
/// watch for, so SIGTERM could not end it.
public enum SignalsAtStart {
    /// Blocks them until `serve` watches for them. A SIGHUP that came meanwhile then reloads the settings, because they
    /// may have changed since they were read. Call it first of all.
    public static func hold() { holdSignals(held) }

    /// Unblocks the pending signals.
    static func release() { releaseSignals(held) }

    /// Outside a container, SIGTERM or SIGINT before serving ends the process at once.
    private static var held: [Int32] { [SIGHUP, SIGUSR2] + (getpid() == 1 ? [SIGTERM, SIGINT] : []) }
}

/// Standard input, output and error of the process.
public enum StandardDescriptors {
    /// Gives those that are closed `/dev/null`. To be called first of all.
    public static func fill() { fillStandardDescriptors() }
}
