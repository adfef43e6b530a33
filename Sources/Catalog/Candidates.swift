/// The rows that have passed so far, in the order of the answer. Each condition is one pass over them.
struct Candidates {
    private(set) var rows: [Int32]

    /// Drops the rows for which `passes` is false. It takes no branch on the outcome, which cannot be foretold.
    @inline(__always)
    mutating func keep(_ passes: (Int) -> Bool) {
        var kept = 0
        for place in rows.indices {
            let row = rows[place]
            rows[kept] = row
            kept += passes(Int(row)) ? 1 : 0
        }
        rows.removeLast(rows.count - kept)
    }

    /// Drops the rows whose value is out of bounds, if there are bounds.
    mutating func keep(_ range: DecimalRange, of column: [FixedDecimal?]) {
        if range.isBounded { keep { range.contains(column[$0]) } }
    }
}
