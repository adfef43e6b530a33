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
        let held = entry.freshness
        let storedSeconds = wallSeconds - Int64((now > held.storedAt ? now - held.storedAt : 0) / 1000)
        return entry.lasting(
            Freshness(
                storedAt: held.storedAt, lifetime: Self.ended(lifetime, by: entry.received.priceEdges, storedSeconds),
                initialAge: held.initialAge, staleUse: staleUse))
    }

    /// An entry whose settings nobody knows any more: of use for no longer than under these.
    func shortened(_ entry: Entry, of resource: Resource) -> Entry {
        let held = entry.freshness
        let (lifetime, staleUse) = span(of: entry, resource)
        guard held.lifetime > lifetime || held.staleUse > staleUse else { return entry }
        return entry.lasting(
            Freshness(
                storedAt: held.storedAt, lifetime: min(held.lifetime, lifetime), initialAge: held.initialAge,
                staleUse: min(held.staleUse, staleUse)))
    }

    /// How long the settings let an entry be of use, before chance and prices shorten it.
    private func span(of entry: Entry, _ resource: Resource) -> (lifetime: UInt64, staleUse: StaleUse) {
        if let lifetime = lifetimes.lifetime(ofError: entry.status) { return (lifetime, .never) }
        return span(of: resource, entry.received.cacheControl)
    }
}
