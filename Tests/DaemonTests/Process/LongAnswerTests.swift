import Foundation
import TestSupport
import Testing

/// Answers that are sent without copying them (`server.zero_copy`).
@Suite(.timeLimit(.minutes(300))) struct LongAnswerTests {
    private static func pipes(of pid: Int32) throws -> Int {
        let (files, folder) = (FileManager.default, "/proc/\(pid)/fd")
        return try files.contentsOfDirectory(atPath: folder).count { name in
            // A descriptor may have been closed since.
            (try? files.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"))?.hasPrefix("pipe:") == true
        }
    }

    @Test func `all clients get the same bytes, quick ones and slow ones, also over a refresh and a reload`() throws {
        let list = Replies.list((0..<20_000).map { "author/model-number-\($0)" })
        let origin = try ScriptedOrigin { request in
            request.path == "/api/v1/models" ? list : Replies.wellBehaved(request)
        }
        let text = "upstream.timeout = \"60s\"\nttl.catalog = \"1h\"\nlog.access = false\nworkers = 2\n"
        let larder = try ReloadingLarder(before: origin, text + "server.zero_copy = \"off\"")
        let port = larder.process.port
        let body = try larder.get("/models").body
        #expect(body.count > 1 << 20)

        func askAll() throws {
            try concurrently(6) { number in
                let client = try RawClient(port: port, receiveBuffer: number % 2 == 0 ? 4_096 : nil)
                for _ in 0..<10 { #expect(try client.get("/models").body == body) }
                // Two answers at once, the second of which waits for the first.
                let request = "GET /api/v1/models HTTP/1.1\r\nHost: localhost\r\n"
                try client.send("\(request)\r\n\(request)Connection: close\r\n\r\n")
                #expect(try client.readResponse().body == body)
                #expect(try client.readResponse().body == body)
                #expect(try client.readToEnd().isEmpty)
            }
        }

        let before = try Self.pipes(of: larder.process.child.id)
        try askAll()
        #expect(try Self.pipes(of: larder.process.child.id) == before)
        try larder.reload(text + "server.zero_copy = \"on\"")
        try eventually("a loop has opened its pipe") {
            #expect(try larder.get("/models").body == body)
            return try Self.pipes(of: larder.process.child.id) > before
        }
        try askAll()
        // A client that goes in the middle of an answer.
        for _ in 0..<20 {
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try client.sendRequest("GET", "/models")
            #expect(try client.readHead().status == 200)
            client.close()
        }
        // The catalogue comes anew, in new memory.
        #expect(try larder.get("/models", ["Cache-Control": "max-age=0"]).body == body)
        try askAll()
        try larder.reload(text + "server.zero_copy = \"auto\"")
        try askAll()
        try larder.process.end()
    }
}
