import Bytes

/// Bytes of a request's body that wait to be sent.
@safe struct OutgoingBody: ~Copyable {
    /// As many bytes or more are enough.
    static let enough = 64 << 10

    private var bytes = ByteBuilder(capacity: 1000)
    private var taken = 0

    /// How many bytes wait.
    var count: Int { bytes.count - taken }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: Span<UInt8>) {
        // What was taken makes way once no more is left than that, so that no more bytes are moved than are sent.
        if taken >= count {
            bytes.removeFirst(taken)
            taken = 0
        }
        bytes.append(more)
    }

    /// Moves as many bytes as there are and fit.
    mutating func take(into room: UnsafeMutableRawBufferPointer) -> Int {
        let size = min(room.count, count)
        unsafe copy(taken..<taken + size, into: room)
        taken += size
        return size
    }

    private func copy(_ range: Range<Int>, into room: UnsafeMutableRawBufferPointer) {
        let bytes = bytes.span.extracting(range)
        unsafe bytes.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
    }

    /// The first byte of those that wait, which stay where they are until more are added.
    var start: UnsafePointer<UInt8> {
        let waiting = bytes.span.extracting(taken...)
        return unsafe waiting.withUnsafeBufferPointer { $0.baseAddress! }
    }
}
