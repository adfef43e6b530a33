import Bytes

extension Snapshot {
    /// The bytes it keeps in memory, roughly: the rows, and for each one its columns, its text in lower case and its places
    /// in the look-up tables.
    public var byteCount: Int { rows.count + count * 512 }
}
