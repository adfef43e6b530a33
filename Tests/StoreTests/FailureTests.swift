import Bytes
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Store

/// What the disk can do to a process, done to a process (`StoreTool`).
@Suite("Failures", .timeLimit(.minutes(300)))
struct FailureTests {
    /// Where the tool lies: beside the tests' own program.
    private var tool: String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("StoreTool").path
    }

    /// Runs the tool to its end, and answers its lines.
    private func run(_ folder: Folder, _ commands: [String]) throws -> [String] {
        let result = try ChildProcess.run(tool, [folder.state] + commands)
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(result.ending == .exited(0), "\(lines.suffix(5)) \(result.error.suffix(500))")
        return lines
    }

    /// Runs a script and the tool as `$0` in a name space of mounts of its own; nil where that is not permitted.
    private func runMounted(_ folder: Folder, mount: String, _ commands: [String]) throws -> [String]? {
        let script = "\(mount) || exit 77; exec \"$0\" \"$@\""
        try makeDirectories(folder.state, mode: 0o700)
        let result = try ChildProcess.run(
            "/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, tool, folder.state] + commands)
        // Not to be had without the right to mount: 1 is `unshare`'s own refusal, before the tool says a word.
        if result.ending == .exited(77) || result.ending == .exited(1) && result.output.isEmpty { return nil }
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(result.ending == .exited(0), "\(lines.suffix(5)) \(result.error.suffix(500))")
        return lines
    }

    private func count(_ lines: [String], _ text: String) -> Int { lines.count { $0.contains(text) } }

    @Test("A killed process leaves nothing broken, and nothing is lost that was written before")
    func kill() throws {
        let folder = try Folder()
        var setup = ["open"] + (0..<5).map { "put:safe-\($0):20000:0" } + ["put:gone:9000:7", "close"]
        setup += ["open", "remove-owner:7", "close"]
        #expect(try run(folder, setup).filter { $0.hasPrefix("closed") } == ["closed: true", "closed: true"])
        func killAfter(_ lines: Int) throws {
            let child = try ChildProcess(tool, [folder.state, "open", "flood"])
            try child.waitForLine(containing: "flood \(lines)")
            child.signal(SIGKILL)
            #expect(try child.waitForExit() == .signalled(SIGKILL))
            let found = try run(folder, ["open", "check", "close"])
            #expect(count(found, "event:") == 0)
            let kept = try #require(found.first { $0.hasPrefix("kept ") })
            #expect(kept.contains(", broken 0: "))
            for number in 0..<5 { #expect(kept.contains("safe-\(number)")) }
            #expect(!kept.contains("gone"))
        }
        for lines in [1, 40, 90, 150, 333] { try killAfter(lines) }
        // The floods did reach the disk; a busy machine needs longer for that.
        func hasFloods() throws -> Bool { try run(folder, ["open", "check"]).contains { $0.contains("flood-") } }
        var lines = 333
        while try !hasFloods(), lines < 100_000 {
            lines *= 2
            try killAfter(lines)
        }
        #expect(try hasFloods())
    }

    @Test("Two processes cannot share a directory, and the second says so")
    func twoProcesses() throws {
        let folder = try Folder()
        let first = try ChildProcess(tool, [folder.state, "open", "flood"])
        try first.waitForLine(containing: "flood 3")
        let second = try ChildProcess.run(tool, [folder.state, "open"])
        #expect(second.ending == .exited(1))
        #expect(second.output.contains("in use by another process"))
        first.signal(SIGKILL)
        try first.waitForExit()
        #expect(try run(folder, ["open", "close"]).contains("closed: true"))
    }

    @Test("Files that may not grow: one event, what waits can be read, and is written when there is room again")
    func growthLimit() throws {
        let folder = try Folder()
        let lines = try run(
            folder,
            [
                "open", "put:before:1000:0", "close", "open", "limit:50000", "put:big:400000:0",
                "await:cannot write",
                "put:small:10:0", "read:big", "read:before", "unlimit", "await:written again", "read:big", "close",
                "open",
                "check",
            ])
        #expect(lines.filter { $0.hasPrefix("read") } == ["read big: whole", "read before: whole", "read big: whole"])
        #expect(count(lines, "event: cannot write the state directory") == 1)
        #expect(count(lines, "event: ") == 2)
        #expect(lines.last == "kept 3, broken 0: before big small")
    }

    @Test("An entry that cannot be removed because the disk is full takes all with it rather than come back")
    func removalWithoutRoom() throws {
        let folder = try Folder()
        let lines = try run(
            folder,
            [
                "open", "put:a:90000:1", "put:b:90000:0", "close", "open", "limit:1000", "remove-owner:1",
                "await:all copies", "read:b", "put:c:3000:0", "unlimit", "await:written again", "close",
                "open",
                "check",
            ])
        #expect(lines.contains("read b: none"))
        #expect(count(lines, "all copies there were deleted") == 1)
        #expect(lines.last == "kept 1, broken 0: c")
    }

    @Test("A removal has the room of the log, whose content goes into the database, and leaves the others alone")
    func removalInTheLog() throws {
        let folder = try Folder()
        // The second of two reads is answered after what was put before the first one is written.
        let lines = try run(
            folder,
            [
                "open", "put:a:400000:1", "put:b:100000:0", "read:b", "read:b", "limit:700000", "remove-owner:1",
                "await:written again", "unlimit", "close", "open", "check",
            ])
        #expect(count(lines, "deleted") == 0)
        #expect(lines.last == "kept 1, broken 0: b")
    }

    @Test("A removal that has room without the rest leaves the others alone")
    func removalBesideTooMuch() throws {
        let folder = try Folder()
        let lines = try run(
            folder,
            [
                "open", "put:a:9000:1", "put:b:9000:0", "close", "open", "limit:200000", "put:big:900000:0",
                "await:cannot write", "remove-owner:1", "run:sleep 0.3", "read:b", "unlimit",
                "await:written again",
                "close", "open", "check",
            ])
        #expect(lines.contains("read b: whole"))
        #expect(count(lines, "deleted") == 0)
        #expect(lines.last == "kept 2, broken 0: b big")
    }

    @Test("A full disk: the same, on a file system of one mebibyte where one can be mounted")
    func fullDisk() throws {
        let folder = try Folder()
        let state = folder.state
        let lines = try runMounted(
            folder, mount: "mount -t tmpfs -o size=1m none '\(state)'",
            [
                "open", "put:a:100000:1", "put:b:100000:0", "close", "open", "put:big:900000:0",
                "await:cannot write",
                "read:big", "read:b", "remove:big", "await:written again", "read:b", "close", "open", "read:b",
                "run:dd if=/dev/zero of=\(state)/ballast bs=4096 count=1000 || test -s \(state)/ballast",
                "remove-owner:1", "await:all copies", "read:b", "put:c:5000:0", "await:written again",
                "run:rm \(state)/ballast", "read:c", "close", "open", "check",
            ])
        guard let lines else { return try removalWithoutRoom() }
        #expect(
            lines.filter { $0.hasPrefix("read") }
                == ["big: whole", "b: whole", "b: whole", "b: whole", "b: none", "c: whole"].map { "read " + $0 })
        #expect(lines.last == "kept 1, broken 0: c")
    }

    @Test("A read-only file system: what is kept is served, its log included, and writing goes on when it can")
    func readOnlyMount() throws {
        let folder = try Folder()
        let state = folder.state
        // The second of two reads is answered after what was put before the first one is written.
        let child = try ChildProcess(
            tool,
            [
                state, "open", "put:a:5000:0", "put:b:60000:0", "close", "open", "put:flood-x:100:0", "read:a",
                "read:a", "flood",
            ])
        try child.waitForLine(containing: "flood 60")
        child.signal(SIGKILL)
        try child.waitForExit()
        #expect(folder.names.contains("larder.db-wal"))
        let log = folder.bytes("larder.db-wal")
        let lines = try runMounted(
            folder, mount: "mount --bind '\(state)' '\(state)' && mount -o remount,bind,ro '\(state)'",
            [
                "open", "check", "read:a", "put:new:100:0", "remove:b", "read:new", "read:b", "read:a",
                "run:cp -r \(state) \(folder.path)/copy", "run:mount -o remount,bind,rw \(state)",
                "await:written again",
                "close", "open", "check",
            ])
        guard let lines else { return try readOnlyByPermission() }
        let copied = try Descriptor(folder.path + "/copy/larder.db-wal", O_RDONLY).read(limit: 64 << 20)
        #expect(copied == log)
        #expect(
            lines.filter { $0.hasPrefix("read") }
                == ["read a: whole", "read new: whole", "read b: none", "read a: whole"])
        let checks = lines.filter { $0.hasPrefix("kept") }
        #expect(checks.count == 2)
        #expect(checks.allSatisfy { $0.contains("broken 0") })
        #expect(checks.first?.contains("flood-") == true)
        #expect(checks.last?.contains("new") == true)
        #expect(count(lines, "event: cannot write the state directory") == 1)
    }

    @Test("A directory without the right to write: what is kept is served, and a directory without a secret is refused")
    func readOnlyByPermission() throws {
        let folder = try Folder()
        _ = try run(folder, ["open", "put:a:5000:0", "close"])
        let empty = folder.path + "/empty"
        try makeDirectories(empty, mode: 0o700)
        // Permissions do not bind the superuser, so that one becomes somebody else, who can come by the tool and the files.
        let someone: uid_t = 65_534
        let isRoot = geteuid() == 0
        for path in ([folder.path, folder.path + "/deep"] + [folder.state, empty]) {
            unsafe _ = chmod(path, path == folder.state || path == empty ? 0o500 : 0o755)
            if isRoot { unsafe _ = chown(path, someone, someone) }
        }
        for name in folder.names {
            unsafe _ = chmod(folder.state + "/" + name, 0o400)
            if isRoot { unsafe _ = chown(folder.state + "/" + name, someone, someone) }
        }
        func runAsSomeone(_ path: String, _ commands: [String]) throws -> (ChildProcess.Ending, [String]) {
            let prefix = isRoot ? ["--reuid=65534", "--regid=65534", "--clear-groups"] : []
            let result = try ChildProcess.run(
                isRoot ? "/usr/bin/setpriv" : "/usr/bin/env", prefix + [tool, path] + commands)
            return (result.ending, (result.output + result.error).split(separator: "\n").map(String.init))
        }
        let (ending, lines) = try runAsSomeone(
            folder.state,
            [
                "open", "check", "put:new:10:0", "read:new",
                "run:chmod 700 \(folder.state); chmod 600 \(folder.state)/*",
                "await:written again", "close",
            ])
        #expect(ending == .exited(0), "\(lines)")
        #expect(lines.contains("kept 1, broken 0: a"))
        #expect(lines.contains("read new: whole"))
        #expect(count(lines, "event: cannot write the state directory") == 1)
        #expect(lines.last == "closed: true")
        let (refusal, words) = try runAsSomeone(empty, ["open"])
        #expect(refusal == .exited(1))
        #expect(count(words, "cannot be used: \(empty)") == 1)
    }

    @Test(
        "A directory or database that was taken away is made again, with the same secret",
        arguments: ["", "/larder.db"])
    func takenAway(part: String) throws {
        let folder = try Folder()
        let lines = try run(
            folder,
            [
                "open", "put:a:5000:0", "close", "open", "put:b:10:0", "read:a", "read:a",
                "run:cp \(folder.state)/secret \(folder.path)/secret; rm -r \(folder.state)\(part)", "put:c:3000:0",
                "await:file was missing", "close", "run:cmp \(folder.state)/secret \(folder.path)/secret", "open",
                "check",
            ])
        #expect(lines.last == "kept 1, broken 0: c")
        #expect(count(lines, "event:") == 1)
        #expect(FileStatus(path: folder.state)?.mode == S_IFDIR | 0o700)
    }
}
