import Bytes

/// Finds the rows of a list by their ids.
struct ModelFinder {
    private let list: ModelList
    /// Row numbers by the hash of the id, -1 for a free slot; none for a snapshot, which has a table of its own. At
    /// least half of the slots are free, and their number is a power of two.
    private var table: [Int32] = []

    init(_ list: ModelList) {
        self.list = list
        guard case .rows(let rows) = list else { return }
        var size = 8
        while size < rows.count * 2 { size *= 2 }
        table = Array(repeating: -1, count: size)
        for row in 0..<rows.count {
            let id = rows.id(row)
            let slot = slot(of: id.span, in: rows)
            // Of several rows with one id the first one counts, as in a snapshot.
            if table[slot] < 0 { table[slot] = Int32(row) }
        }
    }

    /// The first row with that id, or nil.
    func row(ofID id: Span<UInt8>) -> Int? {
        switch list {
        case .snapshot(let snapshot): return snapshot.row(ofID: id)
        case .rows(let rows):
            let row = table[slot(of: id, in: rows)]
            return row < 0 ? nil : Int(row)
        }
    }

    private func slot(of id: Span<UInt8>, in rows: RowList) -> Int {
        let mask = table.count - 1
        var slot = Int(truncatingIfNeeded: id.hash64()) & mask
        while table[slot] >= 0 {
            let known = rows.id(Int(table[slot]))
            if known.span.equals(id) { break }
            slot = (slot + 1) & mask
        }
        return slot
    }
}

/// Finds the row that has a text in a column, without allocating: a hash table with open addressing.
struct LookupTable: Sendable {
    private let column: TextColumn
    /// Row numbers, -1 for a free slot. At least half of the slots are free, and their number is a power of two.
    private var slots: [Int32]

    /// Of several rows with one text, the first one in `rows` is found. Empty texts are not stored.
    init(_ column: TextColumn, rows: some Sequence<Int>, count: Int) {
        self.column = column
        var size = 8
        while size < count * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
        for row in rows where !column.range(row).isEmpty {
            let slot = slot(of: column.bytes.span.extracting(column.range(row)))
            if slots[slot] < 0 { slots[slot] = Int32(row) }
        }
    }

    /// The row with that text, or nil.
    func row(with text: Span<UInt8>) -> Int? {
        let row = slots[slot(of: text)]
        return row < 0 ? nil : Int(row)
    }

    /// The slot that holds `text`, or the free slot where it belongs.
    private func slot(of text: Span<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: text.hash64()) & mask
        while slots[slot] >= 0, !column.matches(Int(slots[slot]), text) {
            slot = (slot + 1) & mask
        }
        return slot
    }
}
