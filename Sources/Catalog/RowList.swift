public import Bytes

/// A list of models whose rows stand in snapshots that other lists share: of its own it has a number for each row.
///
/// A key's own list is nearly the catalogue, so it takes some two kilobytes in place of nine hundred. It answers as a
/// snapshot of the same rows would, byte for byte. It never changes, and keeps its bases alive. A `RowPool` makes it.
public final class RowList: Sendable {
    /// The snapshots that its rows stand in, none twice, at most eight.
    public let bases: [Snapshot]

    /// A hash of the bytes of all rows: two lists that differ in it have different contents.
    public let identity: UInt64

    /// The minutes at which the price of one of its models changes.
    public let priceEdges: DayMinutes

    /// Where each row stands in `bases`, packed, in the list's order.
    private let places: [UInt32]

    /// `hashes` are those of the rows' bytes.
    init(bases: [Snapshot], places: [UInt32], hashes: [UInt64]) {
        self.bases = bases
        self.places = places
        identity = Self.identity(of: hashes)
        // One by one, since hardly any row has any.
        var edges: Set<Int> = []
        for packed in places {
            let place = RowPlace(packed: packed)
            edges.formUnion(bases[Int(place.source)].columns.priceEdges[Int(place.row)].minutes)
        }
        priceEdges = edges.isEmpty ? .none : DayMinutes(edges)
    }

    /// The list of all rows of a snapshot.
    public convenience init(_ snapshot: Snapshot) {
        self.init(
            bases: [snapshot], places: (0..<Int32(snapshot.count)).map { RowPlace(source: 0, row: $0).packed },
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
    public var count: Int { places.count }

    /// The bytes that it keeps in memory itself, roughly: its bases count for themselves, once for all who share them.
    public var byteCount: Int { places.count * 4 + bases.count * 8 + 192 }

    /// Where a row stands.
    @inline(__always)
    func place(_ row: Int32) -> RowPlace { RowPlace(packed: places[Int(row)]) }

    /// The JSON object of a row.
    public func row(_ index: Int) -> ByteSlice {
        let place = place(Int32(index))
        return bases[Int(place.source)].row(Int(place.row))
    }

    /// The id of a row.
    public func id(_ index: Int) -> ByteSlice {
        let place = place(Int32(index))
        return bases[Int(place.source)].id(Int(place.row))
    }

    /// The rows that answer a query at a time, in seconds since 1970.
    public func select(_ query: Query, now: Int64) -> Selection {
        let all = (0..<Int32(count)).map { $0 }
        var (rows, validUntil) = bases.filter(all, of: count, at: place, by: query, now: now)
        if let sort = query.sort {
            rows = sort.ranking(rows) { row in
                let place = place(row)
                return bases[Int(place.source)].columns.key(Int(place.row), in: sort)
            }
        }
        return Selection(matches: rows, query: query, validUntil: validUntil)
    }
}
