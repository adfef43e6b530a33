public import Bytes

/// The catalogue at one time: its rows as upstream wrote them, and what is needed to filter, sort and find them.
///
/// It never changes, so loops on several threads read it with no lock. A row is named by its number, in upstream's order.
public final class Snapshot: Sendable {
    /// The number of models.
    public let count: Int

    /// A hash of the bytes of all rows: two snapshots that differ in it have different contents.
    public let identity: UInt64

    /// The minutes at which the price of a model changes. Upstream's prices are those of the moment, so a copy is good until
    /// the next of them.
    public let priceEdges: DayMinutes

    /// The hash of each row's bytes.
    let rowHashes: [UInt64]

    let columns: Columns
    /// The rows one after the other, each with a comma behind it, so that a run of neighbours is one copy.
    let rows: SharedBytes
    /// Where each row begins in `rows`, and at the end where the last one's comma ends.
    let starts: [Int]

    let ids: TextColumn
    private let byID: LookupTable
    private let bySlug: LookupTable
    private let byAliasTarget: LookupTable

    /// `pause` is called every few microseconds.
    init(_ fields: [ModelFields], rows: SharedBytes, starts: [Int], pausing pause: () -> Void) {
        pause()
        count = fields.count
        rowHashes = fields.indices.map { rows.span.extracting(starts[$0]..<starts[$0 + 1] - 1).hash64() }
        identity = RowList.identity(of: rowHashes)
        pause()
        columns = Columns(fields, pausing: pause)
        priceEdges = DayMinutes(fields.flatMap(\.priceEdges.minutes))
        self.rows = rows
        self.starts = starts

        ids = TextColumn(fields.map { Array($0.id.utf8) })
        pause()
        byID = LookupTable(ids, rows: fields.indices, count: fields.count)
        pause()
        // Variants such as `:free` share the slug of the model itself, which is the one that is meant.
        let variants = fields.indices.filter { fields[$0].id.utf8.contains(UInt8(ascii: ":")) }
        let models = fields.indices.filter { !fields[$0].id.utf8.contains(UInt8(ascii: ":")) }
        bySlug = LookupTable(
            TextColumn(fields.map { Array(($0.canonicalSlug ?? "").utf8) }), rows: models + variants,
            count: fields.count)
        pause()
        byAliasTarget = LookupTable(
            TextColumn(fields.map { Array(($0.aliasTarget ?? "").utf8) }), rows: fields.indices, count: fields.count)
        pause()
    }

    /// The JSON object of a row.
    public func row(_ index: Int) -> ByteSlice { rows[starts[index]..<starts[index + 1] - 1] }

    /// The bytes of a row with its comma.
    func byteCount(ofRow index: Int) -> Int { starts[index + 1] - starts[index] }

    /// The id of a row.
    public func id(_ index: Int) -> ByteSlice { ids.slice(index) }

    /// Who made the model of a row: the part of its id before the slash, without the tilde of an alias.
    public func author(_ index: Int) -> ByteSlice {
        let id = ids.slice(index)
        let end = id.span.firstIndex(of: UInt8(ascii: "/")) ?? id.count
        let start = end > 0 && id.span[0] == UInt8(ascii: "~") ? 1 : 0
        return id.owner[id.offset + start..<id.offset + end]
    }

    /// When the model of a row was added, in seconds since 1970, or nil if that is unknown.
    public func created(_ index: Int) -> Int64? { columns.created[index] }

    /// The first row with that id, or nil.
    func row(ofID id: Span<UInt8>) -> Int? { byID.row(with: id) }

    /// The row that a name stands for, or nil: the row with that id; else with that canonical slug, variants (`:free`)
    /// behind the model itself; else the alias whose target has that id. Nothing is allocated.
    public func index(ofModel name: Span<UInt8>) -> Int? {
        byID.row(with: name) ?? bySlug.row(with: name) ?? byAliasTarget.row(with: name)
    }
}
