import Bytes
package import Catalog
import CatalogJSON
package import History
package import Store
import Threads

/// The writing end of the history of one upstream: it records catalogues, and makes the batches that a store keeps.
///
/// It is a plain value without I/O. Recording takes up to two milliseconds, and restoring some more, so neither is for a
/// loop.
package struct HistoryJournal: Sendable {
    private var timeline: Timeline
    /// The number of the last batch.
    private var batch: Int64 = 0
    private var beginning: Int64 = 0
    private var lastEvent = Int64.min
    /// How many more bytes the store may get before it is asked whether it has too many.
    private var room = 0
    /// The time up to which the store should forget the history, since it has too much of it.
    private var surplusUntil: Int64?
    private let seal: HistorySeal

    /// The bytes around the rows. Answers are composed from rows, so this is only a form.
    private static let envelope = ListEnvelope(head: Array("{\"data\":[".utf8), tail: Array("]}".utf8))

    /// A new history. Its events have greater numbers than those of an earlier one that was lost, unless that had more than a
    /// thousand events a second. `now` is in seconds since 1970.
    package init(_ seal: HistorySeal, now: Int64) {
        self.seal = seal
        timeline = Timeline(after: max(0, now) * 1000)
    }

    /// Continues a history, of which the store has read the latest list. Nil if it differs from what was written.
    package init?(_ stored: StoredHistory, _ seal: HistorySeal) {
        guard let state = seal.state(stored) else { return nil }
        var open: [RowInterval] = []
        var rows: [SharedBytes] = []
        for (interval, bytes) in stored.intervals {
            guard let interval = seal.interval(interval), interval.to == nil else { return nil }
            open.append(interval)
            if interval.position != nil { rows.append(bytes) }
            Throttle.pauseIfNeeded()
        }
        guard let latest = try? CatalogReader.read(rows: rows),
            let timeline = Timeline(
                HistoryState(
                    open: open, envelope: state.envelope, shrink: state.shrink, removals: state.removals,
                    counters: state.counters), latest: latest, digest: { RowDigest(of: $0) },
                pausing: Throttle.pauseIfNeeded)
        else { return nil }
        self.seal = seal
        self.timeline = timeline
        batch = stored.batch
        beginning = state.beginning
        lastEvent = state.lastEvent
        room = stored.room
        surplusUntil = stored.surplusUntil
    }

    /// What the history covers; nil if it has not begun.
    package var span: HistorySpan? { timeline.state.map { HistorySpan(beginning: beginning, $0.counters) } }

    /// Whether so much was added that the store may have too much now. The history is then read again, which shows
    /// whether it has.
    package var isToBeReadAgain: Bool { room < 0 }

    /// Whether a catalogue is the one that was recorded last, and recording it again adds nothing.
    package func isSettled(with catalogue: Snapshot) -> Bool {
        timeline.catalogue === catalogue && !timeline.isHoldingBack
    }

    /// Records a catalogue at a time in seconds since 1970. With `keep`, all that ended longer ago is removed. The
    /// oldest is also removed if the store has too much. Returns what to store, and the events; nil if nothing is
    /// different.
    package mutating func record(_ catalogue: Snapshot, at time: Int64, keep: Int64?) -> HistoryAddition? {
        var actions = timeline.record(
            catalogue, in: Self.envelope, at: time, digest: { RowDigest(of: $0) }, pausing: Throttle.pauseIfNeeded)
        if let surplusUntil { actions += timeline.prune(before: surplusUntil) }
        if let keep { actions += timeline.prune(keep: keep, now: time) }
        guard !actions.isEmpty, let state = timeline.state else { return nil }
        var next = HistoryBatch(name: seal.upstream, base: batch, state: .empty, time: state.counters.time)
        next.othersPrunedBefore = keep.map { time.subtractingSaturated($0) }
        return addition(actions, state, next)
    }

    /// Puts actions into a batch.
    private mutating func addition(
        _ actions: [HistoryAction], _ state: HistoryState, _ batchOfNow: HistoryBatch
    ) -> HistoryAddition {
        var next = batchOfNow
        var events: [Event] = []
        var changesList = false
        // Of a model whose row changes, the former row is nearly the same.
        var former: [String: RowDigest] = [:]
        for case .close(let interval) in actions where interval.position != nil {
            former[interval.id] = interval.digest
        }
        var rows: [RowDigest: SharedBytes] = [:]
        for action in actions {
            switch action {
            case .begin(let time): beginning = time
            case .storeRow(let digest, let bytes): rows[digest] = SharedBytes(bytes)
            case .open(let interval):
                changesList = true
                next.intervals.append(seal.stored(interval))
                if let bytes = rows.removeValue(forKey: interval.digest) {
                    next.rows.append(
                        HistoryRow(
                            digest: interval.digest.bytes, bytes: bytes, similar: former[interval.id]?.bytes))
                }
                Throttle.pauseIfNeeded()
            case .close(let interval):
                changesList = true
                next.intervals.append(seal.stored(interval))
            case .discard(let number):
                changesList = true
                next.discarded.append(number)
            case .append(let event):
                next.events.append(seal.stored(event))
                events.append(event)
                lastEvent = event.at
            case .keepGuard: break
            case .prune(let bound):
                next.prunedBefore = bound
                beginning = max(beginning, bound)
            }
        }
        if changesList { next.mark = seal.mark(at: state.counters.time, state.open.lastFirst) }
        batch += 1
        next.state = seal.stored(
            JournalState(
                beginning: beginning, lastEvent: lastEvent, counters: state.counters, shrink: state.shrink,
                removals: state.removals,
                envelope: state.envelope), batch: batch)
        room -= next.byteCount
        return HistoryAddition(batch: next, events: events, span: HistorySpan(beginning: beginning, state.counters))
    }
}

extension [RowInterval] {
    /// The envelope's interval, which is the last one here, before those of the rows: the order in which they are read.
    fileprivate var lastFirst: [RowInterval] { suffix(1) + dropLast() }
}

/// What a recorded catalogue adds to the history.
package struct HistoryAddition: Sendable {
    /// What to store.
    package let batch: HistoryBatch
    /// The events in it, in order.
    package let events: [Event]
    /// What the history covers then.
    package let span: HistorySpan
}

/// What a history covers.
package struct HistorySpan: Equatable, Sendable {
    /// The first time of which there is a list, in seconds since 1970.
    package var beginning: Int64
    /// The latest time at which something happened, in seconds since 1970.
    package var latest: Int64
    /// The number of the last event.
    package var lastCursor: Int64

    init(beginning: Int64, _ counters: HistoryCounters) {
        self.beginning = beginning
        latest = counters.time
        lastCursor = counters.cursor
    }
}
