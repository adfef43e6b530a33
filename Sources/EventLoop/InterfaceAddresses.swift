internal import CUV

/// The addresses of this machine's network interfaces that are up, loopback among them, each with port 0. Empty if the
/// system does not report them.
public func interfaceAddresses() -> [SocketAddress] {
    var list: UnsafeMutablePointer<uv_interface_address_t>?
    var count: Int32 = 0
    guard unsafe uv_interface_addresses(&list, &count) == 0, let list = unsafe list else { return [] }
    defer { unsafe uv_free_interface_addresses(list, count) }
    return (0..<Int(count)).compactMap { index in
        unsafe withUnsafePointer(to: &list[index].address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe SocketAddress(raw: $0) }
        }
    }
}
