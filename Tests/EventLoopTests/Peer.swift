import EventLoop
import Glibc

/// The other end: a plain blocking socket.
struct Peer: Sendable {
    let descriptor: Int32

    init(adopting descriptor: Int32) { self.descriptor = descriptor }

    /// Connects, or stops the test.
    init(to address: SocketAddress, receiveBuffer: Int32? = nil) {
        let family =
            switch address {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
        }
        let code =
            switch address {
            case .ipv4(let host, let port):
                connect4(host, port)
            case .ipv6(_, let low, let port):
                connect6(low, port)
            case .unix(let path):
                connectUnix(path)
            }
        precondition(code == 0, "no connection to \(address): errno \(errno)")
    }

    private func connect4(_ host: UInt32, _ port: UInt16) -> Int32 {
        var raw = sockaddr_in()
        raw.sin_family = sa_family_t(AF_INET)
        raw.sin_port = port.bigEndian
        raw.sin_addr.s_addr = host.bigEndian
        return connect(&raw)
    }

    private func connect6(_ low: UInt64, _ port: UInt16) -> Int32 {
        var raw = sockaddr_in6()
        raw.sin6_family = sa_family_t(AF_INET6)
        raw.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &raw.sin6_addr) {
            unsafe $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return connect(&raw)
    }

    private func connectUnix(_ path: String) -> Int32 {
        var raw = sockaddr_un()
        raw.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &raw.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return connect(&raw)
    }

    private func connect<Raw>(_ raw: inout Raw) -> Int32 {
        let size = socklen_t(MemoryLayout<Raw>.size)
        return unsafe withUnsafePointer(to: &raw) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, size)
            }
        }
    }

    /// Sends all of it.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// What is there, at most so much; empty at the end, nil on an error.
    func receive(_ most: Int = 65_536) -> [UInt8]? {
        var room = [UInt8](repeating: 0, count: most)
        let count = unsafe room.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : Array(room.prefix(count))
    }

    /// Everything up to the end.
    func receiveAll() -> [UInt8] {
        var all: [UInt8] = []
        while let part = receive(), !part.isEmpty { all += part }
        return all
    }

    func text() -> String { String(decoding: receiveAll(), as: UTF8.self) }

    /// Says that nothing more will be sent.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    func close() { _ = Glibc.close(descriptor) }

    /// Ends the connection with a reset; the descriptor stays one that can be closed.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        let placeholder = unsafe open("/dev/null", O_RDONLY)
        dup2(placeholder, descriptor)
        _ = Glibc.close(placeholder)
    }

    /// Two connected sockets.
    static func pair() -> (Peer, Peer) {
        var both: [Int32] = [0, 0]
        unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &both)
        return (Peer(adopting: both[0]), Peer(adopting: both[1]))
    }
}
