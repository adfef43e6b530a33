/// Connections that wait for the next request.
struct KeptConnections {
    /// The most that are kept.
    static let most = 128

    /// The longest that one is kept, in milliseconds. What lies between may have forgotten it after that.
    static let longest = 118_000

    /// Those kept longest come first.
    private var all: [UpstreamConnection] = []

    /// Keeps one, and closes what is too much.
    mutating func add(_ connection: UpstreamConnection, now: UInt64) {
        connection.keptSince = now
        all.append(connection)
        while let first = all.first, all.count > Self.most || isOld(first, now) {
            all.removeFirst()
            first.close()
        }
    }

    /// Takes out one that can be used now; closes those that cannot.
    mutating func take(to origin: Origin, now: UInt64) -> UpstreamConnection? {
        var index = all.count
        while index > 0 {
            index -= 1
            guard all[index].origin == origin else { continue }
            let found = all.remove(at: index)
            if !isOld(found, now), found.isQuiet() { return found }
            found.close()
        }
        return nil
    }

    /// Takes out one that has ended.
    mutating func remove(_ connection: UpstreamConnection) { all.removeAll { $0 === connection } }

    /// Closes all.
    mutating func close() {
        for connection in all { connection.close() }
        all = []
    }

    private func isOld(_ connection: UpstreamConnection, _ now: UInt64) -> Bool {
        now - connection.keptSince > UInt64(Self.longest)
    }
}
