import Bytes
import Caching
import HTTPCore
import Serving

/// What is stored of a response beside its body, and how it is written.
///
/// The form is a number for the version, the numbers in big-endian order, the texts with their length before them. Whoever reads it has
/// checked a seal over all of it, so a form that does not fit is one of another version, not a damaged one.
struct StateFields: Equatable {
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
        lifetime = entry.freshness.freshUntil &- entry.freshness.storedAt
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
        var reader = Reader(bytes: bytes)
        guard reader.number(1) == UInt64(Self.version), let storedAt = reader.number(8),
            let lifetime = reader.number(8), let age = reader.number(8),
            let use = reader.number(1).flatMap({ StaleUse(rawValue: UInt8($0)) }), let shared = reader.number(1),
            let lastModified = reader.number(8), let contentType = reader.text(), let flags = reader.number(1),
            let maxAge = reader.number(8), let sharedMaxAge = reader.number(8), let tag = reader.text(),
            let modified = reader.text(), reader.isAtEnd
        else { return nil }
        self.storedAt = Int64(bitPattern: storedAt)
        self.lifetime = lifetime
        initialAge = Int(Int64(bitPattern: age))
        staleUse = use
        isShared = shared == 1
        self.lastModified = Int64(bitPattern: lastModified)
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
        var out: [UInt8] = [Self.version]
        func number(_ value: UInt64, _ size: Int) {
            for shift in stride(from: (size - 1) * 8, through: 0, by: -8) {
                out.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
            }
        }
        func text(_ value: [UInt8]) {
            number(UInt64(value.count), 4)
            out += value
        }
        number(UInt64(bitPattern: storedAt), 8)
        number(lifetime, 8)
        number(UInt64(bitPattern: Int64(initialAge)), 8)
        number(UInt64(staleUse.rawValue), 1)
        number(isShared ? 1 : 0, 1)
        number(UInt64(bitPattern: lastModified), 8)
        text(contentType)
        number(UInt64(cacheControl.flags.rawValue), 1)
        number(cacheControl.maxAge.map { UInt64($0) } ?? .max, 8)
        number(cacheControl.sharedMaxAge.map { UInt64($0) } ?? .max, 8)
        text(Array((entityTag ?? "").utf8))
        text(Array((lastModifiedText ?? "").utf8))
        return out
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        var isAtEnd: Bool { at == bytes.count }

        mutating func number(_ size: Int) -> UInt64? {
            guard bytes.count - at >= size else { return nil }
            defer { at += size }
            return bytes[at..<at + size].reduce(0) { $0 << 8 | UInt64($1) }
        }

        mutating func text() -> [UInt8]? {
            guard let size = number(4), bytes.count - at >= size else { return nil }
            defer { at += Int(size) }
            return Array(bytes[at..<at + Int(size)])
        }
    }
}
