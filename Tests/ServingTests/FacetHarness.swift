import Bytes
import Caching
import Catalog
import HTTPCore
import Serving

/// A responder with a cache and a clock, to ask with plain targets.
final class FacetHarness {
    static let lifetime: UInt64 = 300_000

    var cache: ResponseCache
    var now: UInt64 = 10
    /// Seconds since 1970.
    var wallSeconds: Int64 = 0
    private var list: Snapshot?

    init(maximumBytes: Int = 1 << 20) { cache = ResponseCache(maximumBytes: maximumBytes) }

    static func facet(_ pair: String, of list: Resource.FacetedList = .catalog) -> Resource {
        guard case .forward(let query) = QueryParser.parse(Array(pair.utf8).span) else {
            preconditionFailure("no facet: \(pair)")
        }
        return .facet(query.clauses[0].names[0], of: list)
    }

    static func snapshot(_ ids: [String]) -> Snapshot {
        var builder = SnapshotBuilder()
        for id in ids {
            var model = ModelFields(id: id)
            model.outputModalities = ["text"]
            builder.append(model, row: Array(#"{"id":"\#(id)"}"#.utf8).span)
        }
        return builder.finish()
    }

    /// The list of models with those numbers, its rows found in the pool or left there for others.
    static func list(_ numbers: Range<Int>, in pool: inout RowPool) -> RowList {
        let ids = numbers.map { "list/model-\($0)" }
        var rows = RowBytes()
        for id in ids { rows.append(Array(#"{"id":"\#(id)"}"#.utf8).span) }
        return pool.list(rows) { .make(ids[$0]) }
    }

    static func rows(_ ids: [String], beside list: Snapshot?) -> FacetRows {
        var builder = FacetRowsBuilder(beside: list)
        for id in ids where !builder.append(id: Array(id.utf8).span) {
            var model = ModelFields(id: id)
            model.outputModalities = ["text"]
            builder.append(model, row: Array(#"{"id":"\#(id)"}"#.utf8).span)
        }
        return builder.finish()
    }

    static func entry(
        _ content: Entry.Content, isShared: Bool = true, at time: UInt64, lifetime: UInt64 = lifetime
    ) -> Entry {
        Entry(
            content: content, freshness: Freshness(storedAt: time, lifetime: lifetime), maxAge: Int(lifetime / 1000),
            isShared: isShared, status: .ok, contentType: Array("application/json".utf8), identity: 1, lastModified: 0)
    }

    @discardableResult
    func storeCatalog(
        _ ids: [String], as resource: Resource = .catalog, at time: UInt64, lifetime: UInt64 = lifetime
    ) -> Snapshot {
        let snapshot = Self.snapshot(ids)
        list = snapshot
        cache.store(
            Self.entry(
                .rows(snapshot, nil), isShared: resource == .catalog, at: time, lifetime: lifetime),
            for: resource, owner: .nobody)
        return snapshot
    }

    func storeFacet(
        _ pair: String, _ ids: [String], isShared: Bool = true, at time: UInt64, lifetime: UInt64 = lifetime
    ) {
        cache.store(
            Self.entry(.facet(Self.rows(ids, beside: list)), isShared: isShared, at: time, lifetime: lifetime),
            for: Self.facet(pair), owner: .nobody)
    }

    // MARK: Asking

    func resolve(
        _ target: String, directive: CacheDirective = .any, _ delivered: Responder.Delivery = Responder.Delivery()
    ) -> Responder.Resolution {
        let bytes = Array(target.utf8)
        guard let parts = Target(bytes.span) else { preconditionFailure("no target: \(target)") }
        let request = RequestSummary(
            isHead: false, target: bytes, parts: parts, route: Route(path: bytes.span.extracting(parts.path)),
            coding: .identity, directive: directive, owner: .nobody, precondition: nil)
        return Responder().resolve(request, cache: &cache, delivered: delivered, now: now, wallSeconds: wallSeconds)
    }

    /// What has to be fetched first; nil if it can be answered.
    func wants(_ target: String, directive: CacheDirective = .any) -> [Responder.Want]? {
        if case .fetch(let wants) = resolve(target, directive: directive) { wants } else { nil }
    }

    func answer(
        _ target: String, directive: CacheDirective = .any, _ delivered: Responder.Delivery = Responder.Delivery()
    ) -> Answer? {
        if case .answer(let answer) = resolve(target, directive: directive, delivered) { answer } else { nil }
    }

    func body(
        _ target: String, directive: CacheDirective = .any, _ delivered: Responder.Delivery = Responder.Delivery()
    ) -> String? {
        guard let body = answer(target, directive: directive, delivered)?.body else { return nil }
        return body.span.text()
    }

    /// The prepared answer for a target.
    func stored(_ target: String) -> Answer? {
        let bytes = Array(target.utf8)
        return cache.answer(to: bytes.span, coding: .identity, owner: nil, wallSeconds: 0)
    }
}

extension Responder.Want {
    /// Whether it is to be read beside this snapshot.
    func isBeside(_ snapshot: Snapshot) -> Bool {
        if case .snapshot(let own)? = list { own === snapshot } else { false }
    }
}

extension FacetRowsBuilder {
    /// A builder beside a snapshot.
    init(beside snapshot: Snapshot?) { self.init(beside: snapshot.map { ModelList.snapshot($0) }) }

    /// The facet, with rows that are shared with no one.
    func finish() -> FacetRows {
        var pool = RowPool()
        return finish(in: &pool)
    }
}
