extension Snapshot {
    /// The first second after `wallSeconds` at which the price of one of its models changes by the hour, both in seconds
    /// since 1970; nil if there is no such model. Upstream's prices are those of the moment, so a copy is good until then.
    public func nextPriceEdge(after wallSeconds: Int64) -> Int64? { priceEdges.next(after: wallSeconds) }
}
