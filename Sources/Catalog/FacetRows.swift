import Bytes

/// The models that upstream answered with for one facet, in its order.
///
/// Most facets hold the same models as the list that they belong to. For those, only the row numbers are kept, and the
/// id columns of the list's bases that give the numbers their meaning. A facet of the whole catalogue takes about two
/// kilobytes instead of seven hundred. Rows that are not in the list are kept whole, and shared like those of any list.
public struct FacetRows: Sendable {
    /// The ids of the snapshots that held the list's rows when the facet was read.
    let columns: [TextColumn]
    /// The facet's models, without duplicates: a packed index into `columns`, which for a snapshot is the row's number;
    /// or, if negative, `~number` of `own`.
    let numbers: [Int32]
    /// The rows that are kept whole; nil if there are none.
    let own: RowList?

    /// A hash of the ids in their order and of the rows kept whole: two facets that differ in it have different contents.
    public let identity: UInt64

    /// Whether it equals the whole list that it was read with, in the list's own order: the parameter then has no
    /// effect.
    public let isWholeList: Bool

    /// The snapshots that hold the rows kept whole.
    public var bases: [Snapshot] { own?.bases ?? [] }

    /// The minutes of the day at which the price of one of the rows kept whole changes. The other rows are the list's,
    /// which has its own such minutes.
    public var priceEdges: DayMinutes { own?.priceEdges ?? .none }

    /// The bytes it keeps in memory itself, roughly: the bases are counted separately.
    public var byteCount: Int { numbers.count * 4 + (own?.byteCount ?? 0) }
}

/// Gathers the models of one facet.
public struct FacetRowsBuilder: ~Copyable {
    private let list: ModelList?
    private let finder: ModelFinder?
    private var numbers: [Int32] = []
    /// Whether the rows so far are the first of the list.
    private var isInOrder = true
    private var seen: [Bool]
    private var seenOwn: Set<[UInt8]> = []
    private var ownRows = RowBytes()
    private var ownFields: [ModelFields] = []
    private var identity: UInt64 = 0

    /// A builder of a facet that is read against a list, or of one whose rows are all kept whole.
    public init(beside list: ModelList?) {
        self.list = list
        finder = list.map { ModelFinder($0) }
        seen = Array(repeating: false, count: list?.count ?? 0)
    }

    /// Adds a model that the list has; false if the list does not have it: the caller then adds its row.
    public mutating func append(id: Span<UInt8>) -> Bool {
        guard let list, let row = finder?.row(ofID: id) else { return false }
        if !seen[row] {
            seen[row] = true
            if row != numbers.count { isInOrder = false }
            switch list {
            case .snapshot: numbers.append(Int32(row))
            case .rows(let rows): numbers.append(Int32(rows.rowIndex(Int32(row)).packed))
            }
            identity = id.hash64(seed: identity)
        }
        return true
    }

    /// Adds a model by its fields and the JSON object that represents it in answers.
    public mutating func append(_ model: ModelFields, row: Span<UInt8>) {
        let id = Array(model.id.utf8)
        guard seenOwn.insert(id).inserted else { return }
        numbers.append(~Int32(ownRows.count))
        ownRows.append(row)
        ownFields.append(model)
        identity = id.span.hash64(seed: identity)
    }

    /// The facet of all models in the order in which they came; rows that are kept whole are first looked up in a pool.
    public func finish(in pool: inout RowPool) -> FacetRows {
        let fields = ownFields
        let own = fields.isEmpty ? nil : pool.list(ownRows) { fields[$0] }
        return FacetRows(
            columns: list?.bases.map(\.ids) ?? [], numbers: numbers, own: own,
            identity: identity &+ (own?.identity ?? 0) &* 0x9E37_79B9_7F4A_7C15,
            isWholeList: own == nil && isInOrder && numbers.count == list?.count)
    }
}
