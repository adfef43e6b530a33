import Bytes

/// Gathers the rows of a catalogue and makes a snapshot of them.
public struct SnapshotBuilder: ~Copyable {
    private var fields: [ModelFields] = []
    private var rows: ByteBuilder
    /// Where each row begins, and at the end where the next one would.
    private var starts = [0]

    /// A builder with room for so many bytes of rows; it grows by itself when they are used up.
    public init(capacity: Int = 4096) { rows = ByteBuilder(capacity: capacity) }

    /// Adds a model: its fields, and the JSON object that stands for it in answers, byte for byte.
    public mutating func append(_ model: consuming ModelFields, row: Span<UInt8>) {
        if let price = model.promptPrice, price.units < 0 { model.promptPrice = nil }
        if let price = model.completionPrice, price.units < 0 { model.completionPrice = nil }
        fields.append(model)
        rows.append(row)
        rows.append(UInt8(ascii: ","))
        starts.append(rows.count)
    }

    /// The snapshot of all rows in the order in which they came. It takes milliseconds: `pause` is called every few
    /// microseconds.
    public consuming func finish(pausing pause: () -> Void = {}) -> Snapshot {
        // A copy, because a snapshot is kept for long and the builder may have room to spare.
        Snapshot(fields, rows: SharedBytes(copying: rows.span), starts: starts, pausing: pause)
    }
}
