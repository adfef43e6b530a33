import Bytes
import Caching
public import Catalog
public import HTTPCore

/// Finds the answer to a request on one of the cached routes, or the resources that must be fetched first.
///
/// It is called again after each fetch, with the fetched entries. Those are used whatever their freshness, since they
/// were fetched for this request.
public struct Responder: Sendable {
    /// Parameters that the settings always send upstream, `filters.upstream`.
    public let upstreamParameters: Set<String>

    /// The views that paths can name.
    public let views: ViewTable

    /// Creates a responder with these settings.
    public init(upstreamParameters: Set<String> = [], views: ViewTable = ViewTable()) {
        self.upstreamParameters = upstreamParameters
        self.views = views
    }

    /// The result of resolving a request.
    public enum Resolution {
        /// The answer; the decision says how the cache handled the request.
        case answer(Answer)
        /// These resources must be fetched first, all at the same time.
        case fetch([Want])
        /// The request ends with an error of Larder's own.
        case problem(Problem)
    }

    /// A resource that must be fetched.
    public struct Want: Sendable {
        /// The resource.
        public let resource: Resource
        /// The reason.
        public let reason: CacheStatus.Reason
        /// The list that a facet is read with.
        public let list: ModelList?

        init(_ resource: Resource, _ reason: CacheStatus.Reason, beside list: ModelList? = nil) {
            self.resource = resource
            self.reason = reason
            self.list = list
        }
    }

    /// Entries that were fetched for the current request.
    public struct Delivery: Sendable {
        fileprivate var entries: [(resource: Resource, entry: Entry)] = []

        /// Starts empty.
        public init() {}

        /// Whether nothing was fetched yet.
        var isEmpty: Bool { entries.isEmpty }

        /// Adds the result of a fetch.
        public mutating func add(_ entry: Entry, for resource: Resource) { entries.append((resource, entry)) }

        /// Whether the catalogue was unavailable, both from upstream and from the cache.
        public private(set) var lacksCatalog = false

        /// Notes that there is no catalogue to look a model up in; only the stored entry of the model itself can be
        /// used.
        public mutating func goOnWithoutCatalog(_ model: Entry, for resource: Resource) {
            lacksCatalog = true
            add(model, for: resource)
        }

        /// Removes a copy that everyone shared: upstream no longer allows sharing.
        public mutating func withdrawShared(_ resource: Resource) {
            entries.removeAll { $0.resource == resource && $0.entry.isShared }
        }

        func entry(for resource: Resource) -> Entry? {
            entries.last { $0.resource == resource }?.entry
        }
    }

    /// Resolves a request at `now` (milliseconds, monotonic) and `wallSeconds` (Unix time, for the ages of models). An
    /// answer that it makes is kept in the cache.
    public func resolve(
        _ request: RequestSummary, cache: inout ResponseCache, delivered: Delivery, now: UInt64, wallSeconds: Int64
    ) -> Resolution {
        let target = request.target
        let path = target.span.extracting(request.parts.path)
        if let problem = views.problem(of: path) { return .problem(problem) }
        let view = views.index(of: path).map {
            Resolving.ViewInUse(view: views.views[$0], index: $0, since: views.since)
        }
        let work = Resolving(
            request: request, delivered: delivered, now: now, wallSeconds: wallSeconds, view: view)
        switch request.route {
        case .models: return resolveEffective(.models, work, &cache)
        case .count: return resolveEffective(.count, work, &cache)
        case .user: return resolveEffective(.user, work, &cache)
        case .export(let index): return resolveEffective(.export(index), work, &cache)
        case .model(let range, let isPlural): return resolveModel(range, isPlural, work, &cache)
        case .endpoints:
            guard let path = request.route.opaquePath(of: path) else { return .problem(Self.notUTF8) }
            // Latency and throughput are null for callers without a key.
            return resolveOpaque(path, forKeys: request.owner != .nobody, work, &cache)
        case .list, .data:
            guard let path = request.route.opaquePath(of: path) else { return .problem(Self.notUTF8Path) }
            return resolveOpaque(path, work, &cache)
        case .health, .readiness, .own, .other: preconditionFailure("a route that is not answered from the cache")
        }
    }

    // MARK: Lists and counts

    /// Resolves a request as if the parameters that upstream ignores were absent.
    private func resolveEffective(
        _ route: QueriedRoute, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        let work = work.showing(.list(route, work.base))
        guard !cache.ignoredParameters.isEmpty else { return resolveQuery(route, work, &cache) }
        let request = work.request
        let ignored = cache.ignoredParameters
        let target = request.target
        guard
            let query = QueryParser.removing(
                from: target.span.extracting(request.queryRange),
                where: {
                    !upstreamParameters.contains($0)
                        && ignored.contains($0, of: route.facetedList, owner: request.owner, now: work.now)
                }),
            let effective = request.with(query: query)
        else { return resolveQuery(route, work, &cache) }
        // A page links to the next one by the query as sent, so only pages have answers of their own.
        if QueryParser.isPaged(query.span) { return resolveQuery(route, work, query: query, &cache) }
        let reduced = work.with(effective)
        if let ready = reduced.ready(in: &cache) { return .answer(ready) }
        return resolveQuery(route, reduced, &cache)
    }

    /// Resolves a request; `query` is the effective query, if it differs from the query that was sent.
    private func resolveQuery(
        _ route: QueriedRoute, _ work: Resolving, query: [UInt8]? = nil, _ cache: inout ResponseCache
    ) -> Resolution {
        let plan: QueryPlan
        let outputs = work.standardOutputs
        if let query {
            plan = QueryParser.parse(query.span, upstreamParameters: upstreamParameters, standardOutputs: outputs)
        } else {
            let target = work.request.target
            plan = QueryParser.parse(
                target.span.extracting(work.request.queryRange), upstreamParameters: upstreamParameters,
                standardOutputs: outputs)
        }
        if case .export = route, plan.hasFields { return .problem(Self.invalid(.fieldsOfNoList)) }
        switch plan {
        case .invalid(let parameter): return .problem(Self.invalid(parameter))
        case .forward(let query) where query.isWhole:
            if work.representation.isOwn { return .problem(Self.notExported) }
            // Upstream's answer would have models that the view does not have.
            if work.view != nil, query.hasTooManyFacets { return .problem(Self.tooMuchForView) }
            return resolveOpaque(route.path, work.showing(.received), &cache)
        case .forward(let query): return resolveFacets(query, route, work, &cache)
        case .local(let query):
            if let time = query.asOf { return resolvePast(query, at: time, route, work, &cache) }
            let list = route.list
            switch work.entry(for: list, in: &cache) {
            case .missing(let reason): return .fetch([Want(list, reason)])
            case .found(let entry):
                guard let rows = entry.list else {
                    return .answer(work.answer(from: entry, list, keepIn: &cache))
                }
                let filter = work.filter(of: rows.bases, in: &cache)
                let selection = rows.select(query, in: filter, now: work.wallSeconds)
                if filter == nil, work.representation.isPreparedWithSnapshot, let ready = entry.prepared(for: query) {
                    return .answer(
                        work.answer(from: entry, list, prepared: ready, selection: selection, keepIn: &cache))
                }
                let body = work.representation.body(SelectedRows(rows, selection), work.page(route, query))
                return .answer(
                    work.answer(from: entry, list, body: body, query, selection: selection, keepIn: &cache))
            }
        }
    }

    static func invalid(_ parameter: InvalidParameter) -> Problem {
        Problem(.badRequest, parameter.message, detail: .badRequest)
    }

    private static let notExported = Problem(
        .badRequest, "upstream answers this query as a whole, so it cannot be exported",
        detail: .badRequest)

    private static let tooMuchForView = Problem(
        .badRequest, "the query has too many parameters that only upstream can answer for a view",
        detail: .badRequest)

    // MARK: Opaque bodies

    private func resolveOpaque(
        _ path: String, forKeys: Bool? = nil, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        let target = work.request.target
        if let problem = refusalOfOwnParameters(work.request) { return .problem(problem) }
        let query = QueryParser.canonical(target.span.extracting(work.request.queryRange))
        let resource = Resource.opaque(path: path, query: String(decoding: query, as: UTF8.self), forKeys: forKeys)
        switch work.entry(for: resource, in: &cache) {
        case .missing(let reason): return .fetch([Want(resource, reason)])
        case .found(let entry): return .answer(work.answer(from: entry, resource, keepIn: &cache))
        }
    }

    private static let notUTF8Path = Problem(.badRequest, "the path is not UTF-8", detail: .badRequest)

    // MARK: Single models

    /// The name in a path; nil if it is not UTF-8. No model has such a name, and a request to upstream with
    /// replacement characters would be for another name.
    func modelName(_ range: Range<Int>, _ request: RequestSummary) -> String? {
        String(validating: modelID(range, request), as: UTF8.self)
    }

    /// The resource to fetch for a request for one model that is not in the catalogue; nil for other requests.
    public func model(of request: RequestSummary) -> Resource? {
        // Without a catalogue it is not known what a view has.
        guard case .model(let range, _) = request.route, !request.namesView else { return nil }
        return modelName(range, request).map { .model(id: $0) }
    }

    func modelID(_ range: Range<Int>, _ request: RequestSummary) -> [UInt8] {
        let start = request.parts.path.lowerBound
        return PercentEncoding.decoded(Array(request.target[start + range.lowerBound..<start + range.upperBound]).span)
    }

    static let notUTF8 = Problem(.badRequest, "the model's name is not UTF-8", detail: .badRequest)
}

// Single models.
extension Responder {
    /// Resolves a request for one model: from the catalogue, or else from upstream's answer for it.
    func resolveModel(
        _ range: Range<Int>, _ isPlural: Bool, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        let work = work.showing(.model(isPlural: isPlural, work.base))
        let id = modelID(range, work.request)
        if let past = resolvePastModel(id, work, &cache) { return past }
        var catalog: Entry?
        switch work.entry(for: .catalog, in: &cache) {
        case .missing where work.delivered.lacksCatalog: break
        case .missing(let reason): return .fetch([Want(.catalog, reason)])
        case .found(let entry):
            catalog = entry
            if work.view != nil, entry.list == nil {
                // Without a catalogue it is not known what a view has.
                return .answer(work.answer(from: entry, .catalog, keepIn: &cache))
            }
            // If upstream refused the catalogue to this key, it may still answer for the one model.
            if case .rows(let snapshot, _) = entry.content, let index = snapshot.index(ofModel: id.span) {
                let rows = work.filter(of: [snapshot], in: &cache)?.rows(of: snapshot)
                if let rows, !rows.contains(index) { return .problem(outside(work, id)) }
                let body = work.representation.body(ModelRow(snapshot, index))
                return .answer(
                    work.answer(
                        from: entry, .catalog, body: body, selection: body.span.hash64(), validUntil: rows?.validUntil,
                        keepIn: &cache))
            }
        }
        guard let name = modelName(range, work.request) else { return .problem(Self.notUTF8) }
        let resource = Resource.model(id: name)
        switch work.entry(for: resource, in: &cache) {
        case .missing(let reason): return .fetch([Want(resource, reason)])
        case .found(let entry):
            // The next catalogue may have the model.
            let basis = catalog.map { [(resource: Resource.catalog, entry: $0)] } ?? []
            guard case .model(let model) = entry.content else {
                return .answer(work.answer(from: entry, resource, after: basis, keepIn: &cache))
            }
            let body = work.representation.body(model)
            guard work.view != nil else {
                return .answer(
                    work.answer(
                        from: entry, resource, after: basis, body: body, selection: work.representation.variant,
                        keepIn: &cache))
            }
            // A view is a part of the catalogue: the model there decides that upstream's answer is about.
            guard let catalog, case .rows(let snapshot, _) = catalog.content,
                let index = snapshot.index(ofModel: model.idWithoutVariant.span),
                let rows = work.filter(of: [snapshot], in: &cache)?.rows(of: snapshot), rows.contains(index)
            else { return .problem(outside(work, id)) }
            return .answer(
                work.answer(
                    madeOf: [(.catalog, catalog), (resource, entry)], model: body, validUntil: rows.validUntil,
                    keepIn: &cache))
        }
    }

    private func outside(_ work: Resolving, _ id: [UInt8]) -> Problem {
        Problem(
            .notFound,
            "the view \"\(work.view?.view.name ?? "")\" has no model \"\(InvalidParameter.printable(id))\"",
            detail: .view)
    }
}
