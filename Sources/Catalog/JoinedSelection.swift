/// The rows that answer a query with facets, or one page of them. Nearly all stand in the list; those that only a facet
/// holds stand in a source of their own.
public struct JoinedSelection: Sendable {
    /// Where a row stands.
    struct Place: Sendable {
        let source: Int32
        let row: Int32
    }

    /// The list, and behind it the rows that facets keep.
    let sources: [Snapshot]

    /// Where each row that `selection` names by number stands; the first are the list's own.
    let places: [Place]

    /// The page, its rows named by their places in `places`.
    public let selection: Selection
}

extension Snapshot {
    /// The rows that answer a query with facets at a time, in seconds since 1970. `facets` has for each of the query's
    /// clauses the rows of each of its names.
    ///
    /// A row passes if it stands in a facet of every clause. It is filtered as it is shown, that is in the list's form
    /// wherever the list has it and no facet is to be shown in its place. The order is that of the local `sort`, its ties
    /// and all else being in the order of the ranking clause, or if there is none, of the list.
    public func select(_ query: ForwardedQuery, facets: [[FacetRows]], now: Int64) -> JoinedSelection {
        precondition(facets.count == query.clauses.count, "a facet is missing")
        var join = FacetJoin(self)
        return join.select(query, facets: facets, now: now)
    }
}
