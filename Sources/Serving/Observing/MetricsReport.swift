/// What one loop tells of itself, or several of them together.
public struct MetricsReport: Sendable {
    /// What was counted since the process began.
    public struct Counts: Sendable {
        var requests: RequestCounters
        /// How long they took, for each decision.
        var durations: [DurationHistogram]
        var sentBytes: UInt64 = 0
        var connections: UInt64 = 0
        var upstream = UpstreamMetrics()
        var lag = DurationHistogram()
        /// The last hour, if that was asked for.
        public var history: [RequestHistory.Point] = []

        init(_ requests: RequestCounters, _ durations: [DurationHistogram]) {
            self.requests = requests
            self.durations = durations
        }

        /// The sums that charts show.
        public var totals: RequestTotals { requests.totals }

        mutating func merge(_ other: Counts) {
            requests.merge(other.requests)
            for index in durations.indices { durations[index].merge(other.durations[index]) }
            sentBytes &+= other.sentBytes
            connections &+= other.connections
            upstream.merge(other.upstream)
            lag.merge(other.lag)
            history = RequestHistory.merged([history, other.history])
        }

        /// How long clients' requests took: all but Larder's own.
        var clientDurations: DurationHistogram { Self.clientDurations(durations) }

        /// The same from the durations for each decision.
        static func clientDurations(_ durations: [DurationHistogram]) -> DurationHistogram {
            var all = DurationHistogram()
            for decision in RequestDecision.allCases where decision != .own {
                all.merge(durations[Int(decision.rawValue)])
            }
            return all
        }
    }

    /// What the cache holds. Loops count what they share each for itself, as they do against `cache.max_bytes`.
    public struct Cache: Sendable, Equatable {
        /// The stored responses.
        public var entries = 0
        /// The answers made from them.
        public var answers = 0
        /// The bytes of both.
        public var bytes = 0
        /// The most that there may be.
        public var maximumBytes = 0
        /// How many things went for want of room.
        public var evictions = 0

        /// An empty one.
        public init() {}

        mutating func merge(_ other: Cache) {
            entries += other.entries
            answers += other.answers
            bytes += other.bytes
            maximumBytes += other.maximumBytes
            evictions += other.evictions
        }
    }

    /// The catalogue that everyone shares, as one loop has it.
    public struct Catalog: Sendable, Equatable {
        /// The seconds since upstream gave it.
        public var age: Int
        /// How many models it has.
        public var models: Int
        /// Whether it is fresh.
        public var isFresh: Bool

        /// A catalogue.
        public init(age: Int, models: Int, isFresh: Bool) {
            self.age = age
            self.models = models
            self.isFresh = isFresh
        }
    }

    /// A resource that upstream is not asked for until a pause is over.
    public struct BackingOff: Sendable, Equatable {
        /// What it is, without a caller's own text.
        public let resource: String
        /// The seconds until it may be asked for.
        public let seconds: Int

        /// A pause.
        public init(resource: String, seconds: Int) {
            self.resource = resource
            self.seconds = seconds
        }
    }

    /// The counters.
    public var counts: Counts
    /// The cache.
    public var cache = Cache()
    /// The catalogue, if there is one.
    public var catalog: Catalog?
    /// The open connections.
    public var openConnections = 0
    /// What is being left alone.
    public var backingOff: [BackingOff] = []
    /// What is stored, if that was asked for.
    public var entries: [EntryReport] = []
    /// How many loops this is the report of.
    public private(set) var loops = 1

    /// A loop's report.
    public init(_ counts: Counts) { self.counts = counts }

    /// Takes in another loop's report.
    public mutating func merge(_ other: MetricsReport) {
        counts.merge(other.counts)
        cache.merge(other.cache)
        if let theirs = other.catalog, theirs.age < catalog?.age ?? .max { catalog = theirs }
        openConnections += other.openConnections
        backingOff += other.backingOff
        entries = EntryReport.merged(entries, other.entries)
        loops += other.loops
    }
}
