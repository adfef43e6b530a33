public import Caching
import HTTPCore

/// What entries are of use for once they are stale, and who has them fetched anew.
extension ResponseCache {
    /// What to do with an answer whose time is over, for a request of `owner`.
    public func decision(on answer: Answer, owner: Owner, demand: Demand, now: UInt64) -> Decision {
        // What upstream told the owner since, such as a refusal, goes before a copy that others share.
        let isCurrent = answer.shelves.allSatisfy { shelf(for: $0.key.resource, owner: owner) === $0 }
        guard isCurrent, !answer.shelves.isEmpty else { return .fetch(.stale) }
        return Decision(
            stored: answer.source.freshness, demand: demand, windows: windows,
            isLeftAlone: isLeftAlone(answer, owner: owner, now: now), now: now)
    }

    /// The copy that may be served to `owner` because fetching the resource has come to `problem` (RFC 5861 section 4): none
    /// where that is upstream's word rather than a failure.
    public mutating func spare(
        for resource: Resource, owner: Owner, after problem: FetchProblem, now: UInt64
    ) -> Entry? {
        guard problem.isFailure, let entry = entry(for: resource, owner: owner),
            entry.freshness.mayReplaceError(at: now, windows)
        else { return nil }
        return entry
    }

    /// Whether upstream would not be asked now, with the owner's key, for any of the stale entries that an answer was made of.
    public func isLeftAlone(_ answer: Answer, owner: Owner, now: UInt64) -> Bool {
        !answer.shelves.isEmpty
            && answer.shelves.allSatisfy {
                $0.pause(of: owner).isLeftAlone(at: now) || $0.entry.freshness.isFresh(at: now)
            }
    }

    /// Whether upstream would not be asked now for a resource, with the owner's key.
    func isLeftAlone(_ resource: Resource, owner: Owner, now: UInt64) -> Bool {
        shelf(for: resource, owner: owner)?.pause(of: owner).isLeftAlone(at: now) ?? false
    }

    /// The resources to be refreshed behind an answer: those of its entries that are stale and that nobody on this loop
    /// refreshes already. Each has to be reported to `refreshEnded`.
    public func beginRefreshes(behind answer: Answer, owner: Owner, now: UInt64) -> [Resource] {
        var resources: [Resource] = []
        for shelf in answer.shelves where !shelf.entry.freshness.isFresh(at: now) {
            guard now >= shelf.pause(of: owner).refreshNotBefore else { continue }
            shelf.pause.refreshNotBefore = .max
            resources.append(shelf.key.resource)
        }
        return resources
    }

    /// Upstream was asked for a resource, or was not because it is left alone. What is stored still is not refreshed before
    /// `notBefore`; until `leftAloneUntil` it stands in for an error without asking.
    public func refreshEnded(
        of resource: Resource, owner: Owner, notBefore: UInt64, leftAloneUntil: UInt64, isAboutKey: Bool
    ) {
        let pause = Pause(refreshNotBefore: notBefore, leftAloneUntil: leftAloneUntil)
        for key in [ShelfKey(resource: resource, owner: owner), ShelfKey(resource: resource, owner: nil)] {
            guard let shelf = shelves[key] else { continue }
            if key.owner == nil, isAboutKey {
                // What upstream holds against one key is no reason not to ask with another one.
                shelf.pause.refreshNotBefore = 0
                shelf.setPause(pause, of: owner)
            } else {
                shelf.pause = pause
            }
        }
    }
}
