import Bytes
public import Caching
public import HTTPCore

/// What an answer depends on, copied out of a request that cannot be answered at once.
public struct RequestSummary: Sendable {
    /// GET or HEAD.
    public let isHead: Bool
    /// The request target as it was sent.
    public let target: [UInt8]
    /// Where path and query stand in it.
    public let parts: Target
    /// What the path names.
    public let route: Route
    /// The coding that the client prefers.
    public let coding: ContentCoding
    /// What it asks of the cache.
    public let demand: Demand
    /// Whose it is.
    public let owner: Owner
    /// What the client has already, if it says so.
    public let precondition: Precondition?

    /// What a connection has read of the request.
    public init(
        isHead: Bool, target: [UInt8], parts: Target, route: Route, coding: ContentCoding, demand: Demand,
        owner: Owner, precondition: Precondition?
    ) {
        self.isHead = isHead
        self.target = target
        self.parts = parts
        self.route = route
        self.coding = coding
        self.demand = demand
        self.owner = owner
        self.precondition = precondition
    }

    /// The query as it was sent, empty if there is none.
    public var rawQuery: [UInt8] { parts.query.map { Array(target[$0]) } ?? [] }
}

/// What a request says of a representation that the client has (RFC 9110 section 13.1). `If-None-Match` wins.
public struct Precondition: Sendable {
    let ifNoneMatch: [UInt8]?
    let ifModifiedSince: Int64?

    /// The two fields, as far as they were there; a date that is none counts as absent.
    public init(ifNoneMatch: [UInt8]?, ifModifiedSince: Int64?) {
        self.ifNoneMatch = ifNoneMatch
        self.ifModifiedSince = ifModifiedSince
    }

    /// Whether the client has this answer's representation already, so that 304 will do.
    public func isMet(by answer: Answer) -> Bool {
        if let ifNoneMatch {
            let tag = answer.entityTag
            return EntityTag.matches(ifNoneMatch: ifNoneMatch.span, current: tag.span)
        }
        return ifModifiedSince.map { answer.lastModified <= $0 } ?? false
    }
}
