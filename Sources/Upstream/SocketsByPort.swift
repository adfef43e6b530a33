internal import CCurl

/// The sockets of connections by the port of their own end: that is what curl (7.88) tells of the connection which it has
/// chosen for a request, and not the socket.
struct SocketsByPort {
    /// Nearly always one of each. Connections to different addresses may have the same port.
    private var sockets: [Int32: [curl_socket_t]] = [:]

    /// Takes in a socket that has been bound; the port, by which to remove it.
    mutating func add(_ socket: curl_socket_t) -> Int32 {
        let port = shim_own_port(socket)
        sockets[port, default: []].append(socket)
        return port
    }

    mutating func remove(_ socket: curl_socket_t, port: Int32) {
        sockets[port]?.removeAll { $0 == socket }
        if sockets[port]?.isEmpty == true { sockets[port] = nil }
    }

    /// The socket with this port whose other end has this address; nil if it is not known.
    func find(port: Int32, peer: UnsafePointer<CChar>) -> curl_socket_t? {
        guard let all = sockets[port] else { return nil }
        return all.count == 1 ? all[0] : all.last { unsafe shim_has_peer($0, peer) != 0 }
    }
}
