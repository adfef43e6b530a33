import Bytes

/// Tracks the rows in memory, so that equal rows of different lists are stored once.
///
/// It keeps no row itself: it refers weakly to the newest catalogue and to the *extras*, small snapshots of rows that it has
/// found nowhere else. A row is looked for by the hash of its bytes, and compared byte by byte.
///
/// A list keeps little more alive than it needs, however often it is refreshed. It refers to few snapshots, and only to
/// those of which it needs a fair share; other rows are copied together into one new extra. A new list never refers to
/// an earlier catalogue.
public struct RowPool {
    /// A snapshot for as long as someone else keeps it.
    private struct Source {
        weak var snapshot: Snapshot?
    }

    /// A list for as long as someone else keeps it, and the number of the catalogue that was the newest when it was made.
    private struct KnownList {
        weak var list: RowList?
        let generation: Int
    }

    private struct Spot {
        let extra: Int
        let row: Int32
    }

    private var catalogue = Source()
    private var catalogueRows: [UInt64: Int32] = [:]
    /// Counts the catalogues.
    private var generation = 0

    private var extras: [Int: Source] = [:]
    private var nextExtra = 0
    /// The locations of the rows of extras, the newest of equal ones. Some may be gone.
    private var extraRows: [UInt64: Spot] = [:]

    /// The lists made so far, by identity.
    private var lists: [UInt64: KnownList] = [:]
    /// At this number of records, those of freed objects are dropped.
    private var mostRecords = 256

    /// A list refers to the catalogue only if it needs at least one in this many of its rows. Otherwise a few rows
    /// would keep the whole catalogue alive.
    static let catalogueShare = 16
    /// The same for an extra, which nothing else keeps alive.
    static let extraShare = 4

    /// Nothing known.
    public init() {}

    /// The number of rows and lists that are remembered, those included that are gone and not yet forgotten.
    var recordCount: Int { extraRows.count + lists.count + extras.count }

    // MARK: Catalogues

    /// Makes a snapshot the catalogue that new lists refer to. If the previous one has the same rows, it stays and is
    /// returned, so that its users keep it and no list must be rebuilt. `pause` is called every few microseconds.
    public mutating func catalogue(_ snapshot: Snapshot, pausing pause: () -> Void = {}) -> Snapshot {
        defer { pause() }
        if let known = catalogue.snapshot, known.identity == snapshot.identity, known.starts == snapshot.starts {
            let (old, new) = (known.rows, snapshot.rows)
            if old.span.equals(new.span) { return known }
        }
        catalogue.snapshot = snapshot
        generation += 1
        pause()
        catalogueRows.removeAll(keepingCapacity: true)
        for (row, hash) in snapshot.rowHashes.enumerated() { catalogueRows[hash] = Int32(row) }
        return snapshot
    }

    // MARK: Lists

    /// The list of these rows. `fields` reads the fields of a row, by its number; it is called only for rows that are
    /// not stored yet.
    public mutating func list(_ rows: borrowing RowBytes, fields: (Int) -> ModelFields) -> RowList {
        forgetWhatIsGone()
        let identity = RowList.identity(of: rows.hashes)
        if let known = lists[identity], known.generation == generation, let list = known.list, list.has(rows) {
            return list
        }
        let list = make(rows, fields: fields)
        lists[identity] = KnownList(list: list, generation: generation)
        return list
    }

    private mutating func make(_ rows: borrowing RowBytes, fields: (Int) -> ModelFields) -> RowList {
        var bases: [Snapshot] = []
        var rowIndices = [UInt32?](repeating: nil, count: rows.count)
        if let catalogue = catalogue.snapshot {
            let found = rowsOfCatalogue(catalogue, rows)
            if found.reduce(0, { $0 + ($1 == nil ? 0 : 1) }) * Self.catalogueShare >= catalogue.count {
                bases.append(catalogue)
                rowIndices = found.map { row in row.map { RowIndex(source: 0, row: $0).packed } }
            }
        }
        let missing = rowIndices.count { $0 == nil }
        let extras = extrasWorthReferring(rows, rowIndices)
        // One base is left free for the rows that are new, if there are any.
        let isComplete = extras.reduce(0) { $0 + $1.rows.count } == missing
        let fits = isComplete && bases.count + extras.count <= RowIndex.mostSources
        for extra in extras.prefix(RowIndex.mostSources - bases.count - (fits ? 0 : 1)) {
            for (index, row) in extra.rows { rowIndices[index] = RowIndex(source: Int32(bases.count), row: row).packed }
            bases.append(extra.snapshot)
        }
        if rowIndices.contains(nil) {
            bases.append(newExtra(rows, source: Int32(bases.count), &rowIndices, fields: fields))
        }
        return RowList(bases: bases, rowIndices: rowIndices.compactMap(\.self), hashes: rows.hashes)
    }

    private func rowsOfCatalogue(_ catalogue: Snapshot, _ rows: borrowing RowBytes) -> [Int32?] {
        var found: [Int32?] = []
        found.reserveCapacity(rows.count)
        for index in 0..<rows.count {
            let row = catalogueRows[rows.hashes[index]]
            found.append(row.flatMap { catalogue.has(rows, index, at: $0) ? $0 : nil })
        }
        return found
    }

    /// The rows without a location that are in an extra.
    private struct Hits {
        let snapshot: Snapshot
        var rows: [(index: Int, row: Int32)] = []
    }

    /// The extras of which a list needs enough rows, those with the most needed rows first.
    private func extrasWorthReferring(_ rows: borrowing RowBytes, _ rowIndices: [UInt32?]) -> [Hits] {
        var hits: [Int: Hits] = [:]
        for index in 0..<rows.count where rowIndices[index] == nil {
            guard let spot = extraRows[rows.hashes[index]] else { continue }
            guard let snapshot = hits[spot.extra]?.snapshot ?? extras[spot.extra]?.snapshot else { continue }
            guard snapshot.has(rows, index, at: spot.row) else { continue }
            hits[spot.extra, default: Hits(snapshot: snapshot)].rows.append((index, spot.row))
        }
        let worthwhile = hits.filter { $0.value.rows.count * Self.extraShare >= $0.value.snapshot.count }
        // The number of an extra breaks ties, so that the same rows give the same list.
        let order = worthwhile.sorted { left, right in
            (left.value.rows.count, left.key) > (right.value.rows.count, right.key)
        }
        return order.map(\.value)
    }

    /// Copies the rows that have no location yet into a snapshot that other lists can share.
    private mutating func newExtra(
        _ rows: borrowing RowBytes, source: Int32, _ rowIndices: inout [UInt32?], fields: (Int) -> ModelFields
    ) -> Snapshot {
        var builder = SnapshotBuilder()
        var count: Int32 = 0
        for index in 0..<rows.count where rowIndices[index] == nil {
            rows.add(index, fields(index), to: &builder)
            rowIndices[index] = RowIndex(source: source, row: count).packed
            extraRows[rows.hashes[index]] = Spot(extra: nextExtra, row: count)
            count += 1
        }
        let snapshot = builder.finish()
        extras[nextExtra] = Source(snapshot: snapshot)
        nextExtra += 1
        return snapshot
    }

    /// Drops the records of freed objects whenever the number of records has doubled.
    private mutating func forgetWhatIsGone() {
        guard recordCount >= mostRecords else { return }
        extras = extras.filter { $0.value.snapshot != nil }
        lists = lists.filter { $0.value.list != nil }
        let extras = extras
        extraRows = extraRows.filter { extras[$0.value.extra] != nil }
        mostRecords = max(256, recordCount * 2)
    }
}

extension Snapshot {
    /// Whether a row has the bytes of that one.
    fileprivate func has(_ rows: borrowing RowBytes, _ index: Int, at row: Int32) -> Bool {
        let mine = self.row(Int(row))
        return rows.row(index, equals: mine.span)
    }
}

extension RowList {
    /// Whether these are its rows.
    fileprivate func has(_ rows: borrowing RowBytes) -> Bool {
        guard rows.count == count else { return false }
        for index in 0..<count {
            let mine = row(index)
            if !rows.row(index, equals: mine.span) { return false }
        }
        return true
    }
}
