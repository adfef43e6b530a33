/// What the pool keeps.
package protocol PooledConnection: AnyObject {
    /// The origin that it connects to.
    var origin: Origin { get }
}

/// Idle connections, and which of them may be used for the next request.
///
/// The pool only decides: it neither checks a connection nor closes it. A connection that it returns for closing is no
/// longer in the pool.
package struct IdlePool<Connection: PooledConnection> {
    /// The maximum number of connections to keep.
    package static var limit: Int { 128 }

    /// The longest time that a connection is kept, in milliseconds. After that, network devices on the path may have
    /// forgotten it.
    package static var longest: UInt64 { 118_000 }

    /// How much earlier than the server's timeout a connection is dropped, in milliseconds. A request takes time to
    /// arrive, and the server has been counting since it sent its response.
    static var margin: UInt64 { 1_000 }

    /// A shorter suspend, in milliseconds, does not matter: connections and the devices on the path survive it.
    static var shortestSuspend: UInt64 { 1_000 }

    /// A point in time: the loop's clock, and how long the machine has been suspended until then, both in milliseconds.
    package struct Moment {
        package let now: UInt64
        package let suspended: UInt64

        package init(now: UInt64, suspended: UInt64) {
            self.now = now
            self.suspended = suspended
        }
    }

    private struct Entry {
        let connection: Connection
        let since: Moment
        let lifetime: UInt64

        func isUsable(_ moment: Moment) -> Bool {
            moment.now <= since.now &+ lifetime
                && moment.suspended < since.suspended &+ IdlePool.shortestSuspend
        }
    }

    /// The connections that were kept longest come first.
    private var entries: [Entry] = []

    package init() {}

    /// How many connections are kept.
    package var count: Int { entries.count }

    /// Keeps a connection. `keepAlive` is how long the server says it waits for the next request, in seconds
    /// (`Keep-Alive: timeout=`). Returns the connections to close, perhaps this one.
    package mutating func add(
        _ connection: Connection, keepAlive: Int?, at moment: Moment
    ) -> [Connection] {
        var lifetime = Self.longest
        if let keepAlive {
            // A larger number of seconds makes no difference.
            let stated = UInt64(clamping: min(keepAlive, 1_000)) * 1_000
            guard stated > Self.margin else { return [connection] }
            lifetime = min(lifetime, stated - Self.margin)
        }
        var closing: [Connection] = []
        while !entries.isEmpty, entries.count >= Self.limit || !entries[0].isUsable(moment) {
            closing.append(entries.removeFirst().connection)
        }
        entries.append(Entry(connection: connection, since: moment, lifetime: lifetime))
        return closing
    }

    /// What was found for a request.
    package enum Candidate {
        /// The connection may be used, unless unread bytes wait on it.
        case use(Connection)
        /// Close this connection and ask again.
        case close(Connection)
        case none
    }

    /// Removes and returns the most recently used connection to an origin, for a request at this moment.
    package mutating func take(to origin: Origin, at moment: Moment) -> Candidate {
        var index = entries.count
        while index > 0 {
            index -= 1
            guard entries[index].connection.origin == origin else { continue }
            let isUsable = entries[index].isUsable(moment)
            let connection = entries.remove(at: index).connection
            return isUsable ? .use(connection) : .close(connection)
        }
        return .none
    }

    /// Removes a connection that has ended.
    package mutating func remove(_ connection: Connection) {
        if let index = entries.lastIndex(where: { $0.connection === connection }) { entries.remove(at: index) }
    }

    /// Removes and returns the connections to an origin that have been idle since `time` or before, in the loop's
    /// milliseconds. A similar connection has failed, and the cause may affect all of them.
    package mutating func removeAll(to origin: Origin, keptBy time: UInt64) -> [Connection] {
        var closing: [Connection] = []
        entries.removeAll { entry in
            guard entry.since.now <= time, entry.connection.origin == origin else { return false }
            closing.append(entry.connection)
            return true
        }
        return closing
    }

    /// Removes and returns all connections.
    package mutating func removeAll() -> [Connection] {
        let closing = entries.map(\.connection)
        entries = []
        return closing
    }
}
