import Bytes
import HTTPCore
import HTTPParsing
import Serving

/// Requests for the page `/_larder/`.
extension Connection {
    /// Answers a request for the page, or for its address without the last slash. False if it is for something else.
    ///
    /// A link to the page may stand anywhere, so a browser that follows one from another origin gets it: the page does
    /// nothing by being opened, it cannot be framed, and what it then asks for it asks as a page of this origin. Any other
    /// request from another origin, which could only be meant to read it, is refused.
    func answerPage(_ head: Span<UInt8>, _ parts: Target, _ method: Method) -> Bool {
        let path = head.extracting(parser.target).extracting(parts.path)
        let isPage = path.equals("/_larder/")
        guard isPage || path.equals("/_larder") else { return false }
        let isHead = method == .head
        if isForeign(head), !(method == .get && isNavigation(head)) {
            sendForeign(isHead: isHead)
        } else if method != .get && method != .head {
            sendOwnProblem(
                Problem(.methodNotAllowed, "this path takes GET and HEAD only", detail: .badRequest), isHead: isHead,
                allowing: "GET, HEAD")
        } else if isPage {
            sendPage(RequestFields(parser, head), head, isHead: isHead)
        } else {
            sendPageAddress()
        }
        return true
    }

    /// Whether a browser opens what it asks for as a document of its own (Fetch Metadata).
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

    private func sendPage(_ fields: RequestFields, _ head: Span<UInt8>, isHead: Bool) {
        let page = shard.observer.page
        let form = page.form(for: fields.coding(head, offersBr: false))
        let tag = form.entityTag
        let isCurrent =
            fields.ifNoneMatch.map { EntityTag.matches(ifNoneMatch: head.extracting($0), current: tag.span) } ?? false
        let status: Status = isCurrent ? .notModified : .ok
        shard.scratch.removeAll()
        HeadWriter.appendStatusLine(status, to: &shard.scratch)
        if !isCurrent {
            HeadWriter.appendField("Content-Type", "text/html; charset=utf-8", to: &shard.scratch)
            HeadWriter.appendField("Content-Length", decimal: form.body.count, to: &shard.scratch)
            if form.coding == .gzip { HeadWriter.appendField("Content-Encoding", "gzip", to: &shard.scratch) }
        }
        HeadWriter.appendField("ETag", tag.span, to: &shard.scratch)
        // Kept, but asked for each time: a newer Larder has a newer page.
        HeadWriter.appendField("Cache-Control", "no-cache", to: &shard.scratch)
        HeadWriter.appendField("Vary", "Accept-Encoding", to: &shard.scratch)
        let policy = page.policy
        HeadWriter.appendField("Content-Security-Policy", policy.span, to: &shard.scratch)
        HeadWriter.appendField("Cross-Origin-Opener-Policy", "same-origin", to: &shard.scratch)
        finishPage(status, isCurrent || isHead ? nil : form.body.all)
    }

    private func sendPageAddress() {
        let status = Status.permanentRedirect
        shard.scratch.removeAll()
        HeadWriter.appendStatusLine(status, to: &shard.scratch)
        // Relative, for whoever puts Larder behind a path of their own.
        HeadWriter.appendField("Location", "_larder/", to: &shard.scratch)
        HeadWriter.appendField("Content-Length", decimal: 0, to: &shard.scratch)
        HeadWriter.appendField("Cache-Control", "no-store", to: &shard.scratch)
        finishPage(status, nil)
    }

    private func finishPage(_ status: Status, _ body: ByteSlice?) {
        HeadWriter.appendField("X-Content-Type-Options", "nosniff", to: &shard.scratch)
        HeadWriter.appendField("Referrer-Policy", "no-referrer", to: &shard.scratch)
        HeadWriter.appendField("Cross-Origin-Resource-Policy", "same-origin", to: &shard.scratch)
        let date = shard.dateLine
        shard.scratch.append(date.span)
        appendConnection()
        shard.scratch.append("\r\n")
        let outcome = shard.write(nil, body, to: stream)
        record(.own, status: status.rawValue, bytes: body?.count ?? 0)
        sent(outcome)
    }
}
