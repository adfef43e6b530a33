import Foundation
import TestSupport
import Testing

@testable import Store

/// State directories that are not for this process.
@Suite(.timeLimit(.minutes(300))) struct RefusedStateTests {
    /// Runs statements over a database that nobody has open.
    private static func run(_ sql: String, over path: String) throws {
        try Connection(uri: "file:" + path, flags: 6).run(sql)
    }

    @Test func `what a later release has written is refused in one line, and left as it is`() throws {
        let (upstream, folder) = (try UpAndDown(Replies.wellBehaved), StateFolder())
        let larder = try LarderProcess.serve(before: upstream, in: folder)
        #expect(try larder.get("/models").status == 200)
        try larder.end()
        // As a later release would: the version that SQLite keeps, and the store's own note of it.
        try Self.run(
            """
            PRAGMA user_version = 99;
            UPDATE note SET bytes = CAST('99' AS BLOB) WHERE name LIKE 'store.%';
            CREATE TABLE something_new(x)
            """, over: folder.path + "/larder.db")
        let before = try folder.files()
        let refused = try LarderProcess.run(
            ["serve", "--listen", "127.0.0.1:0", "--upstream", upstream.origin.url, "--state-dir", folder.path])
        #expect(refused.ending == .exited(1))
        let lines = refused.error.split(separator: "\n")
        #expect(lines.count == 1 && lines[0].contains("99") && lines[0].contains("newer release"), "\(refused.error)")
        #expect(refused.output.isEmpty)
        #expect(try folder.files() == before)
    }

    @Test func `a record that points to another whole body is not served, and the history is kept`() throws {
        let upstream = try UpAndDown { request in
            request.path == "/api/v1/models"
                ? Replies.catalogue()
                : .json(#"{"data":[{"path":"\#(request.path)"}]}"#, ["Cache-Control": "public"])
        }
        let folder = StateFolder()
        let first = try LarderProcess.serve(before: upstream, in: folder)
        for path in ["/providers", "/embeddings/models", "/videos/models", "/models"] {
            #expect(try first.get(path).status == 200)
        }
        let now = ISO8601DateFormatter().string(from: .now)
        let past = "/models/count?larder_as_of=" + now
        try eventually("the history begins") { try first.get(past).status == 200 }
        let count = try first.get(past).text
        try first.end()
        // Both bodies are as they were written, each with its digest. Only the seal binds a record to one of them.
        try Self.run(
            """
            UPDATE response SET digest = (SELECT digest FROM response WHERE resource LIKE '%/embeddings/models%')
                WHERE resource LIKE '%/providers%'
            """, over: folder.path + "/larder.db")
        upstream.setDown(true)
        let larder = try LarderProcess.serve(before: upstream, in: folder)
        let answer = try larder.get("/providers")
        #expect([502, 503].contains(answer.status) && !answer.text.contains("embeddings"), "\(answer.text)")
        try larder.child.waitForLine(containing: "a stored copy was damaged; deleted it")
        for path in ["/models", "/videos/models"] { #expect(try larder.get(path).status == 200, "\(path)") }
        let again = try larder.get(past)
        #expect(again.status == 200 && again.text == count)
        #expect(try folder.files().keys.allSatisfy { !$0.hasPrefix("larder.damaged-") })
        try larder.end()
    }

    @Test func `a directory that another Larder uses is a warning, and both serve`() throws {
        let (upstream, folder) = (try UpAndDown(Replies.wellBehaved), StateFolder())
        let first = try LarderProcess.serve(before: upstream, in: folder)
        let second = try LarderProcess.serve(before: upstream, in: folder)
        try second.child.waitForLine(containing: "in use by another process")
        for larder in [first, second] {
            for _ in 0..<2 { #expect(try larder.get("/models").status == 200) }
            #expect(try larder.get("/models").isHit)
        }
        let warnings = second.child.lines(.error).count { $0.contains("state") && $0.contains("in use") }
        #expect(warnings == 1)
        // The second one's end does not touch what the first one keeps.
        try second.end()
        try first.end()
        upstream.setDown(true)
        let third = try LarderProcess.serve(before: upstream, in: folder)
        #expect(try third.get("/models").status == 200)
        #expect(!third.child.lines(.error).contains { $0.contains("in use") })
        try third.end()
    }

    @Test func `without a state directory nothing is read or written`() throws {
        let (upstream, folder) = (try UpAndDown(Replies.wellBehaved), StateFolder())
        let first = try LarderProcess.serve(before: upstream, in: folder)
        #expect(try first.get("/models").status == 200)
        try first.end()
        let before = try folder.files()
        upstream.setDown(true)
        let larder = try LarderProcess.serve(
            ["--upstream", upstream.origin.url + "/api/v1", "--no-state"],
            environment: ["LARDER_STATE_DIR": folder.path])
        #expect(try larder.get("/models").status == 502)
        try larder.end()
        #expect(try folder.files() == before)
    }
}
