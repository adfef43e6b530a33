import Foundation
import Glibc
import TestSupport
import Testing

/// Signals that come before Larder watches for them.
@Suite(.timeLimit(.minutes(300))) final class StartSignalTests {
    /// Settings that take some milliseconds to read.
    private let file = "/tmp/larder-start-\(UInt64.random(in: 0 ... .max)).toml"

    init() throws {
        try String(repeating: "# A comment that takes its time.\n", count: 20_000).write(
            toFile: file, atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: file) }

    @Test func `SIGHUP while the settings are read for the first time has them read once more, and ends nothing`()
        throws
    {
        let child = try starting { child in
            for _ in 0..<3 { child.signal(SIGHUP) }
        }
        let larder = try LarderProcess.started(child)
        try child.waitForLine(containing: "nothing changed")
        #expect(try larder.get("/models").status == 200)
        try larder.end()
        #expect(child.lines(.error).count { $0.contains(#""event":"reloaded""#) } == 1)
    }

    @Test func `SIGTERM at that time ends it at once`() throws {
        let child = try starting { $0.signal(SIGTERM) }
        #expect(try child.waitForExit() == .signalled(SIGTERM))
        #expect(!child.lines().contains { $0.contains("serving") })
    }

    /// Starts Larder, stands it still while it reads its settings, and lets it go on when `body` is done. Nothing tells from
    /// outside that it is just then but that SIGHUP is held, for some milliseconds: so it is tried until it is met.
    private func starting(_ body: (ChildProcess) -> Void) throws -> ChildProcess {
        let end = ContinuousClock.now + .hang
        while ContinuousClock.now < end {
            let child = try ChildProcess(
                LarderProcess.path, ["serve", "--demo", "--no-state", "--listen", "127.0.0.1:0", "--config", file],
                environment: LarderProcess.environment())
            while child.ending == nil, try !holdsHangUps(child), child.lines().isEmpty { usleep(200) }
            child.signal(SIGSTOP)
            try eventually("it stands still, or has ended") { try child.ending != nil || state(child).hasPrefix("T") }
            guard child.ending == nil, try holdsHangUps(child) else { continue }
            body(child)
            child.signal(SIGCONT)
            return child
        }
        throw TimedOut("SIGHUP is never held", after: .hang)
    }

    private func holdsHangUps(_ child: ChildProcess) throws -> Bool {
        let held = UInt64(try status(child, "SigBlk"), radix: 16) ?? 0
        return held & (1 << UInt64(SIGHUP - 1)) != 0
    }

    private func state(_ child: ChildProcess) throws -> String { try status(child, "State") }

    /// A line of what the kernel says of its first thread; empty once there is none.
    private func status(_ child: ChildProcess, _ name: String) throws -> String {
        guard let text = try? String(contentsOfFile: "/proc/\(child.id)/status", encoding: .utf8) else { return "" }
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
        return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
    }
}
