public import Bytes

/// A list of models in one of its two forms, which answer alike.
public enum ModelList: Sendable {
    /// A snapshot of its own: the catalogue.
    case snapshot(Snapshot)
    /// Rows shared with other lists: a key's own list.
    case rows(RowList)

    /// The number of models.
    public var count: Int {
        switch self {
        case .snapshot(let snapshot): snapshot.count
        case .rows(let list): list.count
        }
    }

    /// The rows that answer a query at a time, in seconds since 1970: of the whole list, or of what a view leaves of it.
    public func select(_ query: Query, in view: ViewFilter? = nil, now: Int64) -> Selection {
        switch self {
        case .snapshot(let snapshot): snapshot.select(query, in: view, now: now)
        case .rows(let list): list.select(query, in: view, now: now)
        }
    }

    /// The rows that answer a query with facets at a time, in seconds since 1970. `facets` has for each of the query's
    /// clauses the rows of each of its names.
    ///
    /// A row passes if it is in a facet of every clause. The filter uses the row in the form that is shown: the list's
    /// form, if the list has the row and no facet replaces it. The order is that of the local `sort`. Ties, and answers
    /// without a `sort`, follow the ranking clause, or if there is none, the view's order, else the list.
    public func select(
        _ query: ForwardedQuery, facets: [[FacetRows]], in view: ViewFilter? = nil, now: Int64
    ) -> JoinedSelection {
        precondition(facets.count == query.clauses.count, "a facet is missing")
        var join = FacetJoin(self)
        return join.select(query, facets: facets, in: view, now: now)
    }

    /// The snapshots that hold its rows.
    public var bases: [Snapshot] {
        switch self {
        case .snapshot(let snapshot): [snapshot]
        case .rows(let list): list.bases
        }
    }
}

/// A list of models whose rows are in snapshots shared with other lists: the list itself only has a number for each
/// row.
///
/// A key's own list is nearly the catalogue, so it takes about two kilobytes instead of nine hundred. It answers as a
/// snapshot of the same rows would, byte for byte. It never changes, and keeps its bases alive. A `RowPool` makes it.
public final class RowList: Sendable {
    /// The snapshots that hold its rows, without duplicates, at most eight.
    public let bases: [Snapshot]

    /// A hash of the bytes of all rows: two lists that differ in it have different contents.
    public let identity: UInt64

    /// The minutes at which the price of one of its models changes.
    public let priceEdges: DayMinutes

    /// The location of each row in `bases`, packed, in the list's order.
    private let rowIndices: [UInt32]

    /// `hashes` are those of the rows' bytes.
    init(bases: [Snapshot], rowIndices: [UInt32], hashes: [UInt64]) {
        self.bases = bases
        self.rowIndices = rowIndices
        identity = Self.identity(of: hashes)
        // One by one, because few rows have any.
        var edges: Set<Int> = []
        for packed in rowIndices {
            let rowIndex = RowIndex(packed: packed)
            edges.formUnion(bases[Int(rowIndex.source)].columns.priceEdges[Int(rowIndex.row)].minutes)
        }
        priceEdges = edges.isEmpty ? .none : DayMinutes(edges)
    }

    /// The list of all rows of a snapshot.
    public convenience init(_ snapshot: Snapshot) {
        self.init(
            bases: [snapshot], rowIndices: (0..<Int32(snapshot.count)).map { RowIndex(source: 0, row: $0).packed },
            hashes: snapshot.rowHashes)
    }

    static func identity(of hashes: [UInt64]) -> UInt64 {
        hashes.reduce(UInt64(hashes.count)) { state, hash in
            // One step of wyhash (public domain): a 64 x 64 -> 128 multiplication, folded.
            let product = (state ^ 0xE703_7ED1_A0B4_28DB).multipliedFullWidth(by: hash ^ 0x8EBC_6AF0_9C88_C6E3)
            return product.high ^ product.low
        }
    }

    /// The number of models.
    public var count: Int { rowIndices.count }

    /// The bytes that it keeps in memory itself, roughly: its bases are counted separately, once for all lists that
    /// share them.
    public var byteCount: Int { rowIndices.count * 4 + bases.count * 8 + 192 }

    /// The location of a row.
    @inline(__always)
    func rowIndex(_ row: Int32) -> RowIndex { RowIndex(packed: rowIndices[Int(row)]) }

    /// The JSON object of a row.
    public func row(_ index: Int) -> ByteSlice {
        let rowIndex = rowIndex(Int32(index))
        return bases[Int(rowIndex.source)].row(Int(rowIndex.row))
    }

    /// The id of a row.
    public func id(_ index: Int) -> ByteSlice {
        let rowIndex = rowIndex(Int32(index))
        return bases[Int(rowIndex.source)].id(Int(rowIndex.row))
    }

    /// The rows that answer a query at a time, in seconds since 1970: of the whole list, or of what a view leaves of it.
    public func select(_ query: Query, in view: ViewFilter? = nil, now: Int64) -> Selection {
        var all = (0..<Int32(count)).map { $0 }
        let seen = view?.of(bases)
        if let seen { all = seen.filter(all, at: rowIndex) }
        var (rows, validUntil) = bases.filter(all, of: count, at: rowIndex, by: query, now: now)
        if let sort = query.sort ?? view?.view.sort {
            rows = sort.ranking(rows) { row in
                let rowIndex = rowIndex(row)
                return bases[Int(rowIndex.source)].columns.key(Int(rowIndex.row), in: sort)
            }
        }
        if let seen {
            if query.sort == nil { rows = seen.pinsFirst(rows, at: rowIndex) }
            validUntil = earliest(validUntil, seen.validUntil)
        }
        return Selection(matches: rows, query: query, validUntil: validUntil)
    }
}

/// The link to the next page: the same query with another offset.
enum NextLink {
    /// Appends a JSON string: every parameter keeps its spelling, except `offset`, which moves to the end. `prefix` comes
    /// before the path, and needs no escapes.
    static func append(
        to body: inout ByteBuilder, prefix: [UInt8], resource: StaticString, rawQuery: Span<UInt8>, offset: Int
    ) {
        body.append("\"")
        body.append(prefix.span)
        body.append("/api/v1/")
        body.append(resource)
        body.append("?")
        FormDecoder.forEachPair(rawQuery) { range in
            let pair = rawQuery.extracting(range)
            let name = FormDecoder.name(of: pair)
            if !name.span.equals("offset") {
                appendEscaped(pair, to: &body)
                body.append("&")
            }
        }
        body.append("offset=")
        body.append(decimal: offset)
        body.append("\"")
    }

    /// Appends a part of a URI as it was spelled; bytes that no URI may hold (RFC 3986 section 2), which may not even be
    /// UTF-8, are percent-encoded.
    private static func appendEscaped(_ text: Span<UInt8>, to body: inout ByteBuilder) {
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case 0...0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x7F...0xFF: body.append(percentEncoded: byte)
            default: body.append(byte)
            }
        }
    }
}
