import Bytes
import Caching
public import Catalog
public import HTTPCore

/// Finds the answer to a request on one of the cached routes, or what is still wanting for it.
///
/// It is asked again after each fetch, with the entries that came: those count whatever their freshness, since they were
/// got for this very request.
public struct Responder: Sendable {
    /// Parameters that the settings leave to upstream, `filters.upstream`.
    public let upstreamParameters: Set<String>

    /// A responder under these settings.
    public init(upstreamParameters: Set<String> = []) { self.upstreamParameters = upstreamParameters }

    /// What a request comes to.
    public enum Resolution {
        /// This is the answer; the decision tells how the cache took it.
        case answer(Answer)
        /// These resources have to be asked for first, each of them at the same time as the others.
        case fetch([Want])
        /// It ends with an error of Larder's own.
        case problem(Problem)
    }

    /// Something that has to be fetched.
    public struct Want {
        /// What.
        public let resource: Resource
        /// Why.
        public let reason: CacheStatus.Reason
        /// The list that a facet is to be read beside.
        public let list: ModelList?

        init(_ resource: Resource, _ reason: CacheStatus.Reason, beside list: ModelList? = nil) {
            self.resource = resource
            self.reason = reason
            self.list = list
        }
    }

    /// Entries that were fetched for the request in hand.
    public struct Delivery {
        fileprivate var entries: [(resource: Resource, entry: Entry)] = []

        /// Nothing so far.
        public init() {}

        /// Adds what a fetch brought.
        public mutating func add(_ entry: Entry, for resource: Resource) { entries.append((resource, entry)) }

        /// Whether the catalogue could not be had, neither from upstream nor from what is stored.
        public private(set) var lacksCatalog = false

        /// Notes that there is no catalogue to look a model up in; what is stored of the model itself has to do.
        public mutating func goOnWithoutCatalog(_ model: Entry, for resource: Resource) {
            lacksCatalog = true
            add(model, for: resource)
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
        let work = Resolving(request: request, delivered: delivered, now: now, wallSeconds: wallSeconds)
        switch request.route {
        case .models: return resolveQuery(.models, work, &cache)
        case .count: return resolveQuery(.count, work, &cache)
        case .user: return resolveQuery(.user, work, &cache)
        case .model(let range, let isPlural): return resolveModel(range, isPlural, work, &cache)
        case .endpoints(let range):
            guard let name = modelName(range, request) else { return .problem(Self.notUTF8) }
            return resolveOpaque("/models/" + Resource.encodedPath(name) + "/endpoints", work, &cache)
        case .list(let list): return resolveOpaque(list.rawValue, work, &cache)
        case .health, .readiness, .own, .other: preconditionFailure("a route that is not answered from the cache")
        }
    }

    // MARK: Lists and counts

    private func resolveQuery(
        _ route: QueriedRoute, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        let rawQuery = work.request.rawQuery
        switch QueryParser.parse(rawQuery.span, upstreamParameters: upstreamParameters) {
        case .invalid(let parameter):
            return .problem(Problem(.badRequest, parameter.message, detail: .badRequest))
        case .forward(let query) where query.isWhole: return resolveOpaque(route.path, work, &cache)
        case .forward(let query): return resolveFacets(query, route, work, &cache)
        case .local(let query):
            let list = route.list
            switch work.entry(for: list, in: &cache) {
            case .wanting(let reason): return .fetch([Want(list, reason)])
            case .found(let entry):
                guard let rows = entry.list else {
                    return .answer(work.answer(from: entry, list, keepIn: &cache))
                }
                let selection = rows.select(query, now: work.wallSeconds)
                if let ready = entry.prepared(for: query), route == .models {
                    return .answer(
                        work.answer(from: entry, list, prepared: ready, selection: selection, keepIn: &cache))
                }
                let body =
                    route == .count
                    ? Composer.count(selection)
                    : Composer.list(rows, selection, rawQuery: rawQuery.span, resource: route.resourceName)
                return .answer(
                    work.answer(from: entry, list, body: body, query, selection: selection, keepIn: &cache))
            }
        }
    }

    // MARK: Bodies that are kept as they came

    private func resolveOpaque(_ path: String, _ work: Resolving, _ cache: inout ResponseCache) -> Resolution {
        let query = QueryParser.canonical(work.request.rawQuery.span)
        let resource = Resource.opaque(path: path, query: String(decoding: query, as: UTF8.self))
        switch work.entry(for: resource, in: &cache) {
        case .wanting(let reason): return .fetch([Want(resource, reason)])
        case .found(let entry): return .answer(work.answer(from: entry, resource, keepIn: &cache))
        }
    }

    // MARK: Single models

    /// The name that a path spells; nil if it is not UTF-8. That is no model's: asking upstream with replacement characters
    /// would ask for another.
    private func modelName(_ range: Range<Int>, _ request: RequestSummary) -> String? {
        String(validating: modelID(range, request), as: UTF8.self)
    }

    /// The resource that a request for one model asks for where the catalogue does not name it; nil for other requests.
    public func model(of request: RequestSummary) -> Resource? {
        guard case .model(let range, _) = request.route else { return nil }
        return modelName(range, request).map { .model(id: $0) }
    }

    private func modelID(_ range: Range<Int>, _ request: RequestSummary) -> [UInt8] {
        let start = request.parts.path.lowerBound
        return PercentEncoding.decoded(Array(request.target[start + range.lowerBound..<start + range.upperBound]).span)
    }

    private static let notUTF8 = Problem(.badRequest, "the model's name is not UTF-8", detail: .badRequest)

    private func resolveModel(
        _ range: Range<Int>, _ isPlural: Bool, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        let id = modelID(range, work.request)
        switch work.entry(for: .catalog, in: &cache) {
        case .wanting where work.delivered.lacksCatalog: break
        case .wanting(let reason): return .fetch([Want(.catalog, reason)])
        case .found(let entry):
            // Where the catalogue was refused to this key, upstream may still answer for the one model.
            if case .rows(let snapshot, _) = entry.content, let index = snapshot.index(ofModel: id.span) {
                let body = isPlural ? Composer.openAIModel(snapshot, index) : Composer.model(snapshot, index)
                return .answer(
                    work.answer(from: entry, .catalog, body: body, selection: body.span.hash64(), keepIn: &cache))
            }
        }
        guard let name = modelName(range, work.request) else { return .problem(Self.notUTF8) }
        let resource = Resource.model(id: name)
        switch work.entry(for: resource, in: &cache) {
        case .wanting(let reason): return .fetch([Want(resource, reason)])
        case .found(let entry):
            if case .model(let plain, let openAI) = entry.content {
                return .answer(
                    work.answer(
                        from: entry, resource, body: isPlural ? openAI : plain, selection: isPlural ? 1 : 0,
                        keepIn: &cache))
            }
            return .answer(work.answer(from: entry, resource, keepIn: &cache))
        }
    }
}
