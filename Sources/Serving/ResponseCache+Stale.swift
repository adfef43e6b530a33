public import Caching
import HTTPCore

/// How stale entries are used, and which of them are refreshed.
extension ResponseCache {
    /// What to do with an expired answer, for a request of `owner`.
    public func decision(on answer: Answer, owner: Owner, directive: CacheDirective, now: UInt64) -> Decision {
        // What upstream answered to the owner since, such as a refusal, takes precedence over a shared copy.
        let isCurrent = answer.storedEntries.allSatisfy { storedEntry(for: $0.key.resource, owner: owner) === $0 }
        guard isCurrent, !answer.storedEntries.isEmpty else { return .fetch(.stale) }
        return Decision(
            stored: answer.source.freshness, directive: directive, windows: windows(of: answer.source, for: owner),
            isBackingOff: isBackingOff(answer, owner: owner, now: now), now: now)
    }

    /// How long a copy, once it is stale, may be used for a request of `owner`.
    ///
    /// A copy that belongs to one key is not served while it is refreshed. A revoked key outlives its revocation by one
    /// lifetime at most, and only asking upstream first ensures that. This is why `stale.while_revalidate` is not for
    /// `/models/user`, and it holds for whatever else is kept for a key alone: upstream's data (`ttl.data`), and what
    /// upstream or `cache.share` lets no other key have. Callers without a key have none that could be revoked.
    func windows(of entry: Entry?, for owner: Owner) -> StaleWindows {
        var windows = windows
        if let entry, !entry.isShared, owner != .nobody { windows.whileRevalidate = 0 }
        return windows
    }

    /// The stale copy that may be served to `owner` because fetching the resource ended with `problem` (RFC 5861
    /// section 4). There is none if that is upstream's answer rather than a failure.
    public mutating func staleIfErrorCopy(
        for resource: Resource, owner: Owner, after problem: FetchProblem, now: UInt64
    ) -> Entry? {
        guard problem.isFailure, let entry = entry(for: resource, owner: owner),
            entry.freshness.mayReplaceError(at: now, windows)
        else { return nil }
        return entry
    }

    /// Whether back-off blocks requests to upstream now, with the owner's key, for any of the stale entries of an
    /// answer.
    public func isBackingOff(_ answer: Answer, owner: Owner, now: UInt64) -> Bool {
        !answer.storedEntries.isEmpty
            && answer.storedEntries.allSatisfy {
                $0.pause(of: owner).isBackingOff(at: now) || $0.entry.freshness.isFresh(at: now)
            }
    }

    /// Whether back-off blocks requests to upstream now for a resource, with the owner's key.
    func isBackingOff(_ resource: Resource, owner: Owner, now: UInt64) -> Bool {
        storedEntry(for: resource, owner: owner)?.pause(of: owner).isBackingOff(at: now) ?? false
    }

    /// The resources to refresh in the background: the stale entries of an answer that this loop does not refresh
    /// already. The caller must report each of them to `refreshEnded`.
    public func beginRefreshes(behind answer: Answer, owner: Owner, now: UInt64) -> [Resource] {
        var resources: [Resource] = []
        for storedEntry in answer.storedEntries where !storedEntry.entry.freshness.isFresh(at: now) {
            guard now >= storedEntry.pause(of: owner).refreshNotBefore else { continue }
            storedEntry.pause.refreshNotBefore = .max
            resources.append(storedEntry.key.resource)
        }
        return resources
    }

    /// A refresh of a resource has ended, or was skipped because of back-off. The stored copy is not refreshed before
    /// `notBefore`; until `backoffUntil` it is served in place of an error, with no request to upstream.
    public func refreshEnded(
        of resource: Resource, owner: Owner, notBefore: UInt64, backoffUntil: UInt64, isAboutKey: Bool
    ) {
        let pause = Pause(refreshNotBefore: notBefore, backoffUntil: backoffUntil)
        for key in [CacheKey(resource: resource, owner: owner), CacheKey(resource: resource, owner: nil)] {
            guard let storedEntry = storedEntries[key] else { continue }
            if key.owner == nil, isAboutKey {
                // A problem with one key does not prevent a request with another one.
                storedEntry.pause.refreshNotBefore = 0
                storedEntry.setPause(pause, of: owner)
            } else {
                storedEntry.pause = pause
            }
        }
    }
}
