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
        let code = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &size)
            }
        }
        guard code == 0 else { return nil }
        let address = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe SocketAddress(raw: $0) }
        }
        guard let address else { return nil }
        self = address
        let offset = MemoryLayout<sockaddr_un>.offset(of: \sockaddr_un.sun_path)! + 1
        guard case .unix(path: "") = address, Int(size) > offset else { return }
        self = unsafe withUnsafeBytes(of: &storage) { raw in
            unsafe .unix(path: "@" + String(decoding: unsafe raw[offset..<Int(size)], as: UTF8.self))
        }
    }

    /// The address at the other end of a socket; nil if there is none, or if it is of no family that we know.
    init?(peerOf descriptor: Int32) {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let address = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe getpeername(descriptor, raw, &size) == 0 ? unsafe SocketAddress(raw: raw) : nil
            }
        }
        guard let address else { return nil }
        self = address
    }

    /// An address as the kernel or the resolver gave it.
    init?(raw address: UnsafePointer<sockaddr>) {
        let pointer = unsafe UnsafeRawPointer(address)
        switch unsafe Int32(address.pointee.sa_family) {
        case AF_INET:
            let raw = unsafe pointer.loadUnaligned(as: sockaddr_in.self)
            self = .ipv4(UInt32(bigEndian: raw.sin_addr.s_addr), port: UInt16(bigEndian: raw.sin_port))
        case AF_INET6:
            let raw = unsafe pointer.loadUnaligned(as: sockaddr_in6.self)
            let halves = unsafe withUnsafeBytes(of: raw.sin6_addr) { bytes in
                (
                    UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self = .ipv6(halves.0, halves.1, port: UInt16(bigEndian: raw.sin6_port))
        case AF_UNIX:
            let offset = MemoryLayout<sockaddr_un>.offset(of: \sockaddr_un.sun_path)!
            self = .unix(path: unsafe String(cString: (pointer + offset).assumingMemoryBound(to: CChar.self)))
        default:
            return nil
        }
    }
}

private func lend<Raw, Result>(
    _ raw: inout Raw, _ size: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    unsafe withUnsafePointer(to: &raw) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(size)) }
    }
}

/// Why a text is not an address to listen on.
public struct SocketAddressError: Error, Equatable, CustomStringConvertible {
    /// A sentence that names the text.
    public let description: String
}

extension SocketAddress {
    /// Reads `127.0.0.1:5273`, `[::1]:5273`, `localhost:5273` (which is 127.0.0.1), `name:5273` or `unix:/path`.
    ///
    /// Any name other than `localhost` goes to the system's resolver, which may take seconds: do it at start-up only.
    public init(parsing text: String) throws(SocketAddressError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            if path.isEmpty { throw SocketAddressError(description: "\"\(text)\": the path after unix: is missing") }
            if path.utf8.count > SocketAddress.longestPath {
                let limit = SocketAddress.longestPath
                throw SocketAddressError(
                    description: "\"\(text)\": the path of a unix socket has at most \(limit) bytes")
            }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw SocketAddressError(description: "\"\(text)\": an address must be HOST:PORT or unix:PATH")
        }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits) else {
            throw SocketAddressError(description: "\"\(text)\": the port must be a number from 0 to 65535")
        }
        var host = String(text[..<colon])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        if host.contains(":") != isBracketed {
            throw SocketAddressError(
                description: "\"\(text)\": an IPv6 address needs brackets, as in [::1]:\(port)")
        }
        if host == "localhost" { host = "127.0.0.1" }
        guard !host.isEmpty, let address = resolve(host, port: port) else {
            throw SocketAddressError(description: "\"\(text)\": \"\(host)\" has no address")
        }
        self = address
    }
}

/// The first address of a host, which the resolver finds without the network if it is written as a number.
private func resolve(_ host: String, port: UInt16) -> SocketAddress? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0, let first = unsafe found else { return nil }
    defer { unsafe freeaddrinfo(first) }
    return unsafe first.pointee.ai_addr.flatMap { unsafe SocketAddress(raw: $0) }
}
