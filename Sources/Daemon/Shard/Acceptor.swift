import EventLoop
import Logging

/// The listeners of a loop.
final class Acceptor {
    private let loop: Loop
    private let sockets: [ListeningSocket]
    private var listeners: [Listener] = []
    private var isPaused = false
    private var isClosed = false

    /// Accepts nothing yet.
    init(_ sockets: [ListeningSocket], on loop: Loop) {
        self.sockets = sockets
        self.loop = loop
    }

    /// Begins to accept.
    func begin(log: Logger, _ accept: @escaping (Stream, Connection.Door) -> Void) throws(UVError) {
        let hasAdmin = sockets.contains(where: \.isAdmin)
        for socket in sockets {
            let door: Connection.Door = socket.isAdmin ? .admin : hasAdmin ? .front : .only
            let listener = try Listener(on: loop, socket: socket) { stream in accept(stream, door) }
            listener.failed = { error in log.event(.acceptFailed, "cannot accept a connection: \(error)") }
            listeners.append(listener)
        }
    }

    /// Leaves new connections in the kernel's queue.
    func pause() {
        isPaused = true
        for listener in listeners { listener.pause() }
    }

    /// Accepts again.
    func resume() {
        guard isPaused, !isClosed else { return }
        isPaused = false
        for listener in listeners { listener.resume() }
    }

    /// Accepts nothing more.
    func close() {
        isClosed = true
        for listener in listeners { listener.close() }
    }
}

/// The open connections of a loop. A connection knows its index, so it is added and removed in constant time.
struct ConnectionTable {
    private var all: [Connection] = []

    var count: Int { all.count }

    mutating func insert(_ connection: Connection) {
        connection.position = all.count
        all.append(connection)
    }

    mutating func remove(_ connection: Connection) {
        let position = connection.position
        guard position < all.count, all[position] === connection else { return }
        let last = all.removeLast()
        if last !== connection {
            all[position] = last
            last.position = position
        }
    }

    /// Ends the connections whose deadline has passed. No connection leaves the table before its stream has reported
    /// the close, so the table does not change during the iteration; the same is true below.
    func expire(at now: UInt64) {
        for connection in all where connection.isOverdue(at: now) { connection.expire() }
    }

    /// Closes idle connections, and makes the others close after their answer.
    func drain() {
        for connection in all { connection.drain() }
    }

    /// Applies the current limits of heads to all connections.
    func takeHeadLimits() {
        for connection in all { connection.takeHeadLimits() }
    }

    /// The connections that have been idle for the longest time, this many at most, and since when. It looks at all
    /// connections, some microseconds for a hundred of them. A list in the order of use would cost every hit something.
    func longestIdle(_ count: Int) -> [(Connection, since: UInt64)] {
        var longest: [(Connection, since: UInt64)] = []
        for connection in all where connection.place == .own && !connection.stream.isClosed {
            guard let since = connection.idleSince else { continue }
            if longest.count == count, let last = longest.last, last.since <= since { continue }
            let index = longest.firstIndex { since < $0.since } ?? longest.count
            longest.insert((connection, since), at: index)
            if longest.count > count { longest.removeLast() }
        }
        return longest
    }

    /// Closes all connections at once.
    func close() {
        for connection in all { connection.stream.close() }
    }
}
