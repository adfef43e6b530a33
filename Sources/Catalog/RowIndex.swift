import Bytes

/// Where a row is: in which of several snapshots, and its number there.
struct RowIndex: Equatable, Sendable {
    let source: Int32
    let row: Int32

    init(source: Int32, row: Int32) {
        self.source = source
        self.row = row
    }

    // MARK: Packed

    /// How many snapshots a packed location can distinguish.
    static let mostSources = 8

    private static let rowBits: Int32 = 28

    /// A location in 31 bits, as lists and facets keep it. Adjacent rows have adjacent numbers.
    @inline(__always)
    init(packed: UInt32) {
        source = Int32(packed >> UInt32(Self.rowBits))
        row = Int32(packed & (1 << UInt32(Self.rowBits) - 1))
    }

    /// This location, packed. A list of 2^28 rows would take more than two gigabytes, which no body may have.
    var packed: UInt32 {
        precondition(source < Self.mostSources && row < 1 << Self.rowBits, "a row index that cannot be packed")
        return UInt32(source) << UInt32(Self.rowBits) | UInt32(row)
    }
}

extension [Snapshot] {
    /// Those of the rows that pass a query at a time, in the order given, and the first second at which others could.
    /// `rowIndex` says where each is; numbers are below `count`.
    func filter(
        _ numbers: [Int32], of count: Int, at rowIndex: (Int32) -> RowIndex, by query: Query, now: Int64
    ) -> (rows: [Int32], validUntil: Int64?) {
        var isKept = Array<Bool>(repeating: false, count: count)
        var end: Int64?
        for (index, source) in enumerated() {
            var mine: [Int32] = []
            var rows: [Int32] = []
            for number in numbers {
                let rowIndex = rowIndex(number)
                guard rowIndex.source == index else { continue }
                mine.append(number)
                rows.append(rowIndex.row)
            }
            let (kept, validUntil) = source.filter(rows, by: query, now: now)
            if let validUntil { end = Swift.min(end ?? validUntil, validUntil) }
            // The remaining rows keep the order of the input.
            var next = 0
            for (asked, row) in rows.enumerated() where next < kept.count && row == kept[next] {
                isKept[Int(mine[asked])] = true
                next += 1
            }
        }
        return (numbers.filter { isKept[Int($0)] }, end)
    }
}

/// The JSON objects of a list's models, one after the other, before they are matched with rows that are stored
/// elsewhere.
public struct RowBytes: ~Copyable {
    private var bytes: ByteBuilder
    /// Where each row begins, and at the end where the next one would.
    private var starts = [0]

    /// The hash of each row's bytes.
    private(set) var hashes: [UInt64] = []

    /// Empty, with room for this many bytes of rows; it grows by itself when they are used up.
    public init(capacity: Int = 4096) { bytes = ByteBuilder(capacity: capacity) }

    /// The number of rows.
    public var count: Int { hashes.count }

    /// Adds a row.
    public mutating func append(_ row: Span<UInt8>) {
        bytes.append(row)
        starts.append(bytes.count)
        hashes.append(row.hash64())
    }

    /// Whether a row has these bytes.
    func row(_ index: Int, equals bytes: Span<UInt8>) -> Bool { self.bytes.span.extracting(range(index)).equals(bytes) }

    /// Adds a row to a snapshot.
    func add(_ index: Int, _ fields: ModelFields, to builder: inout SnapshotBuilder) {
        builder.append(fields, row: bytes.span.extracting(range(index)))
    }

    private func range(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] }
}
