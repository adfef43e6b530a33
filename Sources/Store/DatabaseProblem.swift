internal import CSQLite
import Glibc

/// Why the database did not do what it was told.
enum DatabaseProblem: Error, Equatable {
    /// What it holds makes no sense, and never will: the file has to give way to a new one.
    case damaged(String)
    /// The disk, the file system or the machine refused. It may be otherwise in a while.
    case unavailable(String)
    /// A later release wrote it.
    case newer(found: Int, known: Int)

    /// What a result of SQLite means. Its text is SQLite's fixed one for the code: `sqlite3_errmsg` may quote the file.
    init(code: Int32, during action: StaticString, systemError: Int32 = 0) {
        let meaning = unsafe String(cString: sqlite3_errstr(code))
        var text = "\(action): \(meaning) (SQLite \(code))"
        // The file ends where a page should be, of which SQLite 3.46 says so, and older ones that it is malformed.
        let isCutOff = code == SQLITE_IOERR | 2 << 8
        if systemError != 0, !isCutOff { text += ", \(systemText(systemError))" }
        switch code & 0xff {
        // Our statements are fixed and were tried, so an error in one of them, a broken constraint or an endless search
        // (INTERRUPT, see `Connection`) come from a schema or rows that are not ours.
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, SQLITE_ERROR, SQLITE_INTERNAL, SQLITE_CONSTRAINT,
            SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_INTERRUPT, SQLITE_RANGE, SQLITE_SCHEMA, SQLITE_EMPTY:
            self = .damaged(text)
        default: self = isCutOff ? .damaged(text) : .unavailable(text)
        }
    }

    /// The sentence in it.
    var reason: String {
        switch self {
        case .damaged(let reason), .unavailable(let reason): reason
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
