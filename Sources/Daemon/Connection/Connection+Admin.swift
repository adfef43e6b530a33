import Bytes
import Fleet
import HTTPCore
import HTTPParsing
import Persistence
import Serving

/// Requests for Larder's own pages and metrics. They are for its operator, not for web pages.
extension Connection {
    /// Answers a request for one of Larder's own paths.
    func answerAdmin(_ head: Span<UInt8>, _ parts: Target, _ method: Method) {
        let isHead = method == .head
        if door == .front { return sendAdminProblem(Self.elsewhere, isHead: isHead) }
        let target = head.extracting(parser.target)
        // A metrics scraper may use any allowed host name for Larder.
        if !target.extracting(parts.path).equals("/metrics"), !hasAdminHost(head) {
            return sendAdminProblem(Self.notItsName, isHead: isHead)
        }
        if answerPage(head, parts, method) { return }
        let route = Route(path: target.extracting(parts.path))
        if case .export = route { return answerExport(head, parts, method, route) }
        if let path = HistoryPath(path: target.extracting(parts.path)) {
            return answerHistory(path, head, parts, method)
        }
        guard let page = AdminPage(path: target.extracting(parts.path)) else { return sendNothingHere(isHead: isHead) }
        if isForeign(head) { return sendForeign(isHead: isHead) }
        guard page.isAction ? method == .post : method == .get || method == .head else {
            return refuseMethod(isHead: isHead, isAction: page.isAction)
        }
        guard page == .purge else {
            machine.beganGathering()
            guard page.isGathered else { return shard.telemetry.send(page, to: self, isHead: isHead) }
            return shard.gather(page, for: self, isHead: isHead)
        }
        do throws(Problem) {
            let purge = try Purge(query: parts.query.map { target.extracting($0).text() } ?? "")
            machine.beganGathering()
            shard.purge(purge, for: self)
        } catch {
            sendAdminProblem(error, isHead: isHead)
        }
    }

    /// Answers a request for an export of the catalogue, which is cached as `/models` is.
    private func answerExport(_ head: Span<UInt8>, _ parts: Target, _ method: Method, _ route: Route) {
        let isHead = method == .head
        if isForeign(head) { return sendForeign(isHead: isHead) }
        guard method == .get || isHead else { return refuseMethod(isHead: isHead) }
        answerFromCache(head, parts, route, isHead: isHead)
    }

    /// The answer on addresses that do not serve Larder's own pages.
    static let elsewhere = Problem(
        .notFound, "larder's own pages are at another address (admin.listen)", detail: .badRequest)

    private static let notItsName = Problem(
        .misdirectedRequest,
        "Host must be an IP address, localhost, this machine's name or a name in server.allowed_hosts",
        detail: .badRequest)

    /// The reports of all loops are complete.
    func gathered(_ page: AdminPage, _ body: SharedBytes, isHead: Bool) {
        guard machine.resumed() else { return }
        sendAdminPage(page, body, isHead: isHead)
        goOn()
    }

    /// A purge has ended. `report` says how it went in the fleet; nil without one.
    func purged(_ outcome: Withdrawal.Outcome, _ report: PurgeReport?) {
        guard machine.resumed() else { return }
        switch outcome {
        case .gone(let count):
            let fleet = report.map { report in
                ",\"replicas\":{\"confirmed\":\(report.confirmed),\"of\":\(report.members.map { "\($0)" } ?? "null")}"
            }
            sendAdminPage(.purge, SharedBytes(utf8: "{\"purged\":\(count)\(fleet ?? "")}"), isHead: false)
        case .stillOnDisk: sendAdminProblem(Self.stillOnDisk, isHead: false)
        case .late: sendAdminProblem(Self.latePurge, isHead: false)
        }
        goOn()
    }

    private static let stillOnDisk = Problem(
        .serviceUnavailable,
        "deleted from memory, but not from disk: the state directory cannot be written; Larder keeps trying",
        detail: .badRequest)
    private static let latePurge = Problem(
        .serviceUnavailable, "the purge is not finished and continues: ask again to be sure", detail: .badRequest)

    /// Refuses a page of another origin.
    func sendForeign(isHead: Bool) {
        sendAdminProblem(
            Problem(
                .forbidden, "web pages of other origins may not use this path",
                detail: .badRequest), isHead: isHead)
    }

    /// Whether a browser reports that a page of another origin sent this (Fetch Metadata; RFC 6454 section 7).
    func isForeign(_ head: Span<UInt8>) -> Bool {
        var origin: Range<Int>?
        var host: Range<Int>?
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            let name = head.extracting(line.name)
            if name.equalsIgnoringCase("sec-fetch-site") {
                if head.extracting(line.value).equalsIgnoringCase("cross-site") { return true }
            } else if name.equalsIgnoringCase("origin") {
                origin = line.value
            } else if name.equalsIgnoringCase("host") {
                host = line.value
            }
        }
        guard let origin else { return false }
        let value = head.extracting(origin)
        guard let host, let scheme = schemeLength(value) else { return true }
        return !value.extracting(scheme..<value.count).equals(head.extracting(host))
    }

    private func schemeLength(_ origin: Span<UInt8>) -> Int? {
        if origin.starts(with: "http://") { return 7 }
        return origin.starts(with: "https://") ? 8 : nil
    }
}

/// Requests for the page `/_larder/`.
extension Connection {
    /// Answers a request for the page, or for its address without the trailing slash. False if it is for something
    /// else.
    ///
    /// Any site may link to the page, so a browser that follows a link from another origin gets it. Opening the page
    /// changes nothing, it cannot be framed, and its own requests have this origin. Any other request from another
    /// origin is refused, since its only purpose could be to read the page.
    func answerPage(_ head: Span<UInt8>, _ parts: Target, _ method: Method) -> Bool {
        let path = head.extracting(parser.target).extracting(parts.path)
        let isPage = path.equals("/_larder/")
        guard isPage || path.equals("/_larder") else { return false }
        let isHead = method == .head
        if isForeign(head), !(method == .get && isNavigation(head)) {
            sendForeign(isHead: isHead)
        } else if method != .get && method != .head {
            refuseMethod(isHead: isHead)
        } else if isPage {
            sendPage(head, isHead: isHead)
        } else {
            sendPageAddress(.permanentRedirect)
        }
        return true
    }

    /// Whether a browser loads the resource as a top-level document (Fetch Metadata).
    private func isNavigation(_ head: Span<UInt8>) -> Bool {
        var navigates = false
        var isDocument = false
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            let name = head.extracting(line.name)
            if name.equalsIgnoringCase("sec-fetch-mode") {
                navigates = head.extracting(line.value).equals("navigate")
            } else if name.equalsIgnoringCase("sec-fetch-dest") {
                isDocument = head.extracting(line.value).equals("document")
            }
        }
        return navigates && isDocument
    }

    private func sendPage(_ bytes: Span<UInt8>, isHead: Bool) {
        let page = shard.telemetry.page
        let form = page.form(for: request.coding(bytes, offersBr: false))
        let isCurrent = request.names(form.entityTag.all, bytes)
        var head = shard.heads.take()
        begin(&head, form, isCurrent: isCurrent, "text/html; charset=utf-8")
        // Stored, but revalidated each time: a newer Larder has a newer page.
        head.field("Cache-Control", "no-cache")
        head.field("Vary", "Accept-Encoding")
        let policy = page.policy
        head.field("Content-Security-Policy", policy.span)
        head.field("Cross-Origin-Opener-Policy", "same-origin")
        finishPage(head, isCurrent ? .notModified : .ok, isCurrent || isHead ? nil : form.body.all)
    }

    /// Writes the status line and the fields that describe a form of the page or the icon: 304 if it is current.
    private func begin(
        _ head: inout ResponseHeadWriter, _ form: LarderPage.Form, isCurrent: Bool, _ contentType: StaticString
    ) {
        head.begin(isCurrent ? .notModified : .ok)
        if !isCurrent {
            head.field("Content-Type", contentType)
            head.field("Content-Length", decimal: form.body.count)
            if form.coding == .gzip { head.field("Content-Encoding", "gzip") }
        }
        let tag = form.entityTag
        head.field("ETag", tag.span)
    }

    /// Redirects a browser to the page from a nearby path.
    func sendPageAddress(_ status: Status) {
        var head = shard.heads.take()
        head.begin(status)
        // Relative, so that it also works when a proxy serves Larder under its own path prefix.
        head.field("Location", "_larder/")
        head.field("Content-Length", decimal: 0)
        head.field("Cache-Control", "no-store")
        finishPage(head, status, nil)
    }

    /// Sends the icon that browsers request from every server.
    func sendIcon(_ bytes: Span<UInt8>, isHead: Bool) {
        let icon = shard.telemetry.page.icon
        let isCurrent = request.names(icon.entityTag.all, bytes)
        var head = shard.heads.take()
        begin(&head, icon, isCurrent: isCurrent, "image/vnd.microsoft.icon")
        head.field("Cache-Control", "max-age=86400")
        finishPage(head, isCurrent ? .notModified : .ok, isCurrent || isHead ? nil : icon.body.all)
    }

    private func finishPage(_ head: consuming ResponseHeadWriter, _ status: Status, _ body: ByteSlice?) {
        head.field("X-Content-Type-Options", "nosniff")
        head.field("Referrer-Policy", "no-referrer")
        head.field("Cross-Origin-Resource-Policy", "same-origin")
        appendDate(to: &head)
        let outcome = write(head, body)
        record(.own, status: status.rawValue, bytes: body?.count ?? 0)
        sent(outcome)
    }
}
