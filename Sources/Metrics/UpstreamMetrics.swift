public import HTTPCore
public import Serving

/// The metrics of a loop's requests to upstream.
public struct UpstreamMetrics: Sendable {
    /// The kinds of request.
    public enum Kind: UInt8, CaseIterable, Sendable {
        case catalog, user, model, facet, opaque, passed
    }

    /// The kinds of failure.
    public enum Reason: UInt8, CaseIterable, Sendable {
        case status, refused, limited, unusable, unreadable, unreachable, timeout, tls, cut
    }

    /// One request to upstream that has ended.
    public struct Exchange: Sendable {
        /// When it ended, in Unix seconds.
        public let time: Int64
        /// The requested resource, without a caller's own text.
        public let resource: String
        /// Upstream's status, if it answered.
        public let status: Int?
        /// The failure, if there was one.
        public let error: String?
        /// The kind of failure, if there was one.
        public internal(set) var reason: Reason?
        /// The duration.
        public let milliseconds: Int
        /// The size of the body.
        public let bytes: Int

        /// Describes an exchange.
        public init(time: Int64, resource: String, status: Int?, error: String?, milliseconds: Int, bytes: Int) {
            self.time = time
            self.resource = resource
            self.status = status
            self.error = error
            self.milliseconds = milliseconds
            self.bytes = bytes
        }
    }

    /// The most exchanges that are remembered.
    static let mostRecent = 32

    private(set) var requests = [UInt64](repeating: 0, count: Kind.allCases.count)
    private(set) var failures = [UInt64](repeating: 0, count: Reason.allCases.count)
    private(set) var durations = DurationHistogram()
    private(set) var bytes: UInt64 = 0
    private(set) var lastSuccess: Int64?
    private(set) var lastFailure: Exchange?
    /// Since when each kind of request fails.
    private(set) var troubles = UpstreamTroubles()
    /// The keys that upstream refuses.
    private(set) var refusedKeys = RefusedKeys()
    /// The last exchanges, as a ring once the maximum is reached.
    private var ring: [Exchange] = []
    /// The index of the oldest exchange.
    private var oldest = 0
    /// The last exchanges, the oldest first.
    var recent: [Exchange] { Array(ring[oldest...] + ring[..<oldest]) }

    /// Starts with no exchanges.
    public init() {}

    /// A request has ended: `failure` is set if it brought no usable response. `key` is the first half of the digest of
    /// the request's key, 0 without one; nil if it is not known.
    public mutating func record(
        _ kind: Kind, _ failure: Reason?, _ exchange: consuming Exchange, key: UInt64? = nil, nanoseconds: UInt64
    ) {
        requests[Int(kind.rawValue)] += 1
        durations.record(nanoseconds: nanoseconds)
        bytes &+= UInt64(max(0, exchange.bytes))
        if let failure {
            failures[Int(failure.rawValue)] += 1
            exchange.reason = failure
            lastFailure = copy exchange
            troubles.failed(kind, failure, copy exchange)
            if failure == .refused, let key, let status = exchange.status {
                refusedKeys.refused(key, status: status, at: exchange.time)
            }
        } else {
            lastSuccess = exchange.time
            troubles.succeeded(kind, at: exchange.time)
            if let key { refusedKeys.accepted(key) }
        }
        if ring.count < Self.mostRecent { return ring.append(exchange) }
        ring[oldest] = exchange
        oldest = (oldest + 1) % Self.mostRecent
    }

    /// A copy came from elsewhere, so earlier failures no longer matter.
    public mutating func taken(_ kind: Kind, at time: Int64) { troubles.succeeded(kind, at: time) }

    /// All requests.
    var requestCount: UInt64 { requests.reduce(0, +) }
    /// All failures.
    var failureCount: UInt64 { failures.reduce(0, +) }

    mutating func merge(_ other: UpstreamMetrics) {
        for kind in requests.indices { requests[kind] += other.requests[kind] }
        for reason in failures.indices { failures[reason] += other.failures[reason] }
        durations.merge(other.durations)
        bytes &+= other.bytes
        if let theirs = other.lastSuccess { lastSuccess = max(lastSuccess ?? theirs, theirs) }
        if let theirs = other.lastFailure, theirs.time >= lastFailure?.time ?? .min { lastFailure = theirs }
        troubles.merge(other.troubles)
        refusedKeys.merge(other.refusedKeys)
        // `sort` is stable, and a loop's later exchanges come after its earlier ones.
        ring = Array((recent + other.recent).sorted { $0.time < $1.time }.suffix(Self.mostRecent))
        oldest = 0
    }
}

extension UpstreamMetrics.Kind {
    /// The kind of a fetch for the cache.
    public init(_ kind: Resource.Kind) {
        switch kind {
        // A catalogue of an earlier time is never fetched.
        case .catalog, .past: self = .catalog
        case .userList: self = .user
        case .model: self = .model
        case .facet, .userFacet: self = .facet
        case .opaque, .userOpaque, .keyedOpaque, .data: self = .opaque
        }
    }

    var name: StaticString {
        switch self {
        case .catalog: "catalog"
        case .user: "user"
        case .model: "model"
        case .facet: "facet"
        case .opaque: "opaque"
        case .passed: "passed"
        }
    }
}

extension UpstreamMetrics.Reason {
    /// The kind of a failed fetch; nil if no request was sent upstream.
    public init?(_ problem: FetchProblem) {
        switch problem {
        case .relayed(let status, _, _, _), .status(let status, _): self.init(status)
        case .unusable: self = .unusable
        case .unreadable: self = .unreadable
        case .unreachable: self = .unreachable
        case .timeout: self = .timeout
        case .tls: self = .tls
        case .cut: self = .cut
        case .backingOff, .busy, .onlyIfCached, .noHistory: return nil
        }
    }

    /// The kind of failure that an error status is.
    private init(_ status: Status) {
        switch status {
        case .unauthorized, .forbidden: self = .refused
        case .tooManyRequests: self = .limited
        default: self = .status
        }
    }

    /// The kind of failure, if a usable response with this status is one: upstream refuses the key.
    public init?(refusal status: Status) {
        guard status.refusesKey else { return nil }
        self = .refused
    }

    /// The value of the label `reason`.
    public var name: StaticString {
        switch self {
        case .status: "status"
        case .refused: "refused"
        case .limited: "limited"
        case .unusable: "unusable"
        case .unreadable: "unreadable"
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .tls: "tls"
        case .cut: "cut"
        }
    }
}
