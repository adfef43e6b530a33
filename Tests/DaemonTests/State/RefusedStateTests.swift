import Foundation
import TestSupport
import Testing

/// State directories that are not for this process.
@Suite(.timeLimit(.minutes(10))) struct RefusedStateTests {
    @Test func `what a later release has written is refused in one line, and left as it is`() throws {
        let (upstream, folder) = (try UpAndDown(Replies.wellBehaved), StateFolder())
        let larder = try LarderProcess.serve(before: upstream, in: folder)
        #expect(try larder.get("/models").status == 200)
        try larder.end()
        // As a later release would: the version that SQLite keeps, and the store's own note of it.
        let database = folder.path + "/larder.db"
        let later = try ChildProcess.run(
            "/usr/bin/python3",
            [
                "-c",
                """
                import sqlite3, sys
                database = sqlite3.connect(sys.argv[1])
                database.execute("PRAGMA user_version = 99")
                database.execute("UPDATE note SET bytes = CAST('99' AS BLOB) WHERE name LIKE 'store.%'")
                database.execute("CREATE TABLE something_new(x)")
                database.commit()
                database.execute("PRAGMA journal_mode = DELETE")
                """, database,
            ])
        #expect(later.ending == .exited(0), "\(later.error)")
        let before = try folder.files()
        let refused = try LarderProcess.run(
            ["serve", "--listen", "127.0.0.1:0", "--upstream", upstream.origin.url, "--state-dir", folder.path])
        #expect(refused.ending == .exited(1))
        let lines = refused.error.split(separator: "\n")
        #expect(lines.count == 1 && lines[0].contains("99") && lines[0].contains("later release"), "\(refused.error)")
        #expect(refused.output.isEmpty)
        #expect(try folder.files() == before)
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
