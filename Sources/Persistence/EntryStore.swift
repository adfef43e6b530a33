package import Bytes
package import Caching
package import Catalog
package import Fetching
import HTTPCore
package import Serving
package import Store

/// A place where entries outlive the process: what a loop needs of it, and nothing about how it keeps them.
///
/// `EntryDatabase` is the one in the state directory. Every method may be called on every thread, and none waits for a
/// disk or a network: what is read is passed to `reply`, on a thread of the store's own.
package protocol EntryStore: AnyObject, Sendable {
    /// How its copies are named.
    var names: EntryNames { get }

    /// The form in which an entry and its body are stored under a key. For the thread pool: it may compute a seal.
    func record(of entry: Entry, for key: RecordKey, body: SharedBytes) -> StoredRecord

    /// Stores a response. False if there is no room for it, for example because the disk is full or slow.
    func put(_ record: StoredRecord, now: UInt64) -> Bool

    /// Records that upstream has confirmed a copy. Calls `reportMissing` later, on a thread of the store's own, if
    /// there is no copy with that body: the store may have evicted it, or lost all. The response must then be put as a
    /// whole.
    func confirm(_ entry: Entry, for key: RecordKey, now: UInt64, reportMissing: @escaping @Sendable () -> Void)

    /// Removes one copy.
    func drop(_ key: RecordKey)

    /// Removes all copies of an owner.
    func dropAll(of owner: Owner)

    /// Removes all copies.
    func dropEverything()

    /// Calls `reply` when nothing that was dropped before can come back, not even after a kill: with true, or with
    /// false if that cannot be ensured at present.
    func afterDrops(reply: @escaping @Sendable (Bool) -> Void)

    /// Looks up a copy; `reply` gets nil if there is none.
    func look(for key: RecordKey, reply: @escaping @Sendable (StoredRecord?) -> Void)

    /// Restores an entry from a record that was looked up, beside the list that it refers to. It takes milliseconds, so
    /// do not call it on a loop that serves.
    func restore(
        _ resource: Resource, _ record: StoredRecord, _ builder: EntryBuilder, beside list: ModelList?, now: UInt64
    ) -> RestoredEntry

    /// The copy under a key differs from what was written: it is removed, unless another one was stored since.
    func discard(_ key: RecordKey)

    /// Uses these windows for what is stored and restored from now on.
    func take(_ windows: StaleWindows)

    /// Removes copies that can no longer be served.
    func prune(now: UInt64)

    /// The wall clock has jumped. A store that dates its copies across restarts writes down both clocks.
    func noteClock(now: UInt64)

    /// The history of the catalogue, if this store keeps one.
    var history: HistoryDatabase? { get }

    /// Writes what is still queued, and ends. It takes a moment, so do not call it on a loop that serves.
    func close()
}

extension EntryStore {
    package var history: HistoryDatabase? { nil }

    /// What a new response changes in the store. `body` is nil if it was a 304. For the thread pool, as `record` is.
    package func change(
        with entry: Entry, for resource: Resource, owner: Owner, body: SharedBytes?
    ) -> StateChange {
        if case .refusal(let status, let body) = entry.content {
            // The website's page for a path that the API does not have proves nothing about a copy.
            if status == .notFound, !ErrorEnvelope.isOne(body) { return .none }
            return .drop(alsoShared: status == .notFound)
        }
        // Such a response may not be written, and the copy before it may no longer be used.
        guard entry.freshness.staleUse != .never, !entry.metadata.cacheControl.flags.contains(.noStore) else {
            return .drop(alsoShared: true)
        }
        guard let body else { return .confirm }
        return .put(record(of: entry, for: names.key(of: resource, owner: entry.isShared ? nil : owner), body: body))
    }
}

/// What a store had when the process began.
package struct StateAtStart: Sendable {
    /// The names of all its copies, with their sizes in bytes.
    package let keys: [RecordKey: Int]
    /// The shared catalogue, if it can be served.
    package let catalog: Entry?

    /// These copies.
    package init(keys: [RecordKey: Int], catalog: Entry?) {
        self.keys = keys
        self.catalog = catalog
    }

    /// Nothing.
    package static let nothing = StateAtStart(keys: [:], catalog: nil)
}

/// What has become of a record that was looked up.
package enum RestoredEntry: Sendable {
    case entry(Entry)
    /// It cannot be served.
    case none
    /// It differs from what was written.
    case damaged
}

/// What a response changes in a store.
package enum StateChange: Sendable {
    /// Write this record, in place of any copy with the same key.
    case put(StoredRecord)
    /// The copy counts as new: upstream has confirmed its body.
    case confirm
    /// Remove the owner's copy, and the shared one as well if `alsoShared`.
    case drop(alsoShared: Bool)
    /// Nothing.
    case none

    /// Whether a response may outlive the process.
    package var isKept: Bool {
        switch self {
        case .put, .confirm: true
        case .drop, .none: false
        }
    }
}

/// The names of copies in a store. They contain the upstream, so that the copies of one are never served for another.
package struct EntryNames: Sendable {
    private let upstream: String

    /// The names of one upstream's resources.
    package init(upstream: String) { self.upstream = upstream }

    /// The name of a resource.
    package func name(of resource: Resource) -> String {
        "\(upstream) \(resource.kind.rawValue) \(resource.upstreamTarget)"
    }

    /// The key of the shared copy, or of an owner's copy.
    package func key(of resource: Resource, owner: Owner?) -> RecordKey {
        RecordKey(resource: name(of: resource), owner: owner.map(Self.bytes) ?? [])
    }

    /// An owner as it stands in a key.
    package static func bytes(_ owner: Owner) -> [UInt8] {
        var out = StateWriter()
        out.append(owner.high, 8)
        out.append(owner.low, 8)
        return out.bytes
    }

    /// The condition for copies that a purge covers. Names are composed here once, and not for each copy.
    package func covered(by purge: Purge) -> (RecordKey) -> Bool {
        switch purge {
        case .all: return { _ in true }
        case .path(let path):
            let names = Self.opaqueKinds.map { "\(upstream) \($0.rawValue) \(path)" }
            let beginnings = names.map { $0 + "?" }
            return { key in names.contains(key.resource) || beginnings.contains(where: key.resource.hasPrefix) }
        case .key(let number):
            return { key in
                var owner = StateReader(key.owner)
                return owner.number(4) == number
            }
        case .catalog:
            let beginnings = [Resource.Kind.catalog, .facet].map { "\(upstream) \($0.rawValue) " }
            return { key in beginnings.contains(where: key.resource.hasPrefix) }
        }
    }

    /// The kinds of `Resource.opaque`.
    private static let opaqueKinds: [Resource.Kind] = [.opaque, .userOpaque, .keyedOpaque, .data]
}
