import Bytes
import Glibc
import TestSupport
import Testing

@testable import Store

@Suite("State directory", .timeLimit(.minutes(300)))
struct StateDirectoryTests {
    private func open(_ folder: Folder, _ events: Events = Events()) throws -> StateDirectory {
        try StateDirectory(opening: folder.state, report: events.report)
    }

    @Test("A directory and those above it are made for their owner alone, as is every file in it")
    func permissions() async {
        // The mask is the process's, and other tests make files too.
        await #expect(processExitsWith: .success) {
            umask(0)
            let folder = try Folder()
            let store = try Store.make(folder)
            store.start()
            store.put(.make())
            try eventually("a log") { folder.names.contains("larder.db-wal") }
            #expect(FileStatus(path: folder.path + "/deep")?.mode == S_IFDIR | 0o700)
            #expect(FileStatus(path: folder.state)?.mode == S_IFDIR | 0o700)
            #expect(folder.names == ["larder.db", "larder.db-wal", "lock", "secret"])
            for name in folder.names { #expect(folder.mode(name) == 0o600, "\(name)") }
            #expect(store.close(deadline: .hang))
        }
    }

    @Test("The secret is 32 bytes, another for each directory, and stays the same")
    func secret() throws {
        let folder = try Folder()
        let first = try open(folder).secret
        #expect(first.count == 32)
        #expect(try open(folder).secret == first)
        #expect(folder.bytes("secret") == first)
        #expect(try open(Folder()).secret != first)
    }

    @Test("A secret of a wrong size is set aside for a new one", arguments: [0, 1, 31, 33, 5_000])
    func wrongSecret(size: Int) throws {
        let folder = try Folder()
        let events = Events()
        try folder.write(noise(size), to: "secret")
        #expect(try open(folder, events).secret.count == 32)
        let aside = try #require(folder.names.first { $0.hasPrefix("secret.damaged-20") })
        #expect(events.list == [.secretReplaced(file: aside)])
        #expect(folder.bytes(aside) == noise(size))
    }

    @Test("A link or a directory in the secret's place is set aside too, and no link is followed")
    func strangeSecret() throws {
        let folder = try Folder()
        try makeDirectories(folder.state + "/secret", mode: 0o700)
        #expect(try open(folder).secret.count == 32)
        let other = try Folder()
        try other.write(noise(32), to: "elsewhere")
        #expect(unsafe symlink("elsewhere", other.state + "/secret") == 0)
        #expect(try open(other).secret != noise(32))
        #expect(unsafe mkfifo(other.state + "/lock.new", 0o600) == 0)
        try renameFile(other.state + "/lock.new", to: other.state + "/lock")
        #expect(try open(other).secret.count == 32)
    }

    @Test("A secret or database that others could read is closed to them, and that is told")
    func looseFiles() throws {
        let folder = try Folder()
        let events = Events()
        try folder.write(noise(32), to: "secret")
        #expect(try Store.make(folder).close(deadline: .hang))
        for name in ["secret", "larder.db"] { unsafe _ = chmod(folder.state + "/" + name, 0o644) }
        #expect(try Store.make(folder, events).close(deadline: .hang))
        #expect(folder.mode("secret") == 0o600)
        #expect(folder.mode("larder.db") == 0o600)
        #expect(
            events.list
                == ["secret", "larder.db"].map { .loosePermissions(file: folder.state + "/" + $0, isMended: true) })
        #expect(folder.bytes("secret") == noise(32))
    }

    @Test("A directory that others can write to is left as it is, and that is told")
    func looseDirectory() throws {
        let folder = try Folder()
        let events = Events()
        try makeDirectories(folder.state, mode: 0o700)
        unsafe _ = chmod(folder.state, 0o777)
        _ = try open(folder, events)
        #expect(events.list == [.loosePermissions(file: folder.state, isMended: false)])
        #expect(FileStatus(path: folder.state).map { $0.mode & 0o777 } == 0o777)
    }

    @Test(
        "A link to a directory that only its owner can use is no reason to warn", arguments: [0o700, 0o777] as [mode_t])
    func linkedDirectory(mode: mode_t) throws {
        let folder = try Folder()
        let events = Events()
        try makeDirectories(folder.state + "/private", mode: 0o700)
        unsafe _ = chmod(folder.state + "/private", mode)
        let link = folder.state + "/link"
        try #require(unsafe symlink("private", link) == 0)
        let opened = try StateDirectory(opening: link, report: events.report)
        #expect(opened.secret.count == 32)
        // The target's mode counts: who can write there can replace files.
        #expect(events.list == (mode == 0o700 ? [] : [.loosePermissions(file: link, isMended: false)]))
    }

    @Test(
        "A failure to write is told apart as a full disk",
        arguments: [
            ("begin: database or disk is full (SQLite 13)", true),
            ("write: disk I/O error (SQLite 778), No space left on device", true),
            ("write: disk I/O error (SQLite 778), Disk quota exceeded", true),
            ("begin: attempt to write a readonly database (SQLite 8)", false),
        ])
    func fullDisk(reason: String, isFull: Bool) {
        #expect(StoreEvent.failing(reason: reason).isAboutFullDisk == isFull)
        #expect(!StoreEvent.begunAnew(reason: reason).isAboutFullDisk)
    }

    @Test("What a killed process left of a new secret is no hindrance")
    func leftover() throws {
        let folder = try Folder()
        try folder.write(noise(7), to: "secret.new")
        #expect(try open(folder).secret.count == 32)
        #expect(folder.names == ["lock", "secret"])
    }

    @Test("A second opening is refused while the first lasts")
    func inUse() throws {
        let folder = try Folder()
        let first = try open(folder)
        #expect(throws: StoreError.inUse(path: folder.state)) { try open(folder) }
        let store = try Store(in: first, settings: .make())
        store.start()
        #expect(throws: StoreError.inUse(path: folder.state)) { try open(folder) }
        #expect(store.close(deadline: .hang))
        _ = try open(folder)
    }

    @Test("A path that cannot be a directory is refused with a reason", arguments: ["file", "file/below", "secret"])
    func unusable(name: String) throws {
        let folder = try Folder()
        try folder.write([], to: "file")
        try makeDirectories(folder.state + "/secret", mode: 0o700)
        let path = folder.state + "/" + name
        if name == "secret" { try makeDirectories(path + "/lock", mode: 0o700) }
        #expect {
            _ = try StateDirectory(opening: path) { _ in }
        } throws: { error in
            guard case .unusable(_, let reason)? = error as? StoreError else { return false }
            return !reason.isEmpty && "\(error)".contains(path)
        }
    }
}
