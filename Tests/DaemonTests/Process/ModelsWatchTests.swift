import Foundation
import TestSupport
import Testing

/// `larder models --watch`, in a pipe and on a terminal.
@Suite(.timeLimit(.minutes(300))) struct ModelsWatchTests {
    /// A server whose list has one model more each time, until the third.
    private func growing() throws -> ScriptedOrigin {
        try ScriptedOrigin { request in
            .json(
                #"{"data":[\#((1...min(request.number, 3)).map { #"{"id":"acme/m\#($0)"}"# }.joined(separator: ","))]}"#
            )
        }
    }

    @Test(arguments: [SIGINT, SIGTERM]) func `in a pipe each list follows the other, with marks`(signal: Int32) throws {
        let origin = try growing()
        let watch = try ChildProcess(
            LarderProcess.path, ["models", "--url", origin.url, "--watch", "0.1"],
            environment: LarderProcess.environment(["TERM": "xterm"]))
        try watch.waitForLine(containing: "+  acme/m3")
        watch.signal(signal)
        try watch.expectExit()
        let lines = watch.lines(.output)
        #expect(lines.contains("   acme/m1        -       -        -  -             -"))
        #expect(lines.contains { $0.hasSuffix("models | 1 new") })
        #expect(!lines.contains { $0.contains("\u{1B}") })
        #expect(watch.lines(.error).isEmpty)
    }

    @Test func `where the first answer is none, there is nothing to wait for`() throws {
        let origin = try ScriptedOrigin { _ in
            .json(#"{"error":{"code":400,"message":"limit must be an integer"}}"#, status: 400)
        }
        let refused = try LarderProcess.run(["models", "--url", origin.url, "--limit", "x", "--watch"])
        #expect(refused.ending == .exited(1) && refused.output.isEmpty)
        #expect(refused.error == "larder: limit must be an integer")
        // It keeps the port for as long as it exists.
        defer { origin.stop() }
        origin.stop()
        let silent = try LarderProcess.run(["models", "--url", origin.url, "--watch"])
        #expect(silent.ending == .exited(1) && silent.error.contains("`larder serve`"))
    }

    @Test func `a Larder that goes and comes back is waited for`() throws {
        let origin = try growing()
        // It keeps the port for as long as it exists.
        defer { origin.stop() }
        let watch = try ChildProcess(
            LarderProcess.path, ["models", "--url", origin.url, "--watch", "0.1"],
            environment: LarderProcess.environment())
        try watch.waitForLine(containing: "acme/m1")
        origin.stop()
        try watch.waitForLine(containing: "no Larder answers there")
        let back = try ScriptedOrigin(port: origin.port) { _ in .json(#"{"data":[{"id":"acme/back"}]}"#) }
        try watch.waitForLine(containing: "acme/back")
        watch.signal(SIGINT)
        try watch.expectExit()
        back.stop()
    }

    @Test func `a terminal is drawn over, and given back on Ctrl-C`() throws {
        let origin = try growing()
        let file = "/tmp/larder-watch-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: file) }
        // `script` makes a terminal and writes all of it to the file, with this command at the start: the pattern must not find
        // itself there.
        let command =
            "stty cols 80 rows 10; \(LarderProcess.path) models --url \(origin.url) --watch 0.1 & pid=$!; "
            + "while ! grep -q acme/m[3] \(file); do sleep 0.05; done; kill -INT $pid; wait $pid; echo ended with $?"
        let result = try ChildProcess.run(
            "/usr/bin/script", ["-qefc", "bash -c '\(command)'", file],
            environment: LarderProcess.environment(["TERM": "xterm", "LANG": "C.UTF-8", "SHELL": "/bin/bash"]))
        #expect(result.ending == .exited(0), "\(result)")
        let screen = result.output
        let enter = try #require(screen.firstRange(of: "\u{1B}[?1049h\u{1B}[?25l"))
        let leave = try #require(screen.firstRange(of: "\u{1B}[?25h\u{1B}[?1049l"))
        #expect(enter.upperBound < leave.lowerBound)
        #expect(screen[leave.upperBound...].contains("ended with 0"))
        #expect(screen[..<leave.lowerBound].contains("\u{1B}]8;;https://openrouter.ai/acme/m3\u{1B}\\acme/m3"))
        #expect(screen.contains("\u{1B}[32m+\u{1B}[0m"))
        #expect(!screen[leave.upperBound...].contains("\u{1B}"))
    }
}
