import Foundation
import Glibc
import Logging
import Serving
import Testing

@testable import Daemon

@Suite("The log of the process", .timeLimit(.minutes(10)))
struct LineLogTests {
    /// The members of each line that `body` makes the log write.
    private func lines(room: Int = LogWriter.room, _ body: (Logger, LogWriter) -> Void) throws -> [[String: String]] {
        let path = "/tmp/larder-log-\(UInt64.random(in: 0 ... .max))"
        try #require(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try #require(FileHandle(forWritingAtPath: path))
        let writer = try LogWriter(.json, descriptor: file.fileDescriptor, room: room)
        body(Logger.larder(Settings().log, .json, writer), writer)
        writer.close()
        try file.close()
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String])
        }
    }

    @Test("What comes over and over is one line a second, with the number of those left out")
    func repeating() throws {
        let written = try lines { log, _ in
            for _ in 0..<20 { log.tell(.acceptFailed, "accepting failed: too many open files") }
            log.tell(.acceptFailed, "accepting failed: no memory")
            usleep(1_100_000)
            log.tell(.acceptFailed, "accepting failed: too many open files")
        }
        let same = written.filter { $0["message"]?.hasSuffix("open files") == true }
        // On a machine that stands still for a second it may be one more.
        #expect(same.count >= 2 && same.count <= 3, "\(same)")
        #expect(same.compactMap { $0["held_back"].flatMap { Int($0) } }.reduce(same.count, +) == 21)
        #expect(written.count == same.count + 1)
    }

    @Test("Other events are written each time")
    func others() throws {
        let written = try lines { log, _ in
            for _ in 0..<5 { log.tell(.reloadRefused, "the settings stay as they are") }
        }
        #expect(written.count == 5 && written.allSatisfy { $0["event"] == "reload-refused" })
    }

    @Test("Lines of requests leave room for events")
    func room() throws {
        let line =
            Array(#"{"event":"access","message":""#.utf8) + Array(repeating: UInt8(ascii: "x"), count: 200)
            + Array("\"}\n".utf8)
        let written = try lines(room: 100) { log, writer in
            // None of these fits.
            writer.write(line.span)
            log.tell(.reloadRefused, "the settings stay as they are")
        }
        #expect(written.contains { $0["event"] == "reload-refused" })
        #expect(!written.contains { $0["event"] == "access" })
        #expect(written.contains { $0["event"] == "log-lines-lost" && $0["lines"] == "1" })
    }
}
