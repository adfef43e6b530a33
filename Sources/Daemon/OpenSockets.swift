import EventLoop
import Glibc
import Settings

/// The sockets of all listeners, opened before any thread is started. So an unavailable address is one clear error, and
/// nothing has started yet.
struct OpenSockets {
    private var byLoop: [[ListeningSocket]]
    private var groups: [Group] = []

    /// The sockets of one address.
    private struct Group {
        let sockets: [ListeningSocket]
        /// Whether the service manager made them, and keeps them.
        let areManagers: Bool

        var address: SocketAddress { sockets[0].address }
        /// Whether they are those of `admin.listen`.
        var isAdmin: Bool { sockets[0].isAdmin }
    }

    /// Whether the service manager made those of `listen`, and keeps them.
    var areManagers: Bool { groups.contains { $0.areManagers && !$0.isAdmin } }

    /// The addresses of `listen`, with the port that the system chose where 0 was asked for.
    var addresses: [SocketAddress] { groups.filter { !$0.isAdmin }.map(\.address) }

    /// Those of `admin.listen`.
    var adminAddresses: [SocketAddress] { groups.filter(\.isAdmin).map(\.address) }

    /// Opens a socket on one address for each of a number of loops.
    typealias Opening = (SocketAddress, _ loops: Int) throws(UVError) -> [ListeningSocket]

    /// Opens a socket on each address for each of `loops` loops. `localhost` is two addresses, of which a machine may
    /// have only one. `areAdmin`: the addresses are those of `admin.listen`.
    init(
        _ listen: [ListenAddress], loops: Int, areAdmin: Bool = false,
        open: Opening = { (address, loops) throws(UVError) in try ListeningSocket.group(address, count: loops) }
    ) throws(OpenSocketsError) {
        byLoop = Array(repeating: [], count: loops)
        do throws(OpenSocketsError) {
            for address in listen {
                let parts = address.each
                for group in try parts.count == 1
                    ? [Self.group(address, loops, open)] : Self.localhost(parts, loops, open)
                { add(areAdmin ? group.map(\.asAdmin) : group) }
            }
        } catch {
            close()
            throw error
        }
    }

    /// Shares sockets that were handed over among `loops` loops.
    init(handedOver handed: [ListeningSocket], loops: Int) throws(OpenSocketsError) {
        byLoop = Array(repeating: [], count: loops)
        for socket in handed {
            do throws(UVError) {
                add(try socket.shared(among: loops), areManagers: true)
            } catch {
                throw OpenSocketsError(
                    description: "cannot listen on \(socket.address), a socket from the service manager: \(error)")
            }
        }
    }

    /// Takes over the sockets of another Larder, in its order, and distributes them over `loops` loops. It may have had
    /// another number of them.
    init(takenOver sockets: [ListeningSocket], loops: Int) throws(OpenSocketsError) {
        byLoop = Array(repeating: [], count: loops)
        var groups: [[ListeningSocket]] = []
        for socket in sockets {
            if groups.last?[0].address == socket.address, groups.last?[0].isAdmin == socket.isAdmin {
                groups[groups.count - 1].append(socket)
            } else {
                groups.append([socket])
            }
        }
        for group in groups {
            do throws(UVError) {
                if group[0].address.isUnix {
                    add(try group[0].shared(among: loops))
                    continue
                }
                // Each of them has connections in its queue that somebody has to accept. With more loops than
                // sockets, the others get new ones.
                var group = group
                while group.count < loops {
                    let more = try ListeningSocket(group[0].address)
                    group.append(group[0].isAdmin ? more.asAdmin : more)
                }
                add(group)
            } catch {
                throw OpenSocketsError(description: "cannot listen on \(group[0].address): \(error)")
            }
        }
    }

    private mutating func add(_ group: [ListeningSocket], areManagers: Bool = false) {
        for (index, socket) in group.enumerated() { byLoop[index % byLoop.count].append(socket) }
        groups.append(Group(sockets: group, areManagers: areManagers))
    }

    /// Adds sockets of other addresses, for the same number of loops.
    mutating func add(_ other: OpenSockets) {
        for index in byLoop.indices { byLoop[index] += other.byLoop[index] }
        groups += other.groups
    }

    /// The sockets for another process, each once: loops that share a socket have several descriptors of it.
    var distinct: [ListeningSocket] { handed.map(\.socket) }

    /// The same, and whether the service manager made them.
    var handed: [(socket: ListeningSocket, isManagers: Bool)] {
        groups.flatMap { group in
            (group.sockets[0].isShared ? [group.sockets[0]] : group.sockets).map { ($0, group.areManagers) }
        }
    }

    private var all: [ListeningSocket] { groups.flatMap(\.sockets) }

    /// This process no longer removes the files of unix sockets.
    func giveFilesAway() { for socket in all { socket.giveFileAway() } }

    /// This process removes the files of unix sockets in the end, if it knows them.
    func takeFiles() { for socket in all { socket.takeFile() } }

    /// The sockets that one loop listens on.
    func sockets(for loop: Int) -> [ListeningSocket] { byLoop[loop] }

    /// Closes all of them, if no loop will.
    func close() { for socket in byLoop.joined() { socket.close() } }

    private static func group(
        _ address: ListenAddress, _ loops: Int, _ open: Opening
    ) throws(OpenSocketsError) -> [ListeningSocket] {
        do {
            return try open(try SocketAddress(parsing: address.description), loops)
        } catch {
            throw OpenSocketsError(description: "cannot listen on \(address): \(error)")
        }
    }

    // MARK: localhost

    /// How often another port is tried, if any port is allowed and the first is free in one address family only.
    private static let tries = 16

    /// The sockets of both addresses of `localhost`, on one port. One that this machine does not have, because IPv6 or IPv4 is
    /// switched off, is left out; a port in use on either is an error.
    private static func localhost(
        _ parts: [ListenAddress], _ loops: Int, _ open: Opening
    ) throws(OpenSocketsError) -> [[ListeningSocket]] {
        var attempt = 1
        while true {
            var groups: [[ListeningSocket]] = []
            var absent: OpenSocketsError?
            var isTaken = false
            for part in parts {
                guard case .tcp(let host, let port) = part else { continue }
                let chosen = groups.first?[0].address.port ?? port
                let address = ListenAddress.tcp(host: host, port: chosen)
                do throws(UVError) {
                    guard let parsed = try? SocketAddress(parsing: address.description) else { continue }
                    groups.append(try open(parsed, loops))
                } catch {
                    let problem = OpenSocketsError(
                        description: "cannot listen on \(address), one of the two addresses of localhost: \(error)")
                    if error == .addressNotAvailable || error == .familyNotSupported {
                        absent = problem
                    } else if error == .addressInUse, port == 0, !groups.isEmpty, attempt < tries {
                        isTaken = true
                    } else {
                        close(groups)
                        throw problem
                    }
                }
            }
            if isTaken {
                close(groups)
                attempt += 1
            } else if groups.isEmpty, let absent {
                throw absent
            } else {
                return groups
            }
        }
    }

    private static func close(_ groups: [[ListeningSocket]]) { for socket in groups.joined() { socket.close() } }
}

extension OpenSockets {
    /// The sockets of a process that starts: those of the old process or of the service manager, else those of the
    /// settings.
    static func open(
        _ settings: Settings, _ takeover: Takeover?, _ environment: [String: String]
    ) throws -> OpenSockets {
        let handed = try takeover?.managers ?? HandedSockets.take(from: environment, processID: getpid())
        let loops = settings.workers
        var sockets = try OpenSockets(handedOver: handed, loops: loops)
        do {
            sockets.add(try OpenSockets(takenOver: takeover?.sockets ?? [], loops: loops))
            // Sockets that are there replace those of the settings.
            if sockets.addresses.isEmpty { sockets.add(try OpenSockets(settings.listen, loops: loops)) }
            if sockets.adminAddresses.isEmpty {
                sockets.add(try OpenSockets(settings.admin.listen, loops: loops, areAdmin: true))
            }
        } catch {
            sockets.close()
            throw error
        }
        return sockets
    }
}

extension ListeningSocket {
    /// The name of the sockets of `admin.listen`, also for the service manager.
    private static let adminName = "admin"

    /// Whether it is one of `admin.listen`.
    var isAdmin: Bool { name == Self.adminName }

    /// The same socket as one of `admin.listen`.
    var asAdmin: ListeningSocket {
        var socket = self
        socket.name = Self.adminName
        return socket
    }
}

/// Why Larder cannot listen where it should.
struct OpenSocketsError: Error, CustomStringConvertible {
    /// One line that names the address.
    let description: String
}
