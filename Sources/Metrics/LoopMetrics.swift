public import Serving

/// All counters of one loop, used on its own thread and without a lock. Recording a request allocates nothing.
public struct LoopMetrics: Sendable {
    /// The counters of requests, then for each decision the buckets of its durations and their sum. It is one table
    /// because every hit uses it.
    private var cells: [UInt64]
    private var sentBytes: UInt64 = 0
    private var connections: UInt64 = 0
    /// The metrics of the loop's requests to upstream.
    public var upstream = UpstreamMetrics()
    private var lag = DurationHistogram()
    private var history = RequestHistory()

    private static let stride = DurationHistogram.bucketCount + 1

    /// Starts empty.
    public init() {
        cells = Array(repeating: 0, count: RequestCounters.size + RequestCounters.decisions * Self.stride)
    }

    /// A request was answered.
    @inline(__always)
    public mutating func record(
        _ route: Route.Kind, _ decision: RequestDecision, status: Int, bytes: Int, nanoseconds: UInt64
    ) {
        cells[RequestCounters.index(route, decision, status: status)] &+= 1
        let start = RequestCounters.size &+ Int(decision.rawValue) &* LoopMetrics.stride
        cells[start &+ DurationHistogram.bucket(of: nanoseconds)] &+= 1
        cells[start &+ DurationHistogram.bucketCount] &+= nanoseconds
        sentBytes &+= UInt64(truncatingIfNeeded: bytes)
    }

    /// A connection was accepted.
    public mutating func recordConnection() { connections &+= 1 }

    /// The loop ran a timer this much too late.
    public mutating func recordLag(nanoseconds: UInt64) { lag.record(nanoseconds: nanoseconds) }

    /// Advances the time. Must be called at least every ten seconds.
    public mutating func tick(wallSeconds: Int64) {
        guard history.isDue(wallSeconds: wallSeconds) else { return }
        history.tick(
            wallSeconds: wallSeconds, totals: requests.totals,
            durations: MetricsReport.Counts.clientDurations(durations))
    }

    private var requests: RequestCounters { RequestCounters(counts: cells[..<RequestCounters.size]) }

    private var durations: [DurationHistogram] {
        (0..<RequestCounters.decisions).map { decision in
            let start = RequestCounters.size + decision * Self.stride
            return DurationHistogram(
                counts: cells[start..<start + DurationHistogram.bucketCount],
                totalNanoseconds: cells[start + DurationHistogram.bucketCount])
        }
    }

    /// A copy for another thread. It shares no memory with the live counters, and does not contain the last hour.
    public func counts() -> MetricsReport.Counts {
        var counts = MetricsReport.Counts(requests, durations)
        counts.sentBytes = sentBytes
        counts.connections = connections
        // Added to empty ones, so that the live arrays are never those that another thread reads.
        counts.upstream.merge(upstream)
        counts.lag.merge(lag)
        return counts
    }

    /// The last hour up to now, oldest first.
    public func points() -> [RequestHistory.Point] {
        history.points(totals: requests.totals, durations: MetricsReport.Counts.clientDurations(durations))
    }
}
