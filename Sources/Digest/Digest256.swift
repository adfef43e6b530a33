/// The 256 bits that SHA-256 makes of some bytes, kept by value.
public struct Digest256: Hashable, Sendable {
    // Four words, in the order in which the digest is written; the first byte is the most significant of `first`.
    let first: UInt64
    let second: UInt64
    let third: UInt64
    let fourth: UInt64

    /// The 32 bytes.
    public var bytes: [UInt8] {
        [first, second, third, fourth].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
    }

    /// The bytes as 64 lower-case hexadecimal digits.
    public var hex: String { hexText(first) + hexText(second) + hexText(third) + hexText(fourth) }
}

/// A word as 16 hexadecimal digits.
func hexText(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
