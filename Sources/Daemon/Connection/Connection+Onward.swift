import Bytes
import HTTPCore
import HTTPParsing
import Serving

/// Checks made before a request is forwarded to upstream, passed through or as a fetch.
extension Connection {
    /// Answers a request that must not be forwarded, or that a browser sends to Larder itself. False if it may be
    /// forwarded.
    func keepsBack(_ route: Route, _ head: Span<UInt8>, _ parts: Target, _ method: Method) -> Bool {
        switch route {
        case .health, .readiness, .own, .export: return false
        case .models, .count, .user, .model, .endpoints, .list, .data, .other: break
        }
        let path = head.extracting(parser.target).extracting(parts.path)
        if let problem = obstacle(head, path) {
            send(problem, status: .none(problem.detail), isHead: method == .head)
            return true
        }
        if method == .get || method == .head, case .other = route, answerFrontDoor(head, path, method) { return true }
        if isLastForward(head, method) {
            answerLast(route, method)
            return true
        }
        return false
    }

    /// Why a request must not reach upstream: its path could leave the base URL, or it has passed through here before.
    private func obstacle(_ head: Span<UInt8>, _ path: Span<UInt8>) -> Problem? {
        if DotSegments.occur(in: path) {
            return Problem(
                .badRequest, "the path has a . or .. segment, which could leave upstream's base URL",
                detail: .badRequest)
        }
        guard hasBeenHere(head) else { return nil }
        return Problem(
            .loopDetected, "this request came back to the Larder that sent it: upstream.url leads to Larder itself",
            detail: .unusable)
    }

    private func hasBeenHere(_ head: Span<UInt8>) -> Bool {
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            guard head.extracting(line.name).equalsIgnoringCase("via") else { continue }
            if shard.settings.hop.occurs(in: head.extracting(line.value)) { return true }
        }
        return false
    }

    /// The value of `Via`, its lines joined; nil if there is none.
    func via(_ head: Span<UInt8>) -> SharedBytes? {
        var joined: [UInt8] = []
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            guard head.extracting(line.name).equalsIgnoringCase("via"), !line.value.isEmpty else { continue }
            if !joined.isEmpty { joined += Array(", ".utf8) }
            joined += head.extracting(line.value).copied()
        }
        return joined.isEmpty ? nil : SharedBytes(copying: joined.span)
    }

    // MARK: Max-Forwards

    /// Whether `Max-Forwards` applies to the method.
    func countsForwards(_ head: Span<UInt8>, _ method: Method) -> Bool {
        method == .options || method == .other && head.extracting(parser.method).equals("TRACE")
    }

    /// Whether the request may not be forwarded any further (RFC 9110 section 7.6.2).
    private func isLastForward(_ head: Span<UInt8>, _ method: Method) -> Bool {
        guard countsForwards(head, method) else { return false }
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            guard head.extracting(line.name).equalsIgnoringCase("max-forwards") else { continue }
            if MaxForwards.number(head.extracting(line.value)) == 0 { return true }
        }
        return false
    }

    private func answerLast(_ route: Route, _ method: Method) {
        if method == .options {
            return sendOptions(nil, allowing: route == .other ? Self.passedMethods : Self.answeredMethods)
        }
        // The client that traces learns that the request arrived here. The request is not echoed, since it may hold a
        // key.
        sendAdminProblem(
            Problem(.methodNotAllowed, "larder does not answer TRACE itself", detail: .badRequest),
            isHead: false, allowing: route == .other ? Self.passedMethods : Self.answeredMethods)
    }

    private static let passedMethods: StaticString = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    static let answeredMethods: StaticString = "GET, HEAD, OPTIONS"

    // MARK: Browsers

    /// Redirects a browser that opens `/` to the page, and sends it Larder's own icon. False if the request is neither.
    private func answerFrontDoor(_ head: Span<UInt8>, _ path: Span<UInt8>, _ method: Method) -> Bool {
        if path.equals("/favicon.ico") {
            noteLabel(.own, path, head)
            sendIcon(head, isHead: method == .head)
            return true
        }
        guard path.isEmpty || path.equals("/"), accepts("text/html", head) else { return false }
        noteLabel(.own, path, head)
        if door == .front { sendAdminProblem(Self.elsewhere, isHead: method == .head) } else { sendPageAddress(.found) }
        return true
    }

    /// Whether a client names this media type, in lowercase, in `Accept`. Browsers name `text/html` when they open an
    /// address, and `text/event-stream` when they follow events.
    func accepts(_ type: StaticString, _ head: Span<UInt8>) -> Bool {
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            if head.extracting(line.name).equalsIgnoringCase("accept"),
                AcceptedTypes.name(type, in: head.extracting(line.value))
            {
                return true
            }
        }
        return false
    }
}
