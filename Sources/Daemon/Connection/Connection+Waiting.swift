import Bytes
import Caching
import EventLoop
import HTTPCore
import Serving

/// Requests that no ready answer serves: what is wanting for them is fetched, and they are answered when it has come.
extension Connection {
    /// Answers a request, or waits for what is wanting for it.
    func resolve(_ request: PendingRequest) {
        var request = request
        switch shard.resolve(request) {
        case .answer(let answer):
            state = .reading
            let status = status(of: answer, for: request)
            let hasCurrent = request.summary.precondition?.isMet(by: answer) ?? false
            send(answer, isHead: request.summary.isHead, hasCurrent: hasCurrent, status: status)
        case .problem(let problem):
            state = .reading
            send(problem, status: .none(problem.detail), isHead: request.summary.isHead)
        case .fetch(let wants):
            request.wants = wants
            state = .waiting(request)
            // A fetch has its own time limit.
            deadline = .max
            // One that ends at once finds the others still wanting, so the request goes on only after the last.
            for want in wants { shard.fetch(want, for: self, request) }
        }
    }

    /// A fetch that this connection waited for has ended.
    func settled(_ resource: Resource, _ outcome: Dispatcher.Outcome, collapsed: Bool) {
        guard case .waiting(var request) = state,
            let place = request.wants.firstIndex(where: { $0.resource == resource })
        else { return }
        let want = request.wants.remove(at: place)
        switch outcome {
        case .entry(let entry, let isNew):
            request.delivered.add(entry, for: resource)
            // A fetch that failed and was made up for is what there is to tell, unless another one was refused.
            if isNew, request.forward?.detail == nil || entry.status != .ok {
                request.forward = CacheStatus.Forward(
                    reason: want.reason, status: entry.status.rawValue,
                    stored: entry.freshness.useEnds(shard.cache.windows) > entry.freshness.storedAt,
                    collapsed: collapsed)
            }
        case .failure(let problem, let spare, _):
            if let copy = shard.spare(for: resource, of: request.summary, problem) ?? spare {
                request.delivered.add(copy, for: resource)
                // The loop that leads it may have had a copy where this one had none.
                let reason = want.reason == .miss ? .stale : want.reason
                request.makeUp(for: PendingRequest.Failure(problem: problem, reason: reason, collapsed: collapsed))
                break
            }
            let failure = PendingRequest.Failure(problem: problem, reason: want.reason, collapsed: collapsed)
            if resource == .catalog, let model = shard.settings.responder.model(of: request.summary),
                let copy = shard.spare(for: model, of: request.summary, problem)
            {
                // What is stored of one model may be good still where the list is not.
                request.delivered.goOnWithoutCatalog(copy, for: model)
                request.makeUp(for: failure)
            } else {
                request.failure = request.failure ?? failure
            }
        }
        guard request.wants.isEmpty else {
            state = .waiting(request)
            return
        }
        if let failure = request.failure {
            state = .reading
            send(failure, of: request)
        } else {
            resolve(request)
        }
        goOn()
    }

    /// How an answer came about; nil for a hit of which there is no more to tell. One from a stale copy that needed no asking is
    /// refreshed behind it.
    private func status(of answer: Answer, for request: PendingRequest) -> CacheStatus? {
        let freshness = answer.source.freshness
        let owner = request.summary.owner
        let now = shard.loop.nowMilliseconds
        if var forward = request.forward {
            // What could not be fetched, or was not, was replaced by what is stored.
            forward.detail = forward.detail ?? request.unasked ?? pause(of: answer, owner: owner)
            if forward.detail != nil {
                forward.ttl = freshness.remaining(at: now)
                forward.stored = false
            }
            return .forwarded(forward)
        }
        guard freshness.isFresh(at: now) else {
            return staleStatus(
                of: answer, unasked: request.unasked, demand: request.summary.demand, owner: owner,
                authorization: request.authorization)
        }
        // A request may have insisted on asking for what is fresh.
        return request.unasked.map { .hit(ttl: freshness.remaining(at: now), detail: $0) }
    }

    /// What `Cache-Status` says of a stale copy that is served without asking; it is refreshed behind the answer.
    func staleStatus(
        of answer: Answer, unasked: CacheStatus.Detail?, demand: Demand, owner: Owner,
        authorization: @autoclosure () -> SharedBytes?
    ) -> CacheStatus {
        let detail = unasked ?? pause(of: answer, owner: owner)
        if demand == .any { shard.refresh(behind: answer, owner: owner, authorization: authorization()) }
        return .hit(ttl: answer.source.freshness.remaining(at: shard.loop.nowMilliseconds), detail: detail)
    }

    /// Whether upstream is being left alone, where that is why an answer is stale.
    private func pause(of answer: Answer, owner: Owner) -> CacheStatus.Detail? {
        let now = shard.loop.nowMilliseconds
        let isStale = !answer.source.freshness.isFresh(at: now)
        return isStale && shard.cache.isLeftAlone(answer, owner: owner, now: now) ? .backingOff : nil
    }
}
