public import Bytes
public import Caching
public import Catalog
public import HTTPCore

/// One stored response: what upstream answered for one resource, read, and ready to answer many requests.
///
/// It never changes, and all loops that have asked for it share the one object.
public final class Entry: Sendable {
    /// What was stored.
    public enum Content: Sendable {
        /// The rows of a list, and its usual answer if that was composed and compressed beforehand.
        case rows(Snapshot, PreparedList?)
        /// The rows of a key's own list, which nearly all stand in snapshots that others refer to as well.
        case list(RowList)
        /// One model, in the two forms that its two routes answer with.
        case model(plain: SharedBytes, openAI: SharedBytes)
        /// The rows of a facet, to be joined with a list's.
        case facet(FacetRows)
        /// Nothing of its own: it stands for several entries that one answer is made of.
        case joined
        /// A body that is passed on as it came.
        case body(SharedBytes)
        /// Upstream's refusal (400, 401, 403 or 404), passed on as it came.
        case refusal(Status, SharedBytes)
    }

    /// What was stored.
    public let content: Content

    /// When it was got and how long it is fresh.
    public let freshness: Freshness

    /// The lifetime in seconds that clients are told, `max-age`.
    public let maxAge: Int

    /// Whether it may answer requests of every key, or only those of the key that fetched it.
    public let isShared: Bool

    /// When the content was last known to change, in Unix seconds: `Last-Modified`.
    public let lastModified: Int64

    /// Upstream's status.
    public let status: Status

    /// The media type of its answers, fit to stand in a field line.
    public let contentType: [UInt8]

    /// What is kept of the response beside its content.
    public let received: Received

    /// A hash of the content; entity tags are made from it, so that they survive a refresh that brought nothing new.
    public let identity: UInt64

    /// The bytes that it keeps in memory itself, roughly; its bases count for themselves, once for all who share them.
    public let byteCount: Int

    /// An entry of what a response came to.
    public init(
        content: Content, freshness: Freshness, maxAge: Int, isShared: Bool, status: Status, contentType: [UInt8],
        identity: UInt64, lastModified: Int64, received: Received = Received()
    ) {
        self.content = content
        self.freshness = freshness
        self.maxAge = maxAge
        self.isShared = isShared
        self.status = status
        self.contentType = contentType
        self.identity = identity
        self.lastModified = lastModified
        self.received = received
        byteCount = Entry.overhead + Entry.size(of: content)
    }

    /// The same content of another freshness, which clients are told as well.
    public func lasting(_ freshness: Freshness) -> Entry {
        Entry(
            content: content, freshness: freshness, maxAge: Int(freshness.lifetime / 1000), isShared: isShared,
            status: status, contentType: contentType, identity: identity, lastModified: lastModified,
            received: received)
    }

    /// What an answer made of several entries goes by: it is as old as the oldest of them, fresh for as long as all of
    /// them are, and for everyone only if all of them are. There is at least one.
    convenience init(joining entries: [Entry]) {
        self.init(
            content: .joined, freshness: Freshness(joining: entries.map(\.freshness)),
            maxAge: entries.reduce(.max) { min($0, $1.maxAge) }, isShared: entries.allSatisfy(\.isShared), status: .ok,
            contentType: entries[0].contentType,
            identity: entries.reduce(0) { ($0 ^ $1.identity) &* 0x9E37_79B9_7F4A_7C15 ^ $0 >> 32 },
            lastModified: entries.reduce(.min) { max($0, $1.lastModified) })
    }

    /// The snapshots that it keeps in memory, perhaps together with others.
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

    /// The list that lies ready for a query, if no age limit makes it another one by now.
    func prepared(for query: Query) -> PreparedList? {
        if case .rows(_, let prepared?) = content, prepared.query == query { prepared } else { nil }
    }

    /// The objects and table places around the bytes proper, so that many small entries count too.
    static let overhead = 512

    private static func size(of content: Content) -> Int {
        switch content {
        case .rows(_, let prepared): prepared?.byteCount ?? 0
        case .list(let list): list.byteCount
        case .model(let plain, let openAI): plain.count + openAI.count
        case .facet(let rows): rows.byteCount
        case .joined: 0
        case .body(let body), .refusal(_, let body): body.count
        }
    }
}
