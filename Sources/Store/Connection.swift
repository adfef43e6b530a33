import Bytes
internal import CSQLite
import Threads

/// A connection to an SQLite database. It belongs to one thread at a time.
@safe final class Connection {
    private let raw: OpaquePointer
    /// How many more batches of `batchOfSteps` a statement may take.
    private let patience: UnsafeMutablePointer<Int>
    /// How many a statement may take in all.
    var fullPatience = Connection.leastPatience
    /// Compiled statements that nobody uses, by the address of their text. To compile one takes longer than to write a row,
    /// and the texts are those in this target's code.
    private var spare: [UnsafeRawPointer: OpaquePointer] = unsafe [:]

    /// A damaged tree can contain loops that SQLite does not detect; a limit ends the search. This one is about ten
    /// thousand times what any statement needs that looks for copies.
    private static let leastPatience = 5_000
    private static let batchOfSteps: Int32 = 10_000
    /// How long another program's lock on the file is waited for, in milliseconds. The store's own thread waits, or a
    /// process that starts.
    private static let waitForLock: Int32 = 2_000

    /// Opens the file at an URI. All of SQLite's own checks are on. Every feature that a file could trigger is off.
    init(uri: String, flags: Int32) throws(DatabaseProblem) {
        _ = PacedWrites.areOn
        var opened: OpaquePointer?
        let code = unsafe sqlite3_open_v2(
            uri, &opened, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard let opened = unsafe opened else { throw .unavailable("open: out of memory") }
        guard code == SQLITE_OK else {
            let systemError = unsafe sqlite3_system_errno(opened)
            unsafe sqlite3_close_v2(opened)
            throw DatabaseProblem(code: code, during: "open", systemError: systemError)
        }
        unsafe raw = opened
        unsafe patience = .allocate(capacity: 1)
        unsafe patience.initialize(to: Self.leastPatience)
        unsafe sqlite3_progress_handler(raw, Self.batchOfSteps, stepsTaken, patience)
        unsafe _ = sqlite3_busy_timeout(raw, Self.waitForLock)
        unsafe _ = shim_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1)
        unsafe _ = shim_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        unsafe _ = shim_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        unsafe _ = shim_db_config(raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0)
        unsafe _ = sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, 256 << 20)
        try run("PRAGMA cell_size_check = ON")
        try run("PRAGMA mmap_size = 0")
    }

    deinit {
        unsafe spare.values.forEach { _ = unsafe sqlite3_finalize($0) }
        unsafe sqlite3_close_v2(raw)
        unsafe patience.deallocate()
    }

    /// How many batches of steps a statement may take in a file with so many pages. One that goes through a whole
    /// history visits every page. A page has some hundred rows at most, and each takes some ten steps: less than a
    /// batch.
    static func patience(pages: Int64) -> Int { max(leastPatience, Int(clamping: pages)) }

    /// Whether the last statement was ended by the limit.
    var hasLostPatience: Bool { unsafe patience.pointee < 0 }

    /// Leaves the files as they are when the connection is closed.
    func keepFilesOnClose() { unsafe _ = shim_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1) }

    /// Whether the file could only be opened read-only.
    var isReadOnly: Bool { unsafe sqlite3_db_readonly(raw, "main") == 1 }

    /// Runs statements that have neither parameters nor results of interest.
    func run(_ sql: String) throws(DatabaseProblem) {
        unsafe patience.pointee = fullPatience
        let code = unsafe sqlite3_exec(raw, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw problem(code, during: "run a statement") }
    }

    /// Compiles one statement, or takes one that was compiled before.
    func prepare(_ sql: StaticString) throws(DatabaseProblem) -> Statement {
        unsafe patience.pointee = fullPatience
        let name = unsafe UnsafeRawPointer(sql.utf8Start)
        if let statement = unsafe spare.removeValue(forKey: name) { return unsafe Statement(statement, name, of: self) }
        var statement: OpaquePointer?
        let code = unsafe sql.utf8Start.withMemoryRebound(to: CChar.self, capacity: sql.utf8CodeUnitCount) { text in
            unsafe sqlite3_prepare_v3(
                raw, text, Int32(sql.utf8CodeUnitCount), UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        }
        guard code == SQLITE_OK, let statement = unsafe statement else {
            throw problem(code, during: "compile a statement")
        }
        return unsafe Statement(statement, name, of: self)
    }

    /// Keeps a statement that is no longer used, without its values.
    @unsafe func keep(_ statement: OpaquePointer, _ name: UnsafeRawPointer) {
        // The result is that of the last step, which was reported.
        _ = unsafe sqlite3_reset(statement)
        unsafe sqlite3_clear_bindings(statement)
        if let other = unsafe spare.updateValue(statement, forKey: name) { unsafe sqlite3_finalize(other) }
    }

    /// Runs `body` in a transaction that is kept if it returns and undone if it throws.
    func transaction(_ body: () throws(DatabaseProblem) -> Void) throws(DatabaseProblem) {
        try run("BEGIN IMMEDIATE")
        do {
            try body()
            try run("COMMIT")
        } catch {
            // After a serious failure, SQLite has already rolled it back.
            try? run("ROLLBACK")
            throw error
        }
    }

    func problem(_ code: Int32, during action: StaticString) -> DatabaseProblem {
        let primary = code & 0xff
        let isSystem = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL
        return unsafe DatabaseProblem(
            code: code, during: action, systemError: isSystem ? sqlite3_system_errno(raw) : 0)
    }
}

// MARK: C callbacks

/// `context` is the connection's `patience`, which outlives the handle.
private func stepsTaken(_ context: UnsafeMutableRawPointer?) -> Int32 {
    let patience = unsafe context!.assumingMemoryBound(to: Int.self)
    unsafe patience.pointee -= 1
    Throttle.pauseIfNeeded()
    return unsafe patience.pointee < 0 ? 1 : 0
}

extension Connection {
    /// The text in the one row that a statement has.
    func text(_ sql: StaticString) throws(DatabaseProblem) -> String {
        let statement = try prepare(sql)
        guard try statement.step() else { throw .damaged("a row is missing") }
        return try statement.text(0)
    }

    /// The number in the one row that a statement has.
    func number(_ sql: StaticString) throws(DatabaseProblem) -> Int64 {
        let statement = try prepare(sql)
        guard try statement.step() else { throw .damaged("a number is missing") }
        return try statement.integer(0)
    }

    func note(_ name: String) throws(DatabaseProblem) -> SharedBytes? {
        var statement = try prepare("SELECT bytes FROM note WHERE name = ?")
        try statement.bind(name)
        return try statement.step() ? statement.blob(0) : nil
    }

    func writeNote(_ name: String, _ bytes: SharedBytes) throws(DatabaseProblem) {
        var statement = try prepare(
            "INSERT INTO note(name, bytes) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET bytes = excluded.bytes")
        try statement.bind(name)
        try statement.bind(bytes)
        try statement.run()
    }
}
