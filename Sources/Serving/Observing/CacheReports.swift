import Caching
import Catalog
import HTTPCore

/// The shared catalogue, as one loop holds it.
public struct CatalogReport: Sendable, Equatable {
    /// Its age in seconds.
    public var age: Int
    /// The number of models.
    public var models: Int
    /// Whether it is fresh.
    public var isFresh: Bool
    /// Whether it may still answer requests, while it is refreshed or while upstream fails.
    public var isUsable: Bool

    /// A report.
    public init(age: Int, models: Int, isFresh: Bool, isUsable: Bool = true) {
        self.age = age
        self.models = models
        self.isFresh = isFresh
        self.isUsable = isUsable
    }
}

/// A resource that is not fetched until its back-off ends.
public struct BackoffReport: Sendable, Equatable {
    /// The resource's label, without a caller's own text.
    public let resource: String
    /// The seconds until the next fetch is allowed.
    public let seconds: Int

    /// A report.
    public init(resource: String, seconds: Int) {
        self.resource = resource
        self.seconds = seconds
    }
}

/// What `/_larder/status` shows about one stored response.
public struct EntryReport: Sendable, Equatable {
    /// What it may still be used for.
    public enum State: String, Sendable {
        /// It is fresh and answers requests.
        case fresh
        /// It answers during a refresh, or while upstream fails.
        case stale
        /// It answers no more requests.
        case expired
    }

    /// A number that is the same for the same resource and owner in every loop of the process.
    public let id: Int
    /// Its label, without a caller's own text.
    public let resource: String
    /// The first half of the owner's digest, of which the first 8 digits are shown; nil if everyone shares it.
    public let owner: UInt64?
    /// Upstream's status.
    public let status: Int
    /// The seconds since upstream sent it.
    public let age: Int
    /// The seconds for which it stays fresh; negative if it is stale.
    public let remaining: Int
    /// What it may still be used for.
    public let state: State
    /// The bytes that it keeps.
    public let bytes: Int
    /// The number of models, if it is a list.
    public let models: Int?

    /// The most that are shown.
    public static let most = 500

    /// A report.
    public init(
        id: Int, resource: String, owner: UInt64?, status: Int, age: Int, remaining: Int, state: State, bytes: Int,
        models: Int?
    ) {
        self.id = id
        self.resource = resource
        self.owner = owner
        self.status = status
        self.age = age
        self.remaining = remaining
        self.state = state
        self.bytes = bytes
        self.models = models
    }

    /// The entries of two loops without duplicates; of two entries for the same thing, the newer one is kept.
    public static func merged(_ some: [EntryReport], _ others: [EntryReport]) -> [EntryReport] {
        if some.isEmpty || others.isEmpty { return some + others }
        var byID = Dictionary(some.map { ($0.id, $0) }) { first, _ in first }
        for other in others where other.remaining > byID[other.id]?.remaining ?? .min { byID[other.id] = other }
        return byID.values.sorted { ($0.resource, $0.owner ?? 0) < ($1.resource, $1.owner ?? 0) }
    }
}

extension EntryReport {
    /// The report of a stored response at `now`.
    init(_ storedEntry: StoredEntry, now: UInt64, _ windows: StaleWindows) {
        let entry = storedEntry.entry
        let freshness = entry.freshness
        let state: State =
            freshness.isFresh(at: now) ? .fresh : now < freshness.useEnds(windows) ? .stale : .expired
        self.init(
            id: storedEntry.key.hashValue, resource: storedEntry.key.resource.label, owner: storedEntry.key.owner?.high,
            status: entry.status.rawValue, age: freshness.age(at: now),
            remaining: freshness.remaining(at: now), state: state, bytes: entry.byteCount, models: entry.modelCount)
    }
}

extension CatalogReport {
    /// The list in a stored response; nil if it is not a list.
    init?(_ storedEntry: StoredEntry, now: UInt64, _ windows: StaleWindows) {
        guard let models = storedEntry.entry.modelCount else { return nil }
        let freshness = storedEntry.entry.freshness
        self.init(
            age: freshness.age(at: now), models: models, isFresh: freshness.isFresh(at: now),
            isUsable: now < freshness.useEnds(windows))
    }
}

extension Entry {
    /// The number of models, if it is a list.
    fileprivate var modelCount: Int? {
        switch content {
        case .rows(let snapshot, _): snapshot.count
        case .list(let list): list.count
        case .model, .facet, .joined, .body, .refusal: nil
        }
    }
}
