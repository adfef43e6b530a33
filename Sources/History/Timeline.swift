import Bytes
public import Catalog

/// The writing end of a history: it records catalogues one after the other, and says what a store has to do.
///
/// It keeps the latest catalogue and no earlier one. Each distinct row is stored once, under its digest, with the times at
/// which it was in the list and its position, so that the list of any time can be rebuilt byte for byte.
///
/// A history belongs to one upstream URL; its first catalogue gives no events. Call `record` for every catalogue
/// that upstream answers with, also if it is the same as before (a 304): that confirms what `ShrinkGuard` holds back. Do not
/// call it for a fetch that failed.
public struct Timeline: Sendable {
    private var latest: Snapshot?
    /// The open interval of each row of the latest catalogue.
    private var intervals: [RowInterval] = []
    private var envelope: (interval: RowInterval, value: ListEnvelope)?
    private var shrink: ShrinkGuard
    /// When models were removed that are still gone.
    private var removals: [String: Int64]
    private var counters: HistoryCounters

    /// A history without a catalogue. The number of its first event is the one after `cursor`. If an earlier history may
    /// have been lost, it must be greater than all numbers of that one, since readers continue after the last number that
    /// they know.
    public init(after cursor: Int64 = 0) {
        shrink = ShrinkGuard()
        removals = [:]
        counters = HistoryCounters()
        counters.cursor = cursor
    }

    /// Continues a stored history. `latest` is the catalogue made of the stored list; nil if its rows are not those of
    /// the open intervals. `pause` is called every few microseconds.
    public init?(
        _ state: HistoryState, latest: Snapshot, digest: (Span<UInt8>) -> RowDigest, pausing pause: () -> Void = {}
    ) {
        let rows = state.open.filter { $0.position != nil }.sorted { $0.position ?? 0 < $1.position ?? 0 }
        guard rows.count == latest.count, let around = state.open.first(where: { $0.position == nil }) else {
            return nil
        }
        for (row, interval) in rows.enumerated() {
            let (id, bytes) = (latest.id(row), latest.row(row))
            guard id.span.equals(Array(interval.id.utf8).span), digest(bytes.span) == interval.digest else {
                return nil
            }
            pause()
        }
        self.latest = latest
        intervals = rows
        envelope = (around, state.envelope)
        shrink = state.shrink
        removals = state.removals
        counters = state.counters
    }

    /// The number of the last event; 0 if there was none.
    public var lastCursor: Int64 { counters.cursor }

    /// The catalogue that was recorded last.
    public var catalogue: Snapshot? { latest }

    /// Whether removals wait until the next catalogue confirms them.
    public var isHoldingBack: Bool { !shrink.held.isEmpty }

    /// What a store keeps so that the history can continue after a restart; nil while there is no catalogue.
    public var state: HistoryState? {
        guard let envelope else { return nil }
        return HistoryState(
            open: intervals + [envelope.interval], envelope: envelope.value, shrink: shrink, removals: removals,
            counters: counters)
    }

    // MARK: Recording

    /// Records a catalogue, at a time in seconds since 1970; a clock that was set back counts as standing still. `digest`
    /// is called for rows with new bytes only. `pause` is called every few microseconds.
    ///
    /// Returns what to store, in order; nothing if nothing is different. The events to report are among it.
    public mutating func record(
        _ next: Snapshot, in around: ListEnvelope, at time: Int64, digest: (Span<UInt8>) -> RowDigest,
        pausing pause: () -> Void = {}
    ) -> [HistoryAction] {
        var actions: [HistoryAction] = []
        let at = max(time, counters.time)
        counters.time = at
        if let latest {
            appendEvents(from: latest, to: next, at: at, into: &actions, pausing: pause)
        } else {
            actions.append(.begin(at))
        }
        replaceRows(with: next, at: at, digest: digest, into: &actions, pausing: pause)
        replaceEnvelope(with: around, at: at, digest: digest, into: &actions)
        latest = next
        return actions
    }

    private mutating func appendEvents(
        from old: Snapshot, to new: Snapshot, at: Int64, into actions: inout [HistoryAction],
        pausing pause: () -> Void
    ) {
        let removals = removals
        let comparison = CatalogComparison(
            from: old, to: new, wasRemoved: { removals[$0] != nil }, pausing: pause)
        let missing = comparison.missing.map { row in
            let (id, bytes) = (old.id(row), old.row(row))
            return ShrinkGuard.HeldModel(id: id.span.text(), row: bytes.span.copied())
        }
        let former = shrink
        let (verdict, confirmed, back) = shrink.observe(missing: missing, of: comparison.formerCount) { id in
            new.row(ofID: Array(id.utf8).span) != nil
        }
        for model in confirmed + (verdict == .removed ? missing : []) {
            self.removals[model.id] = at
            append(model.id, CatalogComparison.removal(of: model.row.span), at: at, to: &actions)
        }
        if verdict == .shrunk {
            let change = RowChange(
                .shrunk, before: Array("{\"count\":\(comparison.formerCount)}".utf8),
                after: Array("{\"count\":\(comparison.formerCount - missing.count)}".utf8))
            append(nil, change, at: at, to: &actions)
        }
        // A model that was held back was never away: it has changed, or it has not.
        let returned = Dictionary(back.map { ($0.id, $0.row) }) { first, _ in first }
        for change in comparison.changes {
            guard let row = returned[change.id], change.change.before == nil else {
                if change.change.before == nil { self.removals[change.id] = nil }
                append(change.id, change.change, at: at, to: &actions)
                continue
            }
            guard let newRow = new.row(ofID: Array(change.id.utf8).span) else { continue }
            let bytes = new.row(newRow)
            for difference in RowDifference.changes(from: row.span, to: bytes.span) {
                append(change.id, difference, at: at, to: &actions)
            }
        }
        if shrink != former { actions.append(.keepGuard(shrink.encoded)) }
    }

    private mutating func append(_ id: String?, _ change: RowChange, at: Int64, to actions: inout [HistoryAction]) {
        counters.cursor += 1
        actions.append(.append(Event(cursor: counters.cursor, at: at, id: id, change)))
    }

    // MARK: Intervals

    private mutating func replaceRows(
        with next: Snapshot, at: Int64, digest: (Span<UInt8>) -> RowDigest, into actions: inout [HistoryAction],
        pausing pause: () -> Void
    ) {
        let former = formerRows(of: next)
        var kept = RowPositions.kept(former)
        let keys = former.indices.map { kept[$0] ? former[$0].flatMap { intervals[$0].position } : nil }
        let positions: [Int64]
        if let filled = RowPositions.filled(keys) {
            positions = filled
        } else {
            // No room between two rows. Rare, as a gap halves at most with each row that comes into it.
            kept = kept.map { _ in false }
            positions = former.indices.map { Int64($0) * RowPositions.gap }
        }
        var isKept = [Bool](repeating: false, count: intervals.count)
        for (row, formerRow) in former.enumerated() where kept[row] { if let formerRow { isKept[formerRow] = true } }
        for (formerRow, interval) in intervals.enumerated() where !isKept[formerRow] {
            close(interval, at: at, in: &actions)
        }

        var following: [RowInterval] = []
        following.reserveCapacity(next.count)
        for row in 0..<next.count {
            let formerRow = former[row]
            if let formerRow, kept[row] {
                following.append(intervals[formerRow])
                continue
            }
            let name: RowDigest
            if let formerRow {
                name = intervals[formerRow].digest
            } else {
                let bytes = next.row(row)
                name = digest(bytes.span)
                actions.append(.storeRow(name, bytes.span.copied()))
                pause()
            }
            let id = next.id(row)
            following.append(open(positions[row], id.span.text(), name, at: at, in: &actions))
        }
        intervals = following
    }

    /// For each row of a catalogue, the row of the latest one with the same bytes; each of those is given once.
    private func formerRows(of next: Snapshot) -> [Int?] {
        guard let latest else { return Array(repeating: nil, count: next.count) }
        // Most catalogues bring nothing new.
        if next.count == latest.count,
            (0..<next.count).allSatisfy({ CatalogComparison.isSame(latest, $0, next, $0) })
        {
            return (0..<next.count).map { $0 }
        }
        var rowsByHash: [UInt64: [Int]] = [:]
        rowsByHash.reserveCapacity(latest.count)
        for row in (0..<latest.count).reversed() { rowsByHash[latest.hash(ofRow: row), default: []].append(row) }
        return (0..<next.count).map { row in
            let hash = next.hash(ofRow: row)
            guard let formerRow = rowsByHash[hash]?.last, CatalogComparison.isSame(latest, formerRow, next, row) else {
                return nil
            }
            rowsByHash[hash]?.removeLast()
            return formerRow
        }
    }

    private mutating func replaceEnvelope(
        with around: ListEnvelope, at: Int64, digest: (Span<UInt8>) -> RowDigest, into actions: inout [HistoryAction]
    ) {
        if let envelope {
            if envelope.value == around { return }
            close(envelope.interval, at: at, in: &actions)
        }
        let bytes = around.encoded
        let name = digest(bytes.span)
        actions.append(.storeRow(name, bytes))
        envelope = (open(nil, "", name, at: at, in: &actions), around)
    }

    private mutating func open(
        _ position: Int64?, _ id: String, _ digest: RowDigest, at: Int64, in actions: inout [HistoryAction]
    ) -> RowInterval {
        counters.interval += 1
        let interval = RowInterval(number: counters.interval, position: position, id: id, digest: digest, from: at)
        actions.append(.open(interval))
        return interval
    }

    private func close(_ interval: RowInterval, at: Int64, in actions: inout [HistoryAction]) {
        if interval.from == at { return actions.append(.discard(interval.number)) }
        var ended = interval
        ended.to = at
        actions.append(.close(ended))
    }

    // MARK: Pruning

    /// What to forget so that only the last `keep` seconds remain, seen from `now`, in seconds since 1970. The latest
    /// catalogue is always kept. Returns nothing if nothing can be that old.
    public mutating func prune(keep: Int64, now: Int64) -> [HistoryAction] {
        // Not seen from the last recording: the clock may have been ahead then.
        forget(before: now.subtractingSaturated(keep))
    }

    /// What to forget so that nothing from before a time remains, in seconds since 1970. The latest catalogue is always
    /// kept. Returns nothing if nothing is that old, or the time is after the last recording.
    public mutating func prune(before bound: Int64) -> [HistoryAction] {
        bound <= counters.time ? forget(before: bound) : []
    }

    private mutating func forget(before bound: Int64) -> [HistoryAction] {
        guard latest != nil, bound > counters.pruned else { return [] }
        counters.pruned = bound
        removals = removals.filter { $0.value >= bound }
        return [.prune(before: bound)]
    }
}

/// The counters of a history.
public struct HistoryCounters: Equatable, Sendable {
    /// The number of the last event.
    public var cursor: Int64 = 0
    /// The number of the last interval.
    public var interval: Int64 = 0
    /// The latest time at which something happened.
    public var time = Int64.min
    /// All before this time was forgotten.
    public var pruned = Int64.min

    /// Those of a new history.
    public init() {}
}

/// What a `Timeline` needs from a store to continue after a restart.
public struct HistoryState: Equatable, Sendable {
    /// The intervals that are open.
    public var open: [RowInterval]
    /// The bytes around the rows of the latest list.
    public var envelope: ListEnvelope
    /// The models that are held back.
    public var shrink: ShrinkGuard
    /// The models that are gone, and when they were removed.
    public var removals: [String: Int64]
    /// The counters.
    public var counters: HistoryCounters

    /// The state of a stored history.
    public init(
        open: [RowInterval], envelope: ListEnvelope, shrink: ShrinkGuard, removals: [String: Int64],
        counters: HistoryCounters
    ) {
        self.open = open
        self.envelope = envelope
        self.shrink = shrink
        self.removals = removals
        self.counters = counters
    }
}
