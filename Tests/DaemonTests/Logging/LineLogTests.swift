import Bytes
import Foundation
import Glibc
import Logging
import Metrics
import Serving
import Settings
import Testing
import Threads

@testable import Daemon

@Suite("The log of the process", .timeLimit(.minutes(300)))
struct LineLogTests {
    /// The members of each line that `body` makes the log write.
    private func lines(room: Int = LogWriter.room, _ body: (Logger, LogWriter) -> Void) throws -> [[String: Any]] {
        let path = "/tmp/larder-log-\(UInt64.random(in: 0 ... .max))"
        try #require(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try #require(FileHandle(forWritingAtPath: path))
        let writer = try LogWriter(.json, descriptor: file.fileDescriptor, room: room)
        body(Logger.larder(Settings().log, .json, writer), writer)
        writer.close()
        try file.close()
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("What comes over and over is one line a second, with the number of those left out")
    func repeating() throws {
        let written = try lines { log, _ in
            for _ in 0..<20 { log.event(.acceptFailed, "cannot accept a connection: too many open files") }
            log.event(.acceptFailed, "cannot accept a connection: no memory")
            usleep(1_100_000)
            log.event(.acceptFailed, "cannot accept a connection: too many open files")
        }
        let same = written.filter { ($0["message"] as? String)?.hasSuffix("open files") == true }
        // On a machine that stands still for a second it may be one more.
        #expect(same.count >= 2 && same.count <= 3, "\(same)")
        #expect(same.compactMap { $0["suppressed"] as? Int }.reduce(same.count, +) == 21)
        #expect(written.count == same.count + 1)
    }

    @Test("Other events are written each time")
    func others() throws {
        let written = try lines { log, _ in
            for _ in 0..<5 { log.event(.reloadRefused, "keeping the old settings") }
        }
        #expect(written.count == 5 && written.allSatisfy { $0["event"] as? String == "reload-refused" })
    }

    @Test("Lines of requests leave room for events")
    func room() throws {
        let line =
            Array(#"{"event":"access","message":""#.utf8) + Array(repeating: UInt8(ascii: "x"), count: 200)
            + Array("\"}\n".utf8)
        let written = try lines(room: 100) { log, writer in
            // None of these fits.
            writer.write(line.span)
            log.event(.reloadRefused, "keeping the old settings")
        }
        #expect(written.contains { $0["event"] as? String == "reload-refused" })
        #expect(!written.contains { $0["event"] as? String == "access" })
        #expect(written.contains { $0["event"] as? String == "log-lines-lost" && $0["lines"] as? Int == 1 })
    }

    @Test("Warnings and errors are kept for the status, and nothing below them")
    func recent() throws {
        var kept = ""
        _ = try lines { log, writer in
            log.event(.serving, "serving")
            log.event(.reloadRefused, "keeping the old settings")
            log.event(.fetchFailed, "fetching failed", ["status": "503"])
            kept = writer.recent.withLock { $0.json.span.text() }
        }
        let object = try #require(JSONSerialization.jsonObject(with: Data(kept.utf8)) as? [String: Any])
        let events = try #require(object["events"] as? [[String: Any]])
        #expect(object["total"] as? Int == 2)
        #expect(events.map { $0["event"] as? String } == ["reload-refused", "fetch-failed"])
        #expect(events.map { $0["level"] as? String } == ["error", "warning"] && events[1]["status"] as? Int == 503)
    }
}
