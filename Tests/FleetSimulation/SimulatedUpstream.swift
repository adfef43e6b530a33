import TestSupport

/// Upstream: versions of each resource, and how it behaves.
struct SimulatedUpstream {
    var versions: [UInt64] = Array(repeating: 1, count: World.resources.count)
    var mode: Scenario.UpstreamMode?
    var refused: Set<Int> = []
    /// When it was last anything but well.
    var wasUnwellAt: UInt64?

    /// It is well again.
    mutating func endMode(_ now: UInt64) {
        mode = nil
        wasUnwellAt = now
    }

    /// The answer to a question, and after how long it comes; nil for never.
    mutating func answer(_ resource: Int, now: UInt64, random: inout SeededGenerator) -> (
        World.UpstreamAnswer, after: UInt64
    )? {
        let owner = World.resources[resource].owner
        let content = Content(resource: resource, owner: owner, version: versions[resource], begun: now)
        if mode != nil || owner.map({ refused.contains($0) }) ?? false { wasUnwellAt = now }
        let latency = random.within(20...400)
        if let owner, refused.contains(owner), mode == nil { return (.refused(owner: owner), latency) }
        switch mode {
        case nil: return (.content(content), latency)
        case .failing: return (.failed, latency)
        case .silent: return nil
        case .slow(let delay): return (.content(content), latency + delay)
        }
    }
}
