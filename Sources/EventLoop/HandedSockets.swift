import Glibc

/// Listening sockets that the process was started with, by the protocol of sd_listen_fds(3): `LISTEN_FDS` descriptors from
/// number 3 on, meant for the process `LISTEN_PID`, with names in `LISTEN_FDNAMES`.
///
/// Whoever handed them over keeps them open, so that connections wait in their backlog while one process ends and the next
/// begins. Our descriptors are copies of its own: to close them ends nothing but our accepting.
public enum HandedSockets {
    /// The first descriptor that is handed over.
    public static let first: Int32 = 3

    /// The sockets that `environment` names; none if there are no such variables, or they are meant for another process.
    ///
    /// Throws for the first descriptor that is no listening stream socket of TCP or unix.
    public static func take(
        from environment: [String: String], processID: Int32, first: Int32 = HandedSockets.first
    ) throws(HandedSocketError) -> [ListeningSocket] {
        guard let count = environment["LISTEN_FDS"], environment["LISTEN_PID"] == String(processID) else { return [] }
        // Far more than anybody has, and far less than what would overflow.
        guard let count = Int32(count), (0...1_000).contains(count) else {
            throw HandedSocketError(description: "LISTEN_FDS=\(count) is no number of sockets")
        }
        let names = environment["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        var sockets: [ListeningSocket] = []
        for index in 0..<count {
            do throws(UVError) {
                sockets.append(try ListeningSocket(descriptor: first + index))
            } catch {
                let name = Int(index) < names.count ? " (\(names[Int(index)]))" : ""
                let reason = error == .invalid ? "it is no listening stream socket of TCP or unix" : error.description
                throw HandedSocketError(
                    description: "cannot serve on descriptor \(first + index)\(name), which was handed over: \(reason)")
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
