internal import CUV
import Glibc

/// Where a socket listens: an IP address and port, or a path.
public enum SocketAddress: Hashable, Sendable {
    /// Four bytes, most significant first, and a port.
    case ipv4(UInt32, port: UInt16)
    /// Sixteen bytes as two halves, most significant first, and a port.
    case ipv6(UInt64, UInt64, port: UInt16)
    /// A unix socket in the file system. One without a file, which can only be handed over, shows as `@` and its name.
    case unix(path: String)

    /// The TCP port; nil for a unix socket.
    public var port: Int? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port): Int(port)
        case .unix: nil
        }
    }

    /// Whether it is a unix socket.
    public var isUnix: Bool { if case .unix = self { true } else { false } }

    /// Whether only this machine can reach it by TCP: 127.0.0.0/8 or ::1. A unix socket is not asked about here.
    public var isLoopback: Bool {
        switch self {
        case .ipv4(let host, _): host >> 24 == 127
        case .ipv6(let high, let low, _): high == 0 && low == 1
        case .unix: false
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// As it is written in settings: `127.0.0.1:5273`, `[::1]:5273` or `unix:/run/larder.sock`.
    public var description: String {
        switch self {
        case .ipv4(_, let port): "\(hostText):\(port)"
        case .ipv6(_, _, let port): "[\(hostText)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The address without its port and brackets; the path of a unix socket.
    private var hostText: String {
        if case .unix(let path) = self { return path }
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { room in
            let code = unsafe withRaw { address, _ in unsafe uv_ip_name(address, room.baseAddress, 64) }
            return code == 0 ? unsafe String(cString: room.baseAddress!) : "?"
        }
    }
}

// MARK: The kernel's form

extension SocketAddress {
    /// Calls `body` with the address as the kernel takes it, and its size. A path that is too long is cut;
    /// `ListeningSocket` refuses it before.
    func withRaw<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch self {
        case .ipv4(let host, let port):
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = port.bigEndian
            raw.sin_addr.s_addr = host.bigEndian
            return unsafe lend(&raw, MemoryLayout<sockaddr_in>.size, body)
        case .ipv6(let high, let low, let port):
            var raw = sockaddr_in6()
            raw.sin6_family = sa_family_t(AF_INET6)
            raw.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &raw.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe lend(&raw, MemoryLayout<sockaddr_in6>.size, body)
        case .unix(let path):
            var raw = sockaddr_un()
            raw.sun_family = sa_family_t(AF_UNIX)
            // The last byte stays zero.
            unsafe withUnsafeMutableBytes(of: &raw.sun_path) { room in
                unsafe room.copyBytes(from: path.utf8.prefix(SocketAddress.longestPath))
            }
            return unsafe lend(&raw, MemoryLayout<sockaddr_un>.size, body)
        }
    }

    /// The longest path of a unix socket, in bytes.
    static let longestPath = 107

    /// The address a socket is bound to; nil when it is of no family that we know.
    init?(boundTo descriptor: Int32) {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutablePointer(to: &storage) { place in
            unsafe place.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &size) }
        }
        guard code == 0 else { return nil }
        let address = unsafe withUnsafePointer(to: &storage) { place in
            unsafe place.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe SocketAddress(raw: $0) }
        }
        guard let address else { return nil }
        self = address
        let offset = MemoryLayout<sockaddr_un>.offset(of: \sockaddr_un.sun_path)! + 1
        guard case .unix(path: "") = address, Int(size) > offset else { return }
        self = unsafe withUnsafeBytes(of: &storage) { raw in
            unsafe .unix(path: "@" + String(decoding: unsafe raw[offset..<Int(size)], as: UTF8.self))
        }
    }

    /// An address as the kernel or the resolver gave it.
    init?(raw address: UnsafePointer<sockaddr>) {
        let place = unsafe UnsafeRawPointer(address)
        switch unsafe Int32(address.pointee.sa_family) {
        case AF_INET:
            let raw = unsafe place.loadUnaligned(as: sockaddr_in.self)
            self = .ipv4(UInt32(bigEndian: raw.sin_addr.s_addr), port: UInt16(bigEndian: raw.sin_port))
        case AF_INET6:
            let raw = unsafe place.loadUnaligned(as: sockaddr_in6.self)
            let halves = unsafe withUnsafeBytes(of: raw.sin6_addr) { bytes in
                (
                    UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self = .ipv6(halves.0, halves.1, port: UInt16(bigEndian: raw.sin6_port))
        case AF_UNIX:
            let offset = MemoryLayout<sockaddr_un>.offset(of: \sockaddr_un.sun_path)!
            self = .unix(path: unsafe String(cString: (place + offset).assumingMemoryBound(to: CChar.self)))
        default:
            return nil
        }
    }
}

private func lend<Raw, Result>(
    _ raw: inout Raw, _ size: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    unsafe withUnsafePointer(to: &raw) { place in
        unsafe place.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(size)) }
    }
}
