internal import CSQLite
import Glibc
import Threads

/// The database's files in the state directory: the main one, SQLite's write-ahead log and its rollback journal.
struct DatabaseFile {
    /// The directory that they are in.
    let directory: String

    static let name = "larder.db"
    private static let suffixes = ["", "-wal", "-journal", "-shm"]

    var path: String { directory + "/" + Self.name }

    var status: FileStatus? { FileStatus(path: path) }

    /// Whether there is a non-empty log.
    var hasLog: Bool { (FileStatus(path: path + "-wal")?.size ?? 0) > 0 }

    /// Makes the file, for its owner alone, if there is none; SQLite's other files inherit its mode. If other users
    /// could read the file, that permission is removed.
    func create(report: (StoreEvent) -> Void) throws(DatabaseProblem) {
        do throws(SystemError) {
            _ = try Descriptor(path, O_RDWR | O_CREAT)
        } catch {
            throw .unavailable("\(path): \(error.text)")
        }
        for suffix in Self.suffixes {
            guard let status = FileStatus(path: path + suffix), status.mode & 0o077 != 0 else { continue }
            report(.loosePermissions(file: path + suffix, isMended: unsafe chmod(path + suffix, 0o600) == 0))
        }
    }

    /// Throws `damaged` for damage that SQLite would mistake for a file system error and never recover from.
    func check() throws(DatabaseProblem) {
        for suffix in Self.suffixes {
            guard let status = FileStatus(path: path + suffix) else { continue }
            guard status.isFile else { throw .damaged("\(Self.name)\(suffix) is not a file") }
        }
        guard let head = try? Descriptor(path, O_RDONLY).read(limit: 100), !head.isEmpty else { return }
        // Bytes 18 and 19 are the format versions for writing and reading: 1 means a rollback journal, 2 a log. Any
        // other value would make it read-only forever.
        guard head.count == 100, (1...2).contains(head[18]), (1...2).contains(head[19]) else {
            throw .damaged("\(Self.name) is not a database")
        }
    }

    /// Gives the files another name.
    func setAside(keeping maximum: Int) throws(DatabaseProblem) -> String {
        let aside = SetAside(
            directory: directory, prefix: "larder.damaged-",
            suffixes: Self.suffixes.map { ".db" + $0 }, maximum: maximum)
        do throws(SystemError) {
            return try aside.move(Self.suffixes.map { Self.name + $0 })
        } catch {
            throw .unavailable("\(path) cannot be set aside: \(error.text)")
        }
    }

    /// Deletes the files; that works on a full disk. The main one goes first: a log without its database means nothing,
    /// but a database without its log is an older state, with removed entries in it.
    func delete() throws(DatabaseProblem) {
        do throws(SystemError) {
            for suffix in Self.suffixes { try removeFile(path + suffix) }
            try syncDirectory(directory)
        } catch {
            throw .unavailable("\(path) cannot be deleted: \(error.text)")
        }
    }
}

/// Why a database operation failed.
enum DatabaseProblem: Error, Equatable {
    /// The content is damaged for good: a new file must replace this one.
    case damaged(String)
    /// The disk, the file system or the machine refused. A later attempt may succeed.
    case unavailable(String)
    /// A search in a history exceeded its limit. The history is too large, or damaged; the copies are not concerned.
    case endless(String)
    /// A later release wrote it.
    case newer(found: Int, known: Int)

    /// What a result of SQLite means. Its text is SQLite's fixed one for the code: `sqlite3_errmsg` may quote the file.
    init(code: Int32, during action: StaticString, systemError: Int32 = 0) {
        let meaning = unsafe String(cString: sqlite3_errstr(code))
        var text = "\(action): \(meaning) (SQLite \(code))"
        // The file is too short, so a page is missing. SQLite 3.46 reports this as such; older versions report a
        // malformed file.
        let isCutOff = code == SQLITE_IOERR | 2 << 8
        if systemError != 0, !isCutOff { text += ", \(systemText(systemError))" }
        switch code & 0xff {
        // Our statements are fixed and were tried, so an error in one of them, a broken constraint or an endless search
        // (INTERRUPT, see `Connection`) come from a schema or rows that are not ours. A search in a history is another
        // case (`Database.searching`).
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, SQLITE_ERROR, SQLITE_INTERNAL, SQLITE_CONSTRAINT,
            SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_INTERRUPT, SQLITE_RANGE, SQLITE_SCHEMA, SQLITE_EMPTY:
            self = .damaged(text)
        default: self = isCutOff ? .damaged(text) : .unavailable(text)
        }
    }

    /// SQLite's text for a full disk.
    static var full: String { unsafe String(cString: sqlite3_errstr(SQLITE_FULL)) }

    /// Its message.
    var reason: String {
        switch self {
        case .damaged(let reason), .unavailable(let reason), .endless(let reason): reason
        case .newer(let found, let known): "\(StoreError.newerSchema(found: found, known: known))"
        }
    }
}

/// The system's sentence for an `errno`.
func systemText(_ number: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { room in
        guard unsafe strerror_r(number, room.baseAddress!, room.count) == 0 else { return "error \(number)" }
        return unsafe String(cString: room.baseAddress!)
    }
}

/// Renames damaged files to a dated name in the same directory, and limits the number of such sets.
struct SetAside {
    /// The directory.
    let directory: String
    /// What the names begin with; the date follows.
    let prefix: String
    /// What the names of a set end with. The first one is the file that gives the set its name.
    let suffixes: [String]
    /// How many sets may stay.
    let maximum: Int

    /// Renames the files, and returns the name of the first. `files` correspond to `suffixes`; a missing file is
    /// skipped.
    func move(_ files: [String]) throws(SystemError) -> String {
        let stamp = stampForFileName()
        var name = prefix + stamp
        var further = 0
        while suffixes.contains(where: { FileStatus(path: path(name + $0)) != nil }) {
            further += 1
            name = "\(prefix)\(stamp)-\(further)"
        }
        for (file, suffix) in zip(files, suffixes) where FileStatus(path: path(file)) != nil {
            try renameFile(path(file), to: path(name + suffix))
        }
        try? syncDirectory(directory)
        removeOldest()
        return name + suffixes[0]
    }

    /// Removes the oldest sets but `maximum`. A failure is ignored: it only leaves one set too many.
    private func removeOldest() {
        var sets: [String: [String]] = [:]
        for file in namesInDirectory(directory) where file.hasPrefix(prefix) {
            guard let suffix = suffixes.filter(file.hasSuffix).max(by: { $0.count < $1.count }) else { continue }
            sets[String(file.dropLast(suffix.count)), default: []].append(file)
        }
        let oldestFirst = sets.keys.sorted { order($0) < order($1) }
        for name in oldestFirst.dropLast(maximum) {
            for file in sets[name] ?? [] { try? removeFile(path(file)) }
        }
    }

    /// The date, then the number of those of one second.
    private func order(_ name: String) -> (String, Int) {
        let rest = name.dropFirst(prefix.count)
        guard let end = rest.firstIndex(of: "Z") else { return (String(rest), 0) }
        return (String(rest[...end]), Int(rest[end...].dropFirst(2)) ?? 0)
    }

    private func path(_ name: String) -> String { directory + "/" + name }
}

/// Rests within SQLite's transactions.
///
/// One body is hundreds of pages. A commit and a checkpoint write them one after the other without a pause. SQLite lets
/// the system's calls be replaced (`xSetSystemCall`, <https://www.sqlite.org/c3ref/vfs.html>), and its calls of
/// `pwrite` are where it can rest.
enum PacedWrites {
    /// Whether SQLite rests. It does so from the first read of this property. A library without that hook writes
    /// without rests.
    static let areOn = unsafe shim_replace_pwrite(writePaced) == SQLITE_OK
}

// MARK: C callbacks

private func writePaced(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ offset: off_t) -> Int {
    let written = unsafe pwrite(file, bytes, count, offset)
    // After a failure SQLite looks at `errno`.
    if written >= 0 { Throttle.pauseIfNeeded() }
    return written
}
