import Foundation
import Glibc
import TestSupport
import Testing

/// A Larder that is started through a link, so that a test can put another program in its place, and have it started by an
/// upgrade. All its processes write into the same log.
final class UpgradingLarder {
    let child: ChildProcess
    /// Its port on 127.0.0.1.
    private(set) var port: UInt16 = 0
    private let link: String
    private let folder: String
    private var upgrades = 0

    /// The newest process.
    private(set) var process: Int32

    /// Starts `larder serve`, and waits until it serves.
    init(
        _ arguments: [String], environment more: [String: String] = [:], on sockets: [TestSocket] = []
    ) throws {
        folder = "/tmp/larder-upgrade-\(UInt64.random(in: 0 ... .max))"
        link = folder + "/larder"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: LarderProcess.path)
        let quiet = [
            "LARDER_STATE_ENABLED": "false", "LARDER_WORKERS": "2", "LARDER_LOG_ACCESS": "false",
            "LARDER_SERVER_DRAIN_TIMEOUT": "5m", "LARDER_SERVER_UPGRADE_TIMEOUT": "2m",
            "LISTEN_FDS": "\(sockets.count)",
        ]
        // The process that is started has to know its own number.
        let script = #"export LISTEN_PID=$$; exec "$0" "$@""#
        child = try ChildProcess(
            "/bin/sh", ["-c", script, link, "serve"] + arguments,
            environment: LarderProcess.environment(quiet.merging(more) { $1 }.filter { !$0.value.isEmpty }),
            passing: sockets.map(\.descriptor))
        process = child.id
        port = try LarderProcess.started(child).port
    }

    deinit {
        if process != child.id { kill(process, SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A path that goes with it.
    func path(_ name: String) -> String { folder + "/" + name }

    /// Puts another program in its place.
    func install(script: String) throws {
        try makeProgram("#!" + script, at: path("new"))
        unsafe rename(path("new"), link)
    }

    /// Puts Larder back in its place.
    func install() throws {
        try FileManager.default.createSymbolicLink(atPath: path("new"), withDestinationPath: LarderProcess.path)
        unsafe rename(path("new"), link)
    }

    /// The lines of an event.
    func lines(_ event: String) -> [String] { child.lines(.error).filter { $0.contains(#""event":"\#(event)""#) } }

    /// The processes that were started, in order.
    var started: [Int32] {
        lines("upgrade-begun").compactMap { line in
            line.components(separatedBy: "as process ").last.flatMap { Int32($0.prefix { $0.isNumber }) }
        }
    }

    /// Signals the newest process, and waits for the new one to say that it has taken over.
    func upgrade() throws {
        upgrades += 1
        kill(process, SIGUSR2)
        do {
            try eventually("upgrade \(upgrades)", within: .hang) { lines("took-over").count == upgrades }
        } catch {
            // What the processes did instead.
            Issue.record(Comment(rawValue: child.lines(.error).suffix(20).joined(separator: "\n")))
            throw error
        }
        process = try #require(started.last)
    }

    /// Signals the newest process, and waits until it says why the upgrade failed.
    func failToUpgrade() throws -> String {
        let before = lines("upgrade-failed").count
        kill(process, SIGUSR2)
        try eventually("a failure", within: .hang) { lines("upgrade-failed").count > before }
        return lines("upgrade-failed").last ?? ""
    }

    /// Ends the newest process, and waits until all have ended.
    func end() throws {
        kill(process, SIGTERM)
        try child.expectExit()
        try eventually("process \(process) ends") { kill(process, 0) != 0 }
        #expect(lines("stopped").count == upgrades + 1)
    }

    func get(_ target: String, _ fields: MessageFields = [:]) throws -> RawResponse {
        try RawClient.get(port: port, target, fields)
    }
}

/// Clients that send requests one after the other, on new connections and on kept ones, until `stop`.
final class SteadyLoad {
    private struct Tally {
        var answered = 0
        var failures: [String] = []
        var ended = 0
        var isOver = false
    }

    private let tally = Monitor(Tally())
    private var clients = 0

    var answered: Int { tally.current.answered }

    /// Adds a client. `keeps`: it uses its connection again until it is told that it closes.
    func add(keeps: Bool, _ connect: @escaping @Sendable () throws -> RawClient) {
        clients += 1
        let tally = tally
        startThread {
            var kept: RawClient?
            while !tally.current.isOver {
                do {
                    let client = try kept ?? connect()
                    let answer = try client.get("/models?limit=1", keeps ? [:] : ["Connection": "close"])
                    let isLast = answer.fields["Connection"] == "close"
                    if isLast { client.close() }
                    kept = isLast ? nil : client
                    tally.withValue {
                        if answer.status == 200 { $0.answered += 1 } else { $0.failures.append("\(answer.status)") }
                    }
                } catch {
                    kept = nil
                    tally.withValue { $0.failures.append("\(keeps ? "kept" : "new"): \(error)") }
                }
            }
            kept?.close()
            tally.withValue { $0.ended += 1 }
        }
    }

    /// Waits until so many more requests have been answered.
    func wait(for count: Int) throws {
        let before = answered
        try eventually("\(count) answers", within: .hang) { answered >= before + count }
    }

    /// Stops the clients. Returns what has failed.
    func stop() throws -> [String] {
        tally.withValue { $0.isOver = true }
        try eventually("all clients have ended") { tally.current.ended == clients }
        return tally.current.failures
    }
}
