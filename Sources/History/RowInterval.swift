/// A digest of a row's bytes, under which they are stored once. It has 32 bytes, as SHA-256 does. The caller computes it
/// with a collision-resistant function.
public struct RowDigest: Hashable, Sendable {
    /// The bytes of the digest, eight in each word.
    public let words: SIMD4<UInt64>

    /// A digest of these words.
    public init(words: SIMD4<UInt64>) { self.words = words }
}

/// When a row was at one position of the list.
public struct RowInterval: Equatable, Sendable {
    /// The number of the interval in its history; never used again.
    public let number: Int64

    /// Orders the rows of a list: of two rows, the one with the smaller key comes first. Nil for the envelope, the bytes
    /// around the rows.
    public let position: Int64?

    /// The model's id; empty for the envelope.
    public let id: String

    /// The row's bytes.
    public let digest: RowDigest

    /// The first second, since 1970.
    public let from: Int64

    /// The second after the last; nil if the row is still there.
    public var to: Int64?

    /// An interval that is still open, or one that has ended.
    public init(number: Int64, position: Int64?, id: String, digest: RowDigest, from: Int64, to: Int64? = nil) {
        self.number = number
        self.position = position
        self.id = id
        self.digest = digest
        self.from = from
        self.to = to
    }

    /// Whether the row was there at a time.
    public func contains(_ time: Int64) -> Bool { from <= time && (to.map { time < $0 } ?? true) }
}

/// What a store of the history has to do. The actions of one call belong in one transaction, in their order.
public enum HistoryAction: Equatable, Sendable {
    /// The history begins at this time: there is no list for an earlier one.
    case begin(Int64)
    /// Keep these bytes, unless there are bytes under this digest already.
    case storeRow(RowDigest, [UInt8])
    /// Keep this interval.
    case open(RowInterval)
    /// This interval, which was kept before, ends: its `to` is set now.
    case close(RowInterval)
    /// Forget the interval of that number: it began and ended within one second.
    case discard(Int64)
    /// Keep this event.
    case append(Event)
    /// Keep this in place of what was kept so: the encoded `ShrinkGuard`.
    case keepGuard([UInt8])
    /// Forget all intervals that ended at this time or before, all rows that no interval refers to any more, and all
    /// events before this time. If the history began before, it begins at this time.
    case prune(before: Int64)
}

/// The bytes around the rows of a list. The rows are separated by commas.
public struct ListEnvelope: Equatable, Sendable {
    /// What comes before the first row, such as `{"data":[`.
    public let head: [UInt8]

    /// What comes after the last row, such as `],"total_count":421,"links":{"next":null}}`.
    public let tail: [UInt8]

    /// An envelope of two JSON fragments; neither has a zero byte.
    public init(head: [UInt8], tail: [UInt8]) {
        self.head = head
        self.tail = tail
    }

    /// Both in one, with a zero byte between, as they are stored.
    public var encoded: [UInt8] { head + [0] + tail }

    /// Reads what `encoded` gave.
    public init?(encoded: [UInt8]) {
        guard let middle = encoded.firstIndex(of: 0) else { return nil }
        self.init(head: Array(encoded[..<middle]), tail: Array(encoded[(middle + 1)...]))
    }
}

/// Keys that keep rows in order. A list in which rows come, go or move changes only the keys of those rows.
enum RowPositions {
    /// The distance of neighbouring keys at first. Upstream adds models at the front, where there is room for two billion of
    /// them.
    static let gap: Int64 = 1 << 32

    /// Which of the former rows can keep their keys: a longest set whose order is the same in both lists. `former` has for
    /// each new row the index of the same row in the former list.
    static func kept(_ former: [Int?]) -> [Bool] {
        // For each length, the new row at which the best run of that length ends.
        var ends: [Int] = []
        var previous = [Int?](repeating: nil, count: former.count)
        for (row, formerRow) in former.enumerated() {
            guard let formerRow else { continue }
            var low = 0
            var high = ends.count
            while low < high {
                let middle = (low + high) / 2
                if former[ends[middle]] ?? 0 < formerRow { low = middle + 1 } else { high = middle }
            }
            if low > 0 { previous[row] = ends[low - 1] }
            if low == ends.count { ends.append(row) } else { ends[low] = row }
        }
        var kept = [Bool](repeating: false, count: former.count)
        var row = ends.last
        while let current = row {
            kept[current] = true
            row = previous[current]
        }
        return kept
    }

    /// Fills in the keys that are nil, in between those that are not, which ascend. Nil if there is no room left
    /// somewhere: then all rows need new keys.
    static func filled(_ keys: [Int64?]) -> [Int64]? {
        var result: [Int64] = []
        result.reserveCapacity(keys.count)
        var start = 0
        while start < keys.count {
            if let key = keys[start] {
                result.append(key)
                start += 1
                continue
            }
            var end = start
            while end < keys.count, keys[end] == nil { end += 1 }
            let count = Int64(end - start)
            let lower = result.last
            let upper = end < keys.count ? keys[end] : nil
            guard let (first, step) = room(for: count, between: lower, and: upper) else { return nil }
            for index in 0..<count { result.append(first + index * step) }
            start = end
        }
        return result
    }

    /// The first key and the distance of `count` keys between two others.
    private static func room(for count: Int64, between lower: Int64?, and upper: Int64?) -> (Int64, Int64)? {
        let (length, overflow) = count.multipliedReportingOverflow(by: gap)
        if overflow { return nil }
        switch (lower, upper) {
        case (nil, nil): return (0, gap)
        case (let lower?, nil):
            let (last, overflow) = lower.addingReportingOverflow(length)
            return overflow ? nil : (last - length + gap, gap)
        case (nil, let upper?):
            let (first, overflow) = upper.subtractingReportingOverflow(length)
            return overflow ? nil : (first, gap)
        case (let lower?, let upper?):
            let (distance, overflow) = upper.subtractingReportingOverflow(lower)
            let step = (overflow ? .max : distance) / (count + 1)
            return step > 0 ? (lower + step, step) : nil
        }
    }
}
