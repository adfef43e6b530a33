/// How long things took: counts in buckets whose width grows with the duration, eight to each power of two, so that every
/// quantile is known to within an eighth of itself.
///
/// Bucket bounds are whole microseconds and inclusive, and every power of two is one of them, which is what makes the
/// coarser `le` buckets of Prometheus exact. Recording allocates nothing.
public struct DurationHistogram: Sendable, Equatable {
    /// A bucket that is not empty, for keeping many histograms in little room.
    public struct Share: Sendable, Equatable {
        /// Which bucket.
        public let bucket: UInt16
        /// How many durations fell into it.
        public let count: UInt32
    }

    /// The highest power of two that has buckets of its own: 2^26 us is 67 s. What took longer shares the last bucket.
    private static let topPower = 26
    static let bucketCount = (topPower - 2) * 8 + 1

    private(set) var counts: [UInt64]
    /// All durations together, in nanoseconds.
    public private(set) var totalNanoseconds: UInt64 = 0
    /// How many durations were recorded.
    public var count: UInt64 { counts.reduce(0, &+) }

    /// Nothing recorded.
    public init() { counts = Array(repeating: 0, count: Self.bucketCount) }

    /// What was counted elsewhere, bucket by bucket.
    init(counts: ArraySlice<UInt64>, totalNanoseconds: UInt64) {
        precondition(counts.count == Self.bucketCount, "a histogram with another number of buckets")
        self.counts = Array(counts)
        self.totalNanoseconds = totalNanoseconds
    }

    /// Notes one duration.
    @inline(__always)
    public mutating func record(nanoseconds: UInt64) {
        counts[Self.bucket(of: nanoseconds)] &+= 1
        totalNanoseconds &+= nanoseconds
    }

    /// The bucket of a duration. Parts of a microsecond count as a whole one.
    @inline(__always)
    static func bucket(of nanoseconds: UInt64) -> Int {
        let value = nanoseconds == 0 ? 0 : (nanoseconds &- 1) / 1000
        if value < 8 { return Int(truncatingIfNeeded: value) }
        let power = 63 &- value.leadingZeroBitCount
        if power >= topPower { return bucketCount &- 1 }
        return (power &- 2) &* 8 &+ Int(truncatingIfNeeded: (value >> UInt64(power &- 3)) & 7)
    }

    /// The longest duration in a bucket, in microseconds; that of the last bucket has no bound, and 2^26 stands for it.
    static func upperBound(of bucket: Int) -> UInt64 {
        if bucket < 8 { return UInt64(bucket) + 1 }
        let power = bucket / 8 + 2
        return (UInt64(bucket % 8) + 9) << UInt64(power - 3)
    }

    /// Takes in what another one has recorded.
    public mutating func merge(_ other: DurationHistogram) {
        for bucket in 0..<Self.bucketCount { counts[bucket] &+= other.counts[bucket] }
        totalNanoseconds &+= other.totalNanoseconds
    }

    /// Takes in kept shares, whose sum is not known.
    mutating func merge(_ shares: [Share]) {
        for share in shares {
            counts[Int(share.bucket)] &+= UInt64(share.count)
        }
    }

    /// What was recorded since `earlier`, which is an older state of this one.
    func shares(since earlier: DurationHistogram) -> [Share] {
        (0..<Self.bucketCount).compactMap { bucket in
            let more = counts[bucket] &- earlier.counts[bucket]
            return more == 0 ? nil : Share(bucket: UInt16(bucket), count: UInt32(clamping: more))
        }
    }

    /// The duration, in microseconds, that `share` (0...1) of all were no longer than; 0 if there are none.
    public func quantile(_ share: Double) -> UInt64 {
        let count = count
        guard count > 0 else { return 0 }
        let rank = max(1, UInt64((Double(count) * share).rounded(.up)))
        var seen: UInt64 = 0
        for bucket in 0..<Self.bucketCount {
            seen += counts[bucket]
            if seen >= rank { return Self.upperBound(of: bucket) }
        }
        return Self.upperBound(of: Self.bucketCount - 1)
    }

    /// How many took no longer than so many microseconds, a power of two up to 2^26.
    public func count(upTo microseconds: UInt64) -> UInt64 {
        counts[...Self.bucket(of: microseconds * 1000)].reduce(0, &+)
    }
}
