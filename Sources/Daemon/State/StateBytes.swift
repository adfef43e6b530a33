/// How the state directory writes numbers and texts: numbers in big-endian order, texts with their length in four bytes before
/// them.
struct StateWriter {
    private(set) var bytes: [UInt8] = []

    /// Adds the lowest `size` bytes of a number.
    mutating func append(_ number: UInt64, _ size: Int) {
        for shift in stride(from: (size - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    /// Adds a number in eight bytes.
    mutating func append(_ number: Int64) { append(UInt64(bitPattern: number), 8) }

    /// Adds a text.
    mutating func append(_ text: [UInt8]) {
        append(UInt64(text.count), 4)
        bytes += text
    }
}

/// Reads what a `StateWriter` wrote, from its beginning on. What is not there is nil.
struct StateReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func number(_ size: Int) -> UInt64? {
        guard bytes.count - at >= size else { return nil }
        defer { at += size }
        return bytes[at..<at + size].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func signed() -> Int64? { number(8).map { Int64(bitPattern: $0) } }

    mutating func text() -> [UInt8]? {
        guard let size = number(4), bytes.count - at >= size else { return nil }
        defer { at += Int(size) }
        return Array(bytes[at..<at + Int(size)])
    }
}
