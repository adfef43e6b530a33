/// What became of a purge.
package struct PurgeReport: Equatable, Sendable {
    /// How many members hold nothing older any more, this one included.
    package var confirmed: Int
    /// How many members there are; nil if the engine could not be reached. It gets the purge when it can.
    package var members: Int?

    package init(confirmed: Int, members: Int?) {
        self.confirmed = confirmed
        self.members = members
    }
}

/// The purges whose reports are due, and the removals that loops have not confirmed.
struct Purges {
    struct Purge {
        var scope: Scope
        /// Which purge of its scope it is since the engine last got one.
        var count: UInt64
        var deadline: UInt64
        /// The generation that the engine was asked to take.
        var proposed: UInt64?
        var members: Int?
        var confirmed: Set<Identifier> = []
        var isDropped = false
    }

    /// A removal from memory that this member was asked to make.
    struct Drop {
        var scope: Scope
        /// The generation to confirm, unless the removal belongs to a purge of this member.
        var generation: Generation?
        var purge: UInt64?
    }

    private(set) var open: [UInt64: Purge] = [:]
    private var drops: [UInt64: Drop] = [:]
    private var lastID: UInt64 = 0

    /// When the next waiting purge is reported in any case.
    var deadline: UInt64? { open.values.lazy.filter(\.isDropped).map(\.deadline).min() }

    mutating func add(_ purge: Purge) -> UInt64 {
        lastID += 1
        open[lastID] = purge
        return lastID
    }

    mutating func drop(_ drop: Drop) -> UInt64 {
        lastID += 1
        drops[lastID] = drop
        return lastID
    }

    mutating func dropped(_ id: UInt64) -> Drop? { drops.removeValue(forKey: id) }

    func isDropping(_ scope: Scope) -> Bool { drops.values.contains { $0.scope == scope } }

    var isDroppingAnything: Bool { !drops.isEmpty }

    mutating func ownDropped(_ id: UInt64, by member: Identifier) {
        open[id]?.isDropped = true
        open[id]?.confirmed.insert(member)
    }

    /// The engine is asked to take this generation for the first `purges` purges of the scope.
    mutating func proposed(_ scope: Scope, _ number: UInt64, purges: UInt64, by member: Identifier) {
        for (id, purge) in open where purge.scope == scope && purge.members == nil && purge.count <= purges {
            open[id]?.proposed = number
            // The number of an earlier proposal may have been another member's, whose confirmations are older.
            open[id]?.confirmed.formIntersection([member])
        }
    }

    mutating func written(_ scope: Scope, _ number: UInt64, members: Int) {
        for (id, purge) in open where purge.scope == scope && purge.proposed == number && purge.members == nil {
            open[id]?.members = members
        }
    }

    mutating func confirmed(_ scope: Scope, _ number: UInt64, by member: Identifier) {
        for (id, purge) in open where purge.scope == scope {
            if let proposed = purge.proposed, number >= proposed { open[id]?.confirmed.insert(member) }
        }
    }

    /// The purges that can be reported: all have confirmed them, or they have waited long enough, or the engine cannot be reached.
    /// One whose copies are still in this member's own memory waits.
    mutating func finished(isLinkUp: Bool, now: UInt64) -> [(id: UInt64, report: PurgeReport)] {
        var reports: [(id: UInt64, report: PurgeReport)] = []
        for (id, purge) in open.sorted(by: { $0.key < $1.key }) where purge.isDropped {
            let isConfirmed = purge.members.map { purge.confirmed.count >= $0 } ?? false
            guard isConfirmed || !isLinkUp || now >= purge.deadline else { continue }
            open[id] = nil
            reports.append((id, PurgeReport(confirmed: purge.confirmed.count, members: purge.members)))
        }
        return reports
    }
}
