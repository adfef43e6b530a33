import Glibc
import Threads

/// The directory that keeps state across restarts, and this installation's secret in it.
///
/// Two processes never share one: it is locked until its store is closed or this object is freed. A read-only directory
/// can still be opened if the secret is in it; its stored records can then be served.
public final class StateDirectory: Sendable {
    /// Where it is.
    public let path: String
    /// 32 random bytes, generated when the directory was first used.
    public let secret: [UInt8]
    let report: @Sendable (StoreEvent) -> Void
    /// The descriptor that holds the lock, if any.
    private let lock: Mutex<Descriptor?>

    private static let secretSize = 32

    /// Opens a directory, which is made if it is missing, as those above it are (mode 0700). One that exists keeps its mode.
    /// `report` is called here and by a store in this directory.
    public convenience init(
        opening path: String, report: @escaping @Sendable (StoreEvent) -> Void
    ) throws(StoreError) {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let lock: Descriptor?
        var obstacle: StoreError?
        do throws(StoreError) {
            try Self.makeDirectory(path)
            lock = try Self.takeLock(path)
        } catch .unusable(let path, let reason) {
            lock = nil
            obstacle = .unusable(path: path, reason: reason)
        }
        var secret = try Self.readSecret(path, report: report) ?? []
        if secret.isEmpty { secret = try Self.newSecret(path, unless: obstacle) }
        self.init(path: path, secret: secret, lock: lock, report: report)
        reportLooseDirectory()
    }

    private init(path: String, secret: [UInt8], lock: Descriptor?, report: @escaping @Sendable (StoreEvent) -> Void) {
        self.path = path
        self.secret = secret
        self.report = report
        self.lock = Mutex(lock)
    }

    deinit { release() }

    /// Ensures, before anything is written, that directory, lock and secret exist. The directory may have been removed
    /// or replaced meanwhile, or may have become writable.
    func prepareForWriting() throws(StoreError) {
        try Self.makeDirectory(path)
        let current = lock.withLock { $0 }
        if let mine = current?.status, let there = FileStatus(path: path + "/lock"), there.isSame(as: mine) {
            // Still ours.
        } else {
            let taken = try Self.takeLock(path)
            lock.withLock { $0 = taken }
        }
        let there = try? Descriptor(path + "/secret", O_RDONLY).read(limit: Self.secretSize + 1)
        if there != secret { try Self.write(secret, to: path) }
    }

    /// Releases the directory to another process or store.
    ///
    /// Closing the descriptor is not enough: a child between fork and exec has a copy of it, and with it the lock.
    func release() {
        lock.withLock { lock in
            if let lock { flock(lock.number, LOCK_UN) }
            lock = nil
        }
    }

    private static func makeDirectory(_ path: String) throws(StoreError) {
        do throws(SystemError) {
            try makeDirectories(path, mode: 0o700)
        } catch {
            throw .unusable(path: path, reason: error.text)
        }
    }

    /// The lock belongs to the descriptor, so the kernel releases it however the process ends.
    private static func takeLock(_ path: String) throws(StoreError) -> Descriptor {
        let file = path + "/lock"
        do throws(SystemError) {
            let descriptor: Descriptor
            do throws(SystemError) {
                descriptor = try Descriptor(file, O_RDWR | O_CREAT)
            } catch {
                // A read-only file can be locked too.
                guard [EROFS, EACCES, EPERM].contains(error.number) else { throw error }
                descriptor = try Descriptor(file, O_RDONLY)
            }
            while flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
                if errno != EINTR { throw SystemError.last }
            }
            return descriptor
        } catch {
            if error.number == EWOULDBLOCK { throw .inUse(path: path) }
            throw .unusable(path: file, reason: error.text)
        }
    }

    /// The secret, or nil when there is none of the right size; one of a wrong size is set aside.
    private static func readSecret(
        _ path: String, report: @Sendable (StoreEvent) -> Void
    ) throws(StoreError) -> [UInt8]? {
        let file = path + "/secret"
        do throws(SystemError) {
            guard let status = FileStatus(path: file) else { return nil }
            if status.isFile {
                let descriptor = try Descriptor(file, O_RDONLY)
                let bytes = try descriptor.read(limit: secretSize + 1)
                if bytes.count == secretSize {
                    if status.mode & 0o077 != 0 {
                        report(.loosePermissions(file: file, isMended: fchmod(descriptor.number, 0o600) == 0))
                    }
                    return bytes
                }
            }
            let aside = SetAside(directory: path, prefix: "secret.damaged-", suffixes: [""], maximum: 3)
            report(.secretReplaced(file: try aside.move(["secret"])))
            return nil
        } catch {
            throw .unusable(path: file, reason: error.text)
        }
    }

    private static func newSecret(_ path: String, unless obstacle: StoreError?) throws(StoreError) -> [UInt8] {
        if let obstacle { throw obstacle }
        var random = SystemRandomNumberGenerator()
        let secret = (0..<secretSize).map { _ in UInt8.random(in: 0...255, using: &random) }
        // A disk that is full now may have room later: `prepareForWriting` then writes it, before anything else is written.
        try? write(secret, to: path)
        return secret
    }

    /// The file has all of its bytes, on the disk, before it has its name.
    private static func write(_ secret: [UInt8], to path: String) throws(StoreError) {
        let file = path + "/secret"
        do throws(SystemError) {
            try removeFile(file + ".new")
            let descriptor = try Descriptor(file + ".new", O_WRONLY | O_CREAT | O_EXCL)
            try descriptor.write(secret)
            try descriptor.sync()
            try renameFile(file + ".new", to: file)
            try syncDirectory(path)
        } catch {
            throw .unusable(path: file, reason: error.text)
        }
    }

    /// Files in it are for their owner alone, so others may read the directory; they must not be able to replace files
    /// in it. The path may be a link, as with `DynamicUser=` of systemd; the mode of a link means nothing.
    private func reportLooseDirectory() {
        if let status = FileStatus(following: path), status.mode & 0o022 != 0 {
            report(.loosePermissions(file: path, isMended: false))
        }
    }
}
