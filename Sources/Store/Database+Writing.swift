import Bytes

extension Database {
    /// Writes changes, all of them or none, and keeps within the bounds. What is removed is on the disk, and no longer in
    /// the log, when this returns.
    func write(_ changes: Backlog, _ settings: StoreSettings) throws(DatabaseProblem) {
        let isUrgent = changes.hasRemovals
        if isUrgent { try connection.run("PRAGMA synchronous = FULL") }
        defer { if isUrgent { try? connection.run("PRAGMA synchronous = NORMAL") } }
        try connection.transaction { () throws(DatabaseProblem) in
            var isGrown = false
            if changes.removesAll { try connection.run("DELETE FROM response; DELETE FROM body") }
            for owner in changes.owners { try removeAll(owner: owner) }
            for (key, change) in changes.records {
                switch change {
                case .put(let record): try put(record)
                case .update(let change): try update(change)
                case .remove: try remove(key)
                }
                if case .remove = change { continue }
                isGrown = true
            }
            for (name, bytes) in changes.notes { try connection.writeNote(name, bytes) }
            if let time = changes.prunedBefore { try prune(before: time) }
            if isGrown { try evict(settings) }
        }
        // The removal is durable in the log; if the log cannot be emptied now, that happens later.
        if isUrgent { try? connection.run("PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    private func put(_ record: StoredRecord) throws(DatabaseProblem) {
        let before = try digest(of: record.key)
        var row = try connection.prepare(
            """
            INSERT INTO response(resource, owner, fields, digest, expires, stored) VALUES(?, ?, ?, ?, ?, ?)
            ON CONFLICT(resource, owner) DO UPDATE SET
            fields = excluded.fields, digest = excluded.digest, expires = excluded.expires, stored = excluded.stored
            """)
        try row.bind(record.key.resource)
        try row.bind(record.key.owner)
        try row.bind(record.fields)
        try row.bind(record.digest)
        try row.bind(record.expires)
        try row.bind(record.stored)
        try row.run()
        guard before != record.digest else { return }
        // First the old one, whose pages the new one then takes: in the other order twice as many are written, the old
        // one's once more with zeros.
        if let before { try removeBody(before) }
        var body = try connection.prepare("INSERT INTO body(digest, bytes) VALUES(?, ?) ON CONFLICT DO NOTHING")
        try body.bind(record.digest)
        try body.bind(record.body)
        try body.run()
    }

    private func update(_ change: RecordUpdate) throws(DatabaseProblem) {
        var statement = try connection.prepare(
            "UPDATE response SET fields = ?, expires = ?, stored = ? WHERE resource = ? AND owner = ?")
        try statement.bind(change.fields)
        try statement.bind(change.expires)
        try statement.bind(change.stored)
        try statement.bind(change.key.resource)
        try statement.bind(change.key.owner)
        try statement.run()
    }

    private func remove(_ key: RecordKey) throws(DatabaseProblem) {
        guard let digest = try digest(of: key) else { return }
        var statement = try connection.prepare("DELETE FROM response WHERE resource = ? AND owner = ?")
        try statement.bind(key.resource)
        try statement.bind(key.owner)
        try statement.run()
        try removeBody(digest)
    }

    private func removeAll(owner: [UInt8]) throws(DatabaseProblem) {
        var statement = try connection.prepare("DELETE FROM response WHERE owner = ?")
        try statement.bind(owner)
        try statement.run()
        try removeBodies()
    }

    private func prune(before time: Int64) throws(DatabaseProblem) {
        var statement = try connection.prepare("DELETE FROM response WHERE expires < ?")
        try statement.bind(time)
        try statement.run()
        try removeBodies()
    }

    private func digest(of key: RecordKey) throws(DatabaseProblem) -> [UInt8]? {
        var statement = try connection.prepare("SELECT digest FROM response WHERE resource = ? AND owner = ?")
        try statement.bind(key.resource)
        try statement.bind(key.owner)
        return try statement.step() ? statement.bytes(0) : nil
    }

    /// Removes a body if no response names it any more.
    private func removeBody(_ digest: [UInt8]) throws(DatabaseProblem) {
        var statement = try connection.prepare(
            "DELETE FROM body WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM response WHERE digest = ?1)")
        try statement.bind(digest)
        try statement.run()
    }

    /// Removes all bodies that no response names.
    private func removeBodies() throws(DatabaseProblem) {
        try connection.run("DELETE FROM body WHERE digest NOT IN (SELECT digest FROM response)")
    }

    /// Removes the oldest records until the rest keeps within the bounds.
    private func evict(_ settings: StoreSettings) throws(DatabaseProblem) {
        while true {
            let totals = try connection.prepare(
                """
                SELECT (SELECT count(*) FROM response), (SELECT ifnull(sum(length(fields)), 0) FROM response)
                + (SELECT ifnull(sum(length(bytes)), 0) FROM body)
                """)
            guard try totals.step() else { throw .damaged("a sum has no row") }
            let tooMany = Int(try totals.integer(0)) - settings.maximumRecords
            let tooMuch = Int(try totals.integer(1)) - settings.maximumBytes
            if tooMany <= 0 && tooMuch <= 0 { return }
            let oldest = try oldest(tooMany: tooMany, tooMuch: tooMuch, but: settings.pinned)
            if oldest.isEmpty { return }
            for key in oldest { try remove(key) }
        }
    }

    /// The oldest records: so many, or of so many bytes. A body that others name as well frees nothing, so that is asked
    /// again when they are gone.
    private func oldest(
        tooMany: Int, tooMuch: Int, but pinned: String?
    ) throws(DatabaseProblem) -> [RecordKey] {
        var statement = try connection.prepare(
            """
            SELECT resource, owner, length(fields) + ifnull(length(bytes), 0)
            FROM response LEFT JOIN body USING(digest)
            WHERE resource IS NOT nullif(?, '') ORDER BY stored, resource, owner
            """)
        try statement.bind(pinned ?? "")
        var keys: [RecordKey] = []
        var freed = 0
        while keys.count < tooMany || freed < tooMuch {
            guard try statement.step() else { break }
            keys.append(RecordKey(resource: try statement.text(0), owner: try statement.bytes(1)))
            freed += Int(try statement.integer(2))
        }
        return keys
    }
}
