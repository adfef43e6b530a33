internal import CUV
import Glibc
import Threads

/// A socket that listens but is on no loop yet.
///
/// Opening is apart from accepting so that every address can be taken, or refused with one clear error, before any
/// thread is started; the socket can then be handed to the loop's thread.
public struct ListeningSocket: Sendable {
    /// The socket.
    public let descriptor: Int32

    /// What it is bound to; for port 0 the port that the system chose.
    public let address: SocketAddress

    /// Whether other descriptors of the same socket are accepted on, so that a connection wakes all of them.
    public private(set) var isShared = false

    /// What it is for, in the words of the process that made it; nil if nobody said so. The service manager's names of sockets are
    /// `FileDescriptorName=`.
    public var name: String?

    /// The file of a unix socket that we made, and must remove.
    let file: SocketFile?

    /// Opens a socket and listens.
    ///
    /// With `reusePort`, several sockets may listen on one TCP port, and the kernel spreads connections over them;
    /// libuv 1.44 does not support that, so the socket is made here. An IPv6 socket takes IPv6 only. A unix socket's
    /// file is replaced if no process answers on it.
    public init(_ address: SocketAddress, backlog: Int = 1024, reusePort: Bool = true) throws(UVError) {
        try self.init(address, backlog: backlog, sharing: reusePort ? .joins : .no)
    }

    /// Whether other sockets may listen on the same port.
    private enum Sharing {
        case no
        /// Together with sockets that already listen.
        case joins
        /// Together with later sockets; one that already listens is an error.
        case founds
    }

    /// Opens `count` sockets on one address, a socket for each loop: with a port of their own for TCP, where the kernel
    /// spreads connections, and with one socket many times over for a unix path. `.addressInUse` if anyone else listens
    /// there, even one who would share.
    public static func group(
        _ address: SocketAddress, count: Int, backlog: Int = 1024
    ) throws(UVError) -> [ListeningSocket] {
        let first = try ListeningSocket(address, backlog: backlog, sharing: .founds)
        if address.isUnix { return try first.shared(among: count) }
        var group = [first]
        do throws(UVError) {
            while group.count < count {
                group.append(try ListeningSocket(first.address, backlog: backlog, sharing: .joins))
            }
        } catch {
            for socket in group { socket.close() }
            throw error
        }
        return group
    }

    /// This one socket for `count` loops: the socket itself and descriptors of its own for the others, so that each
    /// loop can close what it has. The first loop to accept gets a connection. If this fails, the socket is closed.
    ///
    /// A new connection wakes all loops, and all but one find nothing. That takes some microseconds for each
    /// connection. libuv does not offer `EPOLLEXCLUSIVE`, which would wake one.
    public func shared(among count: Int) throws(UVError) -> [ListeningSocket] {
        var group = [self]
        do throws(UVError) {
            while group.count < count { group.append(try duplicate()) }
        } catch {
            for socket in group { socket.close() }
            throw error
        }
        if count > 1 { for index in group.indices { group[index].isShared = true } }
        return group
    }

    private init(_ address: SocketAddress, backlog: Int, sharing: Sharing) throws(UVError) {
        if case .unix(let path) = address {
            if path.utf8.count > SocketAddress.longestPath { throw .nameTooLong }
            try SocketFile.removeIfStale(path, address)
        }
        let family = unsafe address.withRaw { raw, _ in unsafe Int32(raw.pointee.sa_family) }
        let descriptor = shim_socket(family)
        if descriptor < 0 { throw UVError(errno: errno) }
        var made: SocketFile?
        do throws(UVError) {
            if family != AF_UNIX {
                try set(descriptor, SOL_SOCKET, SO_REUSEADDR, to: 1)
                if sharing == .joins { try set(descriptor, SOL_SOCKET, SO_REUSEPORT, to: 1) }
                try setInherited(descriptor)
            }
            if family == AF_INET6 { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, to: 1) }
            if unsafe address.withRaw({ raw, size in unsafe bind(descriptor, raw, size) }) < 0 {
                throw UVError(errno: errno)
            }
            // From here on the file, if there is one, is ours.
            if case .unix(let path) = address { made = SocketFile(path) }
            // Only from now on: during the bind, no other socket could be there.
            if family != AF_UNIX, sharing == .founds { try set(descriptor, SOL_SOCKET, SO_REUSEPORT, to: 1) }
            if listen(descriptor, Int32(backlog)) < 0 { throw UVError(errno: errno) }
        } catch {
            made?.remove()
            _ = Glibc.close(descriptor)
            throw error
        }
        file = made
        self.descriptor = descriptor
        self.address = SocketAddress(boundTo: descriptor) ?? address
    }

    /// Takes over a stream socket that already listens, such as one handed over by systemd; `.invalid` if it does not,
    /// or is of another kind. The file of a unix socket still belongs to its creator.
    ///
    /// `fileIdentity` is what the creator said about the file, if this process is to remove it one day: from `takeFile`
    /// on.
    public init(descriptor: Int32, fileIdentity: String? = nil) throws(UVError) {
        guard try option(descriptor, SO_ACCEPTCONN) != 0, try option(descriptor, SO_TYPE) == SOCK_STREAM.rawValue,
            let address = SocketAddress(boundTo: descriptor)
        else { throw .invalid }
        if fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) < 0 { throw UVError(errno: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        if !address.isUnix { try setInherited(descriptor) }
        self.descriptor = descriptor
        self.address = address
        guard case .unix(let path) = address, let fileIdentity else {
            file = nil
            return
        }
        file = SocketFile(path, identity: fileIdentity)
    }

    private init(descriptor: Int32, address: SocketAddress) {
        self.descriptor = descriptor
        self.address = address
        file = nil
    }

    /// A second descriptor of the same socket. The file of a unix socket stays with the original.
    public func duplicate() throws(UVError) -> ListeningSocket {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        if copy < 0 { throw UVError(errno: errno) }
        var socket = ListeningSocket(descriptor: copy, address: address)
        socket.name = name
        return socket
    }

    /// Distinguishes the file of a unix socket that this process must remove from later ones at its path; nil if there
    /// is none.
    public var fileIdentity: String? { file?.identity }

    /// The file is another process's from now on: this one does not remove it.
    public func giveFileAway() { file?.setOurs(false) }

    /// The file is this process's from now on.
    public func takeFile() { file?.setOurs(true) }

    /// Closes a socket that no listener has taken. Once only.
    public func close() {
        file?.remove()
        _ = Glibc.close(descriptor)
    }
}

/// A socket's option; `.invalid` if the descriptor is not a socket.
private func option(_ descriptor: Int32, _ option: Int32) throws(UVError) -> Int32 {
    var value: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    if unsafe getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 { return value }
    throw errno == ENOTSOCK ? .invalid : UVError(errno: errno)
}

private func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, to value: Int32) throws(UVError) {
    var value = value
    if unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) < 0 {
        throw UVError(errno: errno)
    }
}

/// Sets what accepted sockets inherit, which saves system calls on each.
private func setInherited(_ descriptor: Int32) throws(UVError) {
    try set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, to: 1)
    try set(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, to: UnsentLimit.inherited)
}

/// Listening sockets that the process was started with, by the protocol of sd_listen_fds(3): `LISTEN_FDS` descriptors from
/// number 3 on, meant for the process `LISTEN_PID`, with names in `LISTEN_FDNAMES`.
///
/// The service manager keeps them open, so connections wait in their backlog while one process ends and the next
/// begins. Our descriptors are copies: closing them only ends our accepting.
public enum HandedSockets {
    /// The first descriptor that is handed over.
    public static let first: Int32 = 3

    /// The sockets that `environment` names; none if there are no such variables, or they are meant for another process.
    ///
    /// Throws for the first descriptor that is not a listening TCP or unix stream socket.
    public static func take(
        from environment: [String: String], processID: Int32, first: Int32 = HandedSockets.first
    ) throws(HandedSocketError) -> [ListeningSocket] {
        guard let count = environment["LISTEN_FDS"], environment["LISTEN_PID"] == String(processID) else { return [] }
        // Far more than any process has, and far less than what would overflow.
        guard let count = Int32(count), (0...1_000).contains(count) else {
            throw HandedSocketError(description: "LISTEN_FDS=\(count) is not a number of sockets")
        }
        let names = environment["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        var sockets: [ListeningSocket] = []
        for index in 0..<count {
            do throws(UVError) {
                var socket = try ListeningSocket(descriptor: first + index)
                if Int(index) < names.count { socket.name = String(names[Int(index)]) }
                sockets.append(socket)
            } catch {
                let name = Int(index) < names.count ? " (\(names[Int(index)]))" : ""
                let reason = error == .invalid ? "it is not a listening stream socket (TCP or Unix)" : error.description
                throw HandedSocketError(
                    description: "cannot use descriptor \(first + index)\(name) from the service manager: \(reason)")
            }
        }
        return sockets
    }
}

/// Why a socket that was handed over cannot be served on.
public struct HandedSocketError: Error, CustomStringConvertible {
    /// One line that names the descriptor.
    public let description: String
}

/// What is at the path of a unix socket, for one who would listen there.
public enum SocketPath: Sendable, Equatable {
    /// Nothing.
    case free
    /// A socket on which no process listens: it is replaced.
    case stale
    /// A socket on which a process listens.
    case taken
    /// Something that is not a socket, which is not replaced.
    case notASocket
    /// It cannot be looked at or tried, for this reason.
    case closed(UVError)

    /// Looks at it, and connects to it for a moment if it is a socket.
    public init(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            self = errno == ENOENT ? .free : .closed(UVError(errno: errno))
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            self = .notASocket
            return
        }
        do throws(UVError) {
            try SocketFile.connect(.unix(path: path))
            self = .taken
        } catch {
            // Without room for one more connection there is a listener all the same.
            self = error == .connectionRefused ? .stale : error == .tryAgain ? .taken : .closed(error)
        }
    }
}

/// The file of a unix socket, distinguished from one that another process has since created at the same path.
final class SocketFile: Sendable {
    private let path: String
    /// Its device and inode.
    let identity: String
    /// Whether it is for this process to remove.
    private let isOurs: Mutex<Bool>

    init?(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        self.path = path
        identity = "\(UInt(status.st_dev)):\(UInt(status.st_ino))"
        isOurs = Mutex(true)
    }

    /// The file that another process has made, and still owns.
    init(_ path: String, identity: String) {
        self.path = path
        self.identity = identity
        isOurs = Mutex(false)
    }

    private convenience init?(socketAt path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        self.init(path)
    }

    func setOurs(_ isOurs: Bool) { self.isOurs.withLock { $0 = isOurs } }

    /// Removes the file, if it is ours, and still this one.
    func remove() {
        guard isOurs.withLock({ $0 }), SocketFile(path)?.identity == identity else { return }
        unsafe unlink(path)
    }

    /// Removes a socket's file if no process answers on it. Anything else stays, and makes `bind` fail.
    static func removeIfStale(_ path: String, _ address: SocketAddress) throws(UVError) {
        guard let file = SocketFile(socketAt: path) else { return }
        do throws(UVError) {
            try connect(address)
        } catch {
            if error == .connectionRefused { file.remove() }
        }
    }

    /// Connects for a moment; throws if that is not possible.
    static func connect(_ address: SocketAddress) throws(UVError) {
        let probe = shim_socket(AF_UNIX)
        if probe < 0 { throw UVError(errno: errno) }
        defer { _ = Glibc.close(probe) }
        if unsafe address.withRaw({ raw, size in unsafe Glibc.connect(probe, raw, size) }) != 0 {
            throw UVError(errno: errno)
        }
    }
}
