import EventLoop

/// The open connections of a loop. A connection knows its place, so that it comes and goes in constant time.
struct ConnectionTable {
    private var all: [Connection] = []

    var count: Int { all.count }

    mutating func insert(_ connection: Connection) {
        connection.place = all.count
        all.append(connection)
    }

    mutating func remove(_ connection: Connection) {
        let place = connection.place
        guard place < all.count, all[place] === connection else { return }
        let last = all.removeLast()
        if last !== connection {
            all[place] = last
            last.place = place
        }
    }

    /// Ends the connections whose deadline has passed. None leaves the table before its stream's close has come through,
    /// so the table does not change under the loop; the same holds below.
    func expire(at now: UInt64) {
        for connection in all where connection.deadline <= now { connection.expire() }
    }

    /// Ends those that are idle, and tells the others to end with their answer.
    func drain() {
        for connection in all { connection.drain() }
    }

    /// Ends all at once.
    func close() {
        for connection in all { connection.stream.close() }
    }
}
