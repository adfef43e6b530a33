/// All that one loop counts, on its own thread and without a lock. Nothing is allocated when a request is recorded.
public struct LoopMetrics: Sendable {
    private(set) var requests = RequestCounters()
    private(set) var durations = Array(repeating: DurationHistogram(), count: RequestDecision.allCases.count)
    private(set) var sentBytes: UInt64 = 0
    private(set) var connections: UInt64 = 0
    /// What the loop knows of its requests to upstream.
    public var upstream = UpstreamMetrics()
    private(set) var lag = DurationHistogram()
    private(set) var history = RequestHistory()

    /// Nothing counted.
    public init() {}

    /// A request was answered.
    @inline(__always)
    public mutating func record(
        _ route: Route.Kind, _ decision: RequestDecision, status: Int, bytes: Int, nanoseconds: UInt64
    ) {
        requests.record(route, decision, status: status)
        durations[Int(decision.rawValue)].record(nanoseconds: nanoseconds)
        sentBytes &+= UInt64(truncatingIfNeeded: bytes)
    }

    /// A connection was accepted.
    public mutating func recordConnection() { connections &+= 1 }

    /// The loop came to a timer so much later than it should have.
    public mutating func recordLag(nanoseconds: UInt64) { lag.record(nanoseconds: nanoseconds) }

    /// Time has passed. To be called at least every ten seconds.
    public mutating func tick(wallSeconds: Int64) {
        guard history.isDue(wallSeconds: wallSeconds) else { return }
        let (totals, durations) = (requests.totals, allDurations)
        history.tick(wallSeconds: wallSeconds, totals: totals, durations: durations)
    }

    private var allDurations: DurationHistogram {
        var all = DurationHistogram()
        for each in durations { all.merge(each) }
        return all
    }

    /// A copy for another thread, which holds no memory in common with this one.
    public func counts() -> MetricsReport.Counts {
        var counts = MetricsReport.Counts()
        counts.requests = requests.detached()
        counts.durations = durations.map { $0.detached() }
        counts.sentBytes = sentBytes
        counts.connections = connections
        counts.upstream = upstream
        counts.lag = lag.detached()
        counts.history = history.points(totals: requests.totals, durations: allDurations)
        return counts
    }
}
