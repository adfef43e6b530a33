import Bytes
import Caching
import HTTPCore

/// A copy of a response as it outlived the process.
struct StateCopy: Sendable {
    /// Upstream's body, decoded, and its SHA-256.
    var body: SharedBytes
    var digest: [UInt8]
    var freshness: Freshness
    /// The lifetime that clients are told, in seconds.
    var maxAge: Int
    /// Whether it may go to callers with any key.
    var isShared: Bool
    /// In Unix seconds.
    var lastModified: Int64
    var contentType: [UInt8]
    var cacheControl: CacheControl
    var entityTag: String?
    var lastModifiedText: String?

    var isJSON: Bool { ResponseFields.isJSON(contentType) }
}
