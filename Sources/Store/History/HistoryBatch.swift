public import Bytes

/// Changes of one history, which are written together or not at all.
///
/// The store knows no more of a history than this: rows of bytes under their digests, intervals that say when a row was
/// there, events, and marks for the times at which something changed. The seals and the state are the caller's.
public struct HistoryBatch: Sendable {
    /// Which history.
    public let name: String
    /// The number of the batch before; 0 if there was none. If the store has another one as its last, the caller does not
    /// know what is stored, and nothing is written.
    public let base: Int64
    /// What the caller needs to continue, in place of what it stored with the batch before.
    public var state: SharedBytes
    /// When it happened. A history is removed some time after its last batch if it is not the one in use.
    public var time: Int64
    /// Rows to keep, unless there are rows with these digests already.
    public var rows: [HistoryRow] = []
    /// Intervals to keep. One with a known number replaces it.
    public var intervals: [HistoryInterval] = []
    /// The numbers of intervals to remove.
    public var discarded: [Int64] = []
    /// Events to append.
    public var events: [HistoryEventRecord] = []
    /// A mark to keep, in place of one of the same time.
    public var mark: HistoryMark?
    /// Remove the events before this time, the intervals that ended at it or before, the marks that no later time
    /// needs, and the rows that are in no interval any more.
    public var prunedBefore: Int64?
    /// Remove the other histories that have had no batch since this time.
    public var othersPrunedBefore: Int64?

    /// A batch without changes.
    public init(name: String, base: Int64, state: SharedBytes, time: Int64) {
        self.name = name
        self.base = base
        self.state = state
        self.time = time
    }

    /// The memory that it takes while it waits, roughly.
    public var byteCount: Int {
        rows.reduce(state.count) { $0 + $1.bytes.count } + events.reduce(0) { $0 + $1.bytes.count }
            + (intervals.count + events.count) * 160
    }
}

/// The bytes of a row, under their digest.
public struct HistoryRow: Sendable {
    /// The digest, 32 bytes.
    public let digest: [UInt8]
    /// The row.
    public let bytes: SharedBytes
    /// The digest of a row that is likely to be nearly the same. Only the difference is then stored.
    public let similar: [UInt8]?

    /// A row, perhaps similar to an earlier one.
    public init(digest: [UInt8], bytes: SharedBytes, similar: [UInt8]? = nil) {
        self.digest = digest
        self.bytes = bytes
        self.similar = similar
    }
}

/// When a row was at a place of the list.
public struct HistoryInterval: Equatable, Sendable {
    /// The number in its history.
    public var number: Int64
    /// Orders the rows of a list; nil for what is no row of it.
    public var position: Int64?
    /// Whose row it is.
    public var id: String
    /// The row's digest.
    public var digest: [UInt8]
    /// The first second.
    public var began: Int64
    /// The second after the last; nil if it has not ended.
    public var ended: Int64?
    /// The caller's seal.
    public var seal: [UInt8]

    /// An interval.
    public init(
        number: Int64, position: Int64?, id: String, digest: [UInt8], began: Int64, ended: Int64?, seal: [UInt8]
    ) {
        self.number = number
        self.position = position
        self.id = id
        self.digest = digest
        self.began = began
        self.ended = ended
        self.seal = seal
    }
}

/// An event, whose content is the caller's.
public struct HistoryEventRecord: Equatable, Sendable {
    /// The number in its history; it rises.
    public var cursor: Int64
    /// When it happened; it never falls.
    public var at: Int64
    /// The content, with its seal.
    public var bytes: [UInt8]

    /// An event.
    public init(cursor: Int64, at: Int64, bytes: [UInt8]) {
        self.cursor = cursor
        self.at = at
        self.bytes = bytes
    }
}

/// A time at which the list changed.
public struct HistoryMark: Equatable, Sendable {
    /// The time.
    public var at: Int64
    /// The caller's seal of the whole list from then on.
    public var seal: [UInt8]

    /// A mark.
    public init(at: Int64, seal: [UInt8]) {
        self.at = at
        self.seal = seal
    }
}

/// What is read of a history.
public enum HistoryRead: Sendable {
    /// The intervals that have not ended, with their rows.
    case latest
    /// The intervals that contain a time, with their rows, and the last mark up to it.
    case list(at: Int64)
    /// The intervals of one id, with their rows, in the order of time.
    case model(String)
    /// Events, one after the other, until the reader needs no more.
    case events(HistoryEventRange, take: @Sendable (HistoryEventRecord) -> Bool)
}

/// Which events are read, and in which order.
public struct HistoryEventRange: Sendable {
    /// Only later ones than this.
    public var after: Int64?
    /// Only those at this time or later.
    public var from: Int64?
    /// Only those before this time.
    public var until: Int64?
    /// Whether the newest is read first.
    public var isBackwards = false
    /// `StoredHistory.lastEvent` is the last event before this time; nil for the last of all.
    public var placeBefore: Int64?

    /// All events, the oldest first.
    public init() {}
}

/// A history as it is stored, with what was asked of it.
public struct StoredHistory: Sendable {
    /// The number of its last batch.
    public let batch: Int64
    /// The state of the last batch.
    public let state: SharedBytes
    /// The intervals, each with its row. Ordered by position, or by time if they are of one id.
    public var intervals: [(interval: HistoryInterval, bytes: SharedBytes)] = []
    /// The mark.
    public var mark: HistoryMark?
    /// The cursor of the last event in question; 0 if there is none.
    public var lastEvent: Int64 = 0
    /// With the latest list: how many bytes may still be added (`StoreSettings.maximumHistoryBytes`).
    public var room = 0
    /// With the latest list: if the history is too large, the time up to which it should be forgotten, at which a list
    /// began. That is some part of what is too much; the rest follows when this is done.
    public var surplusUntil: Int64?
}

/// What a reader of a history gets.
public enum HistoryAnswer: Sendable {
    /// The history as it is stored.
    case found(StoredHistory)
    /// There is no history of that name.
    case none
    /// It cannot be read now.
    case unavailable
}

/// A row as the difference from a similar one: the bytes between their common start and their common end.
///
/// It is a list of two numbers, each with a line feed behind it, and the bytes: `START\nEND\nBYTES`.
enum RowDelta {
    /// The difference, or nil if it takes more than half of the row.
    static func encode(_ row: Span<UInt8>, from base: Span<UInt8>) -> [UInt8]? {
        let shorter = min(row.count, base.count)
        var start = 0
        while start < shorter, row[start] == base[start] { start += 1 }
        var end = 0
        while end < shorter - start, row[row.count - 1 - end] == base[base.count - 1 - end] { end += 1 }
        let middle = row.extracting(start..<row.count - end)
        guard middle.count + 12 <= row.count / 2 else { return nil }
        return Array("\(start)\n\(end)\n".utf8) + middle.copied()
    }

    /// The row, or nil if the difference is not one from this base.
    static func decode(_ delta: Span<UInt8>, from base: Span<UInt8>) -> SharedBytes? {
        guard let first = delta.firstIndex(of: 10), let second = delta.firstIndex(of: 10, from: first + 1),
            let start = Int(delta.extracting(0..<first).text()),
            let end = Int(delta.extracting(first + 1..<second).text()), start >= 0, end >= 0, start <= base.count,
            end <= base.count - start
        else { return nil }
        let middle = delta.extracting(second + 1..<delta.count)
        var row = ByteBuilder(capacity: start + middle.count + end)
        row.append(base.extracting(0..<start))
        row.append(middle)
        row.append(base.extracting(base.count - end..<base.count))
        return row.finish()
    }
}
