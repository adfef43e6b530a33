public import Bytes
public import Caching
public import HTTPCore

/// The part of a request's record that is copied when the request cannot be answered at once: what its answer depends
/// on, and how far the fetches for it are.
public struct RequestSummary: Sendable {
    /// GET or HEAD.
    public let isHead: Bool
    /// The request target as sent.
    public private(set) var target: [UInt8]
    /// The positions of path and query in it.
    public private(set) var parts: Target
    /// The route of the path.
    public let route: Route
    /// The coding that the client prefers.
    public let coding: ContentCoding
    /// The request's cache directive.
    public let directive: CacheDirective
    /// Whether neither the request nor its response may be stored: `no-store` (RFC 9111 section 5.2.1.5).
    public let forbidsStoring: Bool
    /// The owner of the request.
    public let owner: Owner
    /// The representation that the client already has, if it names one.
    public let precondition: Precondition?
    /// The value of `Authorization`, for as long as the request lasts.
    public let authorization: SharedBytes?
    /// The value of its `Via`; the fetches that it causes append to it.
    public let via: SharedBytes?
    /// How far the fetches for it are.
    public var progress = Progress()

    /// Copies the parts from a request that a connection has read.
    public init(
        isHead: Bool, target: [UInt8], parts: Target, route: Route, coding: ContentCoding, directive: CacheDirective,
        forbidsStoring: Bool = false, owner: Owner, precondition: Precondition?, authorization: SharedBytes? = nil,
        via: SharedBytes? = nil
    ) {
        self.isHead = isHead
        self.target = target
        self.parts = parts
        self.route = route
        self.coding = coding
        self.directive = directive
        self.forbidsStoring = forbidsStoring
        self.owner = owner
        self.precondition = precondition
        self.authorization = authorization
        self.via = via
    }

    /// The same request with its query replaced.
    func with(query: [UInt8]) -> RequestSummary? {
        guard let old = parts.query else { return nil }
        var other = self
        other.target = target[..<(query.isEmpty ? old.lowerBound - 1 : old.lowerBound)] + query
        let target = other.target
        guard let parts = Target(target.span) else { return nil }
        other.parts = parts
        return other
    }

    /// The query as sent, a range of the target; empty if there is none.
    var queryRange: Range<Int> { parts.query ?? 0..<0 }

    /// Whether its path names a view.
    var namesView: Bool { !viewPrefix.isEmpty }

    /// The part of its path that names a view; empty if it names none.
    var viewPrefix: [UInt8] {
        let path = target.span.extracting(parts.path)
        return path.extracting(0..<ViewPrefix.length(of: path)).copied()
    }
}

extension RequestSummary {
    /// What was fetched for a request, and how.
    public struct Progress: Sendable {
        /// What was fetched so far.
        public var delivered = Responder.Delivery()
        /// What is being fetched now.
        public var wants: [Responder.Want] = []
        /// The first of these fetches that failed. All of them end before the request is answered, so that none is
        /// mistaken for a fetch of the next request.
        public var failure: Failure?
        /// How the last fetch went, for `Cache-Status`; nil if none reached upstream.
        public var forward: CacheStatus.Forward?
        /// Why a stored copy was used without contacting upstream, if so: backoff, or too many fetches already.
        public var unasked: CacheStatus.Detail?

        /// Nothing was fetched yet.
        public init() {}

        /// Notes that a stored copy replaces a failed fetch.
        public mutating func makeUp(for failure: Failure) {
            if let forward = failure.forward {
                self.forward = forward
            } else {
                unasked = failure.problem.problem.detail
            }
        }
    }

    /// How a fetch has failed.
    public struct Failure: Sendable {
        /// What went wrong.
        public let problem: FetchProblem
        /// Why the resource was fetched.
        public let reason: CacheStatus.Reason
        /// Whether another request had begun the fetch.
        public let collapsed: Bool

        /// A failure with these parts.
        public init(problem: FetchProblem, reason: CacheStatus.Reason, collapsed: Bool) {
            self.problem = problem
            self.reason = reason
            self.collapsed = collapsed
        }

        /// What `Cache-Status` reports about it; nil if upstream was not contacted.
        public var forward: CacheStatus.Forward? {
            guard problem.hasAsked else { return nil }
            return CacheStatus.Forward(
                reason: reason, status: problem.status?.rawValue, collapsed: collapsed, detail: problem.problem.detail)
        }
    }
}

/// The validators of a representation that the client has (RFC 9110 section 13.1). `If-None-Match` takes precedence.
public struct Precondition: Sendable {
    let ifNoneMatch: [UInt8]?
    let ifModifiedSince: Int64?

    /// The two fields, if present; an invalid date counts as absent.
    public init(ifNoneMatch: [UInt8]?, ifModifiedSince: Int64?) {
        self.ifNoneMatch = ifNoneMatch
        self.ifModifiedSince = ifModifiedSince
    }

    /// Whether the client already has this answer's representation, so that a 304 is enough.
    public func isMet(by answer: Answer) -> Bool {
        if let ifNoneMatch {
            let tag = answer.entityTag
            return EntityTag.matches(ifNoneMatch: ifNoneMatch.span, current: tag.span)
        }
        return ifModifiedSince.map { answer.lastModified <= $0 } ?? false
    }

    /// Whether the client names this entity tag. A representation with a tag alone has no time.
    public func isMet(byTag tag: Span<UInt8>) -> Bool {
        ifNoneMatch.map { EntityTag.matches(ifNoneMatch: $0.span, current: tag) } ?? false
    }
}
