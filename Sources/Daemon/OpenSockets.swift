import EventLoop

/// The sockets of all listeners, opened before any thread is started, so that an address that cannot be had is one clear
/// error and nothing has begun.
struct OpenSockets {
    private var byLoop: [[ListeningSocket]]

    /// The addresses, with the port that the system chose where 0 was asked for.
    private(set) var addresses: [SocketAddress] = []

    /// Opens a socket on each address for each of `loops` loops.
    init(_ listen: [ListenAddress], loops: Int) throws(OpenSocketsError) {
        byLoop = Array(repeating: [], count: loops)
        for address in listen {
            do {
                let opened = try Self.open(try SocketAddress(parsing: address.description), loops: loops)
                for (loop, socket) in opened.enumerated() { byLoop[loop].append(socket) }
                addresses.append(opened[0].address)
            } catch {
                for socket in byLoop.joined() { socket.close() }
                throw OpenSocketsError(description: "cannot listen on \(address): \(error)")
            }
        }
    }

    /// The sockets that a loop listens on.
    func sockets(for loop: Int) -> [ListeningSocket] { byLoop[loop] }

    /// Each loop has a socket of its own on a TCP port, and the kernel spreads connections over them. A unix socket cannot
    /// be bound twice: there the loops share it.
    private static func open(_ address: SocketAddress, loops: Int) throws(UVError) -> [ListeningSocket] {
        // SO_REUSEPORT would let us in beside another program that set it too, and it would get some of our connections.
        // The first socket is therefore opened without: if that fails, the port is in use.
        let probe = try ListeningSocket(address, reusePort: false)
        if address.isUnix {
            var sockets = [probe]
            while sockets.count < loops { sockets.append(try probe.duplicate()) }
            return sockets
        }
        let bound = probe.address
        probe.close()
        var sockets: [ListeningSocket] = []
        do throws(UVError) {
            while sockets.count < loops { sockets.append(try ListeningSocket(bound, reusePort: true)) }
        } catch {
            for socket in sockets { socket.close() }
            throw error
        }
        return sockets
    }
}

/// Why Larder cannot listen where it should.
struct OpenSocketsError: Error, CustomStringConvertible {
    /// One line that names the address.
    let description: String
}
