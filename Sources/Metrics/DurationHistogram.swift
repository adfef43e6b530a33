/// A histogram of durations. The width of its buckets grows with the duration, eight buckets to each power of two, so
/// that every quantile is accurate to one eighth of its value.
///
/// Bucket bounds are whole microseconds and inclusive, and every power of two is one of them, so the coarser `le`
/// buckets of Prometheus are exact. Recording allocates nothing.
public struct DurationHistogram: Sendable, Equatable {
    /// A bucket that is not empty, to store many histograms compactly.
    public struct Share: Sendable, Equatable {
        /// The index of the bucket.
        public let bucket: UInt16
        /// The number of durations in it.
        public let count: UInt32
    }

    /// The highest power of two with its own buckets: 2^26 us is 67 s. Longer durations share the last bucket.
    private static let topPower = 26
    static let bucketCount = (topPower - 2) * 8 + 1

    private(set) var counts: [UInt64]
    /// The sum of all durations, in nanoseconds.
    public private(set) var totalNanoseconds: UInt64 = 0
    /// The number of recorded durations.
    public var count: UInt64 { counts.reduce(0, &+) }

    /// Starts empty.
    public init() { counts = Array(repeating: 0, count: Self.bucketCount) }

    /// Creates a histogram from counts made elsewhere, bucket by bucket.
    init(counts: ArraySlice<UInt64>, totalNanoseconds: UInt64) {
        precondition(counts.count == Self.bucketCount, "a histogram with another number of buckets")
        self.counts = Array(counts)
        self.totalNanoseconds = totalNanoseconds
    }

    /// Records one duration.
    @inline(__always)
    public mutating func record(nanoseconds: UInt64) {
        counts[Self.bucket(of: nanoseconds)] &+= 1
        totalNanoseconds &+= nanoseconds
    }

    /// The bucket of a duration. A partial microsecond counts as a whole one.
    @inline(__always)
    static func bucket(of nanoseconds: UInt64) -> Int {
        let value = nanoseconds == 0 ? 0 : (nanoseconds &- 1) / 1000
        if value < 8 { return Int(truncatingIfNeeded: value) }
        let power = 63 &- value.leadingZeroBitCount
        if power >= topPower { return bucketCount &- 1 }
        return (power &- 2) &* 8 &+ Int(truncatingIfNeeded: (value >> UInt64(power &- 3)) & 7)
    }

    /// The longest duration in a bucket, in microseconds. The last bucket has no bound, so its value is 2^26.
    static func upperBound(of bucket: Int) -> UInt64 {
        if bucket < 8 { return UInt64(bucket) + 1 }
        let power = bucket / 8 + 2
        return (UInt64(bucket % 8) + 9) << UInt64(power - 3)
    }

    /// Adds the durations of another histogram.
    public mutating func merge(_ other: DurationHistogram) {
        for bucket in 0..<Self.bucketCount { counts[bucket] &+= other.counts[bucket] }
        totalNanoseconds &+= other.totalNanoseconds
    }

    /// Adds stored buckets, whose sum is not known.
    mutating func merge(_ shares: [Share]) {
        for share in shares {
            counts[Int(share.bucket)] &+= UInt64(share.count)
        }
    }

    /// The durations recorded since `earlier`, which is an older state of this histogram.
    func shares(since earlier: DurationHistogram) -> [Share] {
        (0..<Self.bucketCount).compactMap { bucket in
            let more = counts[bucket] &- earlier.counts[bucket]
            return more == 0 ? nil : Share(bucket: UInt16(bucket), count: UInt32(clamping: more))
        }
    }

    /// The duration, in microseconds, that `share` (0...1) of all durations do not exceed; 0 if there are none.
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

    /// The number of durations up to this many microseconds, a power of two up to 2^26.
    public func count(upTo microseconds: UInt64) -> UInt64 {
        counts[...Self.bucket(of: microseconds * 1000)].reduce(0, &+)
    }
}
