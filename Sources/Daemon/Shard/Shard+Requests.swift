import Bytes
import Caching
import EventLoop
import Fleet
import Logging
import Metrics
import Persistence
import Serving

/// What the connections of a loop ask their shard for.
extension Shard {
    /// Where passed-through requests go.
    var origin: Origin { fetches.origin }

    /// The history of the catalogue.
    var history: HistoryTier { fetches.history }

    /// What `/readyz` answers.
    var readiness: Readiness { fetches.readiness }

    /// Finds the answer to a request, or the missing resources.
    func resolve(_ request: RequestSummary) -> Responder.Resolution {
        settings.responder.resolve(
            request, cache: &cache.responses, delivered: request.progress.delivered, now: loop.nowMilliseconds,
            wallSeconds: loop.wallSeconds)
    }

    /// Starts a fetch for a connection; `settled` reports the result.
    func fetch(_ want: Responder.Want, for connection: Connection, _ request: RequestSummary) {
        fetches.want(want, for: connection, request)
    }

    /// Fetches the stale entries of an answer again, with the key of the request that was answered.
    func refresh(
        behind answer: Answer, owner: Owner, authorization: @autoclosure () -> SharedBytes?,
        via: @autoclosure () -> SharedBytes?
    ) {
        fetches.refresh(behind: answer, owner: owner, authorization: authorization, via: via)
    }

    /// Removes what a purge covers, and answers the connection when none of it can come back.
    func purge(_ purge: Purge, for connection: Connection) {
        let log = telemetry.log
        guard let fleet = fetches.fleet else {
            return fetches.disk.withdraw(.purge(purge)) { outcome in
                if case .gone(let count) = outcome { log.event(.purged, "purged", ["entries": "\(count)"]) }
                connection.purged(outcome, nil)
            }
        }
        fleet.purge(purge) { outcome, report in
            if case .gone(let count) = outcome {
                log.event(
                    .purged, "purged", ["entries": "\(count)", "replicas": "\(report?.confirmed ?? 1)"])
            }
            connection.purged(outcome, report)
        }
    }

    /// Removes the stored copies of a path below the base URL, and calls `done` when none of them can come back, or when
    /// that takes too long. It calls `done` at once if this is the only loop and the disk has no copy.
    func invalidate(_ path: String, done: @escaping () -> Void) {
        fetches.disk.withdraw(.purge(.path(path))) { _ in done() }
    }

    /// Asks all loops for a report, and answers the connection with the results.
    func gather(_ page: AdminPage, for connection: Connection, isHead: Bool) {
        telemetry.gather(page, for: connection, isHead: isHead, own: report(for: page))
    }

    /// This loop's report; with its entries, if the page shows them.
    func report(for page: AdminPage) -> MetricsReport {
        var report = telemetry.report(
            for: page, cache: cache.responses,
            viewModels: cache.responses.modelCounts(of: settings.responder.views, wallSeconds: loop.wallSeconds),
            openConnections: openConnections, backingOff: fetches.pauses)
        report.history = history.report
        report.places = clients.report
        return report
    }

    // MARK: Heads

    /// The `Date` field line of this second.
    var dateLine: SharedBytes {
        updateDate()
        return date.line
    }

    /// Sends a fresh answer with its body, on a connection that stays open.
    func write(hit answer: Answer, to stream: Stream) -> WriteOutcome {
        let (now, wallSeconds) = (loop.nowMilliseconds, loop.wallSeconds)
        if !answer.preparedHead.isRight(at: now, wallSeconds) {
            updateDate()
            let common = date.beforeAgeKept
            answer.renewPreparedHead(common.span, at: now, wallSeconds)
        }
        return stream.write(
            nil, answer.preparedHead.bytes, answer.body.count > PreparedHead.mostBody ? answer.body : nil)
    }
}
