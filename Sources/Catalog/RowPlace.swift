/// Where a row stands: in which of several snapshots, and its number there.
struct RowPlace: Equatable, Sendable {
    let source: Int32
    let row: Int32

    init(source: Int32, row: Int32) {
        self.source = source
        self.row = row
    }

    // MARK: Packed

    /// How many snapshots a packed place can tell apart.
    static let mostSources = 8

    private static let rowBits: Int32 = 28

    /// A place in 31 bits, as lists and facets keep it. Places of neighbours are neighbouring numbers.
    @inline(__always)
    init(packed: UInt32) {
        source = Int32(packed >> UInt32(Self.rowBits))
        row = Int32(packed & (1 << UInt32(Self.rowBits) - 1))
    }

    /// This place packed. A list of 2^28 rows would take more than two gigabytes, which no body may have.
    var packed: UInt32 {
        precondition(source < Self.mostSources && row < 1 << Self.rowBits, "a place that cannot be packed")
        return UInt32(source) << UInt32(Self.rowBits) | UInt32(row)
    }
}

extension [Snapshot] {
    /// Those of the rows that pass a query at a time, in the order given, and the first second at which others could.
    /// `place` tells where each of them stands; numbers are below `count`.
    func filter(
        _ numbers: [Int32], of count: Int, at place: (Int32) -> RowPlace, by query: Query, now: Int64
    ) -> (rows: [Int32], validUntil: Int64?) {
        var isKept = Array<Bool>(repeating: false, count: count)
        var end: Int64?
        for (index, source) in enumerated() {
            var mine: [Int32] = []
            var rows: [Int32] = []
            for number in numbers {
                let place = place(number)
                guard place.source == index else { continue }
                mine.append(number)
                rows.append(place.row)
            }
            let (kept, validUntil) = source.filter(rows, by: query, now: now)
            if let validUntil { end = Swift.min(end ?? validUntil, validUntil) }
            // What is kept is in the order of what was asked.
            var next = 0
            for (asked, row) in rows.enumerated() where next < kept.count && row == kept[next] {
                isKept[Int(mine[asked])] = true
                next += 1
            }
        }
        return (numbers.filter { isKept[Int($0)] }, end)
    }
}
