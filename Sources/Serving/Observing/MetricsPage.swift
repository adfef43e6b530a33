public import Bytes

/// What the process knows of itself, beside what its loops count.
public struct ProcessReport: Sendable {
    /// The program's version.
    public var version: String
    /// The number of the process.
    public var pid = 0
    /// When it began to serve, in Unix seconds.
    public var started: Int64
    /// Now, in Unix seconds.
    public var now: Int64
    /// How many loops there are.
    public var workers = 1
    /// What it listens on.
    public var listen: [String] = []
    /// Whether upstream is the built-in one.
    public var isDemo = false
    /// The base URL of upstream, without a password.
    public var upstream = ""
    /// Log lines that were dropped.
    public var droppedLines: UInt64 = 0
    /// The state directory.
    public var state = StateReport()
    /// User and system time, if it is known.
    public var cpuNanoseconds: UInt64?
    /// Memory in RAM, if it is known.
    public var residentBytes: UInt64?
    /// Open descriptors, if that is known.
    public var openDescriptors: UInt64?

    /// A process that began at `started`.
    public init(version: String, started: Int64, now: Int64) {
        self.version = version
        self.started = started
        self.now = now
    }
}

/// What is known of the state directory.
public struct StateReport: Sendable, Equatable {
    /// Whether one is used.
    public var isEnabled = false
    /// Where it is.
    public var directory: String?
    /// Whether it can be written.
    public var isHealthy = true
    /// Its size.
    public var bytes = 0

    /// None.
    public init() {}
}

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
        appendProcess(report, process, to: &page)
        return page.finish()
    }

    private static func appendRequests(_ report: MetricsReport, to page: inout PrometheusText) {
        page.begin(MetricsTable.requests)
        report.counts.requests.forEachRow { row in
            page.label(row.route.name)
            page.label(row.decision.name)
            if let status = row.status { page.label(status) } else { page.label("other") }
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
    }

    private static func appendProcess(
        _ report: MetricsReport, _ process: ProcessReport, to page: inout PrometheusText
    ) {
        page.single(MetricsTable.openConnections, UInt64(report.openConnections))
        page.single(MetricsTable.connections, report.counts.connections)
        page.single(MetricsTable.loops, UInt64(process.workers))
        page.single(MetricsTable.loopsReporting, UInt64(report.loops))
        page.begin(MetricsTable.loopLag)
        page.histogram(report.counts.lag)
        page.single(MetricsTable.stateHealthy, process.state.isEnabled && process.state.isHealthy ? 1 : 0)
        page.single(MetricsTable.stateBytes, UInt64(process.state.bytes))
        page.single(MetricsTable.droppedLines, process.droppedLines)
        page.begin(MetricsTable.processCPU)
        if let nanoseconds = process.cpuNanoseconds { page.sample(nanoseconds: nanoseconds) }
        page.begin(MetricsTable.processMemory)
        if let bytes = process.residentBytes { page.sample(bytes) }
        page.begin(MetricsTable.processDescriptors)
        if let count = process.openDescriptors { page.sample(count) }
    }
}
