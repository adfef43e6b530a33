import Caching
import Digest
import EventLoop
import FoundationEssentials
import Logging
import Serving
import Store

/// The state directory as it was found at the start.
struct OpenState {
    private let directory: String?
    private let secret: [UInt8]?
    private let store: Store?
    private let health = StateHealth()

    /// Opens the directory of the settings. One that cannot be used is a warning, for there is an answer without it; one that a
    /// later release has written is an error.
    init(_ settings: Settings, isDemo: Bool, log: Logger) throws(StoreError) {
        guard settings.state.enabled, let path = settings.state.directory else {
            if settings.state.enabled {
                log.tell(
                    .stateUnavailable,
                    "there is no home to keep copies in, so none are kept: set state.dir, or state.enabled = false")
            }
            (directory, secret, store) = (nil, nil, nil)
            return
        }
        let health = health
        let report: @Sendable (StoreEvent) -> Void = { event in
            health.note(event)
            log.tell(event.name, "\(event)")
        }
        do throws(StoreError) {
            let opened = try StateDirectory(opening: path, report: report)
            var storing = StoreSettings()
            storing.maximumBytes = settings.cache.maxBytes
            // What waits for a slow disk is memory as well. A whole catalogue has to find room among it.
            storing.maximumWaitingBytes = min(storing.maximumWaitingBytes, max(4 << 20, settings.cache.maxBytes / 4))
            storing.pinned = StateKeeper.name(of: .catalog, upstream: Self.upstream(settings, isDemo: isDemo))
            store = try Store(in: opened, settings: storing)
            secret = opened.secret
            directory = path
        } catch .newerSchema(let found, let known) {
            throw .newerSchema(found: found, known: known)
        } catch {
            log.tell(.stateUnavailable, "\(error); copies are kept in memory only")
            (directory, secret, store) = (nil, nil, nil)
        }
    }

    private static func upstream(_ settings: Settings, isDemo: Bool) -> String {
        isDemo ? "demo" : settings.upstream.url
    }

    /// What tells keys apart: under the installation's secret, so that a key's copies are found again after a restart.
    var fingerprinter: Fingerprinter {
        guard let secret else { return .random() }
        return Fingerprinter(secret: secret.span)
    }

    /// Reads what the last process has left, and begins to keep what this one gets. `now` is the time of the loops.
    func begin(
        _ settings: Settings, isDemo: Bool, _ builder: EntryBuilder, now: UInt64, log: Logger
    ) -> (StateKeeper?, StateAtStart) {
        guard let store, let secret else { return (nil, .nothing) }
        let keeper = StateKeeper(
            store, secret: secret, upstream: Self.upstream(settings, isDemo: isDemo), windows: settings.stale.windows,
            now: now)
        let catalog = keeper.readAtStart(.catalog, builder, now: now)
        let start = StateAtStart(keys: keeper.keysAtStart(), catalog: catalog)
        if let catalog {
            log.tell(
                .stateRestored, "the catalogue of an earlier life is there",
                ["age": "\(catalog.freshness.age(at: now))", "copies": "\(start.keys.count)"])
        }
        guard keeper.start() else {
            log.tell(
                .stateUnavailable, "the system has no thread for the state directory; copies are kept in memory only")
            keeper.close()
            return (nil, start)
        }
        return (keeper, start)
    }

    /// What there is to tell of it, at any time and on any thread but a loop's.
    func reporter() -> @Sendable () -> StateReport {
        let (directory, health) = (directory, health)
        return {
            var report = StateReport()
            guard let directory else { return report }
            report.isEnabled = true
            report.directory = directory
            report.isHealthy = health.isGood
            for file in ["larder.db", "larder.db-wal"] {
                let attributes = try? FileManager.default.attributesOfItem(atPath: directory + "/" + file)
                report.bytes += attributes?[.size] as? Int ?? 0
            }
            return report
        }
    }
}

/// Whether the state directory can be written, as far as the store has said.
private final class StateHealth: Sendable {
    private let value = Guarded(true)

    var isGood: Bool { value.withValue { $0 } }

    func note(_ event: StoreEvent) {
        switch event {
        case .failing: value.withValue { $0 = false }
        case .recovered: value.withValue { $0 = true }
        default: break
        }
    }
}

extension StoreEvent {
    /// What the log calls it.
    var name: LogEventName {
        switch self {
        case .setAside: .stateSetAside
        case .failing: .stateFailing
        case .recovered: .stateRecovered
        case .dropped: .stateDropped
        case .begunAnew: .stateBegunAnew
        case .databaseGone: .stateGone
        case .secretReplaced: .secretReplaced
        case .loosePermissions: .loosePermissions
        }
    }
}
