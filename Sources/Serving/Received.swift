public import Catalog
public import HTTPCore

/// What is kept of a response beside its content: what a later 304 or a restart needs.
public struct Received: Sendable {
    /// Its `Cache-Control`.
    public var cacheControl: CacheControl
    /// Its `ETag` as it came, quotes and all; nil if it had none.
    public var entityTag: String?
    /// Its `Last-Modified` as it came; nil if it had none.
    public var lastModified: String?
    /// The SHA-256 of its body as it came, decoded.
    public var digest: [UInt8]
    /// The minutes of the day at which prices in it change.
    public var priceEdges: DayMinutes

    /// What was received.
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

    /// Whether upstream can be asked if it has changed (RFC 9111 section 4.3.1).
    public var hasValidator: Bool { entityTag != nil || lastModified != nil }
}
