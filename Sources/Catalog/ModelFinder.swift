import Bytes

/// Finds the rows of a list by their ids.
struct ModelFinder {
    private let list: ModelList
    /// Row numbers by the hash of the id, -1 for a free place; none for a snapshot, which has a table of its own. At least
    /// half of the places are free, and their number is a power of two.
    private var table: [Int32] = []

    init(_ list: ModelList) {
        self.list = list
        guard case .rows(let rows) = list else { return }
        var size = 8
        while size < rows.count * 2 { size *= 2 }
        table = Array(repeating: -1, count: size)
        for row in 0..<rows.count {
            let id = rows.id(row)
            let place = place(of: id.span, in: rows)
            // Of several rows with one id the first is meant, as in a snapshot.
            if table[place] < 0 { table[place] = Int32(row) }
        }
    }

    /// The first row with that id, or nil.
    func row(ofID id: Span<UInt8>) -> Int? {
        switch list {
        case .snapshot(let snapshot): return snapshot.row(ofID: id)
        case .rows(let rows):
            let row = table[place(of: id, in: rows)]
            return row < 0 ? nil : Int(row)
        }
    }

    private func place(of id: Span<UInt8>, in rows: RowList) -> Int {
        let mask = table.count - 1
        var place = Int(truncatingIfNeeded: id.hash64()) & mask
        while table[place] >= 0 {
            let known = rows.id(Int(table[place]))
            if known.span.equals(id) { break }
            place = (place + 1) & mask
        }
        return place
    }
}
