import Bytes
internal import CSQLite

/// What a database is made of: its version, and the steps that lead to this release's.
///
/// The version stands in two places, `user_version` and the note `store.schema`. One turned bit must not make a database
/// look like a later release's, which would stop the process, so a version counts only when both say it.
struct Schema {
    private let connection: Connection
    private let migrations: [Migration]

    private static let versionNote = "store.schema"

    init(_ connection: Connection, _ migrations: [Migration]) {
        self.connection = connection
        self.migrations = migrations
    }

    /// The version, if the file is Larder's and both places say that it is one that this release does not know.
    func newerVersion() throws(DatabaseProblem) -> Int? {
        guard try number("PRAGMA application_id") == Database.applicationID else { return nil }
        let version = Int(try number("PRAGMA user_version"))
        guard version > migrations.count, try notedVersion() == version else { return nil }
        return version
    }

    /// Takes the steps that are wanting, each with its version in one transaction.
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

    /// Throws unless the database is of this very version, as it has to be to be read without a change.
    func checkCurrent() throws(DatabaseProblem) {
        if let found = try newerVersion() { throw .newer(found: found, known: migrations.count) }
        let version = try checkedVersion()
        guard version == migrations.count else {
            throw .unavailable("the schema is version \(version) and has to be brought up to date")
        }
    }

    /// The version, once everything agrees with it; 0 when there is nothing in the file yet.
    private func checkedVersion() throws(DatabaseProblem) -> Int {
        let identity = try number("PRAGMA application_id")
        let version = Int(try number("PRAGMA user_version"))
        let objects = try Self.objects(connection)
        if identity == 0 && version == 0 && objects.isEmpty { return 0 }
        guard identity == Database.applicationID else { throw .damaged("the file is not marked as Larder's") }
        guard (1...max(1, migrations.count)).contains(version), try notedVersion() == version else {
            throw .damaged("the version of the schema is in doubt")
        }
        guard try objects == expectedObjects(version) else { throw .damaged("the schema is not its version's") }
        return version
    }

    /// What the steps make, in a database of their own in memory.
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

    private func number(_ sql: StaticString) throws(DatabaseProblem) -> Int64 {
        let statement = try connection.prepare(sql)
        guard try statement.step() else { throw .damaged("a number is missing") }
        return try statement.integer(0)
    }
}
