import Caching
import Catalog
import HTTPCore
import Serving

/// What changed settings make of what is stored.
extension EntryBuilder {
    /// Whether an entry may go to whomever it was stored for.
    func allows(_ entry: Entry, of resource: Resource) -> Bool {
        !entry.isShared || isShared(resource, entry.received.cacheControl)
    }

    /// An entry that came under the settings of `earlier`: itself if it would be the same under these, one of the same content
    /// where its lifetime has changed, nil if it may no longer go to everyone. `now` is that of the loop's clock in milliseconds,
    /// `wallSeconds` the Unix time.
    func taking(
        _ entry: Entry, of resource: Resource, from earlier: EntryBuilder, now: UInt64, wallSeconds: Int64
    ) -> Entry? {
        guard allows(entry, of: resource) else { return nil }
        let (lifetime, staleUse) = span(of: entry, resource)
        guard (lifetime, staleUse) != earlier.span(of: entry, resource) else { return entry }
        let storedAt = entry.freshness.storedAt
        var shown = lifetime
        let storedSeconds = wallSeconds - Int64((now > storedAt ? now - storedAt : 0) / 1000)
        if let edge = entry.received.priceEdges.next(after: storedSeconds) {
            shown = min(shown, UInt64(edge - storedSeconds) * 1000)
        }
        return Entry(
            content: entry.content,
            freshness: Freshness(
                storedAt: storedAt, lifetime: shown, initialAge: entry.freshness.initialAge, staleUse: staleUse),
            maxAge: Int(shown / 1000), isShared: entry.isShared, status: entry.status, contentType: entry.contentType,
            identity: entry.identity, lastModified: entry.lastModified, received: entry.received)
    }

    /// An entry whose settings nobody knows any more: of use for no longer than under these.
    func shortened(_ entry: Entry, of resource: Resource) -> Entry {
        let held = entry.freshness
        let (lifetime, staleUse) = span(of: entry, resource)
        guard held.freshUntil &- held.storedAt > lifetime || held.staleUse > staleUse else { return entry }
        let shown = min(held.freshUntil &- held.storedAt, lifetime)
        return Entry(
            content: entry.content,
            freshness: Freshness(
                storedAt: held.storedAt, lifetime: shown, initialAge: held.initialAge,
                staleUse: min(held.staleUse, staleUse)),
            maxAge: Int(shown / 1000), isShared: entry.isShared, status: entry.status, contentType: entry.contentType,
            identity: entry.identity, lastModified: entry.lastModified, received: entry.received)
    }

    /// How long the settings let an entry be of use, before chance and prices shorten it.
    private func span(of entry: Entry, _ resource: Resource) -> (lifetime: UInt64, staleUse: StaleUse) {
        if let lifetime = lifetimes.lifetime(ofError: entry.status) { return (lifetime, .never) }
        let directives = entry.received.cacheControl
        let lifetime = lifetimes.lifetime(configured: configuredLifetime(of: resource), response: directives)
        return (lifetime, lifetimes.staleUse(lifetime: lifetime, response: directives))
    }
}
