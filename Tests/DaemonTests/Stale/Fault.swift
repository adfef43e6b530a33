import TestSupport
import Testing

/// One way for upstream to fail or to refuse.
struct Fault: CustomTestStringConvertible {
    /// What the contract makes of it.
    enum Kind {
        /// A failed fetch: the status that a caller without a copy gets.
        case failure(Int)
        /// Too many requests of this key: upstream's own answer, but a copy may stand in for it.
        case tooMany
        /// Upstream's word, which stands, and is remembered.
        case refusal
    }

    let testDescription: String
    let kind: Kind
    /// Upstream's status, if it gives a whole answer.
    let status: Int?
    /// Why it is a failure, as `Cache-Status` has it.
    let detail: String
    /// What the origin does.
    let reply: OriginReply

    private init(_ name: String, _ kind: Kind, status: Int? = nil, _ detail: String, _ reply: OriginReply) {
        testDescription = name
        self.kind = kind
        self.status = status
        self.detail = detail
        self.reply = reply
    }

    private static let half = Array(SampleCatalogue.json.prefix(2000))

    private static func body(_ text: String) -> OriginReply { Replies.body(Array(text.utf8)) }

    /// The faults that an origin has while it is there.
    static let scripted = [
        Fault("hangs before the head", .failure(504), "timeout", .hang),
        Fault(
            "hangs in the body", .failure(504), "timeout",
            .response(status: 200, fields: Replies.shared, body: .hanging(after: half, declared: 5000))),
        Fault("closes", .failure(502), "cut", .close),
        Fault("resets", .failure(502), "cut", .reset),
        Fault(
            "is cut before its length", .failure(502), "cut",
            .response(status: 200, fields: Replies.shared, body: .cut(after: half, declared: 5000))),
        Fault(
            "is cut between chunks", .failure(502), "cut",
            .response(status: 200, fields: Replies.shared, body: .cutChunks([half, half]))),
        Fault("does not speak HTTP", .failure(502), "unusable", .garbage(Array("SSH-2.0-OpenSSH\r\n".utf8))),
        Fault("sends a page", .failure(502), status: 200, "unusable", body("<html>busy</html>")),
        Fault("sends another type", .failure(502), status: 200, "unusable", body(#"{"data":{"count":3}}"#)),
        Fault("has no models", .failure(502), status: 200, "unusable", body(#"{"data":[]}"#)),
        Fault("answers 500", .failure(502), status: 500, "unusable", Replies.error(500)),
        Fault("answers 502", .failure(502), status: 502, "unusable", Replies.error(502)),
        Fault("answers 503", .failure(502), status: 503, "unusable", Replies.error(503)),
        Fault(
            "answers 503 and when to come back", .failure(502), status: 503, "unusable",
            Replies.error(503, "Busy", ["Retry-After": "3600"])),
        Fault("answers 304 for no reason", .failure(502), status: 304, "unusable", .status(304)),
        Fault("answers 429", .tooMany, status: 429, "unusable", Replies.error(429)),
        Fault(
            "answers 429 and when to come back", .tooMany, status: 429, "unusable",
            Replies.error(429, "Slow", ["Retry-After": "3600"])),
        Fault("answers 401", .refusal, status: 401, "", Replies.error(401)),
        Fault("answers 403", .refusal, status: 403, "", Replies.error(403)),
        Fault("answers 404", .refusal, status: 404, "", Replies.error(404)),
        Fault("answers 400", .refusal, status: 400, "", Replies.error(400)),
    ]

    /// Nobody listens at upstream's port.
    static let refused = Fault("refuses the connection", .failure(502), "unreachable", .close)
    /// Upstream's certificate is not to be trusted.
    static let untrusted = Fault("has an untrusted certificate", .failure(502), "tls", .close)
    /// Upstream's name does not resolve.
    static let unknownHost = Fault("has no address", .failure(502), "unreachable", .close)

    /// What fetches are limited to. Where the limit is not what is tried, the slowest machine keeps it. Where it is,
    /// the fetch of the copy that is there before keeps it too.
    var timeout: Duration { detail == "timeout" ? .seconds(3) : .seconds(20) }

    /// `Cache-Status` behind the reason, where the fault is passed on to the caller.
    var outcome: String {
        let answered = status.map { "; fwd-status=\($0)" } ?? ""
        if case .refusal = kind { return answered + "; stored" }
        return answered + "; detail=\(detail)"
    }

    /// The same where a stale copy is served in its place.
    var replaced: String { (status.map { "; fwd-status=\($0)" } ?? "") + "; ttl=-N; detail=\(detail)" }

    /// The status that the caller gets for it.
    var answeredStatus: Int {
        switch kind {
        case .failure(let status): status
        case .tooMany, .refusal: status ?? 0
        }
    }
}
