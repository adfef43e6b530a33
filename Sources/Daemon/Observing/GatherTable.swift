import Serving

/// The requests that wait for what all loops have to tell.
struct GatherTable {
    /// One of them.
    struct Gather {
        let page: OwnPage
        let connection: Connection
        let isHead: Bool
        /// When it is answered with what has come by then, in milliseconds.
        let deadline: UInt64
        /// The loops that have not answered.
        var missing: Int
        var report: MetricsReport?
        var purged: Set<Int> = []
    }

    /// How long a loop may take to answer, in milliseconds.
    static let patience: UInt64 = 2_000

    private var gathers: [UInt64: Gather] = [:]
    private var lastTicket: UInt64 = 0

    /// Begins to wait; the ticket is what loops answer to.
    mutating func add(_ gather: Gather) -> UInt64 {
        lastTicket += 1
        gathers[lastTicket] = gather
        return lastTicket
    }

    /// A loop has answered: `note` takes in what it said. The gather is returned when it was the last one.
    mutating func answered(_ ticket: UInt64, _ note: (inout Gather) -> Void) -> Gather? {
        guard var gather = gathers.removeValue(forKey: ticket) else { return nil }
        note(&gather)
        gather.missing -= 1
        if gather.missing == 0 { return gather }
        gathers[ticket] = gather
        return nil
    }

    /// Those that have waited for long enough.
    mutating func overdue(at now: UInt64) -> [Gather] {
        if gathers.isEmpty { return [] }
        let overdue = gathers.filter { $0.value.deadline <= now }
        for ticket in overdue.keys { gathers[ticket] = nil }
        return Array(overdue.values)
    }
}
