import Bytes
import Caching
import Catalog
import Digest
import Fetching
import Fleet
import HTTPClient
import HTTPCore
import Persistence
import Serving

/// A copy in the form that a fleet shares: what the record says, and the body in the coding that it names.
///
/// Making and reading one takes milliseconds, so both run on the thread pool.
struct FleetCopy: Sendable {
    let facts: CopyFacts
    let body: [UInt8]

    /// Nil if the entry may not be shared: upstream forbids to keep it, or it is for others than the flight.
    init?(_ entry: Entry, body: SharedBytes, owner: Owner?, windows: StaleWindows) {
        guard entry.status == .ok, entry.isShared == (owner == nil), Self.mayKeep(entry) else { return nil }
        let coded = ContentCoding.gzip.compress(body.span).flatMap { $0.count < body.count ? $0 : nil }
        let held = entry.freshness
        facts = CopyFacts(
            status: UInt16(clamping: entry.status.rawValue), owner: owner.map(Identifier.init),
            freshFor: held.lifetime, usableFor: held.useEnds(windows) &- held.storedAt,
            initialAge: UInt32(clamping: held.initialAge), staleUse: held.staleUse.rawValue,
            coding: coded == nil ? 0 : 1, entityTag: Array((entry.metadata.entityTag ?? "").utf8),
            lastModified: Array((entry.metadata.lastModified ?? "").utf8),
            cacheControl: entry.metadata.cacheControl.text, contentType: entry.contentType)
        let kept = coded ?? body
        self.body = kept.span.copied()
    }

    /// Whether upstream allows to keep an entry outside of this process.
    static func mayKeep(_ entry: Entry) -> Bool {
        entry.freshness.staleUse != .never && !entry.metadata.cacheControl.flags.contains(.noStore)
    }
}

/// What a loop knows when it reads a copy of the fleet.
struct FleetReading: Sendable {
    let resource: Resource
    let owner: Owner
    /// The list that a facet is read with.
    let list: ModelList?
    /// The copy in memory.
    let stored: Entry?
    /// Whether its body is the one that the fleet's copy has.
    let holdsBody: Bool
    let builder: EntryBuilder
    /// The times of both clocks.
    let now: UInt64
    let wallSeconds: Int64
    /// The size of the largest decoded body, in bytes.
    let limit: Int

    /// The entry that a copy is, and its decoded body; nil if it cannot be used here. The body is nil if it is that of the
    /// copy in memory.
    func entry(of taken: Taken) -> (entry: Entry, body: SharedBytes?)? {
        let facts = taken.record.facts
        guard facts.status == UInt16(Status.ok.rawValue) else { return nil }
        // Before this machine's clock began there is no time: what is missing counts as the age on arrival.
        let early = taken.age > now ? taken.age - now : 0
        let initialAge = Int(facts.initialAge) + Int(early / 1_000)
        let staleUse = StaleUse(rawValue: facts.staleUse) ?? .never
        let freshness = Freshness(
            storedAt: now - min(taken.age, now), lifetime: facts.freshFor.subtractingSaturated(early),
            initialAge: initialAge, staleUse: staleUse)
        var directives = CacheControl()
        directives.merge(facts.cacheControl.span)
        let tag = facts.entityTag.isEmpty ? nil : String(decoding: facts.entityTag, as: UTF8.self)
        let modified = facts.lastModified.isEmpty ? nil : String(decoding: facts.lastModified, as: UTF8.self)
        func renewed(_ stored: Entry) -> Entry? {
            var metadata = stored.metadata
            metadata.cacheControl = directives
            metadata.entityTag = tag
            metadata.lastModified = modified
            metadata.origin = .fleet
            metadata.clockLead = nil
            return builder.renewed(stored, of: resource, freshness, isShared: facts.owner == nil, metadata)
        }
        guard let coded = taken.body else {
            guard holdsBody, let stored else { return nil }
            return renewed(stored).map { ($0, nil) }
        }
        guard let body = decoded(coded, coding: facts.coding) else { return nil }
        let digest = SHA256.digest(of: body.span).bytes
        if let stored, stored.status == .ok, stored.metadata.digest == digest {
            return renewed(stored).map { ($0, body) }
        }
        let fetched = Int64(clamping: taken.record.fetchedAt / 1_000)
        let fields = StateFields(
            storedAt: 0, lifetime: freshness.lifetime, initialAge: initialAge, staleUse: staleUse,
            isShared: facts.owner == nil,
            lastModified: min(
                wallSeconds, HTTPDate.parse(facts.lastModified.span, now: wallSeconds) ?? fetched),
            contentType: facts.contentType, cacheControl: directives, entityTag: tag, lastModifiedText: modified)
        let copy = StateCopy(fields: fields, body: body, digest: digest, storedAt: freshness.storedAt)
        let entry = try? builder.restore(resource, copy, beside: list, prepares: true, origin: .fleet)
        return entry.flatMap { $0 }.map { ($0, body) }
    }

    private func decoded(_ bytes: [UInt8], coding: UInt8) -> SharedBytes? {
        let names = ["", "gzip", "br"]
        guard coding < names.count else { return nil }
        let fields = coding == 0 ? [] : [(name: "content-encoding", value: names[Int(coding)])]
        let response = FetchedResponse(
            status: Status.ok.rawValue, fields: fields, body: SharedBytes(bytes), duration: .zero)
        return try? response.decoded(limit: limit).body
    }
}

extension Identifier {
    init(_ owner: Owner) { self.init(high: owner.high, low: owner.low) }
}

extension Owner {
    init(_ owner: Identifier) { self.init(high: owner.high, low: owner.low) }
}

extension CacheControl {
    /// The directives as a field's value.
    fileprivate var text: [UInt8] {
        let names: [(Flags, String)] = [
            (.noCache, "no-cache"), (.noStore, "no-store"), (.isPublic, "public"), (.isPrivate, "private"),
            (.mustRevalidate, "must-revalidate"), (.proxyRevalidate, "proxy-revalidate"),
        ]
        var parts = names.filter { flags.contains($0.0) }.map(\.1)
        if let maxAge { parts.append("max-age=\(maxAge)") }
        if let sharedMaxAge { parts.append("s-maxage=\(sharedMaxAge)") }
        return Array(parts.joined(separator: ", ").utf8)
    }
}
