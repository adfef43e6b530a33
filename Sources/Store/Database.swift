internal import CSQLite

/// The rows: an open database whose schema is the one that this release knows.
final class Database {
    let connection: Connection

    /// Marks the file as Larder's: "Lard".
    static let applicationID: Int64 = 0x4C61_7264

    private init(_ connection: Connection) { self.connection = connection }

    /// Opens a file for writing, and brings it up to date.
    static func open(_ path: String, migrations: [Migration]) throws(DatabaseProblem) -> Database {
        let connection = try Connection(uri: "file:" + escaped(path), flags: SQLITE_OPEN_READWRITE)
        guard !connection.isReadOnly else { throw .unavailable("open: the database can only be read") }
        // Before the log is first touched: its index then lies in this process's memory and not in a mapped file, through
        // which a full disk or a truncated file would end the process with SIGBUS.
        try connection.run("PRAGMA locking_mode = EXCLUSIVE")
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw .unavailable("open: write-ahead logging cannot be had")
        }
        try connection.run("PRAGMA synchronous = NORMAL")
        try connection.run("PRAGMA secure_delete = ON")
        try connection.run("PRAGMA journal_size_limit = 4194304")
        try Schema(connection, migrations).bringUpToDate()
        return Database(connection)
    }

    /// Opens a file that must not be touched. `hasLog` says that a write-ahead log with something in it lies beside it.
    static func openForReading(
        _ path: String, hasLog: Bool, migrations: [Migration]
    ) throws(DatabaseProblem) -> Database {
        let connection = try readingConnection(path, hasLog: hasLog)
        try Schema(connection, migrations).checkCurrent()
        return Database(connection)
    }

    /// Throws `newer` if the file is a later release's, and touches nothing. Whatever else is the matter with it comes out
    /// when it is opened.
    static func refuseNewer(_ path: String, hasLog: Bool, migrations: [Migration]) throws(DatabaseProblem) {
        let found: Int?
        do {
            found = try Schema(readingConnection(path, hasLog: hasLog), migrations).newerVersion()
        } catch {
            return
        }
        if let found { throw .newer(found: found, known: migrations.count) }
    }

    /// What a log holds is part of the database, removals above all, so it is read as well. SQLite does that with its
    /// index in memory and without a lock on the file ("unix-none"; the directory's own lock keeps others away).
    /// "immutable" passes over the log, and is what works when there is none.
    private static func readingConnection(_ path: String, hasLog: Bool) throws(DatabaseProblem) -> Connection {
        let way = hasLog ? "vfs=unix-none" : "immutable=1"
        let connection = try Connection(uri: "file:\(escaped(path))?mode=ro&\(way)", flags: SQLITE_OPEN_READONLY)
        connection.keepFilesOnClose()
        try connection.run("PRAGMA locking_mode = EXCLUSIVE")
        return connection
    }

    /// Leaves what lies under the files' names alone when it is closed: those are no longer its own files.
    func abandon() { connection.keepFilesOnClose() }

    /// A path as part of an URI.
    private static func escaped(_ path: String) -> String {
        var result = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return result
    }
}
