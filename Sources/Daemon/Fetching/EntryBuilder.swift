import Bytes
import Caching
import Catalog
import Digest
import EventLoop
import HTTPCore
import Pacing
import Serving
import Upstream

/// Makes an entry of what upstream answered, or says why it is none. It takes milliseconds and runs away from the loops.
struct EntryBuilder: Sendable {
    let lifetimes: Lifetimes
    let sharing: Sharing
    /// The rows that lists of all loops share.
    private var pool = Guarded(RowPool())

    init(lifetimes: Lifetimes, sharing: Sharing) {
        self.lifetimes = lifetimes
        self.sharing = sharing
    }

    /// This one with the rows of another.
    func sharingRows(with other: EntryBuilder) -> EntryBuilder {
        var builder = self
        builder.pool = other.pool
        return builder
    }

    /// What is known of a fetch when its response is there.
    struct Circumstances {
        /// When it was complete, in milliseconds of the monotonic clock.
        var now: UInt64
        /// The Unix time then, which the ages of models are counted from.
        var wallSeconds: Int64
        /// A number in 0..<1 that spreads the ends of lifetimes, so that what was fetched together does not fall due together.
        var chance = 0.0
        /// The entry that is stored still, whose validators were sent with the request if it has any.
        var stored: Entry?
    }

    /// Reads a response to a request for `resource`. A facet is read beside `list`.
    func build(
        _ resource: Resource, from response: FetchedResponse, beside list: ModelList? = nil,
        _ circumstances: Circumstances
    ) -> Result<Entry, FetchProblem> {
        let fields = ResponseFields(response, wallSeconds: circumstances.wallSeconds)
        let status = Status(rawValue: response.status)
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
        if status == .notModified, let stored = circumstances.stored, stored.received.hasValidator {
            return freshen(stored, resource, fields, circumstances)
        }
        guard status == .ok else { return .failure(.status(status, retryAfter: fields.retryAfter)) }
        do throws(CatalogError) {
            let digest = SHA256.digest(of: response.body.span).bytes
            var received = Received(
                cacheControl: fields.cacheControl, entityTag: fields.entityTag,
                lastModified: fields.lastModifiedText, digest: digest)
            if resource == .catalog, let stored = circumstances.stored, stored.received.digest == digest {
                received.priceEdges = stored.received.priceEdges
                return .success(same(stored, resource, received, fields, circumstances))
            }
            let read = try content(of: resource, response.body, isJSON: fields.isJSON, beside: list, prepares: true)
            received.priceEdges = read.priceEdges
            let contentType = read.isOwnForm ? ResponseFields.json : fields.contentType
            return .success(
                entry(
                    resource, read.content, received, age: fields.age, contentType: contentType,
                    identity: read.identity, lastModified: fields.lastModified, circumstances))
        } catch {
            return .failure(.unusable("upstream's answer is unusable: \(error.description)"))
        }
    }

    /// Nothing has changed: the stored content goes on, with the fields that came now over those it had (RFC 9111 sections
    /// 3.2 and 4.3.4).
    private func freshen(
        _ stored: Entry, _ resource: Resource, _ fields: ResponseFields, _ circumstances: Circumstances
    ) -> Result<Entry, FetchProblem> {
        var received = stored.received
        if let tag = fields.entityTag, tag != received.entityTag {
            return .failure(.unusable("upstream's answer is unusable: its 304 is about another representation"))
        }
        if fields.hasCacheControl { received.cacheControl = fields.cacheControl }
        if let lastModified = fields.lastModifiedText { received.lastModified = lastModified }
        return .success(same(stored, resource, received, fields, circumstances))
    }

    /// What is stored, of the time of another response. A catalogue that came again byte for byte is not read, composed and
    /// compressed again, and its lists and those of keys go on sharing its rows.
    private func same(
        _ stored: Entry, _ resource: Resource, _ received: Received, _ fields: ResponseFields,
        _ circumstances: Circumstances
    ) -> Entry {
        var content = stored.content
        // One that was restored has none.
        if case .rows(let snapshot, nil) = content {
            content = .rows(snapshot, Self.prepared(snapshot))
        }
        return entry(
            resource, content, received, age: fields.age, contentType: stored.contentType, identity: stored.identity,
            lastModified: fields.lastModifiedText == nil ? stored.lastModified : fields.lastModified, circumstances)
    }

    private func entry(
        _ resource: Resource, _ content: Entry.Content, _ received: Received, age: Int, contentType: [UInt8],
        identity: UInt64, lastModified: Int64, _ circumstances: Circumstances
    ) -> Entry {
        let directives = received.cacheControl
        let span = span(of: resource, directives)
        var lifetime = span.lifetime
        // There is one catalogue; of the others there may be many, one for each key.
        if resource != .catalog { lifetime -= UInt64(Double(lifetime / 10) * circumstances.chance) }
        lifetime = Self.ended(lifetime, by: received.priceEdges, circumstances.wallSeconds)
        return Entry(
            content: content,
            freshness: Freshness(
                storedAt: circumstances.now, lifetime: lifetime, initialAge: age, staleUse: span.staleUse),
            maxAge: Int(lifetime / 1000), isShared: isShared(resource, directives), status: .ok,
            contentType: contentType, identity: identity, lastModified: lastModified, received: received)
    }

    /// Makes an entry of a copy that outlived the process. Nil if it is not to be served under these settings.
    ///
    /// Nobody is served before the catalogue is there, so its usual list is not prepared: that would take longer than all
    /// the rest, and it may be long before anyone asks for it.
    func restore(
        _ resource: Resource, _ copy: StateCopy, beside list: ModelList?
    ) throws(CatalogError) -> Entry? {
        let fields = copy.fields
        // What was stored for everyone may not go to everyone any more.
        guard !fields.isShared || isShared(resource, fields.cacheControl) else { return nil }
        let read = try content(
            of: resource, copy.body, isJSON: ResponseFields.isJSON(fields.contentType), beside: list, prepares: false)
        let received = Received(
            cacheControl: fields.cacheControl, entityTag: fields.entityTag, lastModified: fields.lastModifiedText,
            digest: copy.digest, priceEdges: read.priceEdges)
        let entry = Entry(
            content: read.content, freshness: copy.freshness, maxAge: Int(fields.lifetime / 1000),
            isShared: fields.isShared, status: .ok, contentType: fields.contentType, identity: read.identity,
            lastModified: fields.lastModified, received: received)
        return shortened(entry, of: resource)
    }

    /// How long the settings let a response be of use, before chance and prices shorten it.
    func span(of resource: Resource, _ directives: CacheControl) -> (lifetime: UInt64, staleUse: StaleUse) {
        let lifetime = lifetimes.lifetime(configured: configuredLifetime(of: resource), response: directives)
        return (lifetime, lifetimes.staleUse(lifetime: lifetime, response: directives))
    }

    /// A lifetime in milliseconds, from `wallSeconds` on, ended by the first of the edges that falls into it.
    static func ended(_ lifetime: UInt64, by edges: DayMinutes, _ wallSeconds: Int64) -> UInt64 {
        edges.next(after: wallSeconds).map { min(lifetime, UInt64($0 - wallSeconds) * 1000) } ?? lifetime
    }

    func isShared(_ resource: Resource, _ directives: CacheControl) -> Bool {
        !resource.isPersonal && sharing.allows(directives)
    }

    private func configuredLifetime(of resource: Resource) -> UInt64 {
        switch resource.kind {
        case .catalog: lifetimes.catalog
        case .userList: lifetimes.user
        case .model: lifetimes.model
        case .facet, .opaque: lifetimes.opaque
        case .userFacet, .userOpaque: min(lifetimes.opaque, lifetimes.user)
        }
    }

    // MARK: Contents

    private struct Read {
        let content: Entry.Content
        let identity: UInt64
        var priceEdges = DayMinutes.none
        /// Whether answers made of it are written here, rather than passed on.
        var isOwnForm = true
    }

    private func content(
        of resource: Resource, _ body: SharedBytes, isJSON: Bool, beside list: ModelList?, prepares: Bool
    ) throws(CatalogError) -> Read {
        switch resource {
        case .catalog:
            let read = try CatalogReader.read(body.span)
            let snapshot = pool.withValue { $0.catalogue(read, pausing: Pace.rest) }
            return Read(
                content: .rows(snapshot, prepares ? Self.prepared(snapshot) : nil), identity: snapshot.identity,
                priceEdges: snapshot.priceEdges)
        case .userList:
            let rows = try CatalogReader.readList(body.span, in: pool)
            return Read(content: .list(rows), identity: rows.identity, priceEdges: rows.priceEdges)
        case .model:
            let model = try CatalogReader.readModel(body.span)
            let content = Entry.Content.model(
                plain: Composer.model(model.row.span), openAI: Composer.openAIModel(model.row.span, model.fields))
            return Read(content: content, identity: model.row.span.hash64(), priceEdges: model.fields.priceEdges)
        case .facet:
            let rows = try CatalogReader.readFacet(body.span, beside: list, in: pool)
            return Read(content: .facet(rows), identity: rows.identity, priceEdges: rows.priceEdges)
        case .opaque(let path, _):
            // A feed is no JSON, and nothing is known of its form. All else is, whatever its type says: a page in its place is
            // somebody else's, such as a proxy's that wants a password.
            if isJSON || !resource.isFeed {
                switch path {
                case "/models", "/models/user": try CatalogReader.checkList(body.span)
                case "/models/count": _ = try CatalogReader.readCount(body.span)
                default: try CatalogReader.checkJSON(body.span)
                }
            }
            return Read(content: .body(body), identity: body.span.hash64(), isOwnForm: false)
        }
    }

    /// The default list, composed and compressed.
    private static func prepared(_ snapshot: Snapshot) -> PreparedList {
        let query = Query()
        // It does not look at ages, so the time does not matter.
        let body = Composer.list(snapshot, snapshot.select(query, now: 0), rawQuery: Span())
        var coded: [ContentCoding: SharedBytes] = [:]
        for coding in ContentCoding.allCases { coded[coding] = coding.compress(body.span) }
        return PreparedList(query: query, identity: body, coded: coded)
    }
}
