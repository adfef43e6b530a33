import Glibc

/// The directory that keeps state between two lives of the process, and the secret of this installation in it.
///
/// Two processes never share one: it is locked until its store is closed or this object goes. A directory that can only be read can be
/// opened all the same when the secret lies in it; what is kept there can then be served.
public final class StateDirectory: Sendable {
    /// Where it is.
    public let path: String
    /// 32 random bytes, drawn when the directory was first used.
    public let secret: [UInt8]
    let report: @Sendable (StoreEvent) -> Void
    /// The descriptor that holds the lock, while there is one.
    private let lock: Guarded<Descriptor?>

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
        self.lock = Guarded(lock)
    }

    deinit { release() }

    /// Makes sure, before anything is written, that directory, lock and secret are in place: somebody may have removed
    /// or replaced the directory meanwhile, or it can be written at last.
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

    /// Lets another process, or another store, have the directory.
    ///
    /// Closing the descriptor would not do: a child between its fork and its exec has it too, and with it the lock.
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

    /// The lock goes with the descriptor, so the end of the process lets go of it whatever that end is.
    private static func takeLock(_ path: String) throws(StoreError) -> Descriptor {
        let file = path + "/lock"
        do throws(SystemError) {
            let descriptor: Descriptor
            do throws(SystemError) {
                descriptor = try Descriptor(file, O_RDWR | O_CREAT)
            } catch {
                // A lock can be had on a file that may only be read.
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

    /// The secret, or nil when there is none of the right size; one of a wrong size is out of the way then.
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

    /// Files in it are for their owner alone, so others may read the directory; they must not exchange what lies in it.
    private func reportLooseDirectory() {
        if let status = FileStatus(path: path), status.mode & 0o022 != 0 {
            report(.loosePermissions(file: path, isMended: false))
        }
    }
}
