/// Random numbers that are the same on every run: SplitMix64.
public struct SeededGenerator: RandomNumberGenerator {
    @usableFromInline var state: UInt64

    /// The same seed gives the same numbers.
    @inlinable
    public init(seed: UInt64) { state = seed }

    /// The next number.
    @inlinable
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

extension SeededGenerator {
    /// A number within a range.
    package mutating func within(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + next() % (range.upperBound - range.lowerBound + 1)
    }

    /// An index below `count`.
    package mutating func index(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    /// True in so many of a hundred cases.
    package mutating func percent(_ share: UInt64) -> Bool { next() % 100 < share }

    /// A number in 0..<1.
    package mutating func chance() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
