import Bytes
internal import CSQLite

/// The rows: an open database whose schema is the one that this release knows.
final class Database {
    let connection: Connection
    /// Whether the log may hold removals that were written but not synced. A power failure would undo them.
    private(set) var hasUnsyncedRemovals: Bool

    /// Marks the file as Larder's: "Lard".
    static let applicationID: Int64 = 0x4C61_7264

    private init(_ connection: Connection, hasUnsyncedRemovals: Bool) {
        self.connection = connection
        self.hasUnsyncedRemovals = hasUnsyncedRemovals
    }

    /// Opens a file for writing, and brings it up to date. `patience` is how long statements may take; by default, as
    /// long as the size of the file explains.
    static func open(
        _ path: String, migrations: [Migration], patience: Int? = nil
    ) throws(DatabaseProblem) -> Database {
        // A process that was killed may have left removals in it.
        let hasLog = (FileStatus(path: path + "-wal")?.size ?? 0) > 0
        let connection = try Connection(uri: "file:" + escaped(path), flags: SQLITE_OPEN_READWRITE)
        guard !connection.isReadOnly else { throw .unavailable("open: the database is read-only") }
        // Must come before the first use of the log. Its index is then in this process's memory and not in a mapped
        // file. With a mapped file, a full disk or a truncated file would kill the process with SIGBUS.
        try connection.run("PRAGMA locking_mode = EXCLUSIVE")
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw .unavailable("open: write-ahead logging is not available")
        }
        try connection.run("PRAGMA synchronous = NORMAL")
        try connection.run("PRAGMA secure_delete = ON")
        try connection.run("PRAGMA journal_size_limit = 4194304")
        try Schema(connection, migrations).bringUpToDate()
        try bePatient(connection, patience)
        return Database(connection, hasUnsyncedRemovals: hasLog)
    }

    /// Opens a file that must not be touched. `hasLog` is true if there is a non-empty write-ahead log beside it.
    static func openForReading(
        _ path: String, hasLog: Bool, migrations: [Migration], patience: Int? = nil
    ) throws(DatabaseProblem) -> Database {
        let connection = try readingConnection(path, hasLog: hasLog)
        try Schema(connection, migrations).checkCurrent()
        try bePatient(connection, patience)
        return Database(connection, hasUnsyncedRemovals: false)
    }

    private static func bePatient(_ connection: Connection, _ patience: Int?) throws(DatabaseProblem) {
        let pages = try connection.number("PRAGMA page_count")
        connection.fullPatience = patience ?? Connection.patience(pages: pages)
    }

    /// Throws `newer` if a later release wrote the file, and changes nothing. Other problems are found when it is
    /// opened.
    static func refuseNewer(_ path: String, hasLog: Bool, migrations: [Migration]) throws(DatabaseProblem) {
        let found: Int?
        do {
            found = try Schema(readingConnection(path, hasLog: hasLog), migrations).newerVersion()
        } catch {
            return
        }
        if let found { throw .newer(found: found, known: migrations.count) }
    }

    /// The log is part of the database and holds removals, so it is read as well. SQLite reads it with its index in
    /// memory and without a lock on the file ("unix-none"; the directory's own lock excludes other processes).
    /// "immutable" ignores the log, and is used when there is none.
    private static func readingConnection(_ path: String, hasLog: Bool) throws(DatabaseProblem) -> Connection {
        let way = hasLog ? "vfs=unix-none" : "immutable=1"
        let connection = try Connection(uri: "file:\(escaped(path))?mode=ro&\(way)", flags: SQLITE_OPEN_READONLY)
        connection.keepFilesOnClose()
        try connection.run("PRAGMA locking_mode = EXCLUSIVE")
        return connection
    }

    /// On close, leaves the files with these names alone: they are no longer its own.
    func abandon() { connection.keepFilesOnClose() }

    /// Moves the log's content into the main file, so that the log is written from its beginning again. False if that
    /// fails.
    func reuseLog() -> Bool { (try? connection.run("PRAGMA wal_checkpoint(RESTART)")) != nil }

    /// A path as part of an URI.
    private static func escaped(_ path: String) -> String { PercentEncoding.encoded(path.utf8, keeping: "/") }
}

/// What became of changes that somebody waits for.
struct WrittenChanges {
    /// For each batch of a history, whether it was written.
    var areKept: [Bool] = []
    /// The updates for which there was no record.
    var missing: [RecordUpdate] = []
}

extension Database {
    /// One record, or nil.
    func read(_ key: RecordKey) throws(DatabaseProblem) -> StoredRecord? {
        var statement = try connection.prepare(
            """
            SELECT fields, response.digest, expires, stored, bytes FROM response LEFT JOIN body USING(digest)
            WHERE resource = ? AND owner = ?
            """)
        try statement.bind(key.resource)
        try statement.bind(key.owner)
        guard try statement.step() else { return nil }
        if statement.isNull(4) { throw .damaged("a body is missing") }
        return StoredRecord(
            key: key, fields: try statement.blob(0), digest: try statement.bytes(1),
            body: try statement.blob(4), expires: try statement.integer(2), stored: try statement.integer(3))
    }

    /// Every record, the newest first.
    func list() throws(DatabaseProblem) -> [KeptRecord] {
        let statement = try connection.prepare(
            """
            SELECT resource, owner, stored, length(fields) + ifnull(length(bytes), 0)
            FROM response LEFT JOIN body USING(digest) ORDER BY stored DESC, resource, owner
            """)
        var kept: [KeptRecord] = []
        while try statement.step() {
            let key = RecordKey(resource: try statement.text(0), owner: try statement.bytes(1))
            kept.append(KeptRecord(key: key, stored: try statement.integer(2), bytes: Int(try statement.integer(3))))
        }
        return kept
    }

    /// The bytes of a note, or nil.
    func note(_ name: String) throws(DatabaseProblem) -> SharedBytes? { try connection.note(name) }

    /// The caller's notes.
    func notes() throws(DatabaseProblem) -> [Note] {
        let statement = try connection.prepare("SELECT name, bytes FROM note WHERE name NOT LIKE 'store.%'")
        var notes: [Note] = []
        while try statement.step() { notes.append(Note(name: try statement.text(0), bytes: try statement.blob(1))) }
        return notes
    }
}

extension Database {
    /// Writes changes, all of them or none, and keeps within the bounds. When this returns, removals are on the disk
    /// and no longer in the log.
    @discardableResult
    func write(_ changes: Backlog, _ settings: StoreSettings) throws(DatabaseProblem) -> WrittenChanges {
        // Most removals are a precaution of the caller and match nothing. A needless disk sync would take a hundred
        // times as long. But what they name may have been removed by an earlier change that was not synced.
        var isUrgent = changes.hasRemovals && hasUnsyncedRemovals
        if changes.hasRemovals && !isUrgent { isUrgent = try hasAny(toRemove: changes) }
        // The number of an event that somebody has seen must not be given to another one after a power failure.
        let isDurable = isUrgent || changes.history.contains { !$0.batch.events.isEmpty }
        if isDurable { try connection.run("PRAGMA synchronous = FULL") }
        defer { if isDurable { try? connection.run("PRAGMA synchronous = NORMAL") } }
        var written = WrittenChanges()
        try connection.transaction { () throws(DatabaseProblem) in
            var isGrown = false
            // A transaction that changes nothing is not synced. This writes a page although the value is the same.
            if isUrgent && hasUnsyncedRemovals {
                try connection.run("PRAGMA application_id = \(Self.applicationID)")
            }
            if changes.removesAll { try connection.run("DELETE FROM response; DELETE FROM body") }
            for owner in changes.owners { try removeAll(owner: owner) }
            for key in changes.damaged { try discard(key) }
            for (key, change) in changes.records {
                switch change {
                case .put(let record): try put(record)
                case .update(let updates):
                    for change in updates.values where try !update(change) { written.missing.append(change) }
                case .remove: try remove(key)
                }
                if case .remove = change { continue }
                isGrown = true
            }
            for (name, bytes) in changes.notes { try connection.writeNote(name, bytes) }
            if let time = changes.prunedBefore { try prune(before: time) }
            if isGrown { try evict(settings) }
            for pending in changes.history { written.areKept.append(try write(pending.batch)) }
        }
        if isDurable { hasUnsyncedRemovals = false }
        // The removal is durable in the log; if the log cannot be emptied now, that happens later.
        if isUrgent { try? connection.run("PRAGMA wal_checkpoint(TRUNCATE)") }
        return written
    }

    /// Whether the database has anything that the changes remove.
    private func hasAny(toRemove changes: Backlog) throws(DatabaseProblem) -> Bool {
        if changes.removesAll { return true }
        for owner in changes.owners {
            var statement = try connection.prepare("SELECT 1 FROM response WHERE owner = ?")
            try statement.bind(owner)
            if try statement.step() { return true }
        }
        for key in changes.removed where try digest(of: key) != nil { return true }
        return false
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
        // Remove the old one first, so that the new one reuses its pages. The other order writes twice as many pages:
        // the old ones are written again with zeros.
        if let before { try removeBody(before) }
        var body = try connection.prepare("INSERT INTO body(digest, bytes) VALUES(?, ?) ON CONFLICT DO NOTHING")
        try body.bind(record.digest)
        try body.bind(record.body)
        try body.run()
    }

    /// False if there is no such record.
    private func update(_ change: RecordUpdate) throws(DatabaseProblem) -> Bool {
        var statement = try connection.prepare(
            """
            UPDATE response SET fields = ?, expires = ?, stored = ? WHERE resource = ? AND owner = ? AND digest = ?
            RETURNING 1
            """)
        try statement.bind(change.fields)
        try statement.bind(change.expires)
        try statement.bind(change.stored)
        try statement.bind(change.key.resource)
        try statement.bind(change.key.owner)
        try statement.bind(change.digest)
        guard try statement.step() else { return false }
        try statement.run()
        return true
    }

    private func remove(_ key: RecordKey) throws(DatabaseProblem) {
        guard let digest = try digest(of: key) else { return }
        var statement = try connection.prepare("DELETE FROM response WHERE resource = ? AND owner = ?")
        try statement.bind(key.resource)
        try statement.bind(key.owner)
        try statement.run()
        try removeBody(digest)
    }

    /// Removes a damaged record, and its body with all other records that have it: a record that is put with the same
    /// body does not write it again.
    private func discard(_ key: RecordKey) throws(DatabaseProblem) {
        guard let digest = try digest(of: key) else { return }
        hasUnsyncedRemovals = true
        for sql in ["DELETE FROM response WHERE digest = ?", "DELETE FROM body WHERE digest = ?"] as [StaticString] {
            var statement = try connection.prepare(sql)
            try statement.bind(digest)
            try statement.run()
        }
    }

    private func removeAll(owner: [UInt8]) throws(DatabaseProblem) {
        var statement = try connection.prepare("DELETE FROM response WHERE owner = ?")
        try statement.bind(owner)
        try statement.run()
        try removeBodies()
    }

    private func prune(before time: Int64) throws(DatabaseProblem) {
        if try hasAny(expiredBefore: time) { hasUnsyncedRemovals = true }
        var statement = try connection.prepare("DELETE FROM response WHERE expires < ?")
        try statement.bind(time)
        try statement.run()
        try removeBodies()
    }

    private func hasAny(expiredBefore time: Int64) throws(DatabaseProblem) -> Bool {
        var statement = try connection.prepare("SELECT 1 FROM response WHERE expires < ?")
        try statement.bind(time)
        return try statement.step()
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
            hasUnsyncedRemovals = true
            for key in oldest { try remove(key) }
        }
    }

    /// The oldest records, up to a number of records or bytes. Removing a shared body frees nothing, so the caller
    /// checks again after the removal.
    private func oldest(
        tooMany: Int, tooMuch: Int, but pinned: String?
    ) throws(DatabaseProblem) -> [RecordKey] {
        var statement = try connection.prepare(
            """
            SELECT resource, owner, length(fields) + ifnull(length(bytes), 0)
            FROM response LEFT JOIN body USING(digest)
            WHERE resource IS NOT nullif(?, '') OR length(owner) > 0 ORDER BY stored, resource, owner
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
