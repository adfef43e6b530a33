import EventLoop
import Logging
import Upstream

/// Reads the settings as they are now.
typealias SettingsReading = () throws(SettingsError) -> Settings

/// What SIGHUP does: the settings are read again, on the supervisor's thread, and every loop is told of them. Good ones take
/// effect as a whole, bad ones not at all.
extension Supervisor {
    /// Reads the settings again. While loops are still on their way up this is put off; at the end it is of no use.
    func reload() {
        guard let readSettings, !isDraining else { return }
        isReloadWanted = servingCount < settings.workers
        if isReloadWanted { return }
        manager.notifyReloading()
        do {
            try take(try readSettings())
            isReloadRefused = false
        } catch {
            isReloadRefused = true
            log.tell(.reloadRefused, "the settings stay as they are: \(error)")
        }
        manager.notifyReady(status)
    }

    /// Lets settings take effect, but for those that only a new process can have.
    private func take(_ read: Settings) throws(UpstreamError) {
        let changed = SettingsTable.all.filter { !$0.isSame(settings, read) }
        var new = read
        for setting in changed where setting.needsRestart { setting.copy(settings, &new) }
        let old = settings
        let next = shardSettings.taking(new, addresses: addresses)
        // What a loop could not use has to be known before any of them is told.
        if !next.isDemo { try UpstreamClient(on: loop, settings: next.upstream).close() }
        settings = new
        shardSettings = next
        observer.take(new)
        if new.server.maxConnections != old.server.maxConnections {
            Self.allowDescriptors(for: new, log)
            next.openConnections.allow(new.server.maxConnections)
        }
        keeper?.take(next.windows)
        tellAll(.reload(next, observer))
        tell(changed)
    }

    private func tell(_ changed: [SettingDefinition]) {
        let waiting = changed.filter(\.needsRestart).map(\.name).joined(separator: ", ")
        let taken = changed.filter { !$0.needsRestart }.map(\.name).joined(separator: ", ")
        log.tell(
            .reloaded, "read the settings again: \(taken.isEmpty ? "nothing has changed" : "changed \(taken)")")
        if !waiting.isEmpty {
            log.tell(.restartNeeded, "these settings change with a restart of Larder only: \(waiting)")
        }
    }
}

/// The same reading, but for the addresses: those are the service manager's.
func listening(on addresses: [ListenAddress], _ read: @escaping SettingsReading) -> SettingsReading {
    { () throws(SettingsError) in
        var settings = try read()
        settings.listen = addresses
        return settings
    }
}
