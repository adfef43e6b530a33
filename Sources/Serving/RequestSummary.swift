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
    /// `If-None-Match`, if it was there.
    public let ifNoneMatch: [UInt8]?

    /// What a connection has read of the request.
    public init(
        isHead: Bool, target: [UInt8], parts: Target, route: Route, coding: ContentCoding, demand: Demand,
        owner: Owner, ifNoneMatch: [UInt8]?
    ) {
        self.isHead = isHead
        self.target = target
        self.parts = parts
        self.route = route
        self.coding = coding
        self.demand = demand
        self.owner = owner
        self.ifNoneMatch = ifNoneMatch
    }

    /// The query as it was sent, empty if there is none.
    public var rawQuery: [UInt8] { parts.query.map { Array(target[$0]) } ?? [] }

    /// Whether the client says that it has this representation already.
    public func hasCurrent(_ answer: Answer) -> Bool {
        guard let ifNoneMatch else { return false }
        let tag = answer.entityTag
        return EntityTag.matches(ifNoneMatch: ifNoneMatch.span, current: tag.span)
    }
}
