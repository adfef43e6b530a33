import Bytes
import EventLoop
import Foundation
import HTTPClient
import Testing

/// A process's memory is all its tests': this one runs in a process of its own.
@Suite(.timeLimit(.minutes(300))) struct StreamMemoryTests {
    @Test func `64 MiB through a slow reader take no more memory than a little`() async {
        await #expect(processExitsWith: .success) {
            let blocks = 1024
            let origin = try Origin { connection in
                _ = connection.request()
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: 0x61, count: 65_536) + [13, 10]
                for _ in 0..<blocks where !connection.send(chunk) { return }
                connection.send("0\r\n\r\n")
            }
            defer { origin.stop() }
            let recorder = StreamRecorder()
            recorder.keepsBody = false
            var before = 0
            var most = 0
            try withClient { client, loop in
                recorder.onHead = { _ in before = residentBytes() }
                recorder.onBody = { recorder in
                    recorder.stream?.pause()
                    most = max(most, residentBytes() - before)
                    after(recorder.received % 50 == 0 ? 1 : 0, on: loop) { recorder.stream?.resume() }
                }
                begin(.make("GET", origin.url), on: client, recorder)
            }
            #expect(recorder.received == blocks << 16)
            #expect(most < 1 << 20, "\(most) bytes more")
        }
    }
}

/// What the process has in memory.
func residentBytes() -> Int {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
    return (fields.flatMap { Int($0[1]) } ?? 0) * 4096
}
