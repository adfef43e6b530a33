import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct ThreadNameTests {
    /// A tool that shows threads by their names has to tell a loop from those that work for it.
    @Test func `each loop has its name for itself`() throws {
        let larder = try LarderProcess.serve(["--demo"], environment: ["LARDER_WORKERS": "3"])
        // The pool has something to do: it reads what the demo's upstream answers.
        #expect(try larder.get("/models").status == 200)
        let tasks = "/proc/\(larder.child.id)/task"
        let names = try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap {
            try? String(contentsOfFile: "\(tasks)/\($0)/comm", encoding: .utf8).trimmingCharacters(in: .newlines)
        }
        for name in ["larder", "larder-0", "larder-1", "larder-2", "larder-log"] {
            #expect(names.count { $0 == name } == 1, "\(names)")
        }
        // From libuv 1.50 on the pool's threads name themselves.
        let pool = names.count { $0 == "larder-pool" || $0 == "libuv-worker" }
        #expect(pool == 3, "as many as loops, of those that work for them: \(names)")
        try larder.end()
    }
}
