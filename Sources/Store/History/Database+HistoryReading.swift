import Bytes

extension Database {
    /// What is asked of a history, which should have `maximumBytes` at most; nil if there is no history of that name.
    func readHistory(
        _ name: String, _ read: HistoryRead, maximumBytes: Int
    ) throws(DatabaseProblem) -> StoredHistory? {
        try searching { () throws(DatabaseProblem) in try find(name, read, maximumBytes: maximumBytes) }
    }

    private func find(
        _ name: String, _ read: HistoryRead, maximumBytes: Int
    ) throws(DatabaseProblem) -> StoredHistory? {
        var statement = try connection.prepare("SELECT number, batch, state FROM history WHERE name = ?")
        try statement.bind(name)
        guard try statement.step() else { return nil }
        let number = try statement.integer(0)
        var history = StoredHistory(batch: try statement.integer(1), state: try statement.blob(2))
        switch read {
        case .latest:
            history.intervals = try intervals(of: number, endingAfter: .max)
            let bytes = try size(of: number)
            history.room = max(0, maximumBytes - bytes)
            if bytes > maximumBytes {
                let part = Double(maximumBytes / 4) / Double(bytes)
                history.surplusUntil = try endOfOldest(part, of: number)
            }
        case .list(let time):
            history.intervals = try intervals(of: number, begunBy: time, endingAfter: time)
            history.mark = try mark(upTo: time, of: number)
        case .model(let id): history.intervals = try intervals(of: number, id: id, endingAfter: .min)
        case .events(let range, let take): history.lastEvent = try readEvents(range, of: number, take)
        }
        return history
    }

    /// About how many bytes a history takes: of each row, event and interval, the content and 128 bytes for its
    /// digests, its seal, its numbers and its place in an index.
    private func size(of history: Int64) throws(DatabaseProblem) -> Int {
        // The plus sign keeps SQLite from using an index here, in whose order the rows are read from all over the file.
        var statement = try connection.prepare(
            """
            SELECT (SELECT ifnull(sum(length(bytes) + 128), 0) FROM history_row WHERE +history = ?1)
            + (SELECT ifnull(sum(length(bytes) + 128), 0) FROM history_event WHERE history = ?1)
            + (SELECT count(*) * 128 FROM history_interval WHERE history = ?1)
            """)
        try statement.bind(history)
        guard try statement.step() else { throw .damaged("a sum has no row") }
        return Int(try statement.integer(0))
    }

    /// When the last of the oldest part of the intervals had ended; nil if none has. Rows and events are about as many.
    private func endOfOldest(_ part: Double, of history: Int64) throws(DatabaseProblem) -> Int64? {
        var count = try connection.prepare("SELECT count(ended) FROM history_interval WHERE history = ?")
        try count.bind(history)
        guard try count.step() else { throw .damaged("a sum has no row") }
        let ended = Double(try count.integer(0))
        var statement = try connection.prepare(
            """
            SELECT ended FROM history_interval WHERE history = ?1 AND ended IS NOT NULL ORDER BY ended LIMIT 1 OFFSET ?2
            """)
        try statement.bind(history)
        try statement.bind(Int64(ended * part))
        return try statement.step() ? statement.integer(0) : nil
    }

    /// The intervals that began by a time and end after a time, or have not ended. Those of one id in the order of time,
    /// others in the order of their positions.
    private func intervals(
        of history: Int64, id: String? = nil, begunBy time: Int64 = .max, endingAfter end: Int64
    ) throws(DatabaseProblem) -> [(interval: HistoryInterval, bytes: SharedBytes)] {
        var statement = try connection.prepare(
            """
            SELECT i.number, i.position, i.id, i.digest, i.began, i.ended, i.seal, r.bytes, r.base, b.bytes
            FROM history_interval i
            LEFT JOIN history_row r ON r.history = i.history AND r.digest = i.digest
            LEFT JOIN history_row b ON b.history = r.history AND b.digest = r.base
            WHERE i.history = ?1 AND i.began <= ?2 AND (i.ended IS NULL OR i.ended > ?3) AND (?4 IS NULL OR i.id = ?4)
            ORDER BY CASE WHEN ?4 IS NULL THEN i.position END, i.began, i.number
            """)
        try statement.bind(history)
        try statement.bind(time)
        try statement.bind(end)
        if let id { try statement.bind(id) }
        return try rows(statement)
    }

    private func rows(
        _ statement: consuming Statement
    ) throws(DatabaseProblem) -> [(interval: HistoryInterval, bytes: SharedBytes)] {
        var rows: [(interval: HistoryInterval, bytes: SharedBytes)] = []
        while try statement.step() {
            let interval = HistoryInterval(
                number: try statement.integer(0), position: statement.isNull(1) ? nil : try statement.integer(1),
                id: try statement.text(2), digest: try statement.bytes(3), began: try statement.integer(4),
                ended: statement.isNull(5) ? nil : try statement.integer(5), seal: try statement.bytes(6))
            if statement.isNull(7) { throw .damaged("a row of the history is missing") }
            var bytes = try statement.blob(7)
            if !statement.isNull(8) {
                if statement.isNull(9) { throw .damaged("a row's base is missing") }
                let base = try statement.blob(9)
                guard let whole = RowDelta.decode(bytes.span, from: base.span) else {
                    throw .damaged("a row does not fit its base")
                }
                bytes = whole
            }
            rows.append((interval, bytes))
        }
        return rows
    }

    private func mark(upTo time: Int64, of history: Int64) throws(DatabaseProblem) -> HistoryMark? {
        var statement = try connection.prepare(
            "SELECT at, seal FROM history_mark WHERE history = ? AND at <= ? ORDER BY at DESC LIMIT 1")
        try statement.bind(history)
        try statement.bind(time)
        guard try statement.step() else { return nil }
        return HistoryMark(at: try statement.integer(0), seal: try statement.bytes(1))
    }

    /// Returns the last event before the place that the range names.
    private func readEvents(
        _ range: HistoryEventRange, of history: Int64, _ take: (HistoryEventRecord) -> Bool
    ) throws(DatabaseProblem) -> Int64 {
        var place = try connection.prepare(
            "SELECT ifnull(max(cursor), 0) FROM history_event WHERE history = ? AND at < ?")
        try place.bind(history)
        try place.bind(range.placeBefore ?? .max)
        guard try place.step() else { throw .damaged("a number is missing") }
        let last = try place.integer(0)
        var statement =
            try range.isBackwards
            ? connection.prepare(
                """
                SELECT cursor, at, bytes FROM history_event
                WHERE history = ? AND cursor > ? AND at >= ? AND at < ? ORDER BY cursor DESC
                """)
            : connection.prepare(
                """
                SELECT cursor, at, bytes FROM history_event
                WHERE history = ? AND cursor > ? AND at >= ? AND at < ? ORDER BY cursor
                """)
        try statement.bind(history)
        try statement.bind(range.after ?? .min)
        try statement.bind(range.from ?? .min)
        try statement.bind(range.until ?? .max)
        while try statement.step() {
            let event = HistoryEventRecord(
                cursor: try statement.integer(0), at: try statement.integer(1), bytes: try statement.bytes(2))
            if !take(event) { break }
        }
        return last
    }
}
