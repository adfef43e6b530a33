internal import CUV
import Glibc

/// Why a text is no address to listen on.
public struct SocketAddressError: Error, Equatable, CustomStringConvertible {
    /// A sentence that names the text.
    public let description: String
}

extension SocketAddress {
    /// Reads `127.0.0.1:5273`, `[::1]:5273`, `localhost:5273` (which is 127.0.0.1), `name:5273` or `unix:/path`.
    ///
    /// Any other name than `localhost` is asked of the system's resolver, which may take seconds: do it at start-up
    /// only.
    public init(parsing text: String) throws(SocketAddressError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            if path.isEmpty { throw SocketAddressError(description: "\"\(text)\": there is no path after unix:") }
            if path.utf8.count > SocketAddress.longestPath {
                let limit = SocketAddress.longestPath
                throw SocketAddressError(
                    description: "\"\(text)\": the path of a unix socket has at most \(limit) bytes")
            }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw SocketAddressError(description: "\"\(text)\": an address is HOST:PORT or unix:PATH")
        }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits) else {
            throw SocketAddressError(description: "\"\(text)\": the port is a number from 0 to 65535")
        }
        var host = String(text[..<colon])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        if host.contains(":") != isBracketed {
            throw SocketAddressError(
                description: "\"\(text)\": an IPv6 address stands in brackets, as in [::1]:\(port)")
        }
        if host == "localhost" { host = "127.0.0.1" }
        guard !host.isEmpty, let address = resolve(host, port: port) else {
            throw SocketAddressError(description: "\"\(text)\": no address is known for \"\(host)\"")
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
