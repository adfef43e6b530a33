internal import CUV
import Glibc

/// A connection between two processes of this machine that transfers whole messages of text.
public struct MessageSocket: Sendable {
    /// The socket, which does not block.
    public let descriptor: Int32

    /// The longest message, in bytes.
    private static let longest = 4096

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// What was received.
    public enum Received: Sendable, Equatable {
        case message(String)
        /// No message has arrived yet.
        case nothing
        /// The other end is closed.
        case end
    }

    private static let kind = Int32(SOCK_SEQPACKET.rawValue)
    private static let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    /// Both ends of a new connection.
    public static func pair() throws(UVError) -> (MessageSocket, MessageSocket) {
        var ends: [Int32] = [-1, -1]
        if unsafe socketpair(AF_UNIX, kind | flags, 0, &ends) < 0 { throw UVError(errno: errno) }
        return (MessageSocket(ends[0]), MessageSocket(ends[1]))
    }

    /// Takes over an end that this process was started with; nil if the descriptor is something else.
    public init?(inherited descriptor: Int32) {
        var type: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0, type == Self.kind else {
            return nil
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        self.descriptor = descriptor
    }

    /// Sends a message. It is lost if the other end is closed, or has not read dozens of earlier ones.
    public func send(_ text: String) {
        let bytes = Array(text.utf8.prefix(Self.longest))
        _ = unsafe bytes.withUnsafeBytes { bytes in
            unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
    }

    /// The next message. If there is none, waits for one for so many milliseconds at most; do not wait on a loop.
    public func receive(waiting milliseconds: Int32 = 0) -> Received {
        let deadline = monotonicMicroseconds() + UInt64(max(0, milliseconds)) * 1_000
        var room = [UInt8](repeating: 0, count: Self.longest)
        while true {
            let size = unsafe room.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            if size > 0 { return .message(String(decoding: room.prefix(size), as: UTF8.self)) }
            if size == 0 { return .end }
            if errno == EINTR { continue }
            guard errno == EAGAIN else { return .end }
            let now = monotonicMicroseconds()
            if now >= deadline { return .nothing }
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&ready, 1, Int32((deadline - now) / 1_000 + 1))
        }
    }

    /// The process that connected, or made the pair, and its user; nil if the kernel does not say.
    public var peer: (process: Int32, user: UInt32)? {
        var process: Int32 = 0
        let user = unsafe shim_peer(descriptor, &process)
        return user < 0 ? nil : (process, UInt32(user))
    }

    /// Closes it. Once only.
    public func close() { _ = Glibc.close(descriptor) }

    // MARK: By name

    fileprivate static func listen(name: String) throws(UVError) -> Int32 {
        try unsafe open(name) { descriptor, address, size in
            unsafe bind(descriptor, address, size) == 0 && Glibc.listen(descriptor, 16) == 0
        }
    }

    fileprivate static func accept(from listener: Int32) -> MessageSocket? {
        while true {
            let descriptor = shim_accept(listener)
            if descriptor < 0 { return nil }
            let socket = MessageSocket(descriptor)
            if let peer = socket.peer, peer.user == 0 || peer.user == geteuid() { return socket }
            socket.close()
        }
    }

    /// Connects to a `ListeningName`.
    public static func connect(name: String) throws(UVError) -> MessageSocket {
        MessageSocket(
            try unsafe open(name) { descriptor, address, size in
                unsafe Glibc.connect(descriptor, address, size) == 0
            })
    }

    private static func open(
        _ name: String, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) throws(UVError) -> Int32 {
        var raw = sockaddr_un()
        raw.sun_family = sa_family_t(AF_UNIX)
        guard name.utf8.count < SocketAddress.longestPath else { throw .nameTooLong }
        // An abstract name begins with a zero, and is as long as the size says.
        unsafe withUnsafeMutableBytes(of: &raw.sun_path) { room in
            unsafe UnsafeMutableRawBufferPointer(rebasing: room.dropFirst()).copyBytes(from: name.utf8)
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \sockaddr_un.sun_path)! + 1 + name.utf8.count)
        let descriptor = Glibc.socket(AF_UNIX, kind | flags, 0)
        if descriptor < 0 { throw UVError(errno: errno) }
        let isDone = unsafe withUnsafePointer(to: &raw) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe use(descriptor, $0, size) }
        }
        if isDone { return descriptor }
        let problem = UVError(errno: errno)
        _ = Glibc.close(descriptor)
        throw problem
    }
}

/// A name that processes of this machine (of its network namespace) can connect to. It needs no file, and ends with the
/// process.
public struct ListeningName: Sendable {
    /// The descriptor, to be polled.
    public let number: Int32

    /// Listens under a name; `.addressInUse` if another process does.
    public init(_ name: String) throws(UVError) { number = try MessageSocket.listen(name: name) }

    /// The sockets that have a name on this machine, in the form of `/proc/net/unix`. Reads a file: not for a loop.
    public static func list() -> String {
        let file = unsafe Glibc.open("/proc/net/unix", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { _ = Glibc.close(file) }
        var (bytes, room) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
        while true {
            let size = unsafe room.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
            if size > 0 { bytes += room.prefix(size) } else if size == 0 || errno != EINTR { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The next connection, if it is from this user or root; others are closed. Nil if none waits.
    public func accept() -> MessageSocket? { MessageSocket.accept(from: number) }

    /// Listens no more. Once only.
    public func close() { _ = Glibc.close(number) }
}

/// Receives the messages of a `MessageSocket` on a loop.
public final class MessageChannel {
    private let socket: MessageSocket
    private var poll: DescriptorPoll?

    /// Calls `receive` for each message, and with nil once the other end is closed. It owns the socket from now on.
    public init(
        on loop: Loop, _ socket: MessageSocket, receive: @escaping (String?) -> Void
    ) throws(UVError) {
        self.socket = socket
        do throws(UVError) {
            poll = try DescriptorPoll(on: loop, descriptor: socket.descriptor) { [unowned self] _ in
                read(receive)
            }
        } catch {
            socket.close()
            throw error
        }
        poll?.watch(for: .readable)
    }

    private func read(_ receive: (String?) -> Void) {
        // `receive` may close.
        while let poll {
            switch socket.receive() {
            case .message(let text): receive(text)
            case .nothing: return
            case .end:
                poll.stop()
                return receive(nil)
            }
        }
    }

    /// Sends a message.
    public func send(_ text: String) { if poll != nil { socket.send(text) } }

    /// Closes the connection. Further calls do nothing.
    public func close() {
        guard let poll else { return }
        self.poll = nil
        poll.close()
        socket.close()
    }
}
