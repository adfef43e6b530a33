internal import CUV
import Glibc

/// The file of a unix socket, told apart from one that another process has since put in its place.
struct SocketFile: Sendable {
    private let path: String
    private let device: UInt
    private let inode: UInt

    init?(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        self.path = path
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
    }

    private init?(socketAt path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        self.init(path)
    }

    /// Removes the file, if it is still this one.
    func remove() {
        guard let now = SocketFile(path), now.device == device, now.inode == inode else { return }
        unsafe unlink(path)
    }

    /// Removes a socket's file on which nobody answers. Anything else stays, and makes `bind` fail.
    static func removeIfStale(_ path: String, _ address: SocketAddress) throws(UVError) {
        guard let file = SocketFile(socketAt: path) else { return }
        let probe = shim_socket(AF_UNIX)
        if probe < 0 { throw UVError(errno: errno) }
        defer { _ = Glibc.close(probe) }
        let answered = unsafe address.withRaw { raw, size in unsafe connect(probe, raw, size) } == 0
        if !answered && errno == ECONNREFUSED { file.remove() }
    }
}
