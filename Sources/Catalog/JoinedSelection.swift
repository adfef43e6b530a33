/// The rows that answer a query with facets, or one page of them. Nearly all stand in the list; those that only a facet
/// holds stand in sources of their own.
public struct JoinedSelection: Sendable {
    /// The snapshots that the list's rows stand in, and behind them those of the rows that facets keep.
    let sources: [Snapshot]

    /// Where each row that `selection` names by number stands; the first are the list's own.
    let places: [RowPlace]

    /// The page, its rows named by their places in `places`.
    public let selection: Selection
}
