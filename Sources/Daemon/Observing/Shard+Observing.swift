import Bytes
import EventLoop
import Logging
import Serving

/// What a loop tells of itself, and how one loop gathers what all of them tell.
extension Shard {
    // MARK: Time

    /// What is done again and again beside serving. `due` is when this should have been, in nanoseconds.
    func observe(due: UInt64) {
        let now = loop.nowNanoseconds
        metrics.recordLag(nanoseconds: now > due ? now - due : 0)
        metrics.tick(wallSeconds: loop.wallSeconds)
        for gather in gathers.overdue(at: loop.nowMilliseconds) { finish(gather) }
        for held in failureGate.due(now: loop.nowMilliseconds) {
            log.tell(
                .fetchFailuresHeld, "fetching \(held.kind): \(held.heldBack) more times",
                ["count": "\(held.heldBack)"])
        }
    }

    /// Tells of a failed fetch, but not more often than once a second.
    func tellFailure(of resource: Resource, _ problem: FetchProblem) {
        let kind = "\(resource.label) failed: \(problem.problem.message)"
        guard case .write(let heldBack) = failureGate.admit(kind, now: loop.nowMilliseconds) else { return }
        log.tell(.fetchFailed, "fetching \(kind)", heldBack > 0 ? ["held_back": "\(heldBack)"] : [:])
    }

    /// Notes a fetch for the cache that has ended.
    func recordFetch(of resource: Resource, status: Int?, bytes: Int, began: UInt64, _ problem: FetchProblem?) {
        record(UpstreamMetrics.Kind(resource.kind), resource.label, status, bytes, began, problem)
    }

    /// Notes a request that was passed through and has ended.
    func recordPassed(status: Int?, bytes: Int, began: UInt64, _ problem: FetchProblem?) {
        record(.passed, "passed through", status, bytes, began, problem)
    }

    private func record(
        _ kind: UpstreamMetrics.Kind, _ label: String, _ status: Int?, _ bytes: Int, _ began: UInt64,
        _ problem: FetchProblem?
    ) {
        let nanoseconds = loop.nowNanoseconds &- began
        metrics.upstream.record(
            kind, problem.flatMap { UpstreamMetrics.Reason($0) },
            UpstreamMetrics.Exchange(
                time: loop.wallSeconds, resource: label, status: status, error: problem?.problem.message,
                milliseconds: Int(nanoseconds / 1_000_000), bytes: bytes), nanoseconds: nanoseconds)
    }

    // MARK: Reports

    /// What this loop has to tell; with its entries, if they are wanted.
    func report(for page: OwnPage) -> MetricsReport {
        let now = loop.nowMilliseconds
        var report = MetricsReport(metrics.counts())
        report.cache.entries = cache.entryCount
        report.cache.answers = cache.answerCount
        report.cache.bytes = cache.bytes
        report.cache.maximumBytes = cache.maximumBytes
        report.cache.evictions = cache.evictions
        report.catalog = cache.catalogReport(now: now)
        report.openConnections = connections.count
        report.backingOff = dispatcher.pauses(at: now)
        if page == .status {
            report.entries = cache.reports(now: now)
            report.counts.history = metrics.points()
        }
        return report
    }

    // MARK: Gathering

    /// Has all loops report, and answers the connection with what they said.
    func gather(_ page: OwnPage, for connection: Connection, isHead: Bool) {
        let ticket = begin(page, for: connection, isHead: isHead)
        for (place, peer) in peers.enumerated() where place != index { peer.send(.report(page, ticket, to: index)) }
        reported(ticket, report(for: page))
    }

    /// Has all loops throw out what a purge concerns, and tells the connection how much that was.
    func purge(_ purge: Purge, for connection: Connection) {
        let ticket = begin(.purge, for: connection, isHead: false)
        for (place, peer) in peers.enumerated() where place != index { peer.send(.purge(purge, ticket, to: index)) }
        purged(ticket, remove(purge))
    }

    private func begin(_ page: OwnPage, for connection: Connection, isHead: Bool) -> UInt64 {
        gathers.add(
            GatherTable.Gather(
                page: page, connection: connection, isHead: isHead,
                deadline: loop.nowMilliseconds &+ GatherTable.patience, missing: peers.count))
    }

    /// A loop has reported.
    func reported(_ ticket: UInt64, _ report: MetricsReport) {
        let complete = gathers.answered(ticket) { gather in
            if gather.report == nil { gather.report = report } else { gather.report?.merge(report) }
        }
        if let complete { finish(complete) }
    }

    /// A loop has thrown out what it had.
    func purged(_ ticket: UInt64, _ entries: [Int]) {
        if let complete = gathers.answered(ticket, { $0.purged.formUnion(entries) }) { finish(complete) }
    }

    /// Answers with what has come. The text is made on the thread pool: for many entries it takes a while.
    private func finish(_ gather: GatherTable.Gather) {
        let (page, report, count) = (gather.page, gather.report, gather.purged.count)
        let observer = observer
        if page == .purge { log.tell(.purged, "purged", ["entries": "\(count)"]) }
        loop.offload {
            switch page {
            case .metrics: report.map { MetricsPage.text($0, of: observer.processReport()) } ?? .empty
            case .status: report.map { StatusPage.json($0, of: observer.processReport()) } ?? .empty
            case .purge: SharedBytes(utf8: "{\"purged\":\(count)}")
            }
        } then: { body in
            gather.connection.gathered(page, body, isHead: gather.isHead)
        }
    }
}
