import Bytes
import Catalog
import EventLoop
import HTTPCore
import Logging
import Metrics
import Serving
import Settings
import Threads

/// What a loop reports about itself, its access log, and how it gathers the reports of all loops.
final class Telemetry {
    private(set) var shared: SharedTelemetry
    /// Nil if there is none.
    private(set) var accessLog: AccessLog?
    private var metrics = LoopMetrics()
    private var views = ViewCounters()
    private var gathers = GatherTable<Connection>()
    private var failureGate = RepeatGate()
    private var requestNumbers = RequestNumbers()
    private let loop: Loop
    private let peers: Peers

    /// The telemetry of one loop.
    init(_ shared: SharedTelemetry, on loop: Loop, peers: Peers) {
        self.shared = shared
        self.loop = loop
        self.peers = peers
        accessLog = shared.accessFormat.map { AccessLog(on: loop, $0, shared.writer) }
    }

    var log: Logger { shared.log }

    /// The format of the access log; nil if there is none.
    var accessFormat: LineFormat? { shared.accessFormat }

    /// The page `/_larder/`.
    var page: LarderPage { shared.page }

    /// Applies changed settings.
    func take(_ next: SharedTelemetry) {
        let hadAccessLog = shared.accessFormat != nil
        shared = next
        guard hadAccessLog != (next.accessFormat != nil) else { return }
        accessLog?.close()
        accessLog = next.accessFormat.map { AccessLog(on: loop, $0, next.writer) }
    }

    /// Forgets the requests that wait for reports, and writes the last lines.
    func end() {
        gathers = GatherTable()
        accessLog?.close()
    }

    // MARK: Time

    /// The history of metrics begins now.
    func begin() { metrics.tick(wallSeconds: loop.wallSeconds) }

    /// The periodic work beside serving. `due` is when this call should have happened, in nanoseconds.
    func observe(due: UInt64) {
        let now = loop.nowNanoseconds
        metrics.recordLag(nanoseconds: now > due ? now - due : 0)
        metrics.tick(wallSeconds: loop.wallSeconds)
        for gather in gathers.overdue(at: loop.nowMilliseconds) { finish(gather) }
        for held in failureGate.due(now: loop.nowMilliseconds) {
            log.event(
                .fetchFailuresHeld, "fetching \(held.kind): \(held.heldBack) more failures like this were not logged",
                ["count": "\(held.heldBack)"])
        }
    }

    // MARK: Requests of clients

    /// An identifier for a request that bears none.
    func nextRequestID() -> RequestID { RequestID(requestNumbers.next()) }

    /// A connection was accepted.
    func recordConnection() { metrics.recordConnection() }

    /// An answer was handed to the socket.
    @inline(__always)
    func record(_ route: Route.Kind, _ decision: RequestDecision, status: Int, bytes: Int, nanoseconds: UInt64) {
        metrics.record(route, decision, status: status, bytes: bytes, nanoseconds: nanoseconds)
    }

    /// A request below a view was answered.
    @inline(__always)
    func record(view: Int, _ decision: RequestDecision) { views.record(view, decision) }

    /// The same for a request that may have begun before the settings changed.
    func record(view name: String, _ decision: RequestDecision) { views.record(name, decision) }

    /// The settings have these views.
    func take(_ table: ViewTable) { views.take(table.views.map(\.name)) }

    // MARK: Requests to upstream

    /// Logs a failed fetch, but at most once a second.
    private func logFailure(of resource: Resource, key: UInt64, _ failure: Failure) {
        log(
            .fetchFailed, "fetching \(resource.label) failed: \(failure.message)",
            failure.members(resource: resource.label).merging(["key": "\(KeyFingerprint.name(key))"]) { $1 })
    }

    private func log(_ event: LogEventName, _ text: String, _ members: Logger.Metadata) {
        guard case .write(let heldBack) = failureGate.admit(text, now: loop.nowMilliseconds) else { return }
        log.event(
            event, "\(text)", heldBack > 0 ? members.merging(["suppressed": "\(heldBack)"]) { $1 } : members)
    }

    /// A fetch has brought a response that can be stored.
    func fetched(_ resource: Resource, key: UInt64, _ status: Status, isShared: Bool, bytes: Int, began: UInt64) {
        let refusal = Failure(refusing: status)
        record(UpstreamMetrics.Kind(resource.kind), resource.label, key, status.rawValue, bytes, began, refusal)
        if let refusal { return logFailure(of: resource, key: key, refusal) }
        log.event(
            .fetched, "fetched \(resource.label)",
            [
                "resource": "\(resource.label)", "status": "\(status.rawValue)", "bytes": "\(bytes)",
                "sharing": isShared ? "shared" : "per key",
            ])
    }

    /// A copy was taken from the fleet: what upstream refused this replica is in order again.
    func taken(_ resource: Resource) {
        metrics.upstream.taken(UpstreamMetrics.Kind(resource.kind), at: loop.wallSeconds)
        log.event(.taken, "took \(resource.label) from the fleet", ["resource": "\(resource.label)"])
    }

    /// A fetch has failed, or could not be made.
    func failed(_ resource: Resource, key: UInt64, _ problem: FetchProblem, bytes: Int, began: UInt64) {
        let failure = Failure(problem)
        if problem.hasAsked {
            record(
                UpstreamMetrics.Kind(resource.kind), resource.label, key, problem.status?.rawValue, bytes, began,
                failure)
        }
        logFailure(of: resource, key: key, failure)
    }

    /// Records a finished passed-through request. Its path, which is the caller's own, is shown as a known kind.
    func recordPassed(
        status: Int?, bytes: Int, began: UInt64, _ problem: FetchProblem?, of path: PassedPath?,
        id: @autoclosure () -> RequestID?
    ) {
        let resource = (path ?? .other).label
        let failure = problem.map { Failure($0) } ?? status.flatMap { Failure(passed: $0) }
        record(.passed, resource, nil, status, bytes, began, failure)
        guard let failure else { return }
        var members = failure.members(resource: resource)
        if let request = id() { members["request_id"] = "\(request.text)" }
        log(.passFailed, "a request that was passed through failed: \(failure.message)", members)
    }

    private func record(
        _ kind: UpstreamMetrics.Kind, _ label: String, _ key: UInt64?, _ status: Int?, _ bytes: Int, _ began: UInt64,
        _ failure: Failure?
    ) {
        let nanoseconds = loop.nowNanoseconds &- began
        metrics.upstream.record(
            kind, failure?.reason,
            UpstreamMetrics.Exchange(
                time: loop.wallSeconds, resource: label, status: status, error: failure?.message,
                milliseconds: Int(nanoseconds / 1_000_000), bytes: bytes), key: key, nanoseconds: nanoseconds)
    }

    // MARK: Reports

    /// This loop's report of its own counts, of its cache, and of what backs off; with the entries, if the page shows
    /// them.
    func report(
        for page: AdminPage, cache: ResponseCache, viewModels: [Int?], openConnections: Int,
        backingOff: [BackoffReport]
    ) -> MetricsReport {
        let now = loop.nowMilliseconds
        var report = MetricsReport(metrics.counts())
        report.cache.entries = cache.entryCount
        report.cache.answers = cache.answerCount
        report.cache.bytes = cache.bytes
        report.cache.maximumBytes = cache.maximumBytes
        report.cache.evictions = cache.evictions
        report.catalog = cache.catalogReport(now: now)
        report.views = views.reports(models: viewModels)
        report.openConnections = openConnections
        report.backingOff = backingOff
        if page == .status {
            report.entries = cache.reports(now: now)
            report.counts.history = metrics.points()
        }
        return report
    }

    /// Answers the connection with a page that concerns no loop.
    func send(_ page: AdminPage, to connection: Connection, isHead: Bool) {
        let shared = shared
        loop.offload {
            page == .settings ? shared.notes.settingsJSON : shared.writer.recent.withLock { $0.json }
        } then: { body in
            connection.gathered(page, body, isHead: isHead)
        }
    }

    /// Asks all loops for a report, of which `own` is this loop's, and answers the connection with the results.
    func gather(_ page: AdminPage, for connection: Connection, isHead: Bool, own: MetricsReport) {
        let ticket = gathers.add(
            GatherTable.Gather(
                page: page, client: connection, isHead: isHead, deadline: loop.nowMilliseconds &+ gatherPatience,
                missing: peers.count))
        peers.sendToOthers(.report(page, ticket, to: peers.index))
        reported(ticket, own)
    }

    /// A loop has reported.
    func reported(_ ticket: UInt64, _ report: MetricsReport) {
        let complete = gathers.answered(ticket) { gather in
            if gather.report == nil { gather.report = report } else { gather.report?.merge(report) }
        }
        if let complete { finish(complete) }
    }

    /// Answers with the reports so far. The text is made on the thread pool: for many entries it takes a while.
    private func finish(_ gather: GatherTable<Connection>.Gather) {
        let (page, report) = (gather.page, gather.report)
        let shared = shared
        loop.offload {
            switch page {
            case .metrics: report.map { MetricsPage.text($0, of: shared.processReport()) } ?? .empty
            case .status: report.map { StatusPage.json($0, of: shared.processReport()) } ?? .empty
            case .purge, .settings, .events: .empty
            }
        } then: { body in
            gather.client.gathered(page, body, isHead: gather.isHead)
        }
    }
}

/// What the telemetry of all loops has in common: the log, and the facts about the process.
struct SharedTelemetry: Sendable {
    let log: Logger
    let writer: LogWriter
    /// The format of the access log; nil if there is none.
    private(set) var accessFormat: LineFormat?
    /// The page `/_larder/`.
    let page = LarderPage()
    private var process: ProcessReport
    /// What the supervisor notes about the settings.
    let notes: ProcessNotes

    /// Returns what is known about the state directory. Called on any thread; it must not take long.
    var state: @Sendable () -> StateReport = { StateReport() }

    /// Returns what is known about the fleet, as `state` does; nil without one.
    var fleet: @Sendable () -> FleetReport? = { nil }

    init(
        _ settings: Settings, isDemo: Bool, addresses: [SocketAddress], adminAddresses: [SocketAddress],
        writer: LogWriter, log: Logger, notes: ProcessNotes
    ) {
        self.notes = notes
        self.log = log
        self.writer = writer
        accessFormat = Self.accessFormat(settings.log)
        var process = ProcessReport(version: version, started: Loop.wallSeconds, now: Loop.wallSeconds)
        process.pid = ProcessUsage.pid
        process.workers = settings.workers
        process.listen = addresses.map(\.url)
        process.adminListen = adminAddresses.map(\.url)
        process.isDemo = isDemo
        process.upstream = isDemo ? "demo" : URLText.masked(settings.upstream.url)
        process.warmsUp = settings.upstream.warmUp
        self.process = process
    }

    /// Applies the log settings. The level changes at once for all loggers.
    mutating func take(_ settings: Settings) {
        writer.level.set(settings.log.level)
        accessFormat = Self.accessFormat(settings.log)
    }

    static func accessFormat(_ settings: Settings.Log) -> LineFormat? {
        settings.access && Logger.Level(settings.level) <= .info ? LineFormat(settings.format) : nil
    }

    /// The current facts about the process. It reads files: not for a loop's thread.
    func processReport() -> ProcessReport {
        var report = process
        report.now = Loop.wallSeconds
        report.droppedLines = UInt64(writer.droppedLines)
        report.state = state()
        report.fleet = fleet()
        let usage = ProcessUsage()
        report.usage.cpuNanoseconds = usage.cpuNanoseconds
        report.usage.started = ProcessUsage.started
        report.usage.residentBytes = usage.residentBytes
        report.usage.virtualBytes = usage.virtualBytes
        report.usage.openDescriptors = usage.openDescriptors
        report.usage.maximumDescriptors = usage.maximumDescriptors
        report.reload = notes.reload
        return report
    }
}

/// The requests of clients that wait for reports from all loops.
struct GatherTable<Client> {
    /// One of them.
    struct Gather {
        let page: AdminPage
        let client: Client
        let isHead: Bool
        /// When it is answered with the reports so far, in milliseconds.
        let deadline: UInt64
        /// The loops that have not answered.
        var missing: Int
        var report: MetricsReport?
    }

    private var gathers: [UInt64: Gather] = [:]
    private var lastTicket: UInt64 = 0

    /// Begins to wait. Loops answer with the ticket.
    mutating func add(_ gather: Gather) -> UInt64 {
        lastTicket += 1
        gathers[lastTicket] = gather
        return lastTicket
    }

    /// A loop has answered: `note` records its report. Returns the gather if it was the last loop.
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

/// How long a loop may take to report, in milliseconds.
let gatherPatience: UInt64 = 2_000
