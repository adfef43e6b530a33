package import Bytes
package import Caching
package import Catalog
package import CatalogJSON
import Digest
package import HTTPClient
package import HTTPCore
package import Serving
import Threads

/// Makes an entry of upstream's answer, or reports why it is none. It takes milliseconds and runs outside the loops.
package struct EntryBuilder: Sendable {
    package let lifetimes: Lifetimes
    package let sharing: Sharing
    /// The rows that the lists of all loops share.
    private var pool = Mutex(RowPool())

    package init(lifetimes: Lifetimes, sharing: Sharing) {
        self.lifetimes = lifetimes
        self.sharing = sharing
    }

    /// This builder with the rows of another.
    package func sharingRows(with other: EntryBuilder) -> EntryBuilder {
        var builder = self
        builder.pool = other.pool
        return builder
    }

    /// What is known about a fetch when its response has arrived.
    package struct Circumstances {
        /// When it was complete, in milliseconds of the monotonic clock.
        package var now: UInt64
        /// The Unix time then, which the ages of models are computed from.
        package var wallSeconds: Int64
        /// A number in 0..<1 that spreads the ends of lifetimes, so that entries fetched together do not expire
        /// together. Refreshing some before their end would do that too, but with more fetches.
        package var chance = 0.0
        /// The entry that is still stored; its validators were sent with the request if it has any.
        package var stored: Entry?
        /// The Unix time of the request; nil if unknown. At that time the response was no older than its `Age`.
        package var askedAt: Int64?
        /// The time since the request, in whole seconds.
        package var delay = 0

        package init(
            now: UInt64, wallSeconds: Int64, chance: Double = 0.0, stored: Entry? = nil, askedAt: Int64? = nil,
            delay: Int = 0
        ) {
            self.now = now
            self.wallSeconds = wallSeconds
            self.chance = chance
            self.stored = stored
            self.askedAt = askedAt
            self.delay = delay
        }

        /// The earliest Unix time at which a response was made that had this age, in seconds, when it arrived.
        fileprivate func madeAfter(age: Int) -> Int64 {
            min(askedAt ?? wallSeconds, wallSeconds) - Int64(clamping: age)
        }

        /// By how many seconds this machine's clock is ahead of upstream's; negative if it is behind. Nil if upstream
        /// does not send the time.
        ///
        /// `Date` is when the response was made, but some caches put in the time at which they send their copy. So during
        /// the fetch upstream's clock showed `Date`, or more by the age at most.
        fileprivate func clockLead(_ fields: ResponseFields) -> Int64? {
            guard let date = fields.date else { return nil }
            if date > wallSeconds { return wallSeconds.subtractingSaturated(date) }
            let began = min(askedAt ?? wallSeconds, wallSeconds)
            return max(0, began.subtractingSaturated(date.addingSaturated(Int64(clamping: fields.age))))
        }
    }

    /// Reads a response to a request for `resource`. A facet is read together with `list`.
    package func build(
        _ resource: Resource, from response: FetchedResponse, beside list: ModelList? = nil,
        _ circumstances: Circumstances
    ) -> Result<Entry, FetchProblem> {
        let fields = ResponseFields(response, wallSeconds: circumstances.wallSeconds)
        let status = Status(rawValue: response.status)
        if status == .requestTimeout { return .failure(.timeout("upstream took too long and answered 408")) }
        if ErrorEnvelope.isNeeded(for: status, of: resource), !ErrorEnvelope.isOne(response.body) {
            // This answer is from a proxy or a CDN, not from upstream: it proves nothing about the key or the resource.
            return .failure(.status(status, retryAfter: fields.retryAfter))
        }
        if let lifetime = lifetimes.lifetime(ofError: status) {
            return .success(
                Entry(
                    content: .refusal(status, response.body),
                    freshness: Freshness(storedAt: circumstances.now, lifetime: lifetime, initialAge: fields.age),
                    maxAge: Int(lifetime / 1000), isShared: false, status: status, contentType: fields.contentType,
                    identity: response.body.span.hash64(), lastModified: fields.lastModified))
        }
        if status.isClientError {
            return .failure(
                .relayed(
                    status, contentType: fields.contentType, body: response.body, retryAfter: fields.retryAfter))
        }
        if status == .notModified, let stored = circumstances.stored, stored.metadata.hasValidator {
            return freshen(stored, resource, fields, circumstances)
        }
        guard status == .ok else { return .failure(.status(status, retryAfter: fields.retryAfter)) }
        do throws(CatalogError) {
            let digest = SHA256.digest(of: response.body.span).bytes
            var metadata = ResponseMetadata(
                cacheControl: fields.cacheControl, entityTag: fields.entityTag,
                lastModified: fields.lastModifiedText, digest: digest)
            metadata.origin = circumstances.stored == nil ? .first : .replacement
            metadata.clockLead = circumstances.clockLead(fields)
            if resource == .catalog, let stored = circumstances.stored, stored.metadata.digest == digest {
                metadata.priceEdges = stored.metadata.priceEdges
                return .success(same(stored, resource, metadata, fields, circumstances))
            }
            let read = try content(
                of: resource, response.body, contentType: fields.contentType, beside: list, prepares: true)
            metadata.priceEdges = read.priceEdges
            let contentType = read.isOwnForm ? ResponseFields.json : fields.contentType
            return .success(
                entry(
                    resource, read.content, metadata, age: fields.age, contentType: contentType,
                    identity: read.identity, lastModified: fields.lastModified, circumstances))
        } catch {
            return .failure(.unusable("upstream's answer is unusable: \(error.description)"))
        }
    }

    /// Nothing has changed: the stored content is kept, and the fields of the new response replace those it had (RFC
    /// 9111 sections 3.2 and 4.3.4).
    private func freshen(
        _ stored: Entry, _ resource: Resource, _ fields: ResponseFields, _ circumstances: Circumstances
    ) -> Result<Entry, FetchProblem> {
        var metadata = stored.metadata
        metadata.origin = .confirmation
        metadata.clockLead = circumstances.clockLead(fields)
        // Upstream was asked about this one copy, and compares tags weakly. So a tag that differs in `W/` alone is this
        // copy's: nginx weakens the tag of what it compresses, but not that of a 304. Section 4.3.4 wants a strong tag
        // to be the very same, so that no copy is taken for another of several.
        if let tag = fields.entityTag, !(metadata.entityTag.map { EntityTag.areSame($0, tag) } ?? false) {
            return .failure(.unusable("upstream's answer is unusable: its 304 is for another representation"))
        }
        if fields.hasCacheControl {
            metadata.cacheControl = Sharing.directives(fields.cacheControl, confirming: stored.metadata.cacheControl)
        }
        if let lastModified = fields.lastModifiedText { metadata.lastModified = lastModified }
        let entry = same(stored, resource, metadata, fields, circumstances)
        return .success(stored.isShared && !entry.isShared ? entry.withoutValidators() : entry)
    }

    /// The stored content with the time of another response. A catalogue that is the same byte for byte is not read,
    /// composed and compressed again, and its lists and those of keys continue to share its rows.
    private func same(
        _ stored: Entry, _ resource: Resource, _ metadata: ResponseMetadata, _ fields: ResponseFields,
        _ circumstances: Circumstances
    ) -> Entry {
        var content = stored.content
        // A restored entry has none.
        if case .rows(let snapshot, nil) = content {
            content = .rows(snapshot, Self.prepared(snapshot))
        }
        return entry(
            resource, content, metadata, age: fields.age, contentType: stored.contentType, identity: stored.identity,
            lastModified: fields.lastModifiedText == nil ? stored.lastModified : fields.lastModified, circumstances)
    }

    private func entry(
        _ resource: Resource, _ content: Entry.Content, _ metadata: ResponseMetadata, age: Int, contentType: [UInt8],
        identity: UInt64, lastModified: Int64, _ circumstances: Circumstances
    ) -> Entry {
        let directives = metadata.cacheControl
        let span = span(of: resource, directives)
        // The corrected initial age of RFC 9111 section 4.2.3. `Date` is ignored, which that section allows: if clocks
        // differ, every response would seem old.
        let initialAge = age + circumstances.delay
        var lifetime = lifetimes.remaining(of: span.lifetime, age: initialAge, response: directives)
        // There is one catalogue; the other resources may have many entries, one for each key.
        if resource != .catalog { lifetime -= UInt64(Double(lifetime / 10) * circumstances.chance) }
        lifetime = Self.ended(
            lifetime, by: metadata.priceEdges, from: circumstances.wallSeconds,
            madeAfter: circumstances.madeAfter(age: age))
        return Entry(
            content: content,
            freshness: Freshness(
                storedAt: circumstances.now, lifetime: lifetime, initialAge: initialAge, staleUse: span.staleUse),
            maxAge: lifetimes.maxAge(lifetime: lifetime, age: initialAge, response: directives),
            isShared: isShared(resource, directives), status: .ok,
            contentType: contentType, identity: identity, lastModified: lastModified, metadata: metadata)
    }

    /// How long the settings let a response be used, before chance and prices shorten it.
    package func span(of resource: Resource, _ directives: CacheControl) -> (lifetime: UInt64, staleUse: StaleUse) {
        let lifetime = lifetimes.lifetime(configured: configuredLifetime(of: resource), response: directives)
        return (lifetime, lifetimes.staleUse(lifetime: lifetime, response: directives))
    }

    /// A lifetime in milliseconds from `wallSeconds` on, which ends at the first edge within it. An edge that has
    /// passed since the response was made ends it at once.
    package static func ended(
        _ lifetime: UInt64, by edges: DayMinutes, from wallSeconds: Int64, madeAfter: Int64
    ) -> UInt64 {
        edges.next(after: madeAfter).map { min(lifetime, UInt64(max(0, $0 - wallSeconds)) * 1000) } ?? lifetime
    }

    package func isShared(_ resource: Resource, _ directives: CacheControl) -> Bool {
        !resource.isPersonal && sharing.allows(directives)
    }

    private func configuredLifetime(of resource: Resource) -> UInt64 {
        switch resource.kind {
        case .catalog, .past: lifetimes.catalog
        case .userList: lifetimes.user
        case .model: lifetimes.model
        case .facet, .opaque, .keyedOpaque: lifetimes.opaque
        case .data: lifetimes.data
        case .userFacet, .userOpaque: min(lifetimes.opaque, lifetimes.user)
        }
    }

    // MARK: Contents

    package struct Read {
        package let content: Entry.Content
        package let identity: UInt64
        package var priceEdges = DayMinutes.none
        /// Whether Larder writes the answers made of it, or passes upstream's on.
        var isOwnForm = true
    }

    package func content(
        of resource: Resource, _ body: SharedBytes, contentType: [UInt8], beside list: ModelList?, prepares: Bool
    ) throws(CatalogError) -> Read {
        switch resource {
        // A catalogue of an earlier time is never fetched, but it has the same form.
        case .catalog, .past:
            let read = try CatalogReader.read(body.span)
            let snapshot = pool.withLock { $0.catalogue(read, pausing: Throttle.pauseIfNeeded) }
            return Read(
                content: .rows(snapshot, prepares ? Self.prepared(snapshot) : nil), identity: snapshot.identity,
                priceEdges: snapshot.priceEdges)
        case .userList:
            let rows = try CatalogReader.readList(body.span, in: pool)
            return Read(content: .list(rows), identity: rows.identity, priceEdges: rows.priceEdges)
        case .model:
            let model = try CatalogReader.readModel(body.span)
            return Read(
                content: .model(ModelRow(model.fields, json: model.row)), identity: model.row.span.hash64(),
                priceEdges: model.fields.priceEdges)
        case .facet:
            let rows = try CatalogReader.readFacet(body.span, beside: list, in: pool)
            return Read(content: .facet(rows), identity: rows.identity, priceEdges: rows.priceEdges)
        case .opaque(let path, _, _):
            if Self.mustBeJSON(resource, contentType) {
                switch path {
                case _ where resource.isForCodex: try CatalogReader.checkJSON(body.span)
                case "/models", "/models/user": try CatalogReader.checkList(body.span)
                case "/models/count": _ = try CatalogReader.readCount(body.span)
                default: try CatalogReader.checkJSON(body.span)
                }
            }
            return Read(content: .body(body), identity: body.span.hash64(), isOwnForm: false)
        }
    }

    /// Whether a body must be JSON. A feed is not, and a dataset need not be: their form is unknown. Everything else
    /// must be, whatever its type says: a page in its place comes from someone else, such as a proxy that asks for a
    /// password.
    private static func mustBeJSON(_ resource: Resource, _ contentType: [UInt8]) -> Bool {
        if ResponseFields.isJSON(contentType) { return true }
        if resource.kind == .data { return ResponseFields.essence(of: contentType) == "text/html" }
        return !resource.isFeed
    }

    /// The default list, composed and compressed.
    private static func prepared(_ snapshot: Snapshot) -> PreparedList {
        let query = Query()
        // It does not use ages, so the time does not matter.
        let body = Composer.list(.snapshot(snapshot, snapshot.select(query, now: 0)), rawQuery: Span())
        var coded: [ContentCoding: SharedBytes] = [:]
        for coding in ContentCoding.allCases { coded[coding] = coding.compress(body.span) }
        return PreparedList(query: query, identity: body, coded: coded)
    }
}

/// How changed settings affect stored entries.
extension EntryBuilder {
    /// Whether an entry may still be served to those it was stored for.
    package func allows(_ entry: Entry, of resource: Resource) -> Bool {
        !entry.isShared || resource.kind == .past || isShared(resource, entry.metadata.cacheControl)
    }

    /// An entry that was stored under the settings of `earlier`. The same entry if these settings change nothing; one
    /// of the same content if its lifetime changes; nil if it may no longer be shared. `now` is the time of the loop's
    /// clock in milliseconds, `wallSeconds` the Unix time.
    package func taking(
        _ entry: Entry, of resource: Resource, from earlier: EntryBuilder, now: UInt64, wallSeconds: Int64
    ) -> Entry? {
        // No setting changes what was.
        if resource.kind == .past { return entry }
        guard allows(entry, of: resource) else { return nil }
        let (lifetime, staleUse) = span(of: entry, resource)
        guard (lifetime, staleUse) != earlier.span(of: entry, resource) else { return entry }
        let held = entry.freshness
        let storedSeconds = wallSeconds - Int64(now.elapsed(since: held.storedAt) / 1000)
        let left = lifetimes.remaining(of: lifetime, age: held.initialAge, response: entry.metadata.cacheControl)
        return lasting(
            entry,
            Freshness(
                storedAt: held.storedAt,
                lifetime: Self.ended(
                    left, by: entry.metadata.priceEdges, from: storedSeconds,
                    madeAfter: storedSeconds - Int64(held.initialAge)),
                initialAge: held.initialAge, staleUse: staleUse))
    }

    /// The content of a stored entry under the time and the fields of another copy of the same body. Nil if it may not be
    /// shared under these settings.
    package func renewed(
        _ stored: Entry, of resource: Resource, _ freshness: Freshness, isShared: Bool, _ metadata: ResponseMetadata
    ) -> Entry? {
        guard !isShared || self.isShared(resource, metadata.cacheControl) else { return nil }
        var content = stored.content
        if case .rows(let snapshot, nil) = content { content = .rows(snapshot, Self.prepared(snapshot)) }
        let entry = Entry(
            content: content, freshness: freshness,
            maxAge: lifetimes.maxAge(
                lifetime: freshness.lifetime, age: freshness.initialAge, response: metadata.cacheControl),
            isShared: isShared, status: stored.status, contentType: stored.contentType, identity: stored.identity,
            lastModified: stored.lastModified, metadata: metadata)
        return shortened(entry, of: resource)
    }

    /// An entry whose settings are no longer known: usable no longer than these settings allow.
    package func shortened(_ entry: Entry, of resource: Resource) -> Entry {
        let held = entry.freshness
        let (lifetime, staleUse) = span(of: entry, resource)
        guard held.lifetime > lifetime || held.staleUse > staleUse else { return entry }
        return lasting(
            entry,
            Freshness(
                storedAt: held.storedAt, lifetime: min(held.lifetime, lifetime), initialAge: held.initialAge,
                staleUse: min(held.staleUse, staleUse)))
    }

    private func lasting(_ entry: Entry, _ freshness: Freshness) -> Entry {
        entry.lasting(
            freshness,
            maxAge: lifetimes.maxAge(
                lifetime: freshness.lifetime, age: freshness.initialAge, response: entry.metadata.cacheControl))
    }

    /// How long the settings let an entry be used, before chance and prices shorten it.
    private func span(of entry: Entry, _ resource: Resource) -> (lifetime: UInt64, staleUse: StaleUse) {
        if let lifetime = lifetimes.lifetime(ofError: entry.status) { return (lifetime, .never) }
        return span(of: resource, entry.metadata.cacheControl)
    }
}
