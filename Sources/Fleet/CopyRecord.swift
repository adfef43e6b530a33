/// What the engine keeps of a copy beside its body.
///
/// The body has a key of its own, named by its digest, so that a replica that has the body does not read it again.
package struct CopyRecord: Equatable, Sendable {
    /// The version of the record's format.
    package static let schema: UInt8 = 1

    /// The generations under which it was fetched.
    package var stamp: Stamp
    /// When it was fetched by its writer's wall clock, in milliseconds since 1970.
    package var fetchedAt: UInt64
    /// The time after which the engine deletes it, in milliseconds. Its age follows from what the engine says is left of
    /// that, whatever the clocks of replicas say.
    package var keptFor: UInt64
    package var facts: CopyFacts
    package var digest: BodyDigest
    /// The size of the body as the engine keeps it, in bytes.
    package var size: UInt32

    package init(
        stamp: Stamp, fetchedAt: UInt64, keptFor: UInt64, facts: CopyFacts, digest: BodyDigest, size: UInt32
    ) {
        self.stamp = stamp
        self.fetchedAt = fetchedAt
        self.keptFor = keptFor
        self.facts = facts
        self.digest = digest
        self.size = size
    }

    /// The milliseconds since it was fetched. `remaining` is what the engine says is left of `keptFor`. If that is negative
    /// or more than `keptFor`, the clocks decide, and a copy from the future has the age 0.
    package func age(remaining: Int64, wall: UInt64) -> UInt64 {
        if remaining >= 0, UInt64(remaining) <= keptFor { return keptFor - UInt64(remaining) }
        return wall > fetchedAt ? wall - fetchedAt : 0
    }
}

/// What upstream said about a copy, and how long it may be used.
package struct CopyFacts: Equatable, Sendable {
    /// The status, 200 to 599.
    package var status: UInt16
    /// The owner, if the copy is for one key alone.
    package var owner: Identifier?
    /// How long it is fresh after it was fetched, in milliseconds.
    package var freshFor: UInt64
    /// How long it may be used in all, in milliseconds.
    package var usableFor: UInt64
    /// Its age on arrival, in seconds.
    package var initialAge: UInt32
    /// What it may be used for once it is stale: 0 nothing, 1 instead of an error, 2 also during a refresh.
    package var staleUse: UInt8
    /// How the body is compressed: 0 not, 1 gzip, 2 Brotli.
    package var coding: UInt8
    /// Field values as upstream sent them; empty for none.
    package var entityTag: [UInt8]
    package var lastModified: [UInt8]
    package var cacheControl: [UInt8]
    package var contentType: [UInt8]

    package init(
        status: UInt16 = 200, owner: Identifier? = nil, freshFor: UInt64, usableFor: UInt64, initialAge: UInt32 = 0,
        staleUse: UInt8 = 2, coding: UInt8 = 0, entityTag: [UInt8] = [], lastModified: [UInt8] = [],
        cacheControl: [UInt8] = [], contentType: [UInt8] = []
    ) {
        self.status = status
        self.owner = owner
        self.freshFor = freshFor
        self.usableFor = usableFor
        self.initialAge = initialAge
        self.staleUse = staleUse
        self.coding = coding
        self.entityTag = entityTag
        self.lastModified = lastModified
        self.cacheControl = cacheControl
        self.contentType = contentType
    }

    /// Whether a record can hold it: a field value that is too long is rare, and then the copy is not shared.
    package var fits: Bool {
        entityTag.count <= CopyRecord.longestTag && lastModified.count <= CopyRecord.longestDate
            && cacheControl.count <= CopyRecord.longestDirectives && contentType.count <= CopyRecord.longestType
            && (200...599).contains(status) && staleUse <= 2 && coding <= 2 && freshFor <= CopyRecord.longestTime
            && usableFor <= CopyRecord.longestTime
    }
}

extension CopyRecord {
    static let longestTag = 1_024
    static let longestDate = 64
    static let longestDirectives = 1_024
    static let longestType = 256
    /// Ten years. A longer time is an error, and a sum of such times does not overflow.
    static let longestTime: UInt64 = 10 * 365 * 86_400_000
    /// The longest record: fixed fields and the longest texts.
    package static let longest = 256 + longestTag + longestDate + longestDirectives + longestType

    /// The record as bytes.
    package func encoded() -> [UInt8] {
        var writer = WireWriter(mark: .record)
        stamp.write(to: &writer)
        writer.number(fetchedAt)
        writer.number(keptFor)
        writer.number(facts.status)
        writer.byte(facts.owner == nil ? 0 : 1)
        if let owner = facts.owner { writer.identifier(owner) }
        writer.number(facts.freshFor)
        writer.number(facts.usableFor)
        writer.number(facts.initialAge)
        writer.byte(facts.staleUse)
        writer.byte(facts.coding)
        writer.text(facts.entityTag)
        writer.text(facts.lastModified)
        writer.text(facts.cacheControl)
        writer.text(facts.contentType)
        writer.identifier(digest.first)
        writer.identifier(digest.second)
        writer.number(size)
        return writer.bytes
    }

    /// Reads a record. It is strict: whatever is not exactly as `encoded` writes it is an error.
    package init(decoding bytes: [UInt8]) throws(WireProblem) {
        var reader = try WireReader(bytes, mark: .record, atMost: Self.longest, "the record")
        stamp = try Stamp(from: &reader)
        fetchedAt = try reader.number("the time of the fetch")
        keptFor = try reader.time("the time it is kept")
        let status: UInt16 = try reader.number("the status")
        guard (200...599).contains(status) else { throw .badValue(field: "the status") }
        let owner = try reader.flag("the sharing") ? try reader.identifier("the owner") : nil
        facts = CopyFacts(
            status: status, owner: owner, freshFor: try reader.time("the freshness"),
            usableFor: try reader.time("the use"), initialAge: try reader.number("the age"),
            staleUse: try reader.choice("the stale use"), coding: try reader.choice("the coding"),
            entityTag: try reader.text("the entity tag", atMost: Self.longestTag),
            lastModified: try reader.text("the modification date", atMost: Self.longestDate),
            cacheControl: try reader.text("the directives", atMost: Self.longestDirectives),
            contentType: try reader.text("the content type", atMost: Self.longestType))
        digest = BodyDigest(try reader.identifier("the digest"), try reader.identifier("the digest"))
        size = try reader.number("the size")
        try reader.end()
    }
}

extension WireReader {
    fileprivate mutating func time(_ field: StaticString) throws(WireProblem) -> UInt64 {
        let value: UInt64 = try number(field)
        guard value <= CopyRecord.longestTime else { throw .badValue(field: field) }
        return value
    }

    mutating func flag(_ field: StaticString) throws(WireProblem) -> Bool {
        let value = try byte(field)
        guard value <= 1 else { throw .badValue(field: field) }
        return value == 1
    }

    fileprivate mutating func choice(_ field: StaticString) throws(WireProblem) -> UInt8 {
        let value = try byte(field)
        guard value <= 2 else { throw .badValue(field: field) }
        return value
    }
}
