internal import CSQLite
import Glibc
import Pacing

/// Rests within SQLite's transactions.
///
/// One body is hundreds of pages, which a commit and a checkpoint write one after the other without asking anybody. SQLite
/// lets the system's calls be replaced (`xSetSystemCall`, <https://www.sqlite.org/c3ref/vfs.html>), and its calls of
/// `pwrite` are where it can rest.
enum PacedWrites {
    /// Whether SQLite rests, which it does from the first time that this is asked. A library without that way writes as ever.
    static let areOn = unsafe shim_replace_pwrite(writePaced) == SQLITE_OK
}

// MARK: C callbacks

private func writePaced(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ offset: off_t) -> Int {
    let written = unsafe pwrite(file, bytes, count, offset)
    // After a failure SQLite looks at `errno`.
    if written >= 0 { Pace.rest() }
    return written
}
