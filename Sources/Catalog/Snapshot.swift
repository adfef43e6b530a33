public import Bytes

/// The catalogue at one time: its rows as upstream wrote them, and what is needed to filter, sort and find them.
///
/// It never changes, so loops on several threads read it with no lock. A row is named by its number, in upstream's order.
public final class Snapshot: Sendable {
    /// The number of models.
    public let count: Int

    /// A hash of the bytes of all rows: two snapshots that differ in it have different contents.
    public let identity: UInt64

    /// The minutes at which the price of a model changes. Upstream states current prices, so a copy is valid until the
    /// next of these minutes.
    public let priceEdges: DayMinutes

    /// The hash of each row's bytes.
    let rowHashes: [UInt64]

    let columns: Columns
    /// The rows one after the other, each followed by a comma, so that a run of adjacent rows is one copy.
    let rows: SharedBytes
    /// Where each row begins in `rows`, and at the end where the last one's comma ends.
    let starts: [Int]

    let ids: TextColumn
    private let expirationDates: TextColumn
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
        expirationDates = TextColumn(fields.map(\.expirationDate))
        pause()
        byID = LookupTable(ids, rows: fields.indices, count: fields.count)
        pause()
        // Variants such as `:free` share the slug of the model itself; the slug means the model itself.
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

    /// When the model of a row was added, in seconds since 1970, or nil if that is unknown.
    public func created(_ index: Int) -> Int64? { columns.created[index] }

    /// The JSON value of the date on which the model of a row will be removed; empty if it has none.
    public func expirationDate(_ index: Int) -> ByteSlice { expirationDates.slice(index) }

    /// The first row with that id, or nil.
    public func row(ofID id: Span<UInt8>) -> Int? { byID.row(with: id) }

    /// The hash of a row's bytes. Rows with different hashes are different.
    public func hash(ofRow index: Int) -> UInt64 { rowHashes[index] }

    /// The row that a name refers to, or nil: the row with that id; else with that canonical slug, variants (`:free`)
    /// behind the model itself; else the alias whose target has that id. Nothing is allocated.
    public func index(ofModel name: Span<UInt8>) -> Int? {
        byID.row(with: name) ?? bySlug.row(with: name) ?? byAliasTarget.row(with: name)
    }
}

/// Gathers the rows of a catalogue and makes a snapshot of them.
public struct SnapshotBuilder: ~Copyable {
    private var fields: [ModelFields] = []
    private var rows: ByteBuilder
    /// Where each row begins, and at the end where the next one would.
    private var starts = [0]

    /// A builder with room for this many bytes of rows; it grows by itself when they are used up.
    public init(capacity: Int = 4096) { rows = ByteBuilder(capacity: capacity) }

    /// Adds a model: its fields, and the JSON object that represents it in answers, byte for byte.
    public mutating func append(_ model: consuming ModelFields, row: Span<UInt8>) {
        if let price = model.prices.prompt, price.units < 0 { model.prices.prompt = nil }
        if let price = model.prices.completion, price.units < 0 { model.prices.completion = nil }
        fields.append(model)
        rows.append(row)
        rows.append(UInt8(ascii: ","))
        starts.append(rows.count)
    }

    /// The snapshot of all rows in the order in which they came. It takes milliseconds: `pause` is called every few
    /// microseconds.
    public consuming func finish(pausing pause: () -> Void = {}) -> Snapshot {
        // A copy, because a snapshot is kept for long and the builder may have unused room.
        Snapshot(fields, rows: SharedBytes(copying: rows.span), starts: starts, pausing: pause)
    }
}

extension Snapshot {
    /// The bytes it keeps in memory, roughly: the rows, and for each one its columns, its lower-case text and its
    /// entries in the look-up tables; plus some tables of fixed size. Measured on lists of 1 to 441 rows.
    public var byteCount: Int { rows.count + count * 648 + 2_560 }
}
