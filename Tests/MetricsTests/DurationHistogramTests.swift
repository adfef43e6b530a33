import Serving
import TestSupport
import Testing

@testable import Metrics

@Suite("Histograms of durations")
struct DurationHistogramTests {
    @Test("Every duration lies within its bucket's bounds, and the buckets are in order")
    func bounds() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let power = UInt64.random(in: 0..<36, using: &generator)
            let nanoseconds = UInt64.random(in: 0...(1 << power), using: &generator)
            let bucket = DurationHistogram.bucket(of: nanoseconds)
            guard bucket < DurationHistogram.bucketCount - 1 else {
                #expect(nanoseconds > 67_108_864_000)
                continue
            }
            let above = DurationHistogram.upperBound(of: bucket) * 1000
            let below = bucket == 0 ? 0 : DurationHistogram.upperBound(of: bucket - 1) * 1000
            #expect(nanoseconds <= above && (nanoseconds > below || bucket == 0))
        }
        let all = (0..<DurationHistogram.bucketCount).map(DurationHistogram.upperBound(of:))
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("Every power of two is a bound, so a coarser bucket is exact", arguments: 0...26)
    func powersOfTwo(power: Int) {
        var histogram = DurationHistogram()
        let bound: UInt64 = 1 << UInt64(power)
        histogram.record(nanoseconds: bound * 1000)
        histogram.record(nanoseconds: bound * 1000 + 1)
        #expect(histogram.count(upTo: bound) == 1)
        #expect(histogram.count == 2)
        #expect(histogram.totalNanoseconds == bound * 2000 + 1)
    }

    @Test("A quantile is known to within an eighth", arguments: [0.01, 0.5, 0.9, 0.99, 0.999, 1])
    func quantiles(share: Double) {
        var generator = SeededGenerator(seed: 7)
        var histogram = DurationHistogram()
        var all: [UInt64] = []
        for _ in 0..<5000 {
            let microseconds = UInt64.random(
                in: 1...(1 << UInt64.random(in: 1...20, using: &generator)), using: &generator)
            all.append(microseconds)
            histogram.record(nanoseconds: microseconds * 1000)
        }
        all.sort()
        let exact = all[max(0, Int((5000 * share).rounded(.up)) - 1)]
        let shown = histogram.quantile(share)
        #expect(shown >= exact && Double(shown) <= Double(exact) * 1.125 + 1)
    }

    @Test("Of nothing, every quantile is 0")
    func empty() { #expect(DurationHistogram().quantile(0.5) == 0) }

    @Test("Merging is recording in one, and shares hold what came between")
    func merging() {
        var one = DurationHistogram()
        var other = DurationHistogram()
        var both = DurationHistogram()
        for step in UInt64(0)..<1000 {
            let nanoseconds = step * step * 977
            if step.isMultiple(of: 3) {
                one.record(nanoseconds: nanoseconds)
            } else {
                other.record(nanoseconds: nanoseconds)
            }
            both.record(nanoseconds: nanoseconds)
        }
        let shares = both.shares(since: one)
        var merged = one
        merged.merge(other)
        #expect(merged == both)
        var fromShares = DurationHistogram()
        fromShares.merge(shares)
        #expect(fromShares.counts == other.counts)
    }
}
