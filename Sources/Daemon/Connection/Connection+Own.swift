import Bytes
import HTTPCore
import HTTPParsing
import Serving

/// Requests for what Larder tells of itself. They are for its operator, not for pages of the web.
extension Connection {
    /// Answers a request for one of Larder's own paths.
    func answerOwn(_ head: Span<UInt8>, _ parts: Target, _ method: Method) {
        if answerPage(head, parts, method) { return }
        let isHead = method == .head
        let target = head.extracting(parser.target)
        guard let page = OwnPage(path: target.extracting(parts.path)) else { return sendNothingHere(isHead: isHead) }
        if isForeign(head) { return sendForeign(isHead: isHead) }
        guard page.isAction ? method == .post : method == .get || method == .head else {
            return sendOwnProblem(
                Problem(
                    .methodNotAllowed,
                    page.isAction ? "this path takes POST only" : "this path takes GET and HEAD only",
                    detail: .badRequest), isHead: isHead, allowing: page.isAction ? "POST" : "GET, HEAD")
        }
        guard page == .purge else {
            waitForAll()
            return shard.gather(page, for: self, isHead: isHead)
        }
        guard let purge = Purge(query: parts.query.map { target.extracting($0).text() } ?? "") else {
            return sendOwnProblem(
                Problem(
                    .badRequest, "say what to purge: ?catalog=1, ?key=FINGERPRINT (8 digits) or ?all=1",
                    detail: .badRequest), isHead: isHead)
        }
        waitForAll()
        shard.purge(purge, for: self)
    }

    /// What all loops have to tell comes within a time of its own.
    private func waitForAll() {
        state = .gathering
        deadline = .max
    }

    /// What all loops had to tell has come together.
    func gathered(_ page: OwnPage, _ body: SharedBytes, isHead: Bool) {
        guard case .gathering = state else { return }
        state = .reading
        sendOwnPage(page, body, isHead: isHead)
        goOn()
    }

    /// Refuses a page of another origin.
    func sendForeign(isHead: Bool) {
        sendOwnProblem(
            Problem(
                .forbidden, "this is for larder's operator; pages of another origin may not ask for it",
                detail: .badRequest), isHead: isHead)
    }

    /// Whether a browser says that a page of another origin has it send this (Fetch Metadata; RFC 6454 section 7).
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
