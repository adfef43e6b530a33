import Foundation
import Logging
import Serving
import TestSupport
import Testing

@testable import Daemon

@Suite("The log's writer", .timeLimit(.minutes(300)))
struct LogWriterTests {
    @Test("Nobody waits for a reader; what did not fit is counted, and told of once there is room")
    func blockedPipe() throws {
        let pipe = Foundation.Pipe()
        let writer = try LogWriter(.json, descriptor: pipe.fileHandleForWriting.fileDescriptor, room: 64 << 10)
        let line = Array((#"{"message":""# + String(repeating: "x", count: 1000) + "\"}\n").utf8)
        var written = 0
        // A pipe takes 64 KiB, the queue as much, and what the thread holds comes on top.
        while writer.droppedLines < 50 {
            writer.write(line.span)
            written += 1
            try #require(written < 10_000)
        }
        let dropped = writer.droppedLines
        let reader = Reader(pipe.fileHandleForReading)
        let all = reader.start()
        writer.flush()
        writer.write(line.span)
        writer.close()
        try pipe.fileHandleForWriting.close()
        let lines = try #require(all.wait(.hang) { $0.text }).split(separator: "\n")
        let lost = lines.filter { $0.contains("log-lines-lost") }
        var reported = 0
        for line in lost {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            reported += object?["lines"] as? Int ?? 0
        }
        #expect(reported == dropped)
        #expect(lines.count - lost.count == written + 1 - dropped)
    }

    @Test("Closing gives up on a pipe that nobody reads")
    func closing() throws {
        let pipe = Foundation.Pipe()
        let writer = try LogWriter(.text, descriptor: pipe.fileHandleForWriting.fileDescriptor)
        writer.write([UInt8](repeating: UInt8(ascii: "x"), count: 300_000).span)
        writer.close()
        // The thread is held up still, and only now gets on: it must not be left behind with a closed descriptor.
        let all = Reader(pipe.fileHandleForReading).start(until: 300_000)
        #expect(all.wait(.hang) { $0.text }?.utf8.count == 300_000)
    }

    /// Reads a pipe to its end on a thread of its own.
    private struct Reader {
        struct Result { var text: String? }
        let handle: FileHandle

        init(_ handle: FileHandle) { self.handle = handle }

        func start(until count: Int = .max) -> Monitor<Result> {
            let result = Monitor(Result())
            Thread.detachNewThread { [handle] in
                var data = Data()
                while data.count < count {
                    let more = handle.availableData
                    if more.isEmpty { break }
                    data += more
                }
                let text = String(decoding: data, as: UTF8.self)
                result.withValue { $0.text = text }
            }
            return result
        }
    }
}
