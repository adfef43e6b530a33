package import Bytes
package import Caching
package import Catalog
package import CatalogJSON
import Fetching
package import HTTPCore
package import Serving

/// What is stored about a response beside its body, and its encoding.
///
/// The encoding is that of `StateWriter` and begins with a version number. The seal over all of it is checked before it
/// is read, so data that does not parse is of another version, not damaged.
package struct StateFields: Equatable, Sendable {
    /// When it was complete, in milliseconds of the state clock.
    package var storedAt: Int64
    /// In milliseconds.
    package var lifetime: UInt64
    /// Its age on arrival, in seconds.
    package var initialAge: Int
    package var staleUse: StaleUse
    package var isShared: Bool
    package var lastModified: Int64
    package var contentType: [UInt8]
    package var cacheControl: CacheControl
    package var entityTag: String?
    package var lastModifiedText: String?

    private static let version: UInt8 = 1

    /// Every field is given.
    package init(
        storedAt: Int64, lifetime: UInt64, initialAge: Int, staleUse: StaleUse, isShared: Bool, lastModified: Int64,
        contentType: [UInt8], cacheControl: CacheControl, entityTag: String?, lastModifiedText: String?
    ) {
        self.storedAt = storedAt
        self.lifetime = lifetime
        self.initialAge = initialAge
        self.staleUse = staleUse
        self.isShared = isShared
        self.lastModified = lastModified
        self.contentType = contentType
        self.cacheControl = cacheControl
        self.entityTag = entityTag
        self.lastModifiedText = lastModifiedText
    }

    /// The fields of an entry.
    package init(_ entry: Entry, storedAt: Int64) {
        self.storedAt = storedAt
        lifetime = entry.freshness.lifetime
        initialAge = entry.freshness.initialAge
        staleUse = entry.freshness.staleUse
        isShared = entry.isShared
        lastModified = entry.lastModified
        contentType = entry.contentType
        cacheControl = entry.metadata.cacheControl
        entityTag = entry.metadata.entityTag
        lastModifiedText = entry.metadata.lastModified
    }

    /// Decodes `bytes`; nil if they are of another version.
    package init?(_ bytes: [UInt8]) {
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

    /// The encoded form.
    package var bytes: [UInt8] {
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

/// The encoding of numbers and texts in the state directory: numbers in big-endian order, texts after their length in
/// four bytes.
package struct StateWriter {
    private(set) var bytes: [UInt8] = []

    /// Appends the lowest `size` bytes of a number.
    package mutating func append(_ number: UInt64, _ size: Int) {
        for shift in stride(from: (size - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    /// Appends a number in eight bytes.
    package mutating func append(_ number: Int64) { append(UInt64(bitPattern: number), 8) }

    /// Appends a text.
    package mutating func append(_ text: [UInt8]) {
        append(UInt64(text.count), 4)
        bytes += text
    }
}

/// Reads the output of a `StateWriter` from its beginning. Missing data is nil.
package struct StateReader {
    private let bytes: [UInt8]
    private var at = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var isAtEnd: Bool { at == bytes.count }

    package mutating func number(_ size: Int) -> UInt64? {
        guard bytes.count - at >= size else { return nil }
        defer { at += size }
        return bytes[at..<at + size].reduce(0) { $0 << 8 | UInt64($1) }
    }

    package mutating func signed() -> Int64? { number(8).map { Int64(bitPattern: $0) } }

    package mutating func text() -> [UInt8]? {
        guard let size = number(4), bytes.count - at >= size else { return nil }
        defer { at += Int(size) }
        return Array(bytes[at..<at + Int(size)])
    }
}

/// A copy of a response that outlived the process.
package struct StateCopy: Sendable {
    /// What was stored beside the body.
    package var fields: StateFields
    /// Upstream's body, decoded.
    package var body: SharedBytes
    /// The body's SHA-256.
    package var digest: [UInt8]
    /// When it was complete, in milliseconds of this process's monotonic clock.
    package var storedAt: UInt64

    package init(fields: StateFields, body: SharedBytes, digest: [UInt8], storedAt: UInt64) {
        self.fields = fields
        self.body = body
        self.digest = digest
        self.storedAt = storedAt
    }

    package var freshness: Freshness {
        Freshness(
            storedAt: storedAt, lifetime: fields.lifetime, initialAge: fields.initialAge, staleUse: fields.staleUse)
    }
}

extension EntryBuilder {
    /// Makes an entry of a copy that outlived the process. Nil if it must not be served under these settings.
    ///
    /// No request is served before the catalogue is loaded, so its usual list is not prepared unless that is asked for.
    /// Preparing it would take longer than all the rest, and the first request for it may come much later.
    package func restore(
        _ resource: Resource, _ copy: StateCopy, beside list: ModelList?, prepares: Bool = false,
        origin: ResponseMetadata.Origin = .first
    ) throws(CatalogError) -> Entry? {
        let fields = copy.fields
        // What was stored as shared may no longer be shareable.
        guard !fields.isShared || isShared(resource, fields.cacheControl) else { return nil }
        let read = try content(
            of: resource, copy.body, contentType: fields.contentType, beside: list, prepares: prepares)
        var metadata = ResponseMetadata(
            cacheControl: fields.cacheControl, entityTag: fields.entityTag, lastModified: fields.lastModifiedText,
            digest: copy.digest, priceEdges: read.priceEdges)
        metadata.origin = origin
        let entry = Entry(
            content: read.content, freshness: copy.freshness,
            maxAge: lifetimes.maxAge(
                lifetime: fields.lifetime, age: fields.initialAge, response: fields.cacheControl),
            isShared: fields.isShared, status: .ok, contentType: fields.contentType, identity: read.identity,
            lastModified: fields.lastModified, metadata: metadata)
        return shortened(entry, of: resource)
    }
}
