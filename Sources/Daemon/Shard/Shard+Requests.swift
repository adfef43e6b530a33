import Bytes
import Caching
import EventLoop
import Fleet
import HTTPCore
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

/// The `Date` field line, written once a second, alone and with the fields around it in an answer from the cache.
struct DateLine {
    /// The line.
    private(set) var line = SharedBytes.empty
    /// The fields that follow the prepared head in every answer from the cache, up to the value of `Age`.
    private(set) var beforeAge = SharedBytes.empty
    /// The same for one of Larder's own paths, whose answers web pages of other origins may not read.
    private(set) var beforeAgeOfOwn = SharedBytes.empty
    /// The fields of `beforeAge` for a connection that stays open, with the fields that say so.
    private(set) var beforeAgeKept = SharedBytes.empty
    /// The fields that state how long the connection waits for its next request; empty if that is less than a second.
    let keepAlive: SharedBytes

    private var second: Int64 = .min
    private let allowsAnyOrigin: Bool

    /// `idleTimeout` is in milliseconds.
    ///
    /// `Keep-Alive` has no standard, but many clients respect its `timeout`: they do not send a request on a connection
    /// that is about to close. `Connection` must list it (RFC 9110 section 7.6.1).
    init(allowsAnyOrigin: Bool, idleTimeout: UInt64) {
        self.allowsAnyOrigin = allowsAnyOrigin
        let seconds = idleTimeout / 1_000
        keepAlive =
            seconds == 0 ? .empty : SharedBytes(utf8: "Connection: keep-alive\r\nKeep-Alive: timeout=\(seconds)\r\n")
    }

    /// Rewrites the lines if the second has changed.
    mutating func update(to now: Int64) {
        guard now != second else { return }
        second = now
        var out = ByteBuilder(capacity: 40)
        out.append("Date: ")
        HTTPDate.append(now, to: &out)
        out.append("\r\n")
        line = SharedBytes(copying: out.span)
        beforeAge = prefix(out.span, .empty)
        out.append("Age: ")
        beforeAgeOfOwn = SharedBytes(copying: out.span)
        beforeAgeKept = prefix(line.span, keepAlive)
    }

    private func prefix(_ date: Span<UInt8>, _ connection: SharedBytes) -> SharedBytes {
        var prefix = ByteBuilder(capacity: 160)
        if allowsAnyOrigin { prefix.append("Access-Control-Allow-Origin: *\r\n") }
        prefix.append(date)
        prefix.append(connection.span)
        prefix.append("Age: ")
        return prefix.finish()
    }
}
