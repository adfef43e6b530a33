public import Bytes
public import Catalog
import JSONDocument
import Threads

extension CatalogReader {
    /// Makes a catalogue of rows that a catalogue once had; they are kept byte for byte. Throws if one of them is no
    /// model. It takes milliseconds.
    public static func read(rows: [SharedBytes]) throws(CatalogError) -> Snapshot {
        var builder = SnapshotBuilder(capacity: rows.reduce(0) { $0 + $1.count + 1 })
        for (number, row) in rows.enumerated() {
            let value = try root(row.span)
            let id = try modelID(value, called: { "row \(number)" })
            builder.append(ModelFields(id: id, of: value), row: row.span)
            Throttle.pauseIfNeeded()
        }
        return builder.finish(pausing: Throttle.pauseIfNeeded)
    }
}
