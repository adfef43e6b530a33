import Foundation
import Logging
import Metrics
import Persistence
import Serving
import Settings
import Testing

@testable import Daemon

/// A state directory that comes back after another process had it.
@Suite(.timeLimit(.minutes(300))) struct ReopenedStateTests {
    private static func begin(_ state: OpenState, _ settings: Settings, _ log: Logger) throws -> LendableStore {
        let shard = ShardSettings(settings, isDemo: true, addresses: [], fingerprinter: state.fingerprinter)
        return try #require(state.begin(settings, isDemo: true, shard.keeping.entryBuilder, now: 0, log: log).0)
    }

    @Test func `with another secret it is released, and the log says why nothing is stored any more`() throws {
        let folder = StateFolder()
        var settings = Settings()
        folder.keep(&settings)
        let file = folder.beside("log")
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try #require(FileManager.default.createFile(atPath: file, contents: nil))
        let handle = try #require(FileHandle(forWritingAtPath: file))
        let writer = try LogWriter(.json, descriptor: handle.fileDescriptor)
        let log = Logger.larder(settings.log, .json, writer)

        let state = try OpenState(settings, isDemo: true, log: log)
        let store = try Self.begin(state, settings, log)
        store.lend()
        try Data(repeating: 7, count: 32).write(to: URL(fileURLWithPath: folder.path + "/secret"))
        #expect(state.reopened(settings, isDemo: true, now: 0, log: log) == nil)
        #expect(state.reporter()().problem != nil)
        // Nobody has it: otherwise this throws.
        let next = try OpenState(settings, isDemo: true, isOurs: true, log: log)
        #expect(next.path == folder.path)
        try Self.begin(next, settings, log).close()
        writer.close()
        try handle.close()
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        let reasons = lines.filter { $0.contains(#""event":"state-unavailable""#) }
        #expect(reasons.count == 1 && reasons[0].contains("another secret"), "\(lines)")
    }
}
