import Glibc

/// A failed system call, as an `errno`.
struct SystemError: Error, Equatable {
    let number: Int32

    /// The `errno` of the call that just failed.
    static var last: SystemError { SystemError(number: errno) }

    var text: String { systemText(number) }
}

/// An open descriptor, closed with the last reference.
final class Descriptor: Sendable {
    let number: Int32

    /// Opens a file that belongs to this process: no link is followed, nothing waits (a FIFO would make `open` wait), and
    /// no child inherits it.
    init(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemError) {
        while true {
            let opened = unsafe open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode)
            if opened >= 0 {
                number = opened
                return
            }
            if errno != EINTR { throw .last }
        }
    }

    deinit { close(number) }

    var status: FileStatus? {
        var status = stat()
        return unsafe fstat(number, &status) == 0 ? FileStatus(status) : nil
    }

    /// Up to `limit` bytes from the start.
    func read(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let got = unsafe bytes.withUnsafeMutableBytes { room in
                unsafe pread(number, room.baseAddress! + count, limit - count, count)
            }
            if got == 0 { break }
            if got > 0 { count += got } else if errno != EINTR { throw .last }
        }
        return Array(bytes[..<count])
    }

    func write(_ bytes: [UInt8]) throws(SystemError) {
        var count = 0
        while count < bytes.count {
            let put = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(number, $0.baseAddress! + count, $0.count - count)
            }
            if put >= 0 { count += put } else if errno != EINTR { throw .last }
        }
    }

    /// Waits until the file is on the disk.
    func sync() throws(SystemError) { guard fsync(number) == 0 else { throw .last } }
}

/// What a path names: the file's type, its identity, and who may use it.
struct FileStatus: Equatable {
    let device: UInt
    let number: UInt
    let mode: mode_t
    let size: Int

    init(_ status: stat) {
        device = UInt(status.st_dev)
        number = UInt(status.st_ino)
        mode = status.st_mode
        size = Int(status.st_size)
    }

    /// The file at a path, without following a link; nil if there is none, or if it cannot be determined.
    init?(path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        self = FileStatus(status)
    }

    /// The file at the end of a path's links; nil if there is none, or if it cannot be determined.
    init?(following path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self = FileStatus(status)
    }

    var isFile: Bool { mode & S_IFMT == S_IFREG }
    func isSame(as other: FileStatus) -> Bool { device == other.device && number == other.number }
}

/// Makes a directory, and those above it that are missing. An existing directory stays as it is.
func makeDirectories(_ path: String, mode: mode_t) throws(SystemError) {
    if unsafe mkdir(path, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw .last }
    try makeDirectories(String(path[..<slash]), mode: mode)
    if unsafe mkdir(path, mode) != 0 && errno != EEXIST { throw .last }
}

/// Makes the names in a directory as durable as the files.
func syncDirectory(_ path: String) throws(SystemError) { try Descriptor(path, O_RDONLY | O_DIRECTORY).sync() }

func renameFile(_ path: String, to other: String) throws(SystemError) {
    guard unsafe rename(path, other) == 0 else { throw .last }
}

/// Removes a file, or an empty directory. A missing file counts as removed.
func removeFile(_ path: String) throws(SystemError) {
    guard unsafe remove(path) == 0 || errno == ENOENT else { throw .last }
}

/// The names in a directory, in no order; none when it cannot be read.
func namesInDirectory(_ path: String) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe _ = closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
            unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
        names.append(name)
    }
    return names
}

/// The time in UTC as part of a file's name: `2026-11-21T014500Z`.
func stampForFileName() -> String {
    var now = time(nil)
    var parts = unsafe tm()
    unsafe _ = gmtime_r(&now, &parts)
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { room in
        let count = unsafe strftime(room.baseAddress!, room.count, "%Y-%m-%dT%H%M%SZ", &parts)
        return unsafe String(decoding: room[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
