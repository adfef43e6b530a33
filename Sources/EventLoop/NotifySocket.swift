internal import CUV
import Glibc

/// Sends messages to a service manager that listens on a unix datagram socket for lines such as `READY=1`. This is the
/// protocol of sd_notify(3), without its library.
public struct NotifySocket: Sendable {
    private let address: sockaddr_un
    private let size: socklen_t

    /// How long a message may wait for a manager that does not read, in seconds: a manager that hangs must not hang us.
    private static let patience = 1

    /// The socket that the `NOTIFY_SOCKET` of the environment names: an absolute path, or `@` and an abstract name.
    /// `.invalid` for anything else, `.nameTooLong` for more than the system takes.
    public init(_ name: String) throws(UVError) {
        guard name.utf8.count > 1, name.hasPrefix("/") || name.hasPrefix("@") else { throw .invalid }
        guard name.utf8.count <= SocketAddress.longestPath else { throw .nameTooLong }
        var raw = sockaddr_un()
        raw.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &raw.sun_path) { room in
            unsafe room.copyBytes(from: name.utf8)
            // An abstract name begins with a zero, and is as long as the size says.
            if name.hasPrefix("@") { unsafe room[0] = 0 }
        }
        address = raw
        let path = MemoryLayout<sockaddr_un>.offset(of: \sockaddr_un.sun_path)!
        size = socklen_t(path + name.utf8.count + (name.hasPrefix("/") ? 1 : 0))
    }

    /// Sends one message of `NAME=VALUE` lines. It waits for a second at most; call it where nothing is served.
    public func send(_ message: String) throws(UVError) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if descriptor < 0 { throw UVError(errno: errno) }
        defer { _ = Glibc.close(descriptor) }
        var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = address
        let bytes = Array(message.utf8)
        let sent = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe sendto(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), address, size)
                }
            }
        }
        if sent < 0 { throw UVError(errno: errno) }
    }
}

/// The time of CLOCK_MONOTONIC in microseconds, by which a service manager identifies the reload.
public func monotonicMicroseconds() -> UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1_000
}
