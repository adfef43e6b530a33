import Caching
import Catalog
import HTTPCore

extension EntryReport {
    /// What is to be told of a stored response at `now`.
    init(_ shelf: Shelf, now: UInt64, _ windows: StaleWindows) {
        let entry = shelf.entry
        let freshness = entry.freshness
        let state: State =
            freshness.isFresh(at: now) ? .fresh : now < freshness.useEnds(windows) ? .stale : .expired
        self.init(
            id: shelf.key.hashValue, resource: shelf.key.resource.label, owner: shelf.key.owner?.high,
            status: entry.status.rawValue, age: freshness.age(at: now),
            remaining: freshness.remaining(at: now), state: state, bytes: entry.byteCount, models: entry.modelCount)
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
        case .list(let list): list.count
        case .model, .facet, .joined, .body, .refusal: nil
        }
    }
}
