import Glibc

/// The database's files in the state directory: the main one, SQLite's write-ahead log and its rollback journal.
struct DatabaseFile {
    /// The directory that they are in.
    let directory: String

    static let name = "larder.db"
    private static let suffixes = ["", "-wal", "-journal", "-shm"]

    var path: String { directory + "/" + Self.name }

    var status: FileStatus? { FileStatus(path: path) }

    /// Whether a log with something in it lies there.
    var hasLog: Bool { (FileStatus(path: path + "-wal")?.size ?? 0) > 0 }

    /// Makes the file, for its owner alone, if there is none; SQLite's other files take on its mode. One that others
    /// could read loses that.
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

    /// Throws `damaged` for what SQLite would take for a whim of the file system, and never get over.
    func check() throws(DatabaseProblem) {
        for suffix in Self.suffixes {
            guard let status = FileStatus(path: path + suffix) else { continue }
            guard status.isFile else { throw .damaged("\(Self.name)\(suffix) is not a file") }
        }
        guard let head = try? Descriptor(path, O_RDONLY).read(limit: 100), !head.isEmpty else { return }
        // Bytes 18 and 19 say with which versions of the format it may be written and read: by 1 a rollback journal is
        // meant, by 2 a log. Anything else would make it read-only for ever.
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

    /// Deletes the files; that works on a full disk. The main one goes first: a log without it means nothing, but it
    /// without its log would be an older state, with entries that were removed.
    func delete() throws(DatabaseProblem) {
        do throws(SystemError) {
            for suffix in Self.suffixes { try removeFile(path + suffix) }
            try syncDirectory(directory)
        } catch {
            throw .unavailable("\(path) cannot be deleted: \(error.text)")
        }
    }
}
