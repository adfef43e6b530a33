/// A list of models in one of its two forms, which answer alike.
public enum ModelList: Sendable {
    /// A snapshot of its own: the catalogue.
    case snapshot(Snapshot)
    /// Rows that it shares with others: a key's own list.
    case rows(RowList)

    /// The number of models.
    public var count: Int {
        switch self {
        case .snapshot(let snapshot): snapshot.count
        case .rows(let list): list.count
        }
    }

    /// The rows that answer a query at a time, in seconds since 1970.
    public func select(_ query: Query, now: Int64) -> Selection {
        switch self {
        case .snapshot(let snapshot): snapshot.select(query, now: now)
        case .rows(let list): list.select(query, now: now)
        }
    }

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

    /// The snapshots that its rows stand in.
    var bases: [Snapshot] {
        switch self {
        case .snapshot(let snapshot): [snapshot]
        case .rows(let list): list.bases
        }
    }
}
