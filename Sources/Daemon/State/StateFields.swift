import Bytes
import Caching
import HTTPCore
import Serving

/// What is stored of a response beside its body, and how it is written.
///
/// The form, that of `StateWriter`, begins with a number for its version. Whoever reads it has checked a seal over all of it, so a
/// form that does not fit is one of another version, not a damaged one.
struct StateFields: Equatable, Sendable {
    /// When it was complete, in milliseconds of the state clock.
    var storedAt: Int64
    /// In milliseconds.
    var lifetime: UInt64
    /// The age that it had when it came, in seconds.
    var initialAge: Int
    var staleUse: StaleUse
    var isShared: Bool
    var lastModified: Int64
    var contentType: [UInt8]
    var cacheControl: CacheControl
    var entityTag: String?
    var lastModifiedText: String?

    private static let version: UInt8 = 1

    /// Those of an entry.
    init(_ entry: Entry, storedAt: Int64) {
        self.storedAt = storedAt
        lifetime = entry.freshness.lifetime
        initialAge = entry.freshness.initialAge
        staleUse = entry.freshness.staleUse
        isShared = entry.isShared
        lastModified = entry.lastModified
        contentType = entry.contentType
        cacheControl = entry.received.cacheControl
        entityTag = entry.received.entityTag
        lastModifiedText = entry.received.lastModified
    }

    /// Reads what `bytes` wrote; nil if it is of another version.
    init?(_ bytes: [UInt8]) {
        var reader = StateReader(bytes)
        guard reader.number(1) == UInt64(Self.version), let storedAt = reader.signed(), let lifetime = reader.number(8),
            let age = reader.signed(), let use = reader.number(1).flatMap({ StaleUse(rawValue: UInt8($0)) }),
            let shared = reader.number(1), let lastModified = reader.signed(), let contentType = reader.text(),
            let flags = reader.number(1), let maxAge = reader.number(8), let sharedMaxAge = reader.number(8),
            let tag = reader.text(), let modified = reader.text(), reader.isAtEnd
        else { return nil }
        self.storedAt = storedAt
        self.lifetime = lifetime
        initialAge = Int(age)
        staleUse = use
        isShared = shared == 1
        self.lastModified = lastModified
        self.contentType = contentType
        cacheControl = CacheControl()
        cacheControl.flags = CacheControl.Flags(rawValue: UInt8(flags))
        cacheControl.maxAge = maxAge == .max ? nil : Int(truncatingIfNeeded: maxAge)
        cacheControl.sharedMaxAge = sharedMaxAge == .max ? nil : Int(truncatingIfNeeded: sharedMaxAge)
        entityTag = tag.isEmpty ? nil : String(decoding: tag, as: UTF8.self)
        lastModifiedText = modified.isEmpty ? nil : String(decoding: modified, as: UTF8.self)
    }

    /// The written form.
    var bytes: [UInt8] {
        var out = StateWriter()
        out.append(UInt64(Self.version), 1)
        out.append(storedAt)
        out.append(lifetime, 8)
        out.append(Int64(initialAge))
        out.append(UInt64(staleUse.rawValue), 1)
        out.append(isShared ? 1 : 0, 1)
        out.append(lastModified)
        out.append(contentType)
        out.append(UInt64(cacheControl.flags.rawValue), 1)
        out.append(cacheControl.maxAge.map { UInt64($0) } ?? .max, 8)
        out.append(cacheControl.sharedMaxAge.map { UInt64($0) } ?? .max, 8)
        out.append(Array((entityTag ?? "").utf8))
        out.append(Array((lastModifiedText ?? "").utf8))
        return out.bytes
    }
}
