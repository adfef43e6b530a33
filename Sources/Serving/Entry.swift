public import Bytes
public import Caching
public import Catalog
public import HTTPCore

/// One stored response: upstream's answer for one resource, parsed and ready to answer many requests.
///
/// It is immutable, and all loops that use it share the one object.
public final class Entry: Sendable {
    /// What was stored.
    public enum Content: Sendable {
        /// The rows of a list, and its usual answer if that was composed and compressed in advance.
        case rows(Snapshot, PreparedList?)
        /// The rows of a key's own list. Nearly all are in snapshots that other entries refer to as well.
        case list(RowList)
        /// One model.
        case model(ModelRow)
        /// The rows of a facet, to be joined with a list's.
        case facet(FacetRows)
        /// No content: it represents several entries that one answer is made from.
        case joined
        /// A body that is passed on unchanged.
        case body(SharedBytes)
        /// Upstream's error response (400, 401, 403 or 404), passed on unchanged.
        case refusal(Status, SharedBytes)
    }

    /// What was stored.
    public let content: Content

    /// When it was received and how long it is fresh.
    public let freshness: Freshness

    /// The lifetime in seconds that is sent to clients, `max-age`.
    public let maxAge: Int

    /// Whether it may answer requests of every key, or only those of the key that fetched it.
    public let isShared: Bool

    /// When the content was last known to change, in Unix seconds: `Last-Modified`.
    public let lastModified: Int64

    /// Upstream's status.
    public let status: Status

    /// The media type of its answers, valid in a field line.
    public let contentType: [UInt8]

    /// The metadata kept besides the content.
    public let metadata: ResponseMetadata

    /// A hash of the content. Entity tags are made from it, so they survive a refresh that brought no change.
    public let identity: UInt64

    /// The bytes that it keeps in memory itself, roughly. Its bases are counted separately, once for all entries that
    /// share them.
    public let byteCount: Int

    /// An entry made from a response.
    public init(
        content: Content, freshness: Freshness, maxAge: Int, isShared: Bool, status: Status, contentType: [UInt8],
        identity: UInt64, lastModified: Int64, metadata: ResponseMetadata = ResponseMetadata()
    ) {
        self.content = content
        self.freshness = freshness
        self.maxAge = maxAge
        self.isShared = isShared
        self.status = status
        self.contentType = contentType
        self.identity = identity
        self.lastModified = lastModified
        self.metadata = metadata
        byteCount = Entry.overhead + Entry.size(of: content)
    }

    /// The same content with another freshness; clients get `maxAge` seconds.
    public func lasting(_ freshness: Freshness, maxAge: Int) -> Entry {
        Entry(
            content: content, freshness: freshness, maxAge: maxAge, isShared: isShared,
            status: status, contentType: contentType, identity: identity, lastModified: lastModified,
            metadata: metadata)
    }

    /// The same without validators, so that the next response brings the body again; for one key alone if
    /// `isNarrowed`.
    public func withoutValidators(isNarrowed: Bool = false) -> Entry {
        var metadata = metadata
        metadata.entityTag = nil
        metadata.lastModified = nil
        return Entry(
            content: content, freshness: freshness, maxAge: maxAge, isShared: isShared && !isNarrowed, status: status,
            contentType: contentType, identity: identity, lastModified: lastModified, metadata: metadata)
    }

    /// The entry for an answer made from several entries. It is as old as the oldest of them, fresh for as long as all
    /// of them are, and for everyone only if all of them are. There is at least one.
    convenience init(joining entries: [Entry]) {
        self.init(
            content: .joined, freshness: Freshness(joining: entries.map(\.freshness)),
            maxAge: entries.reduce(.max) { min($0, $1.maxAge) }, isShared: entries.allSatisfy(\.isShared), status: .ok,
            contentType: entries[0].contentType,
            identity: entries.reduce(0) { ($0 ^ $1.identity) &* 0x9E37_79B9_7F4A_7C15 ^ $0 >> 32 },
            lastModified: entries.reduce(.min) { max($0, $1.lastModified) })
    }

    /// The snapshots that it keeps in memory, perhaps together with other entries.
    public var bases: [Snapshot] {
        switch content {
        case .rows(let snapshot, _): [snapshot]
        case .list(let list): list.bases
        case .facet(let rows): rows.bases
        case .model, .joined, .body, .refusal: []
        }
    }

    /// The rows of the list that it stores, if it does.
    public var list: ModelList? {
        switch content {
        case .rows(let snapshot, _): .snapshot(snapshot)
        case .list(let list): .rows(list)
        case .model, .facet, .joined, .body, .refusal: nil
        }
    }

    /// The prepared list for a query, unless an age limit has changed the result since.
    func prepared(for query: Query) -> PreparedList? {
        if case .rows(_, let prepared?) = content, prepared.query == query { prepared } else { nil }
    }

    /// The overhead of objects and table slots, so that many small entries count at their real cost. Measured: the
    /// growth of a process with thousands of stored error responses.
    static let overhead = 1_024

    private static func size(of content: Content) -> Int {
        switch content {
        case .rows(_, let prepared): prepared?.byteCount ?? 0
        case .list(let list): list.byteCount
        case .model(let model): model.byteCount
        case .facet(let rows): rows.byteCount
        case .joined: 0
        case .body(let body), .refusal(_, let body): body.count
        }
    }
}

/// The list that nearly every client requests, composed and compressed when its snapshot is made, outside the loops.
public struct PreparedList: Sendable {
    /// The query that it answers, which may not depend on the time.
    public let query: Query
    /// The uncompressed body.
    public let identity: SharedBytes
    /// The compressed body.
    public let coded: [ContentCoding: SharedBytes]

    /// Creates a list from its two forms.
    public init(query: Query, identity: SharedBytes, coded: [ContentCoding: SharedBytes]) {
        self.query = query
        self.identity = identity
        self.coded = coded
    }

    var byteCount: Int { coded.values.reduce(identity.count) { $0 + $1.count } }
}

/// The snapshots that stored entries refer to. Each is counted once, however many entries refer to it.
struct BaseCounts {
    /// Counts by object. An entry keeps each counted object alive.
    private var references: [ObjectIdentifier: Int] = [:]

    /// The bytes of all of them.
    private(set) var bytes = 0

    /// Counts the snapshots of an entry.
    mutating func add(_ bases: [Snapshot]) {
        for base in bases {
            let count = references[ObjectIdentifier(base), default: 0]
            if count == 0 { bytes += base.byteCount }
            references[ObjectIdentifier(base)] = count + 1
        }
    }

    /// Removes the counts of an entry that is removed.
    mutating func remove(_ bases: [Snapshot]) {
        for base in bases {
            guard let count = references[ObjectIdentifier(base)] else { preconditionFailure("a base was not counted") }
            if count == 1 { bytes -= base.byteCount }
            references[ObjectIdentifier(base)] = count == 1 ? nil : count - 1
        }
    }
}

/// The response metadata that is kept besides the content: what a later 304 or a restart needs.
public struct ResponseMetadata: Sendable {
    /// Its `Cache-Control`.
    public var cacheControl: CacheControl
    /// Its `ETag` as received, with quotes; nil if it had none.
    public var entityTag: String?
    /// Its `Last-Modified` as received; nil if it had none.
    public var lastModified: String?
    /// The SHA-256 of its decoded body.
    public var digest: [UInt8]
    /// The minutes of the day at which prices in it change.
    public var priceEdges: DayMinutes
    /// How the entry came to be stored.
    public var origin = Origin.first
    /// By how many seconds this machine's clock was ahead of upstream's when the response came; negative if it was
    /// behind, nil if that is not known.
    public var clockLead: Int64?

    /// What was stored before the response came, and what the response did to it.
    public enum Origin: Sendable, Equatable {
        /// Nothing was stored.
        case first
        /// The response replaced an earlier one.
        case replacement
        /// Upstream confirmed the earlier response by a 304.
        case confirmation
        /// It is the copy of another replica.
        case fleet
    }

    /// Creates the metadata of a response.
    public init(
        cacheControl: CacheControl = CacheControl(), entityTag: String? = nil, lastModified: String? = nil,
        digest: [UInt8] = [], priceEdges: DayMinutes = .none
    ) {
        self.cacheControl = cacheControl
        self.entityTag = entityTag
        self.lastModified = lastModified
        self.digest = digest
        self.priceEdges = priceEdges
    }

    /// Whether the response can be revalidated upstream (RFC 9111 section 4.3.1).
    public var hasValidator: Bool { entityTag != nil || lastModified != nil }
}
