import Bytes
import Caching
import Catalog
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
        /// This resource has to be asked for first, and why.
        case fetch(Resource, CacheStatus.Reason)
        /// It ends with an error of Larder's own.
        case problem(Problem)
    }

    /// Entries that were fetched for the request in hand.
    public struct Delivery {
        fileprivate var entries: [(resource: Resource, entry: Entry)] = []

        /// Nothing so far.
        public init() {}

        /// Adds what a fetch brought.
        public mutating func add(_ entry: Entry, for resource: Resource) { entries.append((resource, entry)) }

        fileprivate func entry(for resource: Resource) -> Entry? {
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
        case .models: return resolveQuery(.models, of: .catalog, work, &cache)
        case .count: return resolveQuery(.count, of: .catalog, work, &cache)
        case .user: return resolveQuery(.user, of: .userList, work, &cache)
        case .model(let range, let isPlural): return resolveModel(range, isPlural, work, &cache)
        case .health, .readiness, .other: preconditionFailure("a route that is not answered from the cache")
        }
    }

    // MARK: Lists and counts

    private func resolveQuery(
        _ route: Resource.QueriedRoute, of list: Resource, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        let rawQuery = work.request.rawQuery
        switch QueryParser.parse(rawQuery.span, upstreamParameters: upstreamParameters) {
        case .invalid(let parameter):
            return .problem(Problem(.badRequest, parameter.message, detail: .badRequest))
        case .forward(let query):
            let resource = Resource.query(route, canonical: query.canonical.span.text())
            switch work.entry(for: resource, in: &cache) {
            case .wanting(let resolution): return resolution
            case .found(let entry): return .answer(work.answer(from: entry, resource, keepIn: &cache))
            }
        case .local(let query):
            switch work.entry(for: list, in: &cache) {
            case .wanting(let resolution): return resolution
            case .found(let entry):
                guard case .rows(let snapshot, let prepared) = entry.content else {
                    return .answer(work.answer(from: entry, list, keepIn: &cache))
                }
                let selection = snapshot.select(query, now: work.wallSeconds)
                if route == .count {
                    return .answer(
                        work.answer(
                            from: entry, list, body: Composer.count(selection), selection: selection, keepIn: &cache))
                }
                if let ready = prepared.list(for: query), route == .models {
                    return .answer(
                        work.answer(from: entry, list, prepared: ready, selection: selection, keepIn: &cache))
                }
                let body = Composer.list(
                    snapshot, selection, rawQuery: rawQuery.span, resource: route == .user ? "models/user" : "models")
                return .answer(work.answer(from: entry, list, body: body, selection: selection, keepIn: &cache))
            }
        }
    }

    // MARK: Single models

    private func resolveModel(
        _ range: Range<Int>, _ isPlural: Bool, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        let path = work.request.parts.path
        let spelled = work.request.target[path.lowerBound + range.lowerBound..<path.lowerBound + range.upperBound]
        let id = PercentEncoding.decoded(Array(spelled).span)
        switch work.entry(for: .catalog, in: &cache) {
        case .wanting(let resolution): return resolution
        case .found(let entry):
            // Where the catalogue was refused to this key, upstream may still answer for the one model.
            if case .rows(let snapshot, _) = entry.content, let index = snapshot.index(ofModel: id.span) {
                let body = isPlural ? Composer.openAIModel(snapshot, index) : Composer.model(snapshot, index)
                return .answer(
                    work.answer(
                        from: entry, .catalog, body: body, coding: .identity, selection: body.span.hash64(),
                        validUntil: nil, keepIn: &cache))
            }
        }
        // A name that is no UTF-8 is no model's: asking upstream with replacement characters would ask for another.
        guard let name = String(validating: id, as: UTF8.self) else {
            return .problem(Problem(.badRequest, "the model's name is not UTF-8", detail: .badRequest))
        }
        let resource = Resource.model(id: name)
        switch work.entry(for: resource, in: &cache) {
        case .wanting(let resolution): return resolution
        case .found(let entry):
            if case .model(let plain, let openAI) = entry.content {
                return .answer(
                    work.answer(
                        from: entry, resource, body: isPlural ? openAI : plain, coding: .identity,
                        selection: isPlural ? 1 : 0, validUntil: nil, keepIn: &cache))
            }
            return .answer(work.answer(from: entry, resource, keepIn: &cache))
        }
    }
}

/// One request being resolved.
struct Resolving {
    let request: RequestSummary
    let delivered: Responder.Delivery
    let now: UInt64
    let wallSeconds: Int64

    enum Finding {
        case found(Entry)
        case wanting(Responder.Resolution)
    }

    /// The entry to answer from, or what is to be done for want of it.
    func entry(for resource: Resource, in cache: inout ResponseCache) -> Finding {
        if let entry = delivered.entry(for: resource) { return .found(entry) }
        let stored = cache.entry(for: resource, owner: request.owner)
        switch Decision(stored: stored?.freshness, demand: request.demand, now: now) {
        case .hit:
            guard let stored else { preconditionFailure("a hit on nothing") }
            return .found(stored)
        case .fetch(let reason): return .wanting(.fetch(resource, reason))
        case .unsatisfiable:
            // Another loop may have it: the loop that leads this resource knows, and will not ask upstream either.
            return .wanting(.fetch(resource, stored == nil ? .miss : .stale))
        }
    }

    /// An answer with a selection of rows, which is compressed when it is asked for a second time.
    func answer(
        from entry: Entry, _ resource: Resource, body: SharedBytes, selection: Selection,
        keepIn cache: inout ResponseCache
    ) -> Answer {
        answer(
            from: entry, resource, body: body, coding: .identity, selection: selection.fingerprint | 1,
            validUntil: selection.validUntil, keepIn: &cache)
    }

    /// An answer that was composed and compressed with its snapshot.
    func answer(
        from entry: Entry, _ resource: Resource, prepared: PreparedLists.List, selection: Selection,
        keepIn cache: inout ResponseCache
    ) -> Answer {
        let compressed = request.coding == .gzip
        return answer(
            from: entry, resource, body: compressed ? prepared.gzip : prepared.identity,
            coding: compressed ? .gzip : .identity, selection: selection.fingerprint | 1, validUntil: nil,
            keepIn: &cache)
    }

    /// An answer that passes an entry's body on as it is.
    func answer(from entry: Entry, _ resource: Resource, keepIn cache: inout ResponseCache) -> Answer {
        switch entry.content {
        case .body(let body), .refusal(_, let body), .model(let body, _):
            return answer(
                from: entry, resource, body: body, coding: .identity, selection: 0, validUntil: nil, keepIn: &cache)
        case .rows: preconditionFailure("rows have no body of their own")
        }
    }

    func answer(
        from entry: Entry, _ resource: Resource, body: SharedBytes, coding: ContentCoding, selection: UInt64,
        validUntil: Int64?, keepIn cache: inout ResponseCache
    ) -> Answer {
        let answer = Answer.make(
            from: entry, owner: request.owner, body: body, coding: coding, selection: selection,
            validUntil: validUntil, target: request.target,
            awaitsCompression: request.coding == .gzip && coding == .identity && body.count >= Answer.worthCompressing)
        cache.keep(answer, resource: resource, coding: request.coding, owner: request.owner)
        return answer
    }
}
