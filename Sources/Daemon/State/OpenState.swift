import Caching
public import Catalog
import Digest
import EventLoop
import Fetching
import FoundationEssentials
import Glibc
import Logging
import Metrics
import Persistence
import Serving
public import Settings
import Store
import Threads

/// The store in which entries outlive the process, chosen by the settings: the state directory as it was found at the
/// start. Nothing else in this target knows which store it is.
struct OpenState {
    private let directory: String?
    /// The directory, if one is used.
    var path: String? { store == nil ? nil : directory }
    private let secret: [UInt8]?
    private let store: Store?
    private let health: StateHealth

    /// Opens the directory of the settings. A directory that cannot be used causes a warning, since Larder can run
    /// without it. A directory written by a later release is an error; so is one that another process has, if it was
    /// promised to this one (`isOurs`).
    init(_ settings: Settings, isDemo: Bool, isOurs: Bool = false, log: Logger) throws(StoreError) {
        try self.init(settings, isDemo: isDemo, isOurs: isOurs, health: StateHealth(), log: log)
    }

    private init(
        _ settings: Settings, isDemo: Bool, isOurs: Bool, health: StateHealth, log: Logger
    ) throws(StoreError) {
        self.health = health
        guard settings.state.enabled, let path = settings.state.directory else {
            if settings.state.enabled {
                log.event(
                    .stateUnavailable,
                    "HOME is not set, so copies are kept in memory only: set state.dir, or state.enabled = false")
                health.fail(.unavailable, "HOME is not set, and neither is state.dir")
            }
            (directory, secret, store) = (nil, nil, nil)
            return
        }
        let report: @Sendable (StoreEvent) -> Void = { event in
            health.note(event)
            log.event(event.name, "\(event)")
        }
        do throws(StoreError) {
            let opened = try StateDirectory(opening: path, report: report)
            var storing = StoreSettings()
            storing.maximumBytes = settings.cache.maxBytes
            // Data that waits for a slow disk uses memory too. The limit must have room for a whole catalogue.
            storing.maximumWaitingBytes = min(storing.maximumWaitingBytes, max(4 << 20, settings.cache.maxBytes / 4))
            storing.pinned = EntryNames(upstream: Self.upstream(settings, isDemo: isDemo)).name(of: .catalog)
            store = try Store(in: opened, settings: storing)
            secret = opened.secret
            directory = path
        } catch .newerSchema(let found, let known) {
            throw .newerSchema(found: found, known: known)
        } catch .inUse(let path) where isOurs {
            throw .inUse(path: path)
        } catch {
            log.event(.stateUnavailable, "\(error); copies are kept in memory only")
            health.fail(.unavailable, "\(error)")
            (directory, secret, store) = (nil, nil, nil)
        }
    }

    private static func upstream(_ settings: Settings, isDemo: Bool) -> String {
        isDemo ? "demo" : settings.upstream.url
    }

    /// Distinguishes keys, with the installation's secret, so that a key's copies are found again after a restart.
    var fingerprinter: Fingerprinter {
        guard let secret else { return .random() }
        return Fingerprinter(secret: secret.span)
    }

    /// Reads what the last process stored, and begins to store what this one receives. `now` is the time of the loops'
    /// clock.
    func begin(
        _ settings: Settings, isDemo: Bool, _ builder: EntryBuilder, now: UInt64, log: Logger
    ) -> (LendableStore?, StateAtStart) {
        guard let store, let secret else { return (nil, .nothing) }
        let entryDatabase = EntryDatabase(
            store, secret: secret, upstream: Self.upstream(settings, isDemo: isDemo), windows: settings.staleWindows,
            now: now)
        let catalog = entryDatabase.readAtStart(.catalog, builder, now: now)
        let start = StateAtStart(keys: entryDatabase.keysAtStart(), catalog: catalog)
        if let catalog {
            log.event(
                .stateRestored, "restored the catalogue from the state directory",
                ["age": "\(catalog.freshness.age(at: now))", "copies": "\(start.keys.count)"])
        }
        guard entryDatabase.start() else {
            log.event(
                .stateUnavailable, "cannot start a thread for the state directory; copies are kept in memory only")
            entryDatabase.close()
            return (nil, start)
        }
        return (LendableStore(entryDatabase), start)
    }

    /// Opens the directory again after another process had it, and begins to store. Nil if it cannot be used any more;
    /// the reason is logged.
    func reopened(_ settings: Settings, isDemo: Bool, now: UInt64, log: Logger) -> (any EntryStore)? {
        do throws(StoreError) {
            let again = try openedAgain(settings, isDemo: isDemo, log: log)
            guard let store = again.store, let secret = again.secret else { return nil }
            let entryDatabase = EntryDatabase(
                store, secret: secret, upstream: Self.upstream(settings, isDemo: isDemo),
                windows: settings.staleWindows, now: now)
            if secret != self.secret {
                // Nothing that this process has written can be read with it.
                refuse("the state directory has another secret than before", log)
            } else if entryDatabase.start() {
                return entryDatabase
            } else {
                refuse("cannot start a thread for the state directory", log)
            }
            entryDatabase.close()
        } catch {
            refuse("\(error)", log)
        }
        return nil
    }

    private func refuse(_ reason: String, _ log: Logger) {
        log.event(.stateUnavailable, "\(reason); copies are kept in memory only")
        health.fail(.unavailable, reason)
    }

    /// A process that was killed holds its lock for some moments after its sockets are closed.
    private func openedAgain(_ settings: Settings, isDemo: Bool, log: Logger) throws(StoreError) -> OpenState {
        var tries = 0
        while true {
            do throws(StoreError) {
                return try OpenState(settings, isDemo: isDemo, isOurs: true, health: health, log: log)
            } catch .inUse(let path) {
                tries += 1
                if tries > 200 { throw .inUse(path: path) }
                usleep(10_000)
            }
        }
    }

    /// Reports on the state directory, at any time and on any thread but a loop's.
    func reporter() -> @Sendable () -> StateReport {
        let (directory, health) = (directory, health)
        return {
            var report = StateReport()
            report.problem = health.problem
            guard let directory else { return report }
            report.isEnabled = true
            report.directory = directory
            for file in ["larder.db", "larder.db-wal"] {
                let attributes = try? FileManager.default.attributesOfItem(atPath: directory + "/" + file)
                report.bytes += attributes?.number(.size) ?? 0
            }
            return report
        }
    }
}

/// What is wrong with the state directory, according to the store's last report.
private final class StateHealth: Sendable {
    private let value = Mutex<StateReport.Problem?>(nil)

    var problem: StateReport.Problem? { value.withLock { $0 } }

    func note(_ event: StoreEvent) {
        switch event {
        case .failing(let reason): fail(event.isAboutFullDisk ? .full : .failing, reason)
        case .recovered: value.withLock { $0 = nil }
        default: break
        }
    }

    func fail(_ kind: StateReport.Problem.Kind, _ reason: String) {
        value.withLock { $0 = StateReport.Problem(kind, reason, since: Loop.wallSeconds) }
    }
}

extension StoreEvent {
    /// Its name in the log.
    var name: LogEventName {
        switch self {
        case .setAside: .stateSetAside
        case .discarded: .stateCopyDamaged
        case .failing: .stateFailing
        case .recovered: .stateRecovered
        case .dropped: .stateDropped
        case .historyDropped: .historyDropped
        case .begunAnew: .stateReset
        case .databaseGone: .stateGone
        case .secretReplaced: .secretReplaced
        case .loosePermissions: .loosePermissions
        }
    }
}

/// The store as the supervisor has it: what it had at the start, and its periodic work, which no loop that serves should
/// do.
final class StoreUpkeep {
    /// Nil if nothing outlives the process.
    let store: LendableStore?
    private let state: OpenState
    private let loop: Loop
    private var start: StateAtStart
    private var timer: LoopTimer?

    /// How often the wall clock is compared with the monotonic one, in milliseconds.
    private static let clockPeriod = 5_000
    /// How often useless copies are dropped, in milliseconds. Never at the start: the clock of a machine that has just
    /// been switched on may be wrong.
    private static let pruningPeriod: UInt64 = 600_000

    /// A store, how it was opened, and what it had at the start.
    init(_ store: LendableStore?, of state: OpenState, _ start: StateAtStart, on loop: Loop) {
        self.store = store
        self.state = state
        self.start = start
        self.loop = loop
    }

    /// What the loops begin with. They replace it later, so no reference here keeps it alive.
    func takeStart() -> StateAtStart {
        defer { start = .nothing }
        return start
    }

    /// Begins the periodic work.
    func begin() {
        guard let store else { return }
        var watch = ClockWatch(now: loop.nowMilliseconds, wall: Loop.wallMilliseconds)
        var pruned = loop.nowMilliseconds
        timer = LoopTimer(on: loop) { [unowned loop] in
            _ = loop.wallSeconds
            let now = loop.nowMilliseconds
            if watch.hasJumped(now: now, wall: Loop.wallMilliseconds) { store.noteClock(now: now) }
            guard now >= pruned + Self.pruningPeriod else { return }
            pruned = now
            store.prune(now: now)
        }
        timer?.start(after: Self.clockPeriod, repeating: Self.clockPeriod)
    }

    /// Opens the store again after it was lent.
    func takeBack(_ settings: Settings, isDemo: Bool, log: Logger) {
        store?.takeBack(state.reopened(settings, isDemo: isDemo, now: loop.nowMilliseconds, log: log))
    }

    /// Ends the periodic work, so that the loop can end.
    func end() { timer?.close() }
}

/// The catalogue in the state directory of the settings, for a command; nil if there is none, or none that could still be
/// served. Throws if the directory cannot be used, for example because a Larder uses it.
///
/// Nothing is created. The directory is locked for the moment of reading.
public func storedCatalogue(_ settings: Settings) throws -> Snapshot? {
    guard settings.state.enabled, let path = settings.state.directory,
        FileManager.default.fileExists(atPath: path + "/larder.db")
    else { return nil }
    let directory = try StateDirectory(opening: path) { _ in }
    let store = try Store(in: directory)
    defer { store.close(deadline: .seconds(5)) }
    let loop = Loop()
    defer { loop.close() }
    let shard = ShardSettings(settings, isDemo: false, addresses: [], fingerprinter: .random())
    let database = EntryDatabase(
        store, secret: directory.secret, upstream: settings.upstream.url, windows: settings.staleWindows,
        now: loop.nowMilliseconds)
    let entry = database.readAtStart(.catalog, shard.keeping.entryBuilder, now: loop.nowMilliseconds)
    guard case .rows(let catalogue, _)? = entry?.content else { return nil }
    return catalogue
}
