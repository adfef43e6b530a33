import Bytes
import Catalog
import HTTPCore

/// Requests with `larder_as_of`: they are answered from the catalogue of an earlier time, which never goes upstream.
extension Responder {
    /// Resolves a query at a time in seconds since 1970. Ages of models count from then.
    func resolvePast(
        _ query: Query, at time: Int64, _ route: QueriedRoute, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Resolution {
        if route == .user { return .problem(Self.onlyOnCatalogue) }
        let resource = Resource.past(time)
        switch past(resource, at: time, work, &cache) {
        case .failure(let resolution): return resolution
        case .success(let entry):
            guard let rows = entry.list else { return .answer(work.answer(from: entry, resource, keepIn: &cache)) }
            let filter = work.filter(of: rows.bases, at: time, in: &cache)
            let selection = rows.select(query, in: filter, now: time)
            let body = work.representation.body(SelectedRows(rows, selection), work.page(route, query))
            return .answer(
                work.answer(
                    from: entry, resource, body: body, selection: work.identity(of: selection, query.fields),
                    keepIn: &cache))
        }
    }

    /// Resolves a request for one model, if it asks for an earlier time.
    func resolvePastModel(_ id: [UInt8], _ work: Resolving, _ cache: inout ResponseCache) -> Resolution? {
        guard work.request.parts.query != nil else { return nil }
        let time: Int64
        do throws(InvalidParameter) {
            let target = work.request.target
            guard let asked = try QueryParser.time(askedBy: target.span.extracting(work.request.queryRange)) else {
                return nil
            }
            time = asked
        } catch {
            return .problem(Self.invalid(error))
        }
        let resource = Resource.past(time)
        switch past(resource, at: time, work, &cache) {
        case .failure(let resolution): return resolution
        case .success(let entry):
            guard case .rows(let snapshot, _) = entry.content, let index = snapshot.index(ofModel: id.span),
                work.filter(of: [snapshot], at: time, in: &cache)?.rows(of: snapshot).contains(index) ?? true
            else {
                return .problem(
                    Problem(
                        .notFound, "the catalogue of \(Instant(seconds: time).text) has no such model\(work.place)",
                        detail: work.view == nil ? .badRequest : .view))
            }
            let body = work.representation.body(ModelRow(snapshot, index))
            return .answer(
                work.answer(from: entry, resource, body: body, selection: body.span.hash64(), keepIn: &cache))
        }
    }

    private enum Past {
        case success(Entry)
        case failure(Resolution)
    }

    private func past(
        _ resource: Resource, at time: Int64, _ work: Resolving, _ cache: inout ResponseCache
    ) -> Past {
        if time > work.wallSeconds {
            return .failure(
                .problem(Problem(.badRequest, "larder_as_of must not be in the future", detail: .badRequest)))
        }
        switch work.entry(for: resource, in: &cache) {
        case .missing(let reason): return .failure(.fetch([Want(resource, reason)]))
        case .found(let entry): return .success(entry)
        }
    }

    /// The error for a request with a parameter of Larder's own, for a body that upstream sends: there is no history of it,
    /// and Larder does not change it.
    func refusalOfOwnParameters(_ request: RequestSummary) -> Problem? {
        guard request.parts.query != nil else { return nil }
        let target = request.target
        do throws(InvalidParameter) {
            let time = try QueryParser.time(askedBy: target.span.extracting(request.queryRange))
            return time == nil ? nil : Self.onlyOnCatalogue
        } catch {
            return Self.invalid(error)
        }
    }

    /// The error for a request with a parameter of Larder's own that is passed through, although its path is cached:
    /// upstream would ignore the parameter and answer with something else.
    public static func refusalOfPassedParameters(_ query: Span<UInt8>) -> Problem? {
        do throws(InvalidParameter) {
            if try QueryParser.time(askedBy: query) == nil { return nil }
        } catch {}
        return Problem(
            .badRequest,
            "parameters of Larder's own (larder_...) do not work with anthropic-version, with x-api-key as the only key, or "
                + "from Claude Code: upstream answers such requests", detail: .badRequest)
    }

    private static let onlyOnCatalogue = Problem(
        .badRequest, "larder_as_of works on /models, /models/count and single models only", detail: .badRequest)
}

extension Resolving {
    /// What the view leaves of the lists of an earlier time; nil without a view. Its conditions about age count from then.
    fileprivate func filter(of snapshots: [Snapshot], at time: Int64, in cache: inout ResponseCache) -> ViewFilter? {
        view.map { cache.compiledViews.filter($0.view, of: snapshots, now: time) }
    }

    /// Where a model is looked for, as the end of a sentence.
    fileprivate var place: String { view.map { " in the view \"\($0.view.name)\"" } ?? "" }
}
