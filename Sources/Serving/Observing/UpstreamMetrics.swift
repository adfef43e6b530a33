/// What a loop knows of its requests to upstream.
public struct UpstreamMetrics: Sendable {
    /// The kinds of request.
    public enum Kind: UInt8, CaseIterable, Sendable {
        case catalog, user, model, facet, opaque, passed
    }

    /// The kinds of failure.
    public enum Reason: UInt8, CaseIterable, Sendable {
        case status, unusable, unreadable, unreachable, timeout, tls, cut
    }

    /// One request to upstream that has ended.
    public struct Exchange: Sendable {
        /// When it ended, in Unix seconds.
        public let time: Int64
        /// What was asked for, without a caller's own text.
        public let resource: String
        /// Upstream's status, if it answered.
        public let status: Int?
        /// What went wrong, if something did.
        public let error: String?
        /// How long it took.
        public let milliseconds: Int
        /// The size of the body.
        public let bytes: Int

        /// What is known of an exchange.
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
    /// The last exchanges, in a ring once there are enough of them.
    private var ring: [Exchange] = []
    /// Where the oldest stands.
    private var oldest = 0
    /// The last exchanges, the oldest first.
    var recent: [Exchange] { Array(ring[oldest...] + ring[..<oldest]) }

    /// Nothing asked yet.
    public init() {}

    /// A request has ended: `failure` tells how, if it brought nothing that can be used.
    public mutating func record(_ kind: Kind, _ failure: Reason?, _ exchange: Exchange, nanoseconds: UInt64) {
        requests[Int(kind.rawValue)] += 1
        durations.record(nanoseconds: nanoseconds)
        bytes &+= UInt64(max(0, exchange.bytes))
        if let failure {
            failures[Int(failure.rawValue)] += 1
            lastFailure = exchange
        } else {
            lastSuccess = exchange.time
        }
        if ring.count < Self.mostRecent { return ring.append(exchange) }
        ring[oldest] = exchange
        oldest = (oldest + 1) % Self.mostRecent
    }

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
        // `sort` is stable, and of a loop's own exchanges a later one stands behind.
        ring = Array((recent + other.recent).sorted { $0.time < $1.time }.suffix(Self.mostRecent))
        oldest = 0
    }
}

extension UpstreamMetrics.Kind {
    /// The kind of a fetch for the cache.
    public init(_ kind: Resource.Kind) {
        switch kind {
        case .catalog: self = .catalog
        case .userList: self = .user
        case .model: self = .model
        case .facet, .userFacet: self = .facet
        case .opaque, .userOpaque: self = .opaque
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
    /// The kind of a failed fetch; nil if upstream was not asked.
    public init?(_ problem: FetchProblem) {
        switch problem {
        case .relayed, .status: self = .status
        case .unusable: self = .unusable
        case .unreadable: self = .unreadable
        case .unreachable: self = .unreachable
        case .timeout: self = .timeout
        case .tls: self = .tls
        case .cut: self = .cut
        case .backingOff, .busy, .onlyIfCached: return nil
        }
    }

    var name: StaticString {
        switch self {
        case .status: "status"
        case .unusable: "unusable"
        case .unreadable: "unreadable"
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .tls: "tls"
        case .cut: "cut"
        }
    }
}
