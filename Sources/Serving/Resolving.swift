import Bytes
import Caching
import Catalog
import HTTPCore

/// The state of one request while it is resolved.
struct Resolving {
    private(set) var request: RequestSummary
    let delivered: Responder.Delivery
    let now: UInt64
    let wallSeconds: Int64
    /// The view that the request names; nil if it names none.
    let view: ViewInUse?
    /// The form of the answer, unless upstream's body is passed on.
    private(set) var representation = Representation.received

    /// A view of the settings.
    struct ViewInUse {
        let view: View
        /// Its index in the settings.
        let index: Int
        /// When it came into effect, in Unix seconds.
        let since: Int64
    }

    init(
        request: RequestSummary, delivered: Responder.Delivery, now: UInt64, wallSeconds: Int64, view: ViewInUse?
    ) {
        self.request = request
        self.delivered = delivered
        self.now = now
        self.wallSeconds = wallSeconds
        self.view = view
    }

    /// The same work for another request.
    func with(_ request: RequestSummary) -> Resolving {
        var other = self
        other.request = request
        return other
    }

    /// The same work for an answer in another form.
    func showing(_ representation: Representation) -> Resolving {
        var other = self
        other.representation = representation
        return other
    }

    /// The models that the list has without `output_modalities`; nil for all.
    var standardOutputs: ModalitySet? {
        if let view { view.view.standardOutputs } else { representation.standardOutputs }
    }

    /// What the view leaves of these snapshots; nil without a view.
    func filter(of snapshots: [Snapshot], in cache: inout ResponseCache) -> ViewFilter? {
        view.map { cache.compiledViews.filter($0.view, of: snapshots, now: wallSeconds) }
    }

    /// What the answer to a list is written from, besides its rows.
    func page(_ route: QueriedRoute, _ query: Query) -> Representation.Page {
        Representation.Page(
            resource: route.resourceName, target: request.target, query: request.queryRange,
            prefix: view == nil ? [] : request.viewPrefix, fields: query.fields)
    }

    /// The base that the request names.
    var base: Route.Base {
        let target = request.target
        return Route.base(of: target.span.extracting(request.parts.path))
    }

    /// The answer made earlier for this target, if it is still valid and nothing was fetched for the request.
    func ready(in cache: inout ResponseCache) -> Answer? {
        guard delivered.isEmpty else { return nil }
        for owner in [nil, request.owner] {
            let answer = cache.answer(
                to: request.target.span, coding: request.coding, owner: owner, wallSeconds: wallSeconds)
            guard let answer else { continue }
            switch cache.decision(on: answer, owner: request.owner, directive: request.directive, now: now) {
            case .hit, .stale, .staleOnError: return answer
            case .fetch, .unsatisfiable: break
            }
        }
        return nil
    }

    enum Finding {
        case found(Entry)
        case missing(CacheStatus.Reason)
    }

    /// The entry to answer from, or why it must be fetched first.
    func entry(for resource: Resource, in cache: inout ResponseCache) -> Finding {
        if let entry = delivered.entry(for: resource) { return .found(entry) }
        let stored = cache.entry(for: resource, owner: request.owner)
        let isBackingOff = cache.isBackingOff(resource, owner: request.owner, now: now)
        var windows = cache.windows(of: stored, for: request.owner)
        // A refresh behind the answer would store what the request forbids to store.
        if request.forbidsStoring, request.directive == .any { windows.whileRevalidate = 0 }
        switch Decision(
            stored: stored?.freshness, directive: request.directive, windows: windows, isBackingOff: isBackingOff,
            now: now)
        {
        case .hit, .stale, .staleOnError:
            guard let stored else { preconditionFailure("a hit on nothing") }
            return .found(stored)
        case .fetch(let reason): return .missing(reason)
        case .unsatisfiable:
            // Another loop may have it: the loop that owns this resource knows, and does not ask upstream either.
            return .missing(stored == nil ? .miss : .stale)
        }
    }

    /// An answer with the rows that a query selects. It is compressed on its second use.
    func answer(
        from entry: Entry, _ resource: Resource, body: SharedBytes, _ query: Query, selection: Selection,
        keepIn cache: inout ResponseCache
    ) -> Answer {
        answer(
            from: entry, [(resource, entry)], body: body, coding: .identity,
            lastModified: lastModified(of: entry, query), selection: identity(of: selection, query.fields),
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
            selection: identity(of: selection, nil), validUntil: nil, keepIn: &cache)
    }

    /// An answer with a body whose selection is fully identified by a number. It is given up when one of the `basis` is
    /// replaced, which lacked it.
    func answer(
        from entry: Entry, _ resource: Resource, after basis: [(resource: Resource, entry: Entry)] = [],
        body: SharedBytes, selection: UInt64, validUntil: Int64? = nil, keepIn cache: inout ResponseCache
    ) -> Answer {
        answer(
            from: entry, [(resource, entry)] + basis, body: body, coding: .identity, lastModified: entry.lastModified,
            selection: selection, validUntil: validUntil, keepIn: &cache)
    }

    /// An answer with upstream's model, which the view has because the catalogue has it.
    func answer(
        madeOf parts: [(resource: Resource, entry: Entry)], model body: SharedBytes, validUntil: Int64?,
        keepIn cache: inout ResponseCache
    ) -> Answer {
        let joined = Entry(joining: parts.map(\.entry))
        return answer(
            from: joined, parts, body: body, coding: .identity, lastModified: joined.lastModified,
            selection: body.span.hash64(), validUntil: validUntil, keepIn: &cache)
    }

    /// An answer that passes an entry's body on unchanged; `basis` as above.
    func answer(
        from entry: Entry, _ resource: Resource, after basis: [(resource: Resource, entry: Entry)] = [],
        keepIn cache: inout ResponseCache
    ) -> Answer {
        switch entry.content {
        case .body(let body), .refusal(_, let body):
            return showing(.received).answer(
                from: entry, resource, after: basis, body: body, selection: 0, keepIn: &cache)
        case .rows, .list, .model, .facet, .joined: preconditionFailure("rows have no body of their own")
        }
    }

    /// An answer with the rows that a query selects from several entries.
    func answer(
        madeOf parts: [(resource: Resource, entry: Entry)], body: SharedBytes, _ query: Query, selection: Selection,
        keepIn cache: inout ResponseCache
    ) -> Answer {
        let joined = Entry(joining: parts.map(\.entry))
        return answer(
            from: joined, parts, body: body, coding: .identity, lastModified: lastModified(of: joined, query),
            selection: identity(of: selection, query.fields), validUntil: selection.validUntil, keepIn: &cache)
    }

    /// What distinguishes a result from others that the same entries give, in this representation and in others.
    func identity(of selection: Selection, _ fields: FieldSelection?) -> UInt64 {
        (selection.fingerprint ^ representation.variant ^ (fields?.identity ?? 0)) | 1
    }

    /// When the result of a query last changed. Models age while their entry does not change, so rows selected by age
    /// may differ from those of a second ago.
    private func lastModified(of entry: Entry, _ query: Query) -> Int64 {
        query.age.isBounded || view?.view.dependsOnTime == true
            ? max(entry.lastModified, wallSeconds) : entry.lastModified
    }

    private func answer(
        from entry: Entry, _ parts: [(resource: Resource, entry: Entry)], body: SharedBytes, coding: ContentCoding,
        lastModified: Int64, selection: UInt64, validUntil: Int64?, keepIn cache: inout ResponseCache
    ) -> Answer {
        // Upstream's own body is the same in every view.
        let isViewed = selection != 0
        let answer = Answer.make(
            from: entry, owner: request.owner, body: body, contentType: representation.contentType, coding: coding,
            isOwn: representation.isOwn,
            lastModified: isViewed ? max(lastModified, view?.since ?? .min) : lastModified,
            selection: isViewed ? selection ^ (view?.view.identity ?? 0) : 0, validUntil: validUntil,
            target: request.target, view: view?.index, preferred: request.coding,
            dependsOnKey: parts.contains { $0.resource.dependsOnKey })
        if !request.forbidsStoring, !representation.isOwn {
            cache.keep(answer, madeOf: parts, coding: request.coding, owner: request.owner)
        }
        return answer
    }
}

extension Responder {
    /// Resolves a query with parameters that upstream supports: from the list and one entry for each facet.
    func resolveFacets(
        _ query: ForwardedQuery, _ route: QueriedRoute, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        let list = route.list
        var wants: [Want] = []
        var parts: [(resource: Resource, entry: Entry)] = []
        // Facets are read with a list, which may be refreshed meanwhile.
        let basis: Entry?
        switch work.entry(for: list, in: &cache) {
        case .found(let entry):
            basis = entry
            parts.append((list, entry))
        case .missing(let reason):
            basis = cache.entry(for: list, owner: work.request.owner)
            wants.append(Want(list, reason))
        }
        guard let rows = basis?.list else {
            // Facets are of no use without a list to join them with, even if the list was refused.
            if let entry = parts.first?.entry { return .answer(work.answer(from: entry, list, keepIn: &cache)) }
            return .fetch(wants)
        }

        var facets: [[FacetRows]] = []
        for clause in query.clauses {
            var terms: [FacetRows] = []
            for name in clause.names {
                let resource = Resource.facet(name, of: route.facetedList)
                switch work.entry(for: resource, in: &cache) {
                case .missing(let reason):
                    wants.append(Want(resource, reason, beside: name.isShown ? nil : rows))
                case .found(let entry):
                    parts.append((resource, entry))
                    guard case .facet(let facet) = entry.content else {
                        // If upstream rejects one parameter, it rejects the query.
                        return .answer(work.answer(from: entry, resource, keepIn: &cache))
                    }
                    terms.append(facet)
                }
            }
            facets.append(terms)
        }
        guard wants.isEmpty else { return .fetch(wants) }

        let filter = work.filter(of: rows.bases + facets.joined().flatMap(\.bases), in: &cache)
        let joined = rows.select(query, facets: facets, in: filter, now: work.wallSeconds)
        let body = work.representation.body(.joined(joined), work.page(route, query.local))
        return .answer(
            work.answer(madeOf: parts, body: body, query.local, selection: joined.selection, keepIn: &cache))
    }
}
