import EventLoop

/// The sockets of all listeners, had before any thread is started, so that an address that cannot be had is one clear
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
                let opened = try ListeningSocket.group(
                    try SocketAddress(parsing: address.description), count: loops)
                for (loop, socket) in opened.enumerated() { byLoop[loop].append(socket) }
                addresses.append(opened[0].address)
            } catch {
                for socket in byLoop.joined() { socket.close() }
                throw OpenSocketsError(description: "cannot listen on \(address): \(error)")
            }
        }
    }

    /// Shares sockets that were handed over among `loops` loops.
    init(handedOver handed: [ListeningSocket], loops: Int) throws(OpenSocketsError) {
        byLoop = Array(repeating: [], count: loops)
        for socket in handed {
            do throws(UVError) {
                for (loop, copy) in try socket.shared(among: loops).enumerated() { byLoop[loop].append(copy) }
            } catch {
                throw OpenSocketsError(
                    description: "cannot listen on \(socket.address), which was handed over: \(error)")
            }
            addresses.append(socket.address)
        }
    }

    /// The sockets that a loop listens on.
    func sockets(for loop: Int) -> [ListeningSocket] { byLoop[loop] }
}

/// Why Larder cannot listen where it should.
struct OpenSocketsError: Error, CustomStringConvertible {
    /// One line that names the address.
    let description: String
}
