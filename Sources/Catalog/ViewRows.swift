import Bytes

/// The rows of one snapshot that a view leaves: a bit for each row.
public final class ViewRows: Sendable {
    /// The number of rows that it leaves.
    public let count: Int

    /// The first second since 1970 at which it could leave others, because models age; nil if it cannot.
    public let validUntil: Int64?

    private let bits: [UInt64]
    /// The ranks of the pinned rows.
    private let ranks: [Int32: Int]

    /// Finds out what a view leaves at a time, in seconds since 1970.
    init(_ view: View, of snapshot: Snapshot, now: Int64) {
        let all = (0..<Int32(snapshot.count)).filter { row in
            let id = snapshot.id(Int(row))
            return view.allows(id.span)
        }
        let (rows, validUntil) = snapshot.filter(all, by: view.query, now: now)
        var bits = [UInt64](repeating: 0, count: (snapshot.count + 63) / 64)
        for row in rows { bits[Int(row) / 64] |= 1 << UInt64(row % 64) }
        var ranks: [Int32: Int] = [:]
        if !view.pins.isEmpty {
            for row in rows {
                let id = snapshot.id(Int(row))
                if let rank = view.pins.firstIndex(where: { id.span.equals($0.span) }) { ranks[row] = rank }
            }
        }
        count = rows.count
        self.validUntil = validUntil
        self.bits = bits
        self.ranks = ranks
    }

    /// Whether it leaves a row.
    @inline(__always)
    public func contains(_ row: Int) -> Bool { bits[row / 64] >> UInt64(row % 64) & 1 == 1 }

    /// The index of a pinned row among the pins; nil for any other.
    func rank(_ row: Int32) -> Int? { ranks[row] }

    /// Whether any row is pinned.
    var hasPins: Bool { !ranks.isEmpty }
}

/// A view, and what it leaves of the snapshots that one answer is made from.
public struct ViewFilter {
    /// The view.
    let view: View
    private let parts: [(snapshot: Snapshot, rows: ViewRows)]

    fileprivate init(_ view: View, _ parts: [(snapshot: Snapshot, rows: ViewRows)]) {
        self.view = view
        self.parts = parts
    }

    /// What it leaves of one of the snapshots.
    public func rows(of snapshot: Snapshot) -> ViewRows {
        guard let part = parts.first(where: { $0.snapshot === snapshot }) else {
            preconditionFailure("a snapshot that the filter was not made for")
        }
        return part.rows
    }

    /// The same for rows that are named by their `RowIndex` in these snapshots.
    func of(_ sources: [Snapshot]) -> PlacedView { PlacedView(view: view, sources: sources.map { rows(of: $0) }) }
}

/// What a view leaves of rows that are in several snapshots.
struct PlacedView {
    let view: View
    fileprivate let sources: [ViewRows]

    fileprivate init(view: View, sources: [ViewRows]) {
        self.view = view
        self.sources = sources
    }

    /// The first second at which it could leave other rows.
    var validUntil: Int64? { sources.reduce(nil) { earliest($0, $1.validUntil) } }

    /// Those of the rows that it leaves, in the order given. `rowIndex` says where each is.
    func filter(_ rows: [Int32], at rowIndex: (Int32) -> RowIndex) -> [Int32] {
        rows.filter { row in
            let rowIndex = rowIndex(row)
            return sources[Int(rowIndex.source)].contains(Int(rowIndex.row))
        }
    }

    /// The rows with the pinned ones first, in the order of the pins.
    func pinsFirst(_ rows: [Int32], at rowIndex: (Int32) -> RowIndex) -> [Int32] {
        guard sources.contains(where: \.hasPins) else { return rows }
        var pinned: [(row: Int32, rank: Int)] = []
        var others: [Int32] = []
        others.reserveCapacity(rows.count)
        for row in rows {
            let rowIndex = rowIndex(row)
            if let rank = sources[Int(rowIndex.source)].rank(rowIndex.row) {
                pinned.append((row, rank))
            } else {
                others.append(row)
            }
        }
        // The standard library's sort is stable, but does not promise to be.
        let order = pinned.indices.sorted { (pinned[$0].rank, $0) < (pinned[$1].rank, $1) }
        return order.map { pinned[$0].row } + others
    }
}

/// The earlier of two moments; nil is never.
func earliest(_ left: Int64?, _ right: Int64?) -> Int64? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
}

/// What views leave of snapshots: found out once for each pair, when first needed, and kept while the snapshot lives.
public struct CompiledViews {
    private struct Key: Hashable {
        let view: String
        let snapshot: ObjectIdentifier
    }

    private struct Slot {
        weak var snapshot: Snapshot?
        let rows: ViewRows
        /// The time that they were made for.
        let since: Int64
    }

    private var slots: [Key: Slot] = [:]

    /// The most pairs that are kept. Each takes some hundred bytes.
    static let mostPairs = 512

    /// Nothing yet.
    public init() {}

    /// The number of pairs that are kept.
    public var count: Int { slots.count }

    /// A view for an answer that is made from these snapshots at a time, in seconds since 1970.
    public mutating func filter(_ view: View, of snapshots: [Snapshot], now: Int64) -> ViewFilter {
        var parts: [(snapshot: Snapshot, rows: ViewRows)] = []
        for snapshot in snapshots where !parts.contains(where: { $0.snapshot === snapshot }) {
            parts.append((snapshot, rows(view, of: snapshot, now: now)))
        }
        return ViewFilter(view, parts)
    }

    private mutating func rows(_ view: View, of snapshot: Snapshot, now: Int64) -> ViewRows {
        let key = Key(view: view.name, snapshot: ObjectIdentifier(snapshot))
        // Another snapshot may be where a former one was. An answer for an earlier time needs the rows of that time.
        if let slot = slots[key], slot.snapshot === snapshot,
            !view.dependsOnTime || now >= slot.since && slot.rows.validUntil.map({ now < $0 }) ?? true
        {
            return slot.rows
        }
        let rows = ViewRows(view, of: snapshot, now: now)
        if slots[key] == nil, slots.count >= Self.mostPairs {
            slots = slots.filter { $0.value.snapshot != nil }
            if slots.count >= Self.mostPairs { slots.removeAll() }
        }
        slots[key] = Slot(snapshot: snapshot, rows: rows, since: now)
        return rows
    }

    /// Forgets everything: the views have changed.
    public mutating func removeAll() { slots.removeAll() }
}
