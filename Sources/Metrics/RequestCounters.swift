public import Serving

/// The number of requests by kind of route, decision and status.
///
/// It is one fixed table: rare statuses share a column, so that no client or upstream can make it grow.
public struct RequestCounters: Sendable, Equatable {
    /// The statuses with their own column. 499 means that the client disconnected. The last column is for all other
    /// statuses from 500 to 599, because they are errors, and the one before it for all the rest.
    static let statuses = [
        200, 204, 206, 301, 302, 304, 307, 308, 400, 401, 402, 403, 404, 405, 408, 409, 413, 414, 417, 421, 422, 429,
        431,
        499, 500, 501, 502, 503, 504, 524, 529,
    ]
    // Written out as constants: a lazily computed static would be checked on every hit. A test compares them.
    static let columns = 33
    static let decisions = 10
    static let routes = 13

    static let size = routes * decisions * columns

    private var counts: [UInt64]
    /// The column of each status from 100 to 599.
    private static let columnOfStatus: [UInt8] = {
        var columnOfStatus = [UInt8](repeating: UInt8(columns - 2), count: 400)
        columnOfStatus += [UInt8](repeating: UInt8(columns - 1), count: 100)
        for (column, status) in statuses.enumerated() { columnOfStatus[status - 100] = UInt8(column) }
        return columnOfStatus
    }()

    /// Starts empty.
    public init() { counts = Array(repeating: 0, count: Self.size) }

    /// Creates counters from counts made elsewhere, index by index.
    init(counts: ArraySlice<UInt64>) {
        precondition(counts.count == Self.size, "a table of another size")
        self.counts = Array(counts)
    }

    /// The index of a request in the table.
    @inline(__always)
    static func index(_ route: Route.Kind, _ decision: RequestDecision, status: Int) -> Int {
        index(route, decision, status == 200 ? 0 : column(of: status))
    }

    private static func column(of status: Int) -> Int {
        status >= 100 && status < 600 ? Int(columnOfStatus[status - 100]) : columns - 2
    }

    @inline(__always)
    private static func index(_ route: Route.Kind, _ decision: RequestDecision, _ column: Int) -> Int {
        (Int(route.rawValue) &* decisions &+ Int(decision.rawValue)) &* columns &+ column
    }

    /// Adds the counts of another table.
    public mutating func merge(_ other: RequestCounters) {
        for index in counts.indices { counts[index] &+= other.counts[index] }
    }

    /// One count of the table.
    public struct Row: Sendable, Equatable {
        /// The kind of route.
        public let route: Route.Kind
        /// The outcome of the requests.
        public let decision: RequestDecision
        /// Their status; nil for statuses without a column.
        public let status: Int?
        /// Whether the status is a 5xx, with or without a column.
        public let isServerError: Bool
        /// The number of requests.
        public let count: UInt64
    }

    /// Calls `body` with the counts that are not zero, in a fixed order: there are few of them in a large table.
    func forEachRow(_ body: (Row) -> Void) {
        for index in counts.indices where counts[index] > 0 {
            let (row, column) = index.quotientAndRemainder(dividingBy: Self.columns)
            let (route, decision) = row.quotientAndRemainder(dividingBy: Self.decisions)
            let status: Int? = column < Self.statuses.count ? Self.statuses[column] : nil
            body(
                Row(
                    route: Route.Kind.allCases[route], decision: RequestDecision.allCases[decision], status: status,
                    isServerError: status.map { $0 >= 500 } ?? (column == Self.columns - 1), count: counts[index]))
        }
    }

    /// The number of responses with each status, in the order of the table. The last one, without a status, is for all
    /// statuses without a column.
    var statuses: [(status: Int?, count: UInt64)] {
        var sums = [UInt64](repeating: 0, count: Self.statuses.count + 1)
        for index in counts.indices { sums[min(index % Self.columns, Self.statuses.count)] &+= counts[index] }
        return sums.enumerated().filter { $0.element > 0 }.map { column, count in
            (column < Self.statuses.count ? Self.statuses[column] : nil, count)
        }
    }

    /// The sums for charts.
    public var totals: RequestTotals {
        var totals = RequestTotals()
        forEachRow { totals.add($0) }
        return totals
    }
}

/// The number of requests, by what matters to an operator. A request may count as an error in addition to its
/// decision.
public struct RequestTotals: Sendable, Equatable {
    /// All requests.
    public var requests: UInt64 = 0
    /// Answered from a fresh copy.
    public var hits: UInt64 = 0
    /// Answered with a remembered error of upstream. Nobody got what was wanted, so they are no hits.
    public var errorHits: UInt64 = 0
    /// Answered from a stale copy.
    public var stale: UInt64 = 0
    /// Upstream was asked first, for any reason.
    public var misses: UInt64 = 0
    /// Passed through.
    public var passed: UInt64 = 0
    /// For Larder's own pages: health, metrics, the status page. They count in all requests and in no other number.
    public var own: UInt64 = 0
    /// Answered with a 5xx, from upstream or Larder; `/readyz` reporting about itself does not count.
    public var errors: UInt64 = 0

    /// No requests.
    public init() {}

    mutating func add(_ row: RequestCounters.Row) {
        requests += row.count
        switch row.decision {
        case .hit:
            let isError = row.isServerError || row.status ?? 0 >= 400
            if isError { errorHits += row.count } else { hits += row.count }
        case .stale: stale += row.count
        case .miss, .expired, .demanded: misses += row.count
        case .passed: passed += row.count
        case .own: own += row.count
        case .failed, .refused, .aborted: break
        }
        if row.isServerError, row.decision != .own { errors += row.count }
    }

    mutating func merge(_ other: RequestTotals) {
        requests &+= other.requests
        hits &+= other.hits
        errorHits &+= other.errorHits
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
        difference.errorHits &-= earlier.errorHits
        difference.stale &-= earlier.stale
        difference.misses &-= earlier.misses
        difference.passed &-= earlier.passed
        difference.own &-= earlier.own
        difference.errors &-= earlier.errors
        return difference
    }

    /// The share of requests for cached resources that were answered without asking upstream first; nil if there were
    /// none. Remembered errors count in neither. Rounded down to four decimals: 1 means all and nothing less.
    public var hitRatio: Double? {
        let all = hits + stale + misses
        guard all > 0 else { return nil }
        // In whole numbers: as a floating-point number, 0.57 * 10,000 is less than 5,700.
        return Double(Int(Int128(hits + stale) * 10_000 / Int128(all))) / 10_000
    }
}
