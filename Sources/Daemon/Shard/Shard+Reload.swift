import EventLoop
import Serving
import Upstream

/// How a loop goes on under changed settings: with its connections, its fetches and its cache.
extension Shard {
    /// Takes the settings. What is under way goes on as it began; every time limit that is set from now on is a new one.
    func reload(_ next: ShardSettings, _ observer: Observer) {
        let before = settings
        settings = next
        take(observer)
        if next.upstream != before.upstream || next.upstream.caFile != nil { renewOrigin() }
        date = DateLine(allowsAnyOrigin: next.allowsAnyOrigin)
        if next.hosts != before.hosts { knownHost = [] }
        // Which query means what has changed, not what upstream says; or what stands in every answer's head.
        if next.responder.upstreamParameters != before.responder.upstreamParameters
            || next.allowsAnyOrigin != before.allowsAnyOrigin
        {
            cache.removeAnswers()
        }
        let (now, wallSeconds) = (loop.nowMilliseconds, loop.wallSeconds)
        cache.changeEntries { resource, entry in
            next.entryBuilder.taking(
                entry, of: resource, from: before.entryBuilder, now: now, wallSeconds: wallSeconds)
        }
        cache.windows = next.windows
        cache.limit(to: next.cacheBytes)
        startSweeping()
        resumeAccepting()
    }

    private func take(_ observer: Observer) {
        let hasAccessLog = self.observer.accessFormat != nil
        self.observer = observer
        guard hasAccessLog != (observer.accessFormat != nil) else { return }
        accessLog?.close()
        accessLog = observer.accessFormat.map { AccessLog(on: loop, $0, observer.writer) }
    }

    // MARK: Upstream

    /// Fetches under the new settings from now on. A file of certificates is read anew each time, as its contents may have
    /// changed.
    private func renewOrigin() {
        guard case .network(let client, _) = origin else { return }
        do throws(UpstreamError) {
            origin = try Origin(on: loop, settings)
        } catch {
            // The supervisor has tried them, so this one moment later something is amiss: the client that works goes on.
            log.tell(.reloadRefused, "fetching goes on under the earlier settings: \(error)")
            return
        }
        retiredClients.append(client)
        closeRetiredClients()
    }

    /// Closes the clients under earlier settings that have nothing left to do.
    func closeRetiredClients() {
        guard !retiredClients.isEmpty else { return }
        retiredClients.removeAll { client in
            guard client.fetchesUnderWay == 0, client.streamsUnderWay == 0 else { return false }
            client.close()
            return true
        }
    }
}
