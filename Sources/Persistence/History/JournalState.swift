package import History

/// What a journal keeps besides rows, intervals and events.
package struct JournalState: Equatable, Sendable {
    /// The first time of which there is a list, in seconds since 1970.
    package var beginning: Int64
    /// When the last event happened, in seconds since 1970.
    package var lastEvent: Int64
    /// The counters of the timeline.
    package var counters: HistoryCounters
    /// The models whose removal is not confirmed.
    package var shrink: ShrinkGuard
    /// The models that are gone, and when they were removed.
    package var removals: [String: Int64]
    /// The bytes around the rows of the latest list.
    package var envelope: ListEnvelope

    private static let version: UInt64 = 1

    package init(
        beginning: Int64, lastEvent: Int64, counters: HistoryCounters, shrink: ShrinkGuard, removals: [String: Int64],
        envelope: ListEnvelope
    ) {
        self.beginning = beginning
        self.lastEvent = lastEvent
        self.counters = counters
        self.shrink = shrink
        self.removals = removals
        self.envelope = envelope
    }

    /// Reads what `bytes` gave.
    init?(_ bytes: [UInt8]) {
        var reader = StateReader(bytes)
        guard reader.number(1) == Self.version, let beginning = reader.signed(),
            let lastEvent = reader.signed(), let cursor = reader.signed(),
            let interval = reader.signed(), let time = reader.signed(), let pruned = reader.signed(),
            let held = reader.text(), let shrink = ShrinkGuard(encoded: held.span), let around = reader.text(),
            let envelope = ListEnvelope(encoded: around), let count = reader.number(4)
        else { return nil }
        self.beginning = beginning
        self.lastEvent = lastEvent
        counters = HistoryCounters()
        counters.cursor = cursor
        counters.interval = interval
        counters.time = time
        counters.pruned = pruned
        self.shrink = shrink
        self.envelope = envelope
        removals = [:]
        for _ in 0..<count {
            guard let id = reader.text(), let time = reader.signed() else { return nil }
            removals[String(decoding: id, as: UTF8.self)] = time
        }
        guard reader.isAtEnd else { return nil }
    }

    /// The cursor of the last event that is still stored; nil if there is none.
    var lastCursor: Int64? { lastEvent >= max(counters.pruned, 0) ? counters.cursor : nil }

    /// The form in which it is stored.
    var bytes: [UInt8] {
        var out = StateWriter()
        out.append(Self.version, 1)
        out.append(beginning)
        out.append(lastEvent)
        out.append(counters.cursor)
        out.append(counters.interval)
        out.append(counters.time)
        out.append(counters.pruned)
        out.append(shrink.encoded)
        out.append(envelope.encoded)
        out.append(UInt64(removals.count), 4)
        for (id, time) in removals.sorted(by: { $0.key < $1.key }) {
            out.append(Array(id.utf8))
            out.append(time)
        }
        return out.bytes
    }
}
