import Bytes

/// The JSON objects of a list's models, one after the other, before it is known which of them are kept elsewhere.
public struct RowBytes: ~Copyable {
    private var bytes: ByteBuilder
    /// Where each row begins, and at the end where the next one would.
    private var starts = [0]

    /// The hash of each row's bytes.
    private(set) var hashes: [UInt64] = []

    /// No row, with room for so many bytes of them; it grows by itself when they are used up.
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
