import Glibc
import Synchronization

/// What a system call of a test failed with.
public struct SocketError: Error, CustomStringConvertible {
    /// The C name of the error, such as `ECONNRESET`, in words.
    public let description: String
    /// The number behind it.
    public let code: Int32

    init(_ what: String, _ code: Int32 = errno) {
        self.code = code
        description = unsafe "\(what): \(String(cString: strerror(code)))"
    }
}

/// A blocking stream socket with a time limit on every call.
///
/// One thread reads, writes and closes it; any other may only `shutdown()` it, which wakes the first.
public final class TestSocket: Sendable {
    /// The descriptor; it is open until `close()`.
    public let descriptor: Int32
    private let closed = Atomic(false)

    init(adopting descriptor: Int32) { self.descriptor = descriptor }

    deinit { close() }

    /// Connects to a port of this machine. A small `receiveBuffer`, in bytes, makes a reader that soon is full.
    public static func connect(port: UInt16, receiveBuffer: Int32? = nil) throws -> TestSocket {
        let socket = TestSocket(adopting: try make(AF_INET))
        if let receiveBuffer { socket.set(SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
        socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        var address = loopback(port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket.descriptor, $0, size)
            }
        }
        guard result == 0 else { throw SocketError("connect to port \(port)") }
        return socket
    }

    /// Connects to a socket in the file system.
    public static func connect(path: String) throws -> TestSocket {
        let socket = TestSocket(adopting: try make(AF_UNIX))
        let result = unsafe withUnixAddress(path) { unsafe Glibc.connect(socket.descriptor, $0, $1) }
        guard result == 0 else { throw SocketError("connect to \(path)") }
        return socket
    }

    /// Listens on `port` of 127.0.0.1; 0 means any free one.
    public static func listen(port: UInt16 = 0) throws -> (socket: TestSocket, port: UInt16) {
        let made = try bound(to: port)
        try made.socket.beginListening()
        return made
    }

    /// A socket that has `port` of 127.0.0.1, or any free one for 0, and does not listen.
    ///
    /// While it is open, the system gives the port to nobody who wants any free one, and a connection to it is refused.
    /// Others can still bind to its number, before one of them listens.
    public static func bound(to port: UInt16 = 0) throws -> (socket: TestSocket, port: UInt16) {
        let socket = TestSocket(adopting: try make(AF_INET))
        socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        var address = loopback(port)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard unsafe bind(socket.descriptor, generic, size) == 0 else { return Int32(-1) }
                return unsafe getsockname(socket.descriptor, generic, &size)
            }
        }
        guard result == 0 else { throw SocketError("bind to port \(port)") }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// Begins to listen on the port that it has.
    func beginListening() throws {
        guard Glibc.listen(descriptor, Self.backlog) == 0 else { throw SocketError("listen") }
    }

    /// How many connections may wait to be accepted: more than any test opens at once, however long a thread waits for
    /// its turn.
    private static let backlog: Int32 = 4096

    /// Listens at a path.
    public static func listen(path: String) throws -> TestSocket {
        let socket = TestSocket(adopting: try make(AF_UNIX))
        let result = unsafe withUnixAddress(path) { unsafe bind(socket.descriptor, $0, $1) }
        guard result == 0 else { throw SocketError("bind to \(path)") }
        try socket.beginListening()
        return socket
    }

    /// The next connection, or nil when the listening socket was shut down.
    func accept() -> TestSocket? {
        while true {
            let connection = Glibc.accept(descriptor, nil, nil)
            if connection >= 0 {
                // The gap before this call is harmless: a child that slips in closes what it was not given.
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                let socket = TestSocket(adopting: connection)
                socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                return socket
            }
            if errno != EINTR && errno != ECONNABORTED { return nil }
        }
    }

    /// Whether one of `events` (as `poll` names them) comes before `deadline`; nil means no limit.
    public func wait(for events: Int32, until deadline: ContinuousClock.Instant?) -> Bool {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
            let result = unsafe poll(&entry, 1, milliseconds(until: deadline))
            if result >= 0 { return result > 0 }
            if errno != EINTR { return false }
        }
    }

    /// Reads what there is, `limit` bytes at most; an empty answer is the end of the stream.
    public func read(_ limit: Int = 65536, until deadline: ContinuousClock.Instant?) throws -> [UInt8] {
        while true {
            guard wait(for: POLLIN, until: deadline) else { throw SocketError("read", ETIMEDOUT) }
            var failure: Int32 = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { room, count in
                let size = unsafe recv(descriptor, room.baseAddress, limit, 0)
                count = max(0, size)
                failure = size < 0 ? errno : 0
            }
            if failure == 0 { return bytes }
            if failure != EINTR { throw SocketError("read", failure) }
        }
    }

    /// Writes all of it, or as much as the peer takes before `deadline`: the number of bytes written.
    public func write(_ bytes: ArraySlice<UInt8>, until deadline: ContinuousClock.Instant?) throws -> Int {
        var written = 0
        while written < bytes.count {
            guard wait(for: POLLOUT, until: deadline) else { return written }
            let size = unsafe bytes.withUnsafeBytes { buffer in
                let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
                return unsafe send(descriptor, buffer.baseAddress! + written, buffer.count - written, flags)
            }
            if size >= 0 {
                written += size
            } else if errno != EINTR && errno != EAGAIN {
                throw SocketError("write")
            }
        }
        return written
    }

    /// Waits until the peer's system has all that was written, the end of the stream included, or the connection is
    /// over.
    ///
    /// Until then, what another connection sends later may be there first.
    public func waitUntilDelivered(timeout: Duration = .hang) throws {
        try eventually("what was written is delivered", within: timeout) {
            unacknowledgedBytes(on: descriptor) == 0 || wait(for: 0, until: .now)
        }
    }

    /// Sends the end of the stream and goes on reading.
    public func finishWriting() { _ = Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends both directions; a thread that reads or waits wakes.
    public func shutdown() { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Makes `close()` send a reset instead of an orderly end.
    public func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    /// Closes it; a second time does nothing.
    public func close() {
        if !closed.exchange(true, ordering: .relaxed) { _ = Glibc.close(descriptor) }
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func make(_ family: Int32) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError("socket") }
        return descriptor
    }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}

/// Calls `body` with the address of a path, as the kernel takes it; -1 with `ENAMETOOLONG` for one that is too long.
private func withUnixAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let fits = unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
        guard bytes.count < room.count else { return false }
        unsafe room.copyBytes(from: bytes)
        return true
    }
    guard fits else {
        errno = ENAMETOOLONG
        return -1
    }
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

private func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let left = ContinuousClock.now.duration(to: deadline)
    return left <= .zero ? 0 : Int32(clamping: Int(left / .milliseconds(1)) + 1)
}
