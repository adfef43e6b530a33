import Caching
import Catalog
import HTTPCore

extension Responder {
    /// Resolves a query that upstream knows some of: from the list and one entry for each facet.
    func resolveFacets(
        _ query: ForwardedQuery, _ route: QueriedRoute, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        let list = route.list
        var wants: [Want] = []
        var parts: [(resource: Resource, entry: Entry)] = []
        // Facets are read beside a list, which may be one that is fetched anew meanwhile.
        let basis: Entry?
        switch work.entry(for: list, in: &cache) {
        case .found(let entry):
            basis = entry
            parts.append((list, entry))
        case .wanting(let reason):
            basis = cache.entry(for: list, owner: work.request.owner)
            wants.append(Want(list, reason))
        }
        guard let rows = basis?.list else {
            // Without a list to join them with, facets are of no use, be it that it was refused.
            if let entry = parts.first?.entry { return .answer(work.answer(from: entry, list, keepIn: &cache)) }
            return .fetch(wants)
        }

        var facets: [[FacetRows]] = []
        for clause in query.clauses {
            var terms: [FacetRows] = []
            for name in clause.names {
                let resource = Resource.facet(name, of: route.facetedList)
                switch work.entry(for: resource, in: &cache) {
                case .wanting(let reason):
                    wants.append(Want(resource, reason, beside: name.isShown ? nil : rows))
                case .found(let entry):
                    parts.append((resource, entry))
                    guard case .facet(let facet) = entry.content else {
                        // Upstream's refusal of one parameter is its refusal of the query.
                        return .answer(work.answer(from: entry, resource, keepIn: &cache))
                    }
                    terms.append(facet)
                }
            }
            facets.append(terms)
        }
        guard wants.isEmpty else { return .fetch(wants) }

        let joined = rows.select(query, facets: facets, now: work.wallSeconds)
        let body =
            route == .count
            ? Composer.count(joined.selection)
            : Composer.list(joined, rawQuery: work.request.rawQuery.span, resource: route.resourceName)
        return .answer(
            work.answer(madeOf: parts, body: body, query.local, selection: joined.selection, keepIn: &cache))
    }
}
