import Bytes
internal import CSQLite

/// The database schema: its version, and the steps that lead to this release's version.
///
/// The version is stored twice, in `user_version` and in the note `store.schema`. One flipped bit must not make a
/// database look like a later release's, which would stop the process. So a version counts only if both agree.
struct Schema {
    private let connection: Connection
    private let migrations: [Migration]

    private static let versionNote = "store.schema"

    init(_ connection: Connection, _ migrations: [Migration]) {
        self.connection = connection
        self.migrations = migrations
    }

    /// The version, if the file is Larder's and both copies name a version that this release does not know.
    func newerVersion() throws(DatabaseProblem) -> Int? {
        guard try connection.number("PRAGMA application_id") == Database.applicationID else { return nil }
        let version = Int(try connection.number("PRAGMA user_version"))
        guard version > migrations.count, try notedVersion() == version else { return nil }
        return version
    }

    /// Runs the missing steps, each with its version in one transaction.
    func bringUpToDate() throws(DatabaseProblem) {
        let version = try checkedVersion()
        for step in version..<migrations.count {
            try connection.transaction { () throws(DatabaseProblem) in
                if step == 0 {
                    try connection.run("PRAGMA application_id = \(Database.applicationID)")
                    try connection.run(Migration.base)
                }
                try connection.run(migrations[step].sql)
                try connection.run("PRAGMA user_version = \(step + 1)")
                try connection.writeNote(Self.versionNote, SharedBytes(utf8: "\(step + 1)"))
            }
        }
    }

    /// Throws unless the database is of this very version, which is required for reading it unchanged.
    func checkCurrent() throws(DatabaseProblem) {
        if let found = try newerVersion() { throw .newer(found: found, known: migrations.count) }
        let version = try checkedVersion()
        guard version == migrations.count else {
            throw .unavailable("the schema is version \(version) and needs an upgrade")
        }
    }

    /// The version, if everything agrees with it; 0 if the file is still empty.
    private func checkedVersion() throws(DatabaseProblem) -> Int {
        let identity = try connection.number("PRAGMA application_id")
        let version = Int(try connection.number("PRAGMA user_version"))
        let objects = try Self.objects(connection)
        if identity == 0 && version == 0 && objects.isEmpty { return 0 }
        guard identity == Database.applicationID else { throw .damaged("the file is not marked as Larder's") }
        guard (1...max(1, migrations.count)).contains(version), try notedVersion() == version else {
            throw .damaged("the schema version is inconsistent")
        }
        guard try objects == expectedObjects(version) else { throw .damaged("the schema does not match its version") }
        return version
    }

    /// The schema that the steps produce, in a separate database in memory.
    private func expectedObjects(_ version: Int) throws(DatabaseProblem) -> [String] {
        let model = try Connection(uri: ":memory:", flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        try model.run(Migration.base)
        for step in migrations[..<version] { try model.run(step.sql) }
        return try Self.objects(model)
    }

    private static func objects(_ connection: Connection) throws(DatabaseProblem) -> [String] {
        let statement = try connection.prepare(
            "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || ifnull(sql, '') FROM sqlite_schema ORDER BY 1")
        var objects: [String] = []
        while try statement.step() { objects.append(try statement.text(0)) }
        return objects
    }

    private func notedVersion() throws(DatabaseProblem) -> Int? {
        guard let bytes = try connection.note(Self.versionNote) else { return nil }
        return Int(bytes.span.text())
    }
}

/// One step of the schema. The step at index n of a list makes version n + 1 out of version n.
///
/// A released step never changes: existing databases were made by it.
struct Migration: Sendable {
    /// The statements, run in one transaction together with the new version.
    let sql: String

    /// What every database has before the first step, whatever its version. It must stay valid for all future releases:
    /// with the version stored here, a release distinguishes a later release's database from a damaged one (see
    /// `Database.version`).
    static let base = "CREATE TABLE note(name TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID"

    /// The steps of this release.
    static let all = [
        Migration(
            sql: """
                CREATE TABLE response(
                    resource TEXT NOT NULL, owner BLOB NOT NULL, fields BLOB NOT NULL, digest BLOB NOT NULL,
                    expires INTEGER NOT NULL, stored INTEGER NOT NULL, PRIMARY KEY(resource, owner)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX response_digest ON response(digest);
                CREATE TABLE body(digest BLOB UNIQUE NOT NULL, bytes BLOB NOT NULL) STRICT;
                """),
        // Histories. `history_row` has a row number, since its rows are too large for the pages of an index.
        Migration(
            sql: """
                CREATE TABLE history(
                    name TEXT PRIMARY KEY NOT NULL, number INTEGER UNIQUE NOT NULL, batch INTEGER NOT NULL,
                    state BLOB NOT NULL, time INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE history_row(
                    history INTEGER NOT NULL, digest BLOB NOT NULL, base BLOB, bytes BLOB NOT NULL,
                    UNIQUE(history, digest)
                ) STRICT;
                CREATE TABLE history_interval(
                    history INTEGER NOT NULL, number INTEGER NOT NULL, position INTEGER, id TEXT NOT NULL,
                    digest BLOB NOT NULL, began INTEGER NOT NULL, ended INTEGER, seal BLOB NOT NULL,
                    PRIMARY KEY(history, number)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE history_event(
                    history INTEGER NOT NULL, cursor INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL,
                    PRIMARY KEY(history, cursor)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX history_event_at ON history_event(history, at);
                CREATE TABLE history_mark(
                    history INTEGER NOT NULL, at INTEGER NOT NULL, seal BLOB NOT NULL, PRIMARY KEY(history, at)
                ) STRICT, WITHOUT ROWID;
                """),
    ]
}
