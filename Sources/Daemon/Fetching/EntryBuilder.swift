import Bytes
import Caching
import Catalog
import Compression
import EventLoop
import HTTPCore
import Serving
import Upstream

/// Makes an entry of what upstream answered, or says why it is none. It takes milliseconds and runs away from the loops.
struct EntryBuilder: Sendable {
    let lifetimes: Lifetimes
    let sharing: Sharing
    /// The rows that lists of all loops share.
    private let pool = Guarded(RowPool())

    init(lifetimes: Lifetimes, sharing: Sharing) {
        self.lifetimes = lifetimes
        self.sharing = sharing
    }

    /// Reads a response to a request for `resource` that was complete at `now` (milliseconds, monotonic); `wallSeconds` is
    /// the Unix time, which the ages of models are counted from. A facet is read beside `list`.
    func build(
        _ resource: Resource, from response: FetchedResponse, beside list: ModelList? = nil, now: UInt64,
        wallSeconds: Int64
    ) -> Result<Entry, FetchProblem> {
        let fields = ResponseFields(response, wallSeconds: wallSeconds)
        let status = Status(rawValue: response.status)
        if let lifetime = lifetimes.lifetime(ofError: status) {
            return .success(
                entry(
                    .refusal(status, response.body), fields, status, lifetime: lifetime, isShared: false,
                    identity: response.body.span.hash64(), now: now))
        }
        if status.isClientError {
            return .failure(
                .relayed(
                    status, contentType: fields.contentType, body: response.body, retryAfter: fields.retryAfter))
        }
        guard status == .ok else { return .failure(.status(status, retryAfter: fields.retryAfter)) }
        do throws(CatalogError) {
            let (content, identity) = try content(of: resource, response.body, fields, beside: list)
            let lifetime = lifetimes.lifetime(
                configured: configuredLifetime(of: resource), response: fields.cacheControl)
            return .success(
                entry(
                    content, fields, status, lifetime: lifetime,
                    isShared: !resource.isPersonal && sharing.allows(fields.cacheControl), identity: identity, now: now)
            )
        } catch {
            return .failure(.unusable("upstream's answer is unusable: \(error.description)"))
        }
    }

    private func entry(
        _ content: Entry.Content, _ fields: ResponseFields, _ status: Status, lifetime: UInt64, isShared: Bool,
        identity: UInt64, now: UInt64
    ) -> Entry {
        let isOwnForm =
            switch content {
            case .rows, .list, .model, .facet, .joined: true
            case .body, .refusal: false
            }
        return Entry(
            content: content,
            freshness: Freshness(storedAt: now, lifetime: lifetime, initialAge: fields.age),
            maxAge: Int(lifetime / 1000), isShared: isShared, status: status,
            contentType: isOwnForm ? ResponseFields.json : fields.contentType, identity: identity,
            lastModified: fields.lastModified)
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

    private func content(
        of resource: Resource, _ body: SharedBytes, _ fields: ResponseFields, beside list: ModelList?
    ) throws(CatalogError) -> (Entry.Content, UInt64) {
        switch resource {
        case .catalog:
            let read = try CatalogReader.read(body.span)
            let snapshot = pool.withValue { $0.catalogue(read) }
            return (.rows(snapshot, Self.prepared(snapshot)), snapshot.identity)
        case .userList:
            let rows = try CatalogReader.readList(body.span, in: pool)
            return (.list(rows), rows.identity)
        case .model:
            let model = try CatalogReader.readModel(body.span)
            let content = Entry.Content.model(
                plain: Composer.model(model.row.span), openAI: Composer.openAIModel(model.row.span, model.fields))
            return (content, model.row.span.hash64())
        case .facet:
            let rows = try CatalogReader.readFacet(body.span, beside: list, in: pool)
            return (.facet(rows), rows.identity)
        case .opaque(let path, _):
            // A feed (`use_rss`) is no JSON, and nothing is known of its form.
            if fields.isJSON {
                switch path {
                case "/models", "/models/user": try CatalogReader.checkList(body.span)
                case "/models/count": _ = try CatalogReader.readCount(body.span)
                default: try CatalogReader.checkJSON(body.span)
                }
            }
            return (.body(body), body.span.hash64())
        }
    }

    /// The default list and the one of all modalities, composed and compressed.
    private static func prepared(_ snapshot: Snapshot) -> PreparedLists {
        var everything = Query()
        everything.outputModalities = nil
        var lists: [PreparedLists.List] = []
        for query in [Query(), everything] {
            // Neither query looks at ages, so the time does not matter.
            let body = Composer.list(snapshot, snapshot.select(query, now: 0), rawQuery: Span())
            guard let gzip = Gzip.compress(body.span) else { continue }
            lists.append(PreparedLists.List(query: query, identity: body, gzip: gzip))
        }
        return PreparedLists(lists)
    }
}

/// The fields of a response that a cache looks at.
struct ResponseFields {
    var cacheControl = CacheControl()
    /// The age that it already has, in seconds.
    var age = 0
    var retryAfter: Int?
    /// In Unix seconds; the moment it came if upstream does not say.
    var lastModified: Int64
    var contentType = Self.json

    static let json = Array("application/json".utf8)

    init(_ response: FetchedResponse, wallSeconds: Int64) {
        lastModified = wallSeconds
        for (name, value) in response.fields {
            let bytes = Array(value.utf8)
            switch name {
            case "cache-control": cacheControl.merge(bytes.span)
            case "age": age = RetryAfter.parse(bytes.span, now: .max) ?? 0
            case "last-modified":
                // A date in the future would keep clients from ever asking in earnest (RFC 9110 section 8.8.2.1).
                lastModified = min(wallSeconds, HTTPDate.parse(bytes.span) ?? wallSeconds)
            case "retry-after": retryAfter = RetryAfter.parse(bytes.span, now: wallSeconds)
            case "content-type": contentType = HeadWriter.sanitized(bytes.span)
            default: break
            }
        }
    }

    /// Whether the media type is JSON, or one built on it.
    var isJSON: Bool {
        let essence = contentType.prefix { $0 != UInt8(ascii: ";") }.map(asciiLowercased)
        let name = essence.span.text().trimmingSpaces
        return name == "application/json" || name.hasSuffix("+json")
    }
}

extension String {
    fileprivate var trimmingSpaces: Substring {
        var text = self[...]
        while text.last == " " || text.last == "\t" { text.removeLast() }
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        return text
    }
}
