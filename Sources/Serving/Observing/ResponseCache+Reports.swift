import Caching
import Catalog
import HTTPCore

extension EntryReport {
    /// What is to be told of a stored response at `now`.
    init(_ shelf: Shelf, now: UInt64) {
        let entry = shelf.entry
        let freshness = entry.freshness
        let isFresh = freshness.isFresh(at: now)
        self.init(
            id: shelf.key.hashValue, resource: shelf.key.resource.label, owner: shelf.key.owner?.high,
            status: entry.status.rawValue, age: freshness.age(at: now),
            remaining: isFresh
                ? freshness.remaining(at: now) : -Int(clamping: (now - min(now, freshness.freshUntil)) / 1000),
            state: isFresh ? .fresh : .expired, bytes: entry.byteCount, models: entry.modelCount)
    }
}

extension MetricsReport.Catalog {
    /// The list in a stored response; nil if it is none.
    init?(_ shelf: Shelf, now: UInt64) {
        guard let models = shelf.entry.modelCount else { return nil }
        let freshness = shelf.entry.freshness
        self.init(age: freshness.age(at: now), models: models, isFresh: freshness.isFresh(at: now))
    }
}

extension Entry {
    /// How many models it has, if it is a list.
    fileprivate var modelCount: Int? {
        switch content {
        case .rows(let snapshot, _): snapshot.count
        case .list(let rows): rows.count
        case .model, .facet, .joined, .body, .refusal: nil
        }
    }
}
