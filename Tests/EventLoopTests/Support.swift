import Bytes
import EventLoop
import Glibc
import TestSupport
import Testing

/// Sets a loop up, runs it until nothing is open on it any more, and checks that nothing was left behind.
func withLoop(_ setUp: (Loop) throws -> Void) rethrows {
    ignoreBrokenPipes()
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
        let copy = bytes.copied()
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

extension Listener {
    /// Listens on an address.
    convenience init(
        on loop: Loop, address: SocketAddress, reusePort: Bool = true, accept: @escaping (EventLoop.Stream) -> Void
    ) throws(UVError) {
        try self.init(on: loop, socket: try ListeningSocket(address, reusePort: reusePort), accept: accept)
    }
}

extension EventLoop.Stream {
    /// Sends one slice.
    func write(_ slice: ByteSlice) -> WriteOutcome { write(slice, Span(), nil) }
}

/// The next connection, once it is there.
func accepted(on socket: ListeningSocket) throws -> Int32 {
    var ready = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
    let limit = Int32(Duration.hang.components.seconds * 1_000)
    try #require(unsafe poll(&ready, 1, limit) == 1)
    let descriptor = accept(socket.descriptor, nil, nil)
    try #require(descriptor >= 0)
    return descriptor
}

/// A value that several threads fill.
final class Shared<Value: Sendable>: Sendable {
    // Not Swift's `Mutex`, which the thread sanitizer does not understand: see `Monitor`.
    private let storage: Monitor<Value>

    init(_ value: Value) { storage = Monitor(value) }

    var value: Value { storage.current }
    func update(_ change: (inout Value) -> Void) { storage.withValue { change(&$0) } }
}

/// Bytes that would show what is lost, doubled or out of order: they repeat after a prime number of them only.
func pattern(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + period.count)
    while bytes.count < count { bytes += period }
    return Array(bytes.prefix(count))
}

private let period = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

let localhost = SocketAddress.ipv4(0x7F00_0001, port: 0)

func temporaryPath(_ name: String) -> String { "/tmp/larder-test-\(getpid())-\(name).sock" }

func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

func createFile(_ path: String) { _ = close(unsafe open(path, O_CREAT | O_WRONLY, 0o600)) }

func removeFile(_ path: String) { _ = unsafe unlink(path) }
