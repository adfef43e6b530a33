import Bytes

/// A row as the difference from a similar one: the bytes between their common start and their common end.
///
/// It is a list of two numbers, each with a line feed behind it, and the bytes: `START\nEND\nBYTES`.
enum RowDelta {
    /// The difference, or nil if it takes more than half of the row.
    static func encode(_ row: Span<UInt8>, from base: Span<UInt8>) -> [UInt8]? {
        let shorter = min(row.count, base.count)
        var start = 0
        while start < shorter, row[start] == base[start] { start += 1 }
        var end = 0
        while end < shorter - start, row[row.count - 1 - end] == base[base.count - 1 - end] { end += 1 }
        let middle = row.extracting(start..<row.count - end)
        guard middle.count + 12 <= row.count / 2 else { return nil }
        return Array("\(start)\n\(end)\n".utf8) + middle.copied()
    }

    /// The row, or nil if the difference is not one from this base.
    static func decode(_ delta: Span<UInt8>, from base: Span<UInt8>) -> SharedBytes? {
        guard let first = delta.firstIndex(of: 10), let second = delta.firstIndex(of: 10, from: first + 1),
            let start = Int(delta.extracting(0..<first).text()),
            let end = Int(delta.extracting(first + 1..<second).text()), start >= 0, end >= 0, start <= base.count,
            end <= base.count - start
        else { return nil }
        let middle = delta.extracting(second + 1..<delta.count)
        var row = ByteBuilder(capacity: start + middle.count + end)
        row.append(base.extracting(0..<start))
        row.append(middle)
        row.append(base.extracting(base.count - end..<base.count))
        return row.finish()
    }
}
