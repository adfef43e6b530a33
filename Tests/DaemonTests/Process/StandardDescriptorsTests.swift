import Foundation
import Glibc
import TestSupport
import Testing

/// A Larder that is started without standard input, output or error.
@Suite(.timeLimit(.minutes(300))) struct StandardDescriptorsTests {
    @Test(arguments: ["0<&- 1>&- 2>&-", "2>&-", "0<&-", "1>&- 2>&-"])
    func `it serves, writes no line into a file of its own, and ends in good order`(closing: String) throws {
        let folder = "/tmp/larder-fds-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let socket = folder + "/socket"
        // With a state directory there are files that the log could get into, and with none the loops come first.
        for state in ["--state-dir \(folder)/state", "--no-state", "--demo"] {
            let arguments =
                "\(state) --listen unix:\(socket)" + (state == "--demo" ? "" : " --upstream http://127.0.0.1:9")
            let child = try ChildProcess(
                "/bin/sh", ["-c", "exec \"$0\" serve \(arguments) \(closing)", LarderProcess.path],
                environment: LarderProcess.environment(["LARDER_LOG_LEVEL": "trace"]))
            try eventually("it serves") { (try? RawClient(path: socket).get("/healthz").status) == 200 }
            for descriptor in 0...2 {
                let target = try FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/\(child.id)/fd/\(descriptor)")
                #expect(target == "/dev/null" || target.hasPrefix("pipe:") || target.hasPrefix("/dev/"), "\(target)")
            }
            _ = try RawClient(path: socket).get("/models")
            child.signal(SIGTERM)
            #expect(try child.waitForExit() == .exited(0), "\(state) \(closing)")
            for file in FileManager.default.subpaths(atPath: folder) ?? [] {
                let bytes = FileManager.default.contents(atPath: folder + "/" + file) ?? Data()
                #expect(!String(decoding: bytes, as: UTF8.self).contains("serving"), "\(file)")
            }
        }
    }
}
