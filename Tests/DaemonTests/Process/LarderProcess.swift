import Foundation
import Glibc
import TestSupport
import Testing

/// The binary as it is built, in a process of its own.
struct LarderProcess {
    let child: ChildProcess
    /// The port that it serves on; 0 where it serves on a unix socket only.
    let port: UInt16

    /// Where the binary lies: beside the tests' own, unless LARDER_TEST_BINARY says otherwise.
    static var path: String {
        if let path = ProcessInfo.processInfo.environment["LARDER_TEST_BINARY"] { return path }
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("larder").path
    }

    /// An environment in which there are no settings, but for those of a sanitizer that the tests run under.
    static func environment(_ more: [String: String] = [:]) -> [String: String] {
        let sanitizers = ["ASAN_OPTIONS", "TSAN_OPTIONS"]
        let options = ProcessInfo.processInfo.environment.filter { sanitizers.contains($0.key) }
        return ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"].merging(options) { $1 }.merging(more) { $1 }
    }

    /// What a server is started with unless a test says otherwise: it does not warm up, keeps nothing on disk, and has
    /// time limits that the slowest machine keeps. The environment would go over the limits in a test's own file.
    private static func quiet(_ arguments: [String]) -> [String: String] {
        let quiet = ["LARDER_UPSTREAM_WARM_UP": "false", "LARDER_STATE_ENABLED": "false"]
        if arguments.contains("--config") { return quiet }
        let patient = [
            "LARDER_UPSTREAM_TIMEOUT": "4m", "LARDER_UPSTREAM_CONNECT_TIMEOUT": "60s",
            "LARDER_SERVER_DRAIN_TIMEOUT": "2m",
        ]
        return quiet.merging(patient) { $1 }
    }

    /// Starts `larder serve` and waits until it serves. It listens on a free port unless the arguments say otherwise, does
    /// not warm up unless the environment does, and keeps nothing on disk unless a directory is named.
    static func serve(_ arguments: [String], environment more: [String: String] = [:]) throws -> LarderProcess {
        var arguments = ["serve"] + arguments
        if !arguments.contains("--listen") { arguments += ["--listen", "127.0.0.1:0"] }
        var variables = environment(quiet(arguments).merging(more) { $1 })
        // Tests of recent copies have a file that says so; in all others a forced refresh is one.
        if !arguments.contains("--config") {
            variables["LARDER_TTL_NO_CACHE"] = variables["LARDER_TTL_NO_CACHE"] ?? "0s"
        }
        return try started(try ChildProcess(path, arguments, environment: variables))
    }

    /// Starts `larder serve` with sockets handed over as a service manager does it, and waits until it serves.
    static func serve(
        on sockets: [TestSocket], _ arguments: [String] = ["--demo"], environment more: [String: String] = [:]
    ) throws -> LarderProcess { try started(try hand(sockets, arguments, environment: more)) }

    /// Starts `larder serve` with sockets handed over, which may be none that can be served on.
    static func hand(
        _ sockets: [TestSocket], _ arguments: [String] = ["--demo"], environment more: [String: String] = [:]
    ) throws -> ChildProcess {
        let variables = quiet(arguments).merging(["LISTEN_FDS": "\(sockets.count)"]) { $1 }.merging(more) { $1 }
        // The process that is started has to know its own number.
        let script = #"export LISTEN_PID=$$; exec "$0" "$@""#
        return try ChildProcess(
            "/bin/sh", ["-c", script, path, "serve"] + arguments, environment: environment(variables),
            passing: sockets.map(\.descriptor))
    }

    /// Waits until a process serves.
    static func started(_ child: ChildProcess) throws -> LarderProcess {
        let line = try child.waitForLine(containing: "serving on ")
        let address = line.split(separator: "serving on ").last ?? ""
        let port = address.hasPrefix("http://127.0.0.1:") ? address.dropFirst(17).prefix { $0.isNumber } : "0"
        return LarderProcess(child: child, port: try #require(UInt16(port)))
    }

    /// Starts `larder serve` before an origin.
    static func serve(before origin: ScriptedOrigin, environment: [String: String] = [:]) throws -> LarderProcess {
        try serve(["--upstream", origin.url + "/api/v1"], environment: environment)
    }

    /// Runs `larder` to its end.
    static func run(
        _ arguments: [String], environment more: [String: String] = [:]
    ) throws -> (ending: ChildProcess.Ending, output: String, error: String) {
        try ChildProcess.run(path, arguments, environment: environment(more))
    }

    /// One GET on a connection of its own.
    func get(_ target: String, _ fields: MessageFields = [:]) throws -> RawResponse {
        try RawClient.get(port: port, target, fields)
    }

    /// Tells it to end, and waits until it has.
    func end(_ signal: Int32 = SIGTERM) throws {
        child.signal(signal)
        try child.expectExit()
    }
}
