import Foundation
import Glibc
import TestSupport
import Testing

@testable import EventLoop

@Suite(.timeLimit(.minutes(300))) struct ProgramLaunchTests {
    /// A link to the program of the tests themselves, and a script to put in its place.
    private final class Place {
        let folder = "/tmp/larder-launch-\(UInt64.random(in: 0 ... .max))"
        var program: String { folder + "/program" }
        var output: String { folder + "/output" }

        init() throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: program, withDestinationPath: "/proc/self/exe")
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func install(_ script: String) throws {
            try makeProgram(script, at: program)
        }

        /// What the script has written into `$OUTPUT.new` and then moved to `$OUTPUT`.
        func lines() throws -> [String] {
            try eventually("the program has written") { FileManager.default.fileExists(atPath: output) }
            return try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").map(String.init)
        }
    }

    @Test func `the path is the one that was used, as long as the program is there`() throws {
        let place = try Place()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        func path(_ name: String, _ environment: [String: String] = [:]) -> String? {
            ProgramLaunch(arguments: [name], environment: environment)?.path
        }
        #expect(path(place.program) == place.program)
        #expect(path("program", ["PATH": "/nonexistent:\(place.folder):/bin"]) == place.program)
        // Another program has that name by now.
        #expect(path("/bin/sh") == own)
        #expect(path("program") == own)
        #expect(path("./no/such/program") == own)
    }

    @Test func `the program gets its arguments, its environment and the descriptors, and nothing else`() throws {
        let place = try Place()
        let launch = try #require(
            ProgramLaunch(
                arguments: [place.program, "one", "two words"],
                environment: ["PATH": "/usr/bin:/bin", "OUTPUT": place.output, "KEPT": "yes", "DROPPED": "yes"]))
        try place.install(
            #"""
            #!/bin/sh
            { echo "$*"; echo "$KEPT $DROPPED $ADDED"; cat <&3; cat <&4
              ls -l /proc/$$/fd | grep -c leak; grep SigBlk /proc/self/status
              cut -d ' ' -f 4,5 /proc/$$/stat; echo $$; } >"$OUTPUT.new"
            mv "$OUTPUT.new" "$OUTPUT"
            """#)
        try "third".write(toFile: place.folder + "/3", atomically: true, encoding: .utf8)
        try "fourth".write(toFile: place.folder + "/4", atomically: true, encoding: .utf8)
        let files = ["/4", "/3"].map { unsafe open(place.folder + $0, O_RDONLY | O_CLOEXEC) }
        // One that lacks close-on-exec must not get through.
        let leak = unsafe open(place.folder + "/leak", O_RDWR | O_CREAT, 0o600)
        defer { for file in files + [leak] { close(file) } }
        let process = try launch.start(passing: [files[1], files[0]]) {
            $0["DROPPED"] = nil
            $0["ADDED"] = "too"
        }
        let lines = try place.lines()
        #expect(lines[0] == "one two words")
        #expect(lines[1] == "yes  too")
        #expect(lines[2] == "thirdfourth0")
        #expect(lines[3].hasSuffix("0000000000000000"), "\(lines[3])")
        // It leads a group of its own, and is no child of this process.
        let (parent, group) = (lines[4].split(separator: " ")[0], lines[4].split(separator: " ")[1])
        #expect(parent != "\(getpid())" && group == "\(process)")
        #expect(lines[5] == "\(process)")
    }

    @Test func `a program that cannot be run is an error, and leaves no process`() throws {
        let place = try Place()
        let launch = try #require(ProgramLaunch(arguments: [place.program], environment: [:]))
        try place.install("#!/no/such/interpreter\n")
        #expect(throws: UVError(errno: ENOENT)) { try launch.start(passing: []) { _ in } }
        try FileManager.default.removeItem(atPath: place.program)
        #expect(throws: UVError(errno: ENOENT)) { try launch.start(passing: []) { _ in } }
    }

    @Test func `killing it kills what it has started`() throws {
        let place = try Place()
        let launch = try #require(
            ProgramLaunch(
                arguments: [place.program], environment: ["PATH": "/usr/bin:/bin", "OUTPUT": place.output]))
        try place.install("#!/bin/sh\nsleep 1000 &\necho $! >$OUTPUT.new; mv $OUTPUT.new $OUTPUT; wait\n")
        let process = try launch.start(passing: []) { _ in }
        let child = try #require(Int32(try place.lines()[0]))
        ProgramLaunch.kill(process)
        for number in [process, child] { try eventually("\(number) is gone") { kill(number, 0) != 0 } }
    }
}
