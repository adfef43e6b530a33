import EventLoop
import Logging
import Synchronization

/// The listeners of a loop. It accepts no connection while too many are open.
final class Acceptor {
    private let loop: Loop
    private let sockets: [ListeningSocket]
    private let open: OpenConnections
    private var listeners: [Listener] = []
    /// Whether accepting was stopped because the connection limit was reached.
    private var isFull = false
    private var isClosed = false

    /// Accepts nothing yet. `open` is the count of all loops together.
    init(_ sockets: [ListeningSocket], open: OpenConnections, on loop: Loop) {
        self.sockets = sockets
        self.open = open
        self.loop = loop
    }

    /// Begins to accept.
    func begin(log: Logger, _ accept: @escaping (Stream) -> Void) throws(UVError) {
        for socket in sockets {
            let listener = try Listener(on: loop, socket: socket) { stream in accept(stream) }
            listener.failed = { error in log.event(.acceptFailed, "cannot accept a connection: \(error)") }
            listeners.append(listener)
        }
    }

    /// A connection was opened: the next one may have to wait.
    func opened() {
        open.opened()
        guard open.isFull else { return }
        isFull = true
        for listener in listeners { listener.pause() }
    }

    /// A connection of this loop was closed.
    func closed() {
        open.closed()
        resume()
    }

    /// Accepts again if there is room: when a connection of this loop has closed, and periodically, because one of
    /// another loop may have closed.
    func resume() {
        guard isFull, !isClosed, !open.isFull else { return }
        isFull = false
        for listener in listeners { listener.resume() }
    }

    /// Accepts nothing more.
    func close() {
        isClosed = true
        for listener in listeners { listener.close() }
    }
}

/// The number of open connections of all loops together.
///
/// The kernel distributes connections over the loops by a hash, not evenly. With a limit for each loop, one loop would
/// reach it while another has room. This is the one number that loops share. Each loop updates it when a connection
/// opens or closes, never on a request.
final class OpenConnections: Sendable {
    private let count = Atomic(0)
    private let most: Atomic<Int>

    /// None yet, with a limit of `most`.
    init(most: Int) { self.most = Atomic(most) }

    /// Changes the limit. Open connections stay.
    func allow(_ number: Int) { most.store(number, ordering: .relaxed) }

    /// A connection was opened.
    func opened() { count.wrappingAdd(1, ordering: .relaxed) }

    /// A connection was closed.
    func closed() { count.wrappingSubtract(1, ordering: .relaxed) }

    /// Whether the next connection must wait. Loops that check at the same moment may each accept one.
    var isFull: Bool { count.load(ordering: .relaxed) >= most.load(ordering: .relaxed) }
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

    /// Closes all connections at once.
    func close() {
        for connection in all { connection.stream.close() }
    }
}
