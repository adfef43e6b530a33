import EventLoop
import Synchronization
import Testing

/// Sets a loop up, runs it until nothing is open on it any more, and checks that nothing was left behind.
func withLoop(_ setUp: (Loop) throws -> Void) rethrows {
    let loop = Loop()
    try setUp(loop)
    loop.run()
    #expect(loop.openHandles == 0)
    #expect(loop.pendingWrites == 0)
    #expect(loop.pendingWork == 0)
    loop.close()
}

/// A stream's delegate made of closures.
final class Probe: StreamDelegate {
    var onBytes: (Stream, [UInt8]) -> Void = { _, _ in }
    var onEnd: (Stream) -> Void = { $0.close() }
    var onDrained: (Stream) -> Void = { _ in }
    var onClosed: (UVError?) -> Void = { _ in }

    var received: [UInt8] = []
    var drains = 0
    var closes = 0

    func received(_ bytes: Span<UInt8>, on stream: Stream) {
        var copy: [UInt8] = []
        for index in bytes.indices { copy.append(bytes[index]) }
        received += copy
        onBytes(stream, copy)
    }

    func endOfInput(on stream: Stream) { onEnd(stream) }

    func drained(_ stream: Stream) {
        drains += 1
        onDrained(stream)
    }

    func closed(_ stream: Stream, error: UVError?) {
        closes += 1
        onClosed(error)
    }
}

/// A value that several threads fill.
final class Shared<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    init(_ value: Value) { storage = Mutex(value) }

    var value: Value { storage.withLock { $0 } }
    func update(_ change: (inout Value) -> Void) { storage.withLock { change(&$0) } }
}

/// Bytes in which every place differs from its neighbours in a way that a shift or a swap would show.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ $0 >> 16) }
}

let localhost = SocketAddress.ipv4(0x7F00_0001, port: 0)
