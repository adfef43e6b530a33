import Bytes
import Caching
import EventLoop
import HTTPCore
import Serving

/// Requests that no prepared answer serves. Each missing resource is fetched, and then the request is answered.
extension Connection {
    /// Answers a request, or waits for the missing resources.
    func resolve(_ request: RequestSummary) {
        var request = request
        switch shard.resolve(request) {
        case .answer(let answer):
            // An answer with another target was prepared for an equivalent request, without the parameters that
            // upstream ignores.
            if answer.target != request.target, answer.wantsCompression() { shard.cache.compress(answer) }
            let status = status(of: answer, for: request)
            let hasCurrent = request.precondition?.isMet(by: answer) ?? false
            send(answer, isHead: request.isHead, hasCurrent: hasCurrent, status: status)
        case .problem(let problem):
            send(problem, status: .none(problem.detail), isHead: request.isHead)
        case .fetch(let wants):
            request.progress.wants = wants
            pending = request
            machine.beganWaiting()
            // A fetch may end at once, while the others are still missing. So the request continues only after the last
            // one ends.
            for want in wants { shard.fetch(want, for: self, request) }
        }
    }

    /// Upstream no longer allows sharing a copy. A request that already has it and waits for more needs its own.
    func withdrawShared(_ resource: Resource) {
        pending?.progress.delivered.withdrawShared(resource)
    }

    /// A fetch that this connection waited for has ended.
    func settled(_ resource: Resource, _ outcome: Dispatcher.Outcome, collapsed: Bool) {
        guard var request = pending,
            let position = request.progress.wants.firstIndex(where: { $0.resource == resource })
        else { return }
        let want = request.progress.wants.remove(at: position)
        switch outcome {
        case .entry(let entry, let isNew):
            request.progress.delivered.add(entry, for: resource)
            // Report a failed fetch that a stored copy replaced, unless another fetch was refused.
            let forward = request.progress.forward
            if isNew, forward?.detail == nil || forward?.detail == .fleet || entry.status != .ok {
                let origin = entry.metadata.origin
                if origin == .fleet {
                    // What upstream was asked for says more.
                    let taken = CacheStatus.Forward(reason: want.reason, collapsed: collapsed, detail: .fleet)
                    request.progress.forward = forward ?? taken
                    break
                }
                let status = origin == .confirmation ? Status.notModified : entry.status
                request.progress.forward = CacheStatus.Forward(
                    // The loop that owns it may have had a stale copy where this loop had none.
                    reason: want.reason == .miss && origin != .first ? .stale : want.reason, status: status.rawValue,
                    stored: !request.forbidsStoring
                        && entry.freshness.useEnds(shard.cache.responses.windows) > entry.freshness.storedAt,
                    collapsed: collapsed)
            }
        case .failure(let problem, let staleIfErrorCopy, _):
            if let copy = shard.cache.staleIfErrorCopy(for: resource, of: request, problem) ?? staleIfErrorCopy {
                request.progress.delivered.add(copy, for: resource)
                // The loop that owns it may have had a copy where this loop had none.
                let reason = want.reason == .miss ? .stale : want.reason
                request.progress.makeUp(
                    for: RequestSummary.Failure(problem: problem, reason: reason, collapsed: collapsed))
                break
            }
            let failure = RequestSummary.Failure(problem: problem, reason: want.reason, collapsed: collapsed)
            if resource == .catalog, let model = shard.settings.responder.model(of: request),
                let copy = shard.cache.staleIfErrorCopy(for: model, of: request, problem)
            {
                // The stored copy of one model may still be usable if the list is not.
                request.progress.delivered.goOnWithoutCatalog(copy, for: model)
                request.progress.makeUp(for: failure)
            } else {
                request.progress.failure = request.progress.failure ?? failure
            }
        }
        guard request.progress.wants.isEmpty else {
            pending = request
            return
        }
        pending = nil
        guard machine.resumed() else { return }
        if let failure = request.progress.failure {
            send(failure, of: request)
        } else {
            resolve(request)
        }
        goOn()
    }

    /// How an answer was produced; nil for a hit without further detail. A stale answer that needed no fetch is
    /// refreshed in the background.
    private func status(of answer: Answer, for request: RequestSummary) -> CacheStatus? {
        let freshness = answer.source.freshness
        let owner = request.owner
        let now = loop.nowMilliseconds
        if var forward = request.progress.forward {
            // A stored copy replaced what could not be fetched, or was not fetched.
            if forward.detail == .fleet { forward.detail = request.progress.unasked ?? .fleet }
            forward.detail = forward.detail ?? request.progress.unasked ?? pause(of: answer, owner: owner)
            if let detail = forward.detail, detail != .fleet {
                forward.ttl = freshness.remaining(at: now)
                forward.stored = false
            }
            return .forwarded(forward)
        }
        guard freshness.isFresh(at: now) else {
            return staleStatus(
                of: answer, unasked: request.progress.unasked, refreshes: !request.forbidsStoring,
                directive: request.directive, owner: owner, authorization: request.authorization,
                via: request.via)
        }
        // The request may have demanded a fresh answer.
        if let unasked = request.progress.unasked { return .hit(ttl: freshness.remaining(at: now), detail: unasked) }
        return request.directive == .refresh ? recentStatus(of: answer) : nil
    }

    /// What `Cache-Status` says of a fresh copy that is recent enough for a request which forces a refresh.
    func recentStatus(of answer: Answer) -> CacheStatus {
        .hit(ttl: answer.source.freshness.remaining(at: loop.nowMilliseconds), detail: .recent)
    }

    /// The `Cache-Status` of a stale copy that is served without contacting upstream; it is refreshed in the
    /// background.
    func staleStatus(
        of answer: Answer, unasked: CacheStatus.Detail?, refreshes: Bool = true, directive: CacheDirective,
        owner: Owner,
        authorization: @autoclosure () -> SharedBytes?, via: @autoclosure () -> SharedBytes?
    ) -> CacheStatus {
        let detail = unasked ?? pause(of: answer, owner: owner)
        if directive == .any, refreshes {
            shard.refresh(behind: answer, owner: owner, authorization: authorization(), via: via())
        }
        return .hit(ttl: answer.source.freshness.remaining(at: loop.nowMilliseconds), detail: detail)
    }

    /// Whether the backoff from upstream is why an answer is stale.
    private func pause(of answer: Answer, owner: Owner) -> CacheStatus.Detail? {
        let now = loop.nowMilliseconds
        let isStale = !answer.source.freshness.isFresh(at: now)
        return isStale && shard.cache.responses.isBackingOff(answer, owner: owner, now: now) ? .backingOff : nil
    }
}
