public import Bytes

/// What the `Cache-Status` field reports about one answer (RFC 9211).
public enum CacheStatus: Equatable, Sendable {
    /// Answered from the cache, fresh for `ttl` more seconds. A negative `ttl` says how long it has been stale.
    /// `detail` says why a stale answer was used.
    case hit(ttl: Int, detail: Detail? = nil)

    /// Upstream was asked, for `reason`.
    case forwarded(Forward)

    /// Answered by Larder with neither a stored response nor upstream. `detail` gives the reason.
    case none(Detail)

    /// Passed through without using the cache (RFC 9211 section 2.2, `bypass`). Without `status`, upstream gave no
    /// answer that could be passed on, and `detail` says why.
    case bypassed(status: Int?, detail: Detail? = nil)

    /// The parameters of an answer that upstream was asked for.
    public struct Forward: Equatable, Sendable {
        /// Why: `fwd`.
        public var reason: Reason
        /// Upstream's status, if it answered: `fwd-status`.
        public var status: Int?
        /// Whether its answer was stored: `stored`.
        public var stored: Bool
        /// Whether this request shared the fetch of another: `collapsed`.
        public var collapsed: Bool
        /// What went wrong, as a token: `detail`.
        public var detail: Detail?
        /// The remaining freshness of the stored response that was served although upstream was asked: `ttl`.
        public var ttl: Int?

        /// Every parameter but the reason is absent unless it is given.
        public init(
            reason: Reason, status: Int? = nil, stored: Bool = false, collapsed: Bool = false,
            detail: Detail? = nil, ttl: Int? = nil
        ) {
            self.reason = reason
            self.status = status
            self.stored = stored
            self.collapsed = collapsed
            self.detail = detail
            self.ttl = ttl
        }
    }

    /// The values of `fwd` (RFC 9211 section 2.2) that occur here.
    public enum Reason: Sendable {
        /// Nothing was stored that could answer.
        case miss
        /// What was stored was no longer fresh.
        case stale
        /// The request's own directives asked for it.
        case request

        var token: StaticString {
            switch self {
            case .miss: "miss"
            case .stale: "stale"
            case .request: "request"
            }
        }
    }

    /// Why an answer is an error, or where it is from: the values of `detail` (RFC 9211 section 2.8).
    public enum Detail: Sendable {
        /// The request itself is at fault.
        case badRequest
        /// There is no such view, or the model is not in the view.
        case view
        /// The request forbade asking upstream, and nothing stored could answer.
        case onlyIfCached
        /// The request forces a refresh, but the copy was fetched so recently that it is served.
        case recent
        /// Upstream failed a short while ago and is not asked again yet.
        case backingOff
        /// Too many fetches are in flight to start another one.
        case busy
        /// No connection to upstream.
        case unreachable
        /// Upstream took longer than the time limit.
        case timeout
        /// Upstream's certificate or handshake was not accepted.
        case tls
        /// Upstream's answer ended before it was complete.
        case cut
        /// Upstream's answer was complete but not valid.
        case unusable
        /// The copy was taken from the fleet; no error.
        case fleet

        var token: StaticString {
            switch self {
            case .badRequest: "bad-request"
            case .view: "view"
            case .onlyIfCached: "only-if-cached"
            case .recent: "recent"
            case .backingOff: "backing-off"
            case .busy: "busy"
            case .unreachable: "unreachable"
            case .timeout: "timeout"
            case .tls: "tls"
            case .cut: "cut"
            case .unusable: "unusable"
            case .fleet: "fleet"
            }
        }
    }

    /// Appends the whole field line.
    @inline(__always)
    public func append(to out: inout ByteBuilder) {
        switch self {
        case .hit(let ttl, let detail):
            out.append("Cache-Status: larder; hit; ttl=")
            out.append(decimal: ttl)
            append(detail, to: &out)
        case .forwarded(let forward): append(forward, to: &out)
        case .bypassed(let status, let detail):
            out.append("Cache-Status: larder; fwd=bypass")
            append(status: status, to: &out)
            append(detail, to: &out)
        case .none(let detail):
            out.append("Cache-Status: larder; detail=")
            out.append(detail.token)
        }
        out.append("\r\n")
    }

    private func append(_ forward: Forward, to out: inout ByteBuilder) {
        out.append("Cache-Status: larder; fwd=")
        out.append(forward.reason.token)
        append(status: forward.status, to: &out)
        if forward.stored { out.append("; stored") }
        if forward.collapsed { out.append("; collapsed") }
        if let ttl = forward.ttl {
            out.append("; ttl=")
            out.append(decimal: ttl)
        }
        append(forward.detail, to: &out)
    }

    private func append(status: Int?, to out: inout ByteBuilder) {
        guard let status else { return }
        out.append("; fwd-status=")
        out.append(decimal: status)
    }

    private func append(_ detail: Detail?, to out: inout ByteBuilder) {
        guard let detail else { return }
        out.append("; detail=")
        out.append(detail.token)
    }
}
