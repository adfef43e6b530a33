import Foundation
import Glibc
import TestSupport
import Testing

/// What happens when nobody reads the log.
@Suite(.timeLimit(.minutes(300))) struct BlockedLogTests {
    @Test func `a pipe that nobody reads holds up no request, and not the end either`() throws {
        let log = Foundation.Pipe()
        let larder = try ChildProcess(
            "/bin/sh",
            ["-c", "exec \"$0\" serve --demo --listen 127.0.0.1:0 2>&3", LarderProcess.path],
            environment: LarderProcess.environment(["LARDER_WORKERS": "1", "LARDER_UPSTREAM_WARM_UP": "false"]),
            passing: [log.fileHandleForWriting.fileDescriptor])
        var said = ""
        while !said.contains("serving on"), larder.ending == nil {
            said += String(decoding: log.fileHandleForReading.availableData, as: UTF8.self)
        }
        let address = try #require(said.components(separatedBy: "http://127.0.0.1:").last)
        let port = try #require(UInt16(String(address.prefix { $0.isNumber })))

        // Three times what the pipe and all queues hold.
        let client = try RawClient(port: port, timeout: .hang)
        defer { client.close() }
        let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for _ in 0..<300 {
            try client.send(String(repeating: request, count: 100))
            for _ in 0..<100 { #expect(try client.readResponse().status == 200) }
        }
        let dropped = try client.get("/metrics").text.split(separator: "\n").first {
            $0.hasPrefix("larder_log_lines_dropped_total ")
        }
        let count = try #require(dropped?.split(separator: " ").last.flatMap { Int(String($0)) })
        #expect(count > 1000)

        larder.signal(SIGTERM)
        try larder.expectExit()
    }
}
