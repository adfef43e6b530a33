public import Bytes

/// The rows that answer a query, or one page of them.
public struct Selection: Equatable, Sendable {
    /// The numbers of the rows of the page, in the order of the answer.
    public let rows: [Int32]

    /// How many rows match in all.
    public let totalCount: Int

    /// The offset of the next page; nil on the last one, and if the query asked for no page.
    public let nextOffset: Int?

    /// The first second since 1970 at which the result could change because models age; nil if it cannot.
    public let validUntil: Int64?

    /// A hash of the rows, the total and the next offset: together with the snapshot's identity, it identifies a
    /// result.
    public let fingerprint: UInt64

    /// Cuts the page out of all matching rows.
    init(matches: [Int32], query: Query, validUntil: Int64?) {
        totalCount = matches.count
        self.validUntil = validUntil
        if query.page.offset == nil && query.page.limit == nil {
            rows = matches
            nextOffset = nil
        } else {
            let start = Int(min(Int64(matches.count), max(0, query.page.offset ?? 0)))
            let size = Int(min(Int64(matches.count - start), max(0, query.page.limit ?? PageRange.defaultLimit)))
            rows = Array(matches[start..<start + size])
            nextOffset = start + size < matches.count ? start + size : nil
        }
        fingerprint = Self.fingerprint(rows, totalCount, nextOffset)
    }

    private static func fingerprint(_ rows: [Int32], _ total: Int, _ next: Int?) -> UInt64 {
        var state = mixed(UInt64(rows.count), UInt64(total))
        state = mixed(state, UInt64(bitPattern: Int64(next ?? -1)))
        for row in rows { state = mixed(state, UInt64(row.magnitude)) }
        return state
    }

    /// One step of wyhash (public domain): a 64 x 64 -> 128 multiplication, folded.
    @inline(__always)
    private static func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ 0xE703_7ED1_A0B4_28DB).multipliedFullWidth(by: word ^ 0x8EBC_6AF0_9C88_C6E3)
        return product.high ^ product.low
    }
}

/// The rows that an answer shows, wherever they are stored.
public enum SelectedRows: Sendable {
    /// Rows of one snapshot.
    case snapshot(Snapshot, Selection)
    /// Rows of a list that shares them with other lists.
    case list(RowList, Selection)
    /// The rows of a list and of facets.
    case joined(JoinedSelection)

    /// The rows of a list in either form.
    public init(_ list: ModelList, _ selection: Selection) {
        switch list {
        case .snapshot(let snapshot): self = .snapshot(snapshot, selection)
        case .rows(let rows): self = .list(rows, selection)
        }
    }

    /// The result of the query.
    public var selection: Selection {
        switch self {
        case .snapshot(_, let selection), .list(_, let selection): selection
        case .joined(let joined): joined.selection
        }
    }

    /// The bytes of the rows' JSON objects, each with a comma.
    public var byteCount: Int {
        var bytes = 0
        forEachPlace { bytes += $0.byteCount(ofRow: $1) }
        return bytes
    }

    /// Appends what `write` makes of each row, in the order of the answer, with commas between them.
    public func append(to body: inout ByteBuilder, _ write: (ModelRow, inout ByteBuilder) -> Void) {
        let start = body.count
        forEachPlace { snapshot, row in
            if body.count > start { body.append(UInt8(ascii: ",")) }
            write(ModelRow(snapshot, row), &body)
        }
    }

    private func forEachPlace(_ body: (Snapshot, Int) -> Void) {
        switch self {
        case .snapshot(let snapshot, let selection):
            for row in selection.rows { body(snapshot, Int(row)) }
        case .list(let list, let selection):
            for row in selection.rows {
                let rowIndex = list.rowIndex(row)
                body(list.bases[Int(rowIndex.source)], Int(rowIndex.row))
            }
        case .joined(let joined):
            for row in joined.selection.rows {
                let rowIndex = joined.rowIndices[Int(row)]
                body(joined.sources[Int(rowIndex.source)], Int(rowIndex.row))
            }
        }
    }
}

/// One model as representations show it.
public struct ModelRow: Sendable {
    /// Its JSON object, compact, as upstream wrote it.
    public let json: ByteSlice

    /// Its id.
    public let id: ByteSlice

    /// When it was added, in seconds since 1970; nil if that is unknown.
    public let created: Int64?

    /// The JSON value of the date on which it will be removed; empty if it has none.
    public let expirationDate: ByteSlice

    /// The same model with some members only.
    public func showing(_ fields: FieldSelection) -> ModelRow {
        var body = ByteBuilder(capacity: 256)
        fields.append(json.span, 0..<json.count, to: &body)
        return ModelRow(self, json: SharedBytes(copying: body.span).all)
    }

    private init(_ model: ModelRow, json: ByteSlice) {
        self.json = json
        id = model.id
        created = model.created
        expirationDate = model.expirationDate
    }

    /// A row of a snapshot.
    public init(_ snapshot: Snapshot, _ index: Int) {
        json = snapshot.row(index)
        id = snapshot.id(index)
        created = snapshot.created(index)
        expirationDate = snapshot.expirationDate(index)
    }

    /// A model that was read by itself.
    public init(_ fields: ModelFields, json: SharedBytes) {
        self.json = json.all
        id = SharedBytes(utf8: fields.id).all
        created = fields.created
        expirationDate = SharedBytes(fields.expirationDate).all
    }

    /// The author: the part of the id before the slash, without the tilde of an alias.
    public var author: ByteSlice {
        let end = id.span.firstIndex(of: UInt8(ascii: "/")) ?? id.count
        let start = end > 0 && id.span[0] == UInt8(ascii: "~") ? 1 : 0
        return id.owner[id.offset + start..<id.offset + end]
    }

    /// The id without what may follow a colon, such as `:nitro`.
    public var idWithoutVariant: ByteSlice {
        id.owner[id.offset..<id.offset + (id.span.firstIndex(of: UInt8(ascii: ":")) ?? id.count)]
    }

    /// The bytes that it keeps, if no snapshot does.
    public var byteCount: Int { json.count + id.count + expirationDate.count }
}

/// The rows that answer a query with facets, or one page of them. Nearly all are in the list; those that only a facet
/// holds are in sources of their own.
public struct JoinedSelection: Sendable {
    /// The snapshots of the list's rows, followed by those of the rows that facets keep.
    let sources: [Snapshot]

    /// The location of each row that `selection` names by number; the list's own rows come first.
    let rowIndices: [RowIndex]

    /// The page, its rows given as indices into `rowIndices`.
    public let selection: Selection
}
