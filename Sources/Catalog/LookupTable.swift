import Bytes

/// Finds the row that has a text in a column, without allocating: a hash table with open addressing.
struct LookupTable: Sendable {
    private let column: TextColumn
    /// Row numbers, -1 for a free place. At least half of the places are free, and their number is a power of two.
    private var places: [Int32]

    /// Of several rows with one text, the one that stands first in `rows` is found. Empty texts are not entered.
    init(_ column: TextColumn, rows: some Sequence<Int>, count: Int) {
        self.column = column
        var size = 8
        while size < count * 2 { size *= 2 }
        places = Array(repeating: -1, count: size)
        for row in rows where !column.range(row).isEmpty {
            let place = place(of: column.bytes.span.extracting(column.range(row)))
            if places[place] < 0 { places[place] = Int32(row) }
        }
    }

    /// The row with that text, or nil.
    func row(with text: Span<UInt8>) -> Int? {
        let row = places[place(of: text)]
        return row < 0 ? nil : Int(row)
    }

    /// The place that holds `text`, or the free one where it would stand.
    private func place(of text: Span<UInt8>) -> Int {
        let mask = places.count - 1
        var place = Int(truncatingIfNeeded: text.hash64()) & mask
        while places[place] >= 0, !column.matches(Int(places[place]), text) { place = (place + 1) & mask }
        return place
    }
}
