public import Bytes
public import History

/// A stored history in memory: it carries out the actions of a `Timeline`, and answers what a reader asks. The store on
/// disk does and answers the same.
public struct HistoryRecords: Sendable {
    private var rows: [RowDigest: [UInt8]] = [:]
    private var intervals: [Int64: RowInterval] = [:]
    private var shrink: [UInt8] = ShrinkGuard().encoded
    private var counters = HistoryCounters()

    /// All events, in order.
    public private(set) var events: [Event] = []

    /// The first time of which there is a list, in seconds since 1970; nil while there is none.
    public private(set) var beginning: Int64?

    /// No history yet.
    public init() {}

    /// The number of distinct rows and envelopes.
    public var rowCount: Int { rows.count }

    /// The number of intervals.
    public var intervalCount: Int { intervals.count }

    /// The bytes of all distinct rows, without what a store needs to file them.
    public var byteCount: Int { rows.values.reduce(0) { $0 + $1.count } }

    // MARK: Writing

    /// Carries out the actions of one call, in order.
    public mutating func apply(_ actions: [HistoryAction]) {
        for action in actions { apply(action) }
    }

    private mutating func apply(_ action: HistoryAction) {
        switch action {
        case .begin(let time):
            beginning = time
            counters.time = max(counters.time, time)
        case .storeRow(let digest, let bytes): if rows[digest] == nil { rows[digest] = bytes }
        case .open(let interval):
            intervals[interval.number] = interval
            counters.interval = max(counters.interval, interval.number)
            counters.time = max(counters.time, interval.from)
        case .close(let interval):
            intervals[interval.number] = interval
            counters.time = max(counters.time, interval.to ?? .min)
        case .discard(let number): intervals[number] = nil
        case .append(let event):
            events.append(event)
            counters.cursor = event.cursor
            counters.time = max(counters.time, event.at)
        case .keepGuard(let bytes): shrink = bytes
        case .prune(let bound): prune(before: bound)
        }
    }

    private mutating func prune(before bound: Int64) {
        counters.pruned = bound
        intervals = intervals.filter { interval in interval.value.to.map { $0 > bound } ?? true }
        let needed = Set(intervals.values.map(\.digest))
        rows = rows.filter { needed.contains($0.key) }
        events.removeAll { $0.at < bound }
        if let beginning { self.beginning = max(beginning, bound) }
    }

    // MARK: Reading

    /// The list of a time in seconds since 1970, byte for byte as it was recorded; nil before the beginning.
    public func list(asOf time: Int64) -> SharedBytes? {
        guard let beginning, time >= beginning else { return nil }
        let standing = intervals.values.filter { $0.contains(time) }
        guard let around = standing.first(where: { $0.position == nil }).flatMap({ rows[$0.digest] }),
            let envelope = ListEnvelope(encoded: around)
        else { return nil }
        var out = ByteBuilder(capacity: 1 << 20)
        out.append(envelope.head.span)
        var isFirst = true
        for interval in standing.sorted(by: { $0.position ?? 0 < $1.position ?? 0 }) where interval.position != nil {
            guard let row = rows[interval.digest] else { return nil }
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            out.append(row.span)
        }
        out.append(envelope.tail.span)
        return out.finish()
    }

    /// The rows that a model had, in the order of time.
    public func rows(ofModel id: String) -> [ModelHistory.Row] {
        let standing = intervals.values.filter { $0.id == id && $0.position != nil }
        let ordered = standing.sorted { ($0.from, $0.number) < ($1.from, $1.number) }
        return ordered.compactMap { interval in
            rows[interval.digest].map { ModelHistory.Row(from: interval.from, to: interval.to, bytes: $0) }
        }
    }

    /// What a `Timeline` needs to continue; nil while there is no catalogue.
    public var state: HistoryState? {
        let open = intervals.values.filter { $0.to == nil }.sorted { $0.number < $1.number }
        guard let around = open.first(where: { $0.position == nil }).flatMap({ rows[$0.digest] }),
            let envelope = ListEnvelope(encoded: around), let held = ShrinkGuard(encoded: shrink.span)
        else { return nil }
        var removals: [String: Int64] = [:]
        for event in events {
            guard let id = event.id else { continue }
            switch event.kind {
            case .removed: removals[id] = event.at
            case .added, .returned: removals[id] = nil
            default: break
            }
        }
        return HistoryState(
            open: open, envelope: envelope, shrink: held, removals: removals, counters: counters)
    }
}
