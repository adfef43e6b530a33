import Bytes

/// A batch that waits to be written, and who is notified whether it was.
struct PendingBatch: Sendable {
    let batch: HistoryBatch
    /// Called with false if the store has another history than the batch continues.
    let reply: @Sendable (Bool) -> Void
}

extension Database {
    /// Works on a history. One may have many more rows than there are copies, so a search in it that exceeds its limit
    /// is not taken for damage, which would cost all copies.
    func searching<Result>(_ body: () throws(DatabaseProblem) -> Result) throws(DatabaseProblem) -> Result {
        do throws(DatabaseProblem) {
            return try body()
        } catch {
            if connection.hasLostPatience { throw .endless("a search in the history takes too long") }
            throw error
        }
    }

    /// Writes a batch, inside of a transaction. False if it does not continue what is stored.
    func write(_ batch: HistoryBatch) throws(DatabaseProblem) -> Bool {
        try searching { () throws(DatabaseProblem) in try append(batch) }
    }

    private func append(_ batch: HistoryBatch) throws(DatabaseProblem) -> Bool {
        let known = try record(of: batch.name)
        guard (known?.batch ?? 0) == batch.base else { return false }
        let history = if let known { known.number } else { try add(batch.name) }
        var statement = try connection.prepare("UPDATE history SET batch = ?, state = ?, time = ? WHERE number = ?")
        try statement.bind(batch.base + 1)
        try statement.bind(batch.state)
        try statement.bind(batch.time)
        try statement.bind(history)
        try statement.run()
        for row in batch.rows { try add(row, to: history) }
        for interval in batch.intervals { try put(interval, in: history) }
        for number in batch.discarded {
            try run("DELETE FROM history_interval WHERE history = ? AND number = ?", history, number)
        }
        for event in batch.events { try add(event, to: history) }
        if let mark = batch.mark {
            var statement = try connection.prepare("INSERT OR REPLACE INTO history_mark VALUES(?, ?, ?)")
            try statement.bind(history)
            try statement.bind(mark.at)
            try statement.bind(mark.seal)
            try statement.run()
        }
        if let time = batch.prunedBefore { try prune(history, before: time) }
        if let time = batch.othersPrunedBefore { try removeHistories(but: history, unchangedSince: time) }
        return true
    }

    /// The record of a history: its number, and the number of its last batch.
    private func record(of name: String) throws(DatabaseProblem) -> (number: Int64, batch: Int64)? {
        var statement = try connection.prepare("SELECT number, batch FROM history WHERE name = ?")
        try statement.bind(name)
        guard try statement.step() else { return nil }
        return (try statement.integer(0), try statement.integer(1))
    }

    private func add(_ name: String) throws(DatabaseProblem) -> Int64 {
        var statement = try connection.prepare(
            """
            INSERT INTO history(name, number, batch, state, time)
            SELECT ?, ifnull(max(number), 0) + 1, 0, x'', 0 FROM history RETURNING number
            """)
        try statement.bind(name)
        guard try statement.step() else { throw .damaged("a history has no number") }
        let number = try statement.integer(0)
        try statement.run()
        return number
    }

    private func add(_ row: HistoryRow, to history: Int64) throws(DatabaseProblem) {
        if try storedRow(row.digest, in: history) != nil { return }
        var base: [UInt8]?
        var bytes = row.bytes
        if let similar = row.similar, let (found, whole) = try wholeRow(similar, in: history),
            let delta = RowDelta.encode(row.bytes.span, from: whole.span)
        {
            base = found
            bytes = SharedBytes(delta)
        }
        var statement = try connection.prepare(
            "INSERT INTO history_row(history, digest, base, bytes) VALUES(?, ?, ?, ?)")
        try statement.bind(history)
        try statement.bind(row.digest)
        try statement.bind(base)
        try statement.bind(bytes)
        try statement.run()
    }

    private func storedRow(
        _ digest: [UInt8], in history: Int64
    ) throws(DatabaseProblem) -> (base: [UInt8]?, bytes: SharedBytes)? {
        var statement = try connection.prepare("SELECT base, bytes FROM history_row WHERE history = ? AND digest = ?")
        try statement.bind(history)
        try statement.bind(digest)
        guard try statement.step() else { return nil }
        return (statement.isNull(0) ? nil : try statement.bytes(0), try statement.blob(1))
    }

    /// A row that is stored whole: the one with this digest, or the one that it is the difference from.
    private func wholeRow(
        _ digest: [UInt8], in history: Int64
    ) throws(DatabaseProblem) -> (digest: [UInt8], bytes: SharedBytes)? {
        guard let row = try storedRow(digest, in: history) else { return nil }
        guard let base = row.base else { return (digest, row.bytes) }
        guard let whole = try storedRow(base, in: history), whole.base == nil else {
            throw .damaged("a row's base is missing")
        }
        return (base, whole.bytes)
    }

    private func put(_ interval: HistoryInterval, in history: Int64) throws(DatabaseProblem) {
        var statement = try connection.prepare(
            """
            INSERT OR REPLACE INTO history_interval(history, number, position, id, digest, began, ended, seal)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?)
            """)
        try statement.bind(history)
        try statement.bind(interval.number)
        try statement.bind(interval.position)
        try statement.bind(interval.id)
        try statement.bind(interval.digest)
        try statement.bind(interval.began)
        try statement.bind(interval.ended)
        try statement.bind(interval.seal)
        try statement.run()
    }

    private func add(_ event: HistoryEventRecord, to history: Int64) throws(DatabaseProblem) {
        var statement = try connection.prepare(
            "INSERT INTO history_event(history, cursor, at, bytes) VALUES(?, ?, ?, ?)")
        try statement.bind(history)
        try statement.bind(event.cursor)
        try statement.bind(event.at)
        try statement.bind(event.bytes)
        try statement.run()
    }

    private func prune(_ history: Int64, before time: Int64) throws(DatabaseProblem) {
        try run("DELETE FROM history_event WHERE history = ? AND at < ?", history, time)
        try run("DELETE FROM history_interval WHERE history = ? AND ended <= ?", history, time)
        try run(
            """
            DELETE FROM history_mark WHERE history = ?1
            AND at < (SELECT max(at) FROM history_mark WHERE history = ?1 AND at <= ?2)
            """, history, time)
        try run(
            """
            DELETE FROM history_row WHERE history = ?1 AND base IS NOT NULL
            AND digest NOT IN (SELECT digest FROM history_interval WHERE history = ?1)
            """, history)
        try run(
            """
            DELETE FROM history_row WHERE history = ?1 AND base IS NULL
            AND digest NOT IN (SELECT digest FROM history_interval WHERE history = ?1)
            AND digest NOT IN (SELECT base FROM history_row WHERE history = ?1 AND base IS NOT NULL)
            """, history)
    }

    private func removeHistories(but history: Int64, unchangedSince time: Int64) throws(DatabaseProblem) {
        var statement = try connection.prepare("SELECT number FROM history WHERE number <> ? AND time < ?")
        try statement.bind(history)
        try statement.bind(time)
        var others: [Int64] = []
        while try statement.step() { others.append(try statement.integer(0)) }
        for other in others {
            try run("DELETE FROM history_event WHERE history = ?", other)
            try run("DELETE FROM history_interval WHERE history = ?", other)
            try run("DELETE FROM history_mark WHERE history = ?", other)
            try run("DELETE FROM history_row WHERE history = ?", other)
            try run("DELETE FROM history WHERE number = ?", other)
        }
    }

    private func run(_ sql: StaticString, _ numbers: Int64...) throws(DatabaseProblem) {
        var statement = try connection.prepare(sql)
        for number in numbers { try statement.bind(number) }
        try statement.run()
    }
}
