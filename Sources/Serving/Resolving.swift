import Bytes
import Caching
import Catalog
import HTTPCore

/// One request being resolved.
struct Resolving {
    let request: RequestSummary
    let delivered: Responder.Delivery
    let now: UInt64
    let wallSeconds: Int64

    enum Finding {
        case found(Entry)
        case wanting(CacheStatus.Reason)
    }

    /// The entry to answer from, or why it has to be fetched first.
    func entry(for resource: Resource, in cache: inout ResponseCache) -> Finding {
        if let entry = delivered.entry(for: resource) { return .found(entry) }
        let stored = cache.entry(for: resource, owner: request.owner)
        let isLeftAlone = cache.isLeftAlone(resource, owner: request.owner, now: now)
        switch Decision(
            stored: stored?.freshness, demand: request.demand, windows: cache.windows, isLeftAlone: isLeftAlone,
            now: now)
        {
        case .hit, .stale, .staleOnError:
            guard let stored else { preconditionFailure("a hit on nothing") }
            return .found(stored)
        case .fetch(let reason): return .wanting(reason)
        case .unsatisfiable:
            // Another loop may have it: the loop that leads this resource knows, and will not ask upstream either.
            return .wanting(stored == nil ? .miss : .stale)
        }
    }

    /// An answer with the rows that a query selects, which is compressed when it is asked for a second time.
    func answer(
        from entry: Entry, _ resource: Resource, body: SharedBytes, _ query: Query, selection: Selection,
        keepIn cache: inout ResponseCache
    ) -> Answer {
        answer(
            from: entry, [(resource, entry)], body: body, coding: .identity,
            lastModified: lastModified(of: entry, query), selection: selection.fingerprint | 1,
            validUntil: selection.validUntil, keepIn: &cache)
    }

    /// An answer that was composed and compressed with its snapshot.
    func answer(
        from entry: Entry, _ resource: Resource, prepared: PreparedList, selection: Selection,
        keepIn cache: inout ResponseCache
    ) -> Answer {
        let coded = prepared.coded[request.coding]
        return answer(
            from: entry, [(resource, entry)], body: coded ?? prepared.identity,
            coding: coded == nil ? .identity : request.coding, lastModified: entry.lastModified,
            selection: selection.fingerprint | 1, validUntil: nil, keepIn: &cache)
    }

    /// An answer with a body whose selection needs no more telling apart than by a number.
    func answer(
        from entry: Entry, _ resource: Resource, body: SharedBytes, selection: UInt64,
        keepIn cache: inout ResponseCache
    ) -> Answer {
        answer(
            from: entry, [(resource, entry)], body: body, coding: .identity, lastModified: entry.lastModified,
            selection: selection, validUntil: nil, keepIn: &cache)
    }

    /// An answer that passes an entry's body on as it is.
    func answer(from entry: Entry, _ resource: Resource, keepIn cache: inout ResponseCache) -> Answer {
        switch entry.content {
        case .body(let body), .refusal(_, let body), .model(let body, _):
            return answer(from: entry, resource, body: body, selection: 0, keepIn: &cache)
        case .rows, .list, .facet, .joined: preconditionFailure("rows have no body of their own")
        }
    }

    /// An answer with the rows of several entries that a query selects.
    func answer(
        madeOf parts: [(resource: Resource, entry: Entry)], body: SharedBytes, _ query: Query, selection: Selection,
        keepIn cache: inout ResponseCache
    ) -> Answer {
        let joined = Entry(joining: parts.map(\.entry))
        return answer(
            from: joined, parts, body: body, coding: .identity, lastModified: lastModified(of: joined, query),
            selection: selection.fingerprint | 1, validUntil: selection.validUntil, keepIn: &cache)
    }

    /// When the rows that a query selects came to be those. Models grow older while their entry stays as it is, so rows that
    /// are selected by age may be others than a second ago.
    private func lastModified(of entry: Entry, _ query: Query) -> Int64 {
        let looksAtAges = query.minimumAge != nil || query.maximumAge != nil
        return looksAtAges ? max(entry.lastModified, wallSeconds) : entry.lastModified
    }

    private func answer(
        from entry: Entry, _ parts: [(resource: Resource, entry: Entry)], body: SharedBytes, coding: ContentCoding,
        lastModified: Int64, selection: UInt64, validUntil: Int64?, keepIn cache: inout ResponseCache
    ) -> Answer {
        let answer = Answer.make(
            from: entry, owner: request.owner, body: body, coding: coding, lastModified: lastModified,
            selection: selection, validUntil: validUntil, target: request.target, preferred: request.coding)
        cache.keep(answer, madeOf: parts, coding: request.coding, owner: request.owner)
        return answer
    }
}
