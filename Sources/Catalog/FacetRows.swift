import Bytes

/// The models that upstream answered with for one facet, in its order.
///
/// Most facets hold the same models as the list that they are asked beside. Of those only the numbers are kept, and the
/// columns of ids of the list's bases to tell what the numbers mean: a facet of the whole catalogue takes some two kilobytes
/// in place of seven hundred. Rows that the list has not are kept whole, and shared as those of any list are.
public struct FacetRows: Sendable {
    /// The ids of the snapshots that the list's rows stood in when the facet was read beside it.
    let columns: [TextColumn]
    /// The facet's models, none twice: a packed place in `columns`, which for a snapshot is the row's number; or if it is
    /// negative, `~number` of `own`.
    let numbers: [Int32]
    /// The rows that are kept whole; nil if there are none.
    let own: RowList?

    /// A hash of the ids in their order and of the rows kept whole: two facets that differ in it have different contents.
    public let identity: UInt64

    /// The snapshots that the rows kept whole stand in.
    public var bases: [Snapshot] { own?.bases ?? [] }

    /// The minutes of the day at which the price of one of the rows kept whole changes. The other rows are the list's, which
    /// has edges of its own.
    public var priceEdges: DayMinutes { own?.priceEdges ?? .none }

    /// The bytes it keeps in memory itself, roughly: the bases count for themselves.
    public var byteCount: Int { numbers.count * 4 + (own?.byteCount ?? 0) }
}

/// Gathers the models of one facet.
public struct FacetRowsBuilder: ~Copyable {
    private let list: ModelList?
    private let finder: ModelFinder?
    private var numbers: [Int32] = []
    private var seen: [Bool]
    private var seenOwn: Set<[UInt8]> = []
    private var ownRows = RowBytes()
    private var ownFields: [ModelFields] = []
    private var identity: UInt64 = 0

    /// A builder of a facet that is read beside a list, or of one whose rows are all kept whole.
    public init(beside list: ModelList?) {
        self.list = list
        finder = list.map { ModelFinder($0) }
        seen = Array(repeating: false, count: list?.count ?? 0)
    }

    /// Adds a model that the list has; false if it has not: its row is then to be added.
    public mutating func append(id: Span<UInt8>) -> Bool {
        guard let list, let row = finder?.row(ofID: id) else { return false }
        if !seen[row] {
            seen[row] = true
            switch list {
            case .snapshot: numbers.append(Int32(row))
            case .rows(let rows): numbers.append(Int32(rows.place(Int32(row)).packed))
            }
            identity = id.hash64(seed: identity)
        }
        return true
    }

    /// Adds a model by its fields and the JSON object that stands for it in answers.
    public mutating func append(_ model: ModelFields, row: Span<UInt8>) {
        let id = Array(model.id.utf8)
        guard seenOwn.insert(id).inserted else { return }
        numbers.append(~Int32(ownRows.count))
        ownRows.append(row)
        ownFields.append(model)
        identity = id.span.hash64(seed: identity)
    }

    /// The facet of all models in the order in which they came; what is kept whole is looked for in a pool first.
    public func finish(in pool: inout RowPool) -> FacetRows {
        let fields = ownFields
        let own = fields.isEmpty ? nil : pool.list(ownRows) { fields[$0] }
        return FacetRows(
            columns: list?.bases.map(\.ids) ?? [], numbers: numbers, own: own,
            identity: identity &+ (own?.identity ?? 0) &* 0x9E37_79B9_7F4A_7C15)
    }
}
