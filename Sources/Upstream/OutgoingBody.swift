import Bytes

/// Bytes of a request's body that wait to be sent.
@safe struct OutgoingBody: ~Copyable {
    /// As many bytes or more are enough.
    static let enough = 64 << 10

    // Two runs, one that is emptied while the other is filled: nothing is moved, and nothing grows for ever.
    private var leaving = ByteBuilder(capacity: 1)
    private var arriving = ByteBuilder(capacity: 1)
    private var taken = 0

    /// How many bytes wait.
    var count: Int { leaving.count - taken + arriving.count }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: Span<UInt8>) { arriving.append(bytes) }

    /// Moves as many bytes as there are and fit.
    mutating func take(into room: UnsafeMutableRawBufferPointer) -> Int {
        if taken == leaving.count {
            leaving.removeAll()
            taken = 0
            swap(&leaving, &arriving)
        }
        let size = min(room.count, leaving.count - taken)
        unsafe copy(taken..<taken + size, into: room)
        taken += size
        return size
    }

    /// The first byte of those that wait, which stay where they are until more are added or some are taken; nil if they do not
    /// lie in one run.
    var start: UnsafePointer<UInt8>? {
        guard taken == leaving.count else { return nil }
        let bytes = arriving.span
        return unsafe bytes.withUnsafeBufferPointer { $0.baseAddress }
    }

    private func copy(_ range: Range<Int>, into room: UnsafeMutableRawBufferPointer) {
        let bytes = leaving.span.extracting(range)
        unsafe bytes.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
    }
}
