/// What goes wrong without one rule.
public struct WeekBreach: Sendable {
    /// What is wrong.
    public let name: String
    /// The invariant that it breaks.
    public let invariant: Int
    /// A seed that shows it. Other weeks need other seeds: `simulate --week --breaches` finds them.
    public let seed: UInt64
    /// Takes the rule out.
    public let change: @Sendable (inout WeekRules) -> Void

    init(_ name: String, _ invariant: Int, seed: UInt64, _ change: @escaping @Sendable (inout WeekRules) -> Void) {
        self.name = name
        self.invariant = invariant
        self.seed = seed
        self.change = change
    }

    /// The rules without the one that it takes out.
    public var rules: WeekRules {
        var rules = WeekRules()
        change(&rules)
        return rules
    }

    /// At least one for each invariant.
    public static let all: [WeekBreach] = [
        WeekBreach("all keys are one owner, and callers without a key another", 1, seed: 1) { $0.ownersDiffer = false },
        WeekBreach("what upstream calls private is shared", 1, seed: 3) { $0.directivesCount = false },
        WeekBreach("what a response or a purge withdraws stays", 1, seed: 2) { $0.withdrawalsRemove = false },
        WeekBreach("callers join a fetch from before a purge", 1, seed: 5) { $0.purgesCloseFetches = false },
        WeekBreach("the beginning of a body is taken for all of it", 2, seed: 2) { $0.cutsAreSeen = false },
        WeekBreach("a response that is passed through ends cleanly when upstream's is cut", 2, seed: 1) {
            $0.resetsReachClients = false
        },
        WeekBreach("some waiters are forgotten", 3, seed: 1) { $0.repliesArrive = false },
        WeekBreach("nobody joins a fetch", 4, seed: 1) { $0.flightsAreJoined = false },
        WeekBreach("failures are not reported", 5, seed: 1) { $0.failuresCount = false },
        WeekBreach("upstream's Retry-After is lost", 5, seed: 1) { $0.wishesCount = false },
        WeekBreach("a fetch that has waited for memory begins during a pause", 5, seed: 6) {
            $0.lateFetchesHeedPauses = false
        },
        WeekBreach("the cache has no limit", 6, seed: 62) { $0.cacheIsLimited = false },
    ]
}
