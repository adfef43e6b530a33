import EventLoop
import Glibc
import TestSupport
import Testing
import Threads

/// A server that does what a script says: blocking sockets, a thread for each connection.
final class Origin: Sendable {
    private let socket: ListeningSocket
    private let seen = Monitor<(connections: Int, requests: [String])>((0, []))
    private let threads = Monitor<[NamedThread]>([])

    /// Serves on a free port of 127.0.0.1, or at another address; `script` is run for each connection, which is closed after
    /// it.
    init(
        at address: SocketAddress = .ipv4(0x7F00_0001, port: 0), _ script: @escaping @Sendable (Connection) -> Void
    ) throws {
        socket = try ListeningSocket(address)
        _ = fcntl(socket.descriptor, F_SETFL, 0)
        threads.withValue { $0.append(spawn { self.accept(script) }) }
    }

    /// Answers every request of every connection with the same text.
    convenience init(answering text: String) throws {
        try self.init { connection in while connection.request() != nil { connection.send(text) } }
    }

    var url: String { "http://\(socket.address)" }
    var connections: Int { seen.withValue { $0.connections } }
    var requests: [String] { seen.withValue { $0.requests } }

    /// Serves no more, and waits for the scripts to end: the client must be closed.
    func stop() {
        shutdown(socket.descriptor, Int32(SHUT_RDWR))
        while let thread = threads.withValue({ $0.popLast() }) { thread.join() }
        socket.close()
    }

    private func accept(_ script: @escaping @Sendable (Connection) -> Void) {
        while true {
            let descriptor = Glibc.accept(socket.descriptor, nil, nil)
            if descriptor < 0 { return }
            let number = seen.withValue { seen in
                seen.connections += 1
                return seen.connections
            }
            let connection = Connection(number: number, descriptor: descriptor, origin: self)
            let thread = spawn {
                script(connection)
                connection.close()
            }
            threads.withValue { $0.append(thread) }
        }
    }

    fileprivate func note(_ request: String) { seen.withValue { $0.requests.append(request) } }
}

private func spawn(_ body: @escaping @Sendable () -> Void) -> NamedThread {
    guard let thread = try? NamedThread.start(name: "origin", body) else { fatalError("no thread") }
    return thread
}

/// One connection to the scripted server.
struct Connection: Sendable {
    /// 1 for the first.
    let number: Int
    fileprivate let descriptor: Int32
    fileprivate let origin: Origin

    /// The next request's head, or nil at the end.
    func request() -> String? {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
            if unsafe recv(descriptor, &byte, 1, 0) != 1 { return nil }
            head.append(byte)
        }
        let text = String(decoding: head, as: UTF8.self)
        origin.note(text)
        return text
    }

    /// So many bytes of a request's body; fewer at the end.
    func bytes(_ count: Int) -> [UInt8] {
        var all: [UInt8] = []
        var room = [UInt8](repeating: 0, count: min(count, 65_536))
        while all.count < count {
            let size = unsafe room.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress, min($0.count, count - all.count), 0)
            }
            if size <= 0 { break }
            all += room.prefix(size)
        }
        return all
    }

    /// As `bytes`, of a body in chunks, one of which ends there.
    func chunkedBytes(_ count: Int) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            // To Swift, a line end is one character.
            guard let size = Int(bytes(through: "\r\n").dropLast(), radix: 16), size > 0 else { break }
            all += bytes(size)
            _ = bytes(2)
        }
        return all
    }

    /// What comes until it ends with `end`.
    func bytes(through end: String) -> String {
        var all: [UInt8] = []
        while !all.suffix(end.utf8.count).elementsEqual(end.utf8) {
            let byte = bytes(1)
            if byte.isEmpty { break }
            all += byte
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// Whether the client has gone, waited for.
    func isLeft() -> Bool { bytes(1).isEmpty }

    /// Sends bytes; false once the client is gone.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Waits until all that was sent is acknowledged, so that the client's kernel has it, or the connection is over.
    func waitUntilDelivered() {
        do {
            try eventually("what was sent is delivered") {
                var state = pollfd(fd: descriptor, events: 0, revents: 0)
                // A connection that was reset keeps what was left.
                return unsafe poll(&state, 1, 0) > 0 || unacknowledgedBytes(on: descriptor) == 0
            }
        } catch {
            Issue.record(error)
        }
    }

    /// Says nothing more until the client has gone.
    func hang() {
        var byte: UInt8 = 0
        while unsafe recv(descriptor, &byte, 1, 0) == 1 {}
    }

    /// Passes bytes on in both directions, as a tunnelling proxy does, until the client has gone.
    func relay(to port: Int) {
        let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        _ = unsafe withUnsafePointer(to: &address) { position in
            unsafe position.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(other, $0, 16) }
        }
        let back = spawn { pump(from: other, to: descriptor) }
        pump(from: descriptor, to: other)
        back.join()
        _ = Glibc.close(other)
    }

    /// From now on no packet that comes is seen, not even by the kernel: as when a NAT has forgotten the connection.
    func vanish() {
        // One instruction of the classic packet filter, `struct sock_filter`: keep 0 bytes of each packet (BPF_RET | BPF_K).
        var instruction: (code: UInt16, jumps: UInt16, constant: UInt32) = (0x06, 0, 0)
        unsafe withUnsafeMutablePointer(to: &instruction) { position in
            // `struct sock_fprog`, whose length stands in the first two bytes of a word.
            var program = (length: UInt(1), instructions: UnsafeRawPointer(position))
            let size = unsafe socklen_t(MemoryLayout.size(ofValue: program))
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, size)
        }
    }

    /// Ends what it sends, in good order and at once.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Makes the connection end with a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    fileprivate func close() { _ = Glibc.close(descriptor) }
}

private func pump(from source: Int32, to target: Int32) {
    var room = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe room.withUnsafeMutableBytes { unsafe recv(source, $0.baseAddress, $0.count, 0) }
        if count <= 0 { break }
        _ = unsafe room.withUnsafeBytes { unsafe Glibc.send(target, $0.baseAddress, count, Int32(MSG_NOSIGNAL)) }
    }
    shutdown(target, Int32(SHUT_RDWR))
}
