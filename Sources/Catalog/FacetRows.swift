import Bytes

/// The models that upstream answered with for one facet, in its order.
///
/// Most facets hold the same models as the list that they are asked beside. Of those only the numbers are kept, and the
/// list's column of ids to tell what the numbers mean: a facet of the whole catalogue takes some two kilobytes in place of
/// seven hundred. Rows that the list has not are kept whole.
public struct FacetRows: Sendable {
    /// The ids of the list that the facet was read beside.
    let ids: TextColumn
    /// The facet's models, none twice: a number of `ids`, or if it is negative, `~number` of `own`.
    let numbers: [Int32]
    /// The rows that are kept whole; nil if there are none.
    let own: Snapshot?

    /// A hash of the ids in their order and of the rows kept whole: two facets that differ in it have different contents.
    public let identity: UInt64

    /// The number of models.
    public var count: Int { numbers.count }

    /// The first second after `wallSeconds` at which the price of one of the rows kept whole changes by the hour, both in
    /// seconds since 1970; nil if there is no such row. The other rows are the list's, which has edges of its own.
    public func nextPriceEdge(after wallSeconds: Int64) -> Int64? { own?.nextPriceEdge(after: wallSeconds) }

    /// The bytes it keeps in memory, roughly.
    public var byteCount: Int { numbers.count * 4 + (own?.byteCount ?? 0) }
}

/// Gathers the models of one facet.
public struct FacetRowsBuilder: ~Copyable {
    private let list: Snapshot?
    private let ids: TextColumn
    private var numbers: [Int32] = []
    private var seen: [Bool]
    private var seenOwn: Set<[UInt8]> = []
    private var own = SnapshotBuilder()
    private var identity: UInt64 = 0

    /// A builder of a facet that is read beside a list, or of one whose rows are all kept whole.
    public init(beside list: Snapshot?) {
        self.list = list
        ids = list?.ids ?? TextColumn([])
        seen = Array(repeating: false, count: list?.count ?? 0)
    }

    /// Adds a model that the list has; false if it has not: its row is then to be added.
    public mutating func append(id: Span<UInt8>) -> Bool {
        guard let row = list?.row(ofID: id) else { return false }
        if !seen[row] {
            seen[row] = true
            numbers.append(Int32(row))
            identity = id.hash64(seed: identity)
        }
        return true
    }

    /// Adds a model by its fields and the JSON object that stands for it in answers.
    public mutating func append(_ model: ModelFields, row: Span<UInt8>) {
        let id = Array(model.id.utf8)
        guard seenOwn.insert(id).inserted else { return }
        numbers.append(~Int32(seenOwn.count - 1))
        own.append(model, row: row)
        identity = id.span.hash64(seed: identity)
    }

    /// The facet of all models in the order in which they came.
    public consuming func finish() -> FacetRows {
        let own = seenOwn.isEmpty ? nil : own.finish()
        return FacetRows(
            ids: ids, numbers: numbers, own: own, identity: identity &+ (own?.identity ?? 0) &* 0x9E37_79B9_7F4A_7C15)
    }
}
