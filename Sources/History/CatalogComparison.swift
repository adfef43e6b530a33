import Bytes
public import Catalog

/// A change of one model between two catalogues.
public struct ModelChange: Equatable, Sendable {
    /// The model's id.
    public let id: String

    /// What differs.
    public let change: RowChange

    /// What differs in one model.
    public init(id: String, _ change: RowChange) {
        self.id = id
        self.change = change
    }
}

/// What differs between two catalogues, by `id`.
///
/// Rows with the same bytes are skipped; of the others the members are compared where they stand, without parsing rows as
/// a whole. Of several rows with one id the first counts, as in `Snapshot`. The order of rows is no change.
public struct CatalogComparison: Sendable {
    /// The changes of models that are in both catalogues, and the models that are new, in the order of the later
    /// catalogue.
    public let changes: [ModelChange]

    /// The rows of the earlier catalogue whose models the later one has not, in order.
    public let missing: [Int]

    /// The number of models in the earlier catalogue.
    public let formerCount: Int

    /// Compares two catalogues. `wasRemoved` says whether a model that the earlier one has not is known from before that.
    /// `pause` is called every few microseconds.
    public init(
        from old: Snapshot, to new: Snapshot, wasRemoved: (String) -> Bool = { _ in false },
        pausing pause: () -> Void = {}
    ) {
        var changes: [ModelChange] = []
        for row in 0..<new.count {
            let id = new.id(row)
            // Of equal ids the first alone.
            guard new.row(ofID: id.span) == row else { continue }
            guard let former = old.row(ofID: id.span) else {
                let (name, bytes) = (id.span.text(), new.row(row))
                let kind: ChangeKind = wasRemoved(name) ? .returned : .added
                changes.append(
                    ModelChange(id: name, RowChange(kind, before: nil, after: RowSummary.of(bytes.span))))
                continue
            }
            if Self.isSame(old, former, new, row) { continue }
            let before = old.row(former)
            let after = new.row(row)
            for change in RowDifference.changes(from: before.span, to: after.span) {
                changes.append(ModelChange(id: id.span.text(), change))
            }
            pause()
        }
        self.changes = changes
        let models = (0..<old.count).filter { row in
            let id = old.id(row)
            return old.row(ofID: id.span) == row
        }
        formerCount = models.count
        missing = models.filter { row in
            let id = old.id(row)
            return new.row(ofID: id.span) == nil
        }
    }

    /// Whether two rows have the same bytes.
    static func isSame(_ old: Snapshot, _ former: Int, _ new: Snapshot, _ row: Int) -> Bool {
        guard old.hash(ofRow: former) == new.hash(ofRow: row) else { return false }
        let before = old.row(former)
        let after = new.row(row)
        return before.span.equals(after.span)
    }

    /// The change of a model that is no longer in the catalogue; `row` is its last row.
    static func removal(of row: Span<UInt8>) -> RowChange {
        RowChange(.removed, before: RowSummary.of(row), after: nil)
    }
}
