import Bytes
import Catalog
import HTTPCore

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
        case .wanting where work.delivered.lacksCatalog: break
        case .wanting(let reason): return .fetch([Want(.catalog, reason)])
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
        case .wanting(let reason): return .fetch([Want(resource, reason)])
        case .found(let entry):
            guard case .model(let model) = entry.content else {
                return .answer(work.answer(from: entry, resource, keepIn: &cache))
            }
            let body = work.representation.body(model)
            guard work.view != nil else {
                return .answer(
                    work.answer(
                        from: entry, resource, body: body, selection: work.representation.variant, keepIn: &cache))
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
