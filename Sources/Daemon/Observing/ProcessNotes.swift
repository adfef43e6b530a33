import Bytes
import EventLoop
import Metrics
import Settings
import Threads

/// What the supervisor notes about the settings, for the status and for `/_larder/settings`. These are written on the
/// thread pool, so it has a lock, which no loop that serves takes.
final class ProcessNotes: Sendable {
    private struct Notes {
        var reload = ReloadReport()
        /// The settings in effect.
        var rows: [EffectiveSetting]
        /// What a reload has read, until it takes effect or is refused.
        var read: LoadedSettings?
        var file: String?
    }

    private let value: Mutex<Notes>

    /// The process has these settings.
    init(_ loaded: LoadedSettings) {
        value = Mutex(Notes(rows: EffectiveSetting.all(of: loaded), file: loaded.file))
    }

    /// The last reload of the settings.
    var reload: ReloadReport { value.withLock { $0.reload } }

    /// The settings were read again. It is not known yet whether they can take effect.
    func read(_ loaded: LoadedSettings) { value.withLock { $0.read = loaded } }

    /// What was read takes effect, except these settings, which wait for a restart.
    func reloaded(waiting: [String]) {
        value.withLock { notes in
            notes.reload.time = Loop.wallSeconds
            notes.reload.refusal = nil
            notes.reload.waiting = waiting
            notes.reload.count += 1
            guard let read = notes.read else { return }
            notes.file = read.file
            let kept = notes.rows.filter { waiting.contains($0.name) }
            notes.rows = EffectiveSetting.all(of: read).map { row in kept.first { $0.name == row.name } ?? row }
            notes.read = nil
        }
    }

    /// The settings were read again, and are not valid.
    func refusedReload(_ reason: String) {
        value.withLock { notes in
            notes.reload.time = Loop.wallSeconds
            notes.reload.refusal = reason
            notes.reload.count += 1
            notes.read = nil
        }
    }

    /// The settings in effect as JSON, without secrets.
    var settingsJSON: SharedBytes {
        value.withLock { notes in
            SettingsPage.json(
                file: notes.file, rows: notes.rows.map { ($0.name, $0.value, $0.origin) }, notes.reload)
        }
    }
}
