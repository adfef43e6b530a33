/// How many requests there were of each kind of route, decision and status.
///
/// One fixed table: statuses that hardly occur share a column, so that no client or upstream can make it grow.
public struct RequestCounters: Sendable, Equatable {
    /// The statuses with a column of their own. 499 stands for a client that left; the last column is for all others.
    static let statuses = [
        200, 204, 206, 301, 302, 304, 307, 308, 400, 401, 402, 403, 404, 405, 408, 409, 413, 414, 417, 421, 422, 429,
        431,
        499, 500, 501, 502, 503, 504, 524, 529,
    ]
    // Written out, since what is computed once is asked for on every hit; a test compares them.
    static let columns = 32
    static let decisions = 10
    static let routes = 11

    static let size = routes * decisions * columns

    private var counts: [UInt64]
    /// The column of each status from 100 to 599.
    private static let columnOfStatus: [UInt8] = {
        var columnOfStatus = [UInt8](repeating: UInt8(columns - 1), count: 500)
        for (column, status) in statuses.enumerated() { columnOfStatus[status - 100] = UInt8(column) }
        return columnOfStatus
    }()

    /// Nothing counted.
    public init() { counts = Array(repeating: 0, count: Self.size) }

    /// What was counted elsewhere, place by place.
    init(counts: ArraySlice<UInt64>) {
        precondition(counts.count == Self.size, "a table of another size")
        self.counts = Array(counts)
    }

    /// The place in the table where a request counts.
    @inline(__always)
    static func place(_ route: Route.Kind, _ decision: RequestDecision, status: Int) -> Int {
        place(route, decision, status == 200 ? 0 : column(of: status))
    }

    private static func column(of status: Int) -> Int {
        status >= 100 && status < 600 ? Int(columnOfStatus[status - 100]) : columns - 1
    }

    @inline(__always)
    private static func place(_ route: Route.Kind, _ decision: RequestDecision, _ column: Int) -> Int {
        (Int(route.rawValue) &* decisions &+ Int(decision.rawValue)) &* columns &+ column
    }

    /// Takes in what another one has counted.
    public mutating func merge(_ other: RequestCounters) {
        for place in counts.indices { counts[place] &+= other.counts[place] }
    }

    /// One number of the table.
    public struct Row: Sendable, Equatable {
        /// The kind of route.
        public let route: Route.Kind
        /// What became of the requests.
        public let decision: RequestDecision
        /// Their status; nil for those that have no column.
        public let status: Int?
        /// How many there were.
        public let count: UInt64
    }

    /// Calls `body` with the numbers that are not zero, in a steady order: there are few of them in a large table.
    func forEachRow(_ body: (Row) -> Void) {
        for place in counts.indices where counts[place] > 0 {
            let (row, column) = place.quotientAndRemainder(dividingBy: Self.columns)
            let (route, decision) = row.quotientAndRemainder(dividingBy: Self.decisions)
            body(
                Row(
                    route: Route.Kind.allCases[route], decision: RequestDecision.allCases[decision],
                    status: column < Self.statuses.count ? Self.statuses[column] : nil, count: counts[place]))
        }
    }

    /// The sums that charts show.
    public var totals: RequestTotals {
        var totals = RequestTotals()
        forEachRow { totals.add($0) }
        return totals
    }
}

/// How many requests there were, by what matters to an operator. A request may count as an error beside its decision.
public struct RequestTotals: Sendable, Equatable {
    /// All requests.
    public var requests: UInt64 = 0
    /// Answered by a fresh copy.
    public var hits: UInt64 = 0
    /// Answered by a copy that is no longer fresh.
    public var stale: UInt64 = 0
    /// Upstream was asked first, for whatever reason.
    public var misses: UInt64 = 0
    /// Passed through.
    public var passed: UInt64 = 0
    /// For Larder's own: health, metrics, the page. They are among all requests and in no other number.
    public var own: UInt64 = 0
    /// Answered with a 5xx, upstream's or Larder's; not what `/readyz` says of itself.
    public var errors: UInt64 = 0

    /// None.
    public init() {}

    mutating func add(_ row: RequestCounters.Row) {
        requests += row.count
        switch row.decision {
        case .hit: hits += row.count
        case .stale: stale += row.count
        case .miss, .expired, .demanded: misses += row.count
        case .passed: passed += row.count
        case .own: own += row.count
        case .failed, .refused, .aborted: break
        }
        if let status = row.status, status >= 500, row.decision != .own { errors += row.count }
    }

    mutating func merge(_ other: RequestTotals) {
        requests &+= other.requests
        hits &+= other.hits
        stale &+= other.stale
        misses &+= other.misses
        passed &+= other.passed
        own &+= other.own
        errors &+= other.errors
    }

    func since(_ earlier: RequestTotals) -> RequestTotals {
        var difference = self
        difference.requests &-= earlier.requests
        difference.hits &-= earlier.hits
        difference.stale &-= earlier.stale
        difference.misses &-= earlier.misses
        difference.passed &-= earlier.passed
        difference.own &-= earlier.own
        difference.errors &-= earlier.errors
        return difference
    }

    /// The share of the requests for cached things that upstream was not asked for first; nil if there were none.
    public var hitRatio: Double? {
        let all = hits + stale + misses
        return all == 0 ? nil : Double(hits + stale) / Double(all)
    }
}
