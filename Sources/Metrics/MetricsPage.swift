public import Bytes
public import Serving

/// Writes `/metrics`.
public enum MetricsPage {
    /// All metrics of a process and its loops.
    public static func text(_ report: MetricsReport, of process: ProcessReport) -> SharedBytes {
        var page = PrometheusText()
        page.begin(MetricsTable.buildInfo)
        page.label(escaping: process.version)
        page.sample(1)
        page.single(MetricsTable.startTime, UInt64(max(0, process.started)))
        appendRequests(report, to: &page)
        appendUpstream(report, to: &page)
        appendCache(report, to: &page)
        appendHistory(report, now: process.now, to: &page)
        appendProcess(report, process, to: &page)
        return page.finish()
    }

    private static func appendRequests(_ report: MetricsReport, to page: inout PrometheusText) {
        page.begin(MetricsTable.requests)
        report.counts.requests.forEachRow { row in
            page.label(row.route.name)
            page.label(row.decision.name)
            if let status = row.status {
                page.label(status)
            } else if row.isServerError {
                page.label("5xx")
            } else {
                page.label("other")
            }
            page.sample(row.count)
        }
        page.begin(MetricsTable.requestDuration)
        for decision in RequestDecision.allCases {
            page.label(decision.name)
            page.histogram(report.counts.durations[Int(decision.rawValue)])
        }
        page.single(MetricsTable.sentBytes, report.counts.sentBytes)
    }

    private static func appendUpstream(_ report: MetricsReport, to page: inout PrometheusText) {
        let upstream = report.counts.upstream
        page.begin(MetricsTable.upstreamRequests)
        for kind in UpstreamMetrics.Kind.allCases {
            page.label(kind.name)
            page.sample(upstream.requests[Int(kind.rawValue)])
        }
        page.begin(MetricsTable.upstreamFailures)
        for reason in UpstreamMetrics.Reason.allCases {
            page.label(reason.name)
            page.sample(upstream.failures[Int(reason.rawValue)])
        }
        page.begin(MetricsTable.upstreamDuration)
        page.histogram(upstream.durations)
        page.single(MetricsTable.upstreamBytes, upstream.bytes)
        page.single(MetricsTable.upstreamBackingOff, UInt64(report.backingOff.count))
    }

    private static func appendCache(_ report: MetricsReport, to page: inout PrometheusText) {
        page.single(MetricsTable.cacheEntries, UInt64(report.cache.entries))
        page.single(MetricsTable.cacheAnswers, UInt64(report.cache.answers))
        page.single(MetricsTable.cacheBytes, UInt64(report.cache.bytes))
        page.single(MetricsTable.cacheMaximum, UInt64(report.cache.maximumBytes))
        page.single(MetricsTable.cacheEvictions, UInt64(report.cache.evictions))
        page.begin(MetricsTable.catalogAge)
        if let catalog = report.catalog { page.sample(UInt64(catalog.age)) }
        page.begin(MetricsTable.catalogModels)
        if let catalog = report.catalog { page.sample(UInt64(catalog.models)) }
        page.single(MetricsTable.catalogFresh, report.catalog?.isFresh == true ? 1 : 0)
        append(report.views, to: &page)
    }

    private static func append(_ places: ConnectionPlaces.Report?, to page: inout PrometheusText) {
        page.begin(MetricsTable.connectionLimit)
        if let places { page.sample(UInt64(places.limit)) }
        page.single(MetricsTable.connectionsWaiting, UInt64(places?.waiting ?? 0))
        page.single(MetricsTable.connectionsEvicted, places?.evicted ?? 0)
        page.single(MetricsTable.connectionsRefused, places?.refused ?? 0)
    }

    private static func append(_ fleet: FleetReport?, to page: inout PrometheusText) {
        func gauge(_ metric: MetricDefinition, _ value: (FleetReport) -> UInt64) {
            page.begin(metric)
            if let fleet { page.sample(value(fleet)) }
        }
        gauge(MetricsTable.fleetUp) { $0.isUp ? 1 : 0 }
        gauge(MetricsTable.fleetReplicas) { UInt64(clamping: $0.replicas) }
        page.begin(MetricsTable.fleetCopies)
        if let fleet {
            page.label("taken")
            page.sample(fleet.taken)
            page.label("given")
            page.sample(fleet.given)
        }
        page.begin(MetricsTable.fleetFetches)
        if let fleet {
            page.label("lease")
            page.sample(fleet.leases)
            page.label("alone")
            page.sample(fleet.alone)
        }
        gauge(MetricsTable.fleetWaits) { $0.waits }
        gauge(MetricsTable.fleetFailures) { $0.failures }
        gauge(MetricsTable.fleetPurges) { $0.purges }
    }

    private static func appendProcess(
        _ report: MetricsReport, _ process: ProcessReport, to page: inout PrometheusText
    ) {
        page.single(MetricsTable.openConnections, UInt64(report.openConnections))
        page.single(MetricsTable.connections, report.counts.connections)
        append(report.places, to: &page)
        page.single(MetricsTable.loops, UInt64(process.workers))
        page.single(MetricsTable.loopsReporting, UInt64(report.loops))
        page.begin(MetricsTable.loopLag)
        page.histogram(report.counts.lag)
        append(process.fleet, to: &page)
        page.single(MetricsTable.stateHealthy, process.state.isHealthy ? 1 : 0)
        page.single(MetricsTable.stateBytes, UInt64(process.state.bytes))
        page.single(MetricsTable.droppedLines, process.droppedLines)
        page.single(MetricsTable.reloadSuccess, process.reload.refusal == nil ? 1 : 0)
        page.begin(MetricsTable.processCPU)
        if let nanoseconds = process.usage.cpuNanoseconds { page.sample(nanoseconds: nanoseconds) }
        page.begin(MetricsTable.processStart)
        if let seconds = process.usage.started { page.sample(UInt64(max(0, seconds))) }
        page.begin(MetricsTable.processMemory)
        if let bytes = process.usage.residentBytes { page.sample(bytes) }
        page.begin(MetricsTable.processVirtual)
        if let bytes = process.usage.virtualBytes { page.sample(bytes) }
        page.begin(MetricsTable.processDescriptors)
        if let count = process.usage.openDescriptors { page.sample(count) }
        page.begin(MetricsTable.processMaximumDescriptors)
        if let count = process.usage.maximumDescriptors { page.sample(count) }
    }
}

/// The metrics of one loop, or the combined metrics of several.
public struct MetricsReport: Sendable {
    /// The counters since the process began.
    public struct Counts: Sendable {
        var requests: RequestCounters
        /// The durations, for each decision.
        var durations: [DurationHistogram]
        var sentBytes: UInt64 = 0
        var connections: UInt64 = 0
        var upstream = UpstreamMetrics()
        var lag = DurationHistogram()
        /// The last hour, if requested.
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

        /// The durations of clients' requests: all except those for Larder's own pages.
        var clientDurations: DurationHistogram { Self.clientDurations(durations) }

        /// The same, computed from the durations for each decision.
        static func clientDurations(_ durations: [DurationHistogram]) -> DurationHistogram {
            var all = DurationHistogram()
            for decision in RequestDecision.allCases where decision != .own {
                all.merge(durations[Int(decision.rawValue)])
            }
            return all
        }
    }

    /// The contents of the cache. Each loop counts shared data separately, as for `cache.max_bytes`.
    public struct Cache: Sendable, Equatable {
        /// The stored responses.
        public var entries = 0
        /// The answers made from them.
        public var answers = 0
        /// The bytes of both.
        public var bytes = 0
        /// The maximum number of bytes.
        public var maximumBytes = 0
        /// The number of evictions because the cache was full.
        public var evictions = 0

        /// Starts empty.
        public init() {}

        mutating func merge(_ other: Cache) {
            entries += other.entries
            answers += other.answers
            bytes += other.bytes
            maximumBytes += other.maximumBytes
            evictions += other.evictions
        }
    }

    /// The counters.
    public var counts: Counts
    /// The cache.
    public var cache = Cache()
    /// The catalogue, if there is one.
    public var catalog: CatalogReport?
    /// The history of the catalogue, from the loop that records it.
    public var history: HistoryReport?
    /// The open connections.
    public var openConnections = 0
    /// The places for connections, which all loops share.
    public var places: ConnectionPlaces.Report?
    /// The resources in back-off.
    public var backingOff: [BackoffReport] = []
    /// The stored responses, if requested.
    public var entries: [EntryReport] = []
    /// The views.
    public var views: [ViewReport] = []
    /// The number of loops in this report.
    public private(set) var loops = 1

    /// Creates a loop's report.
    public init(_ counts: Counts) { self.counts = counts }

    /// Adds another loop's report.
    public mutating func merge(_ other: MetricsReport) {
        counts.merge(other.counts)
        cache.merge(other.cache)
        if let theirs = other.catalog, theirs.age < catalog?.age ?? .max { catalog = theirs }
        history = history ?? other.history
        openConnections += other.openConnections
        places = places ?? other.places
        backingOff += other.backingOff
        entries = EntryReport.merged(entries, other.entries)
        views = ViewReport.merged(views, other.views)
        loops += other.loops
    }
}
