import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(300))) struct ThreadNameTests {
    /// A tool that shows threads by their names has to tell a loop from those that work for it.
    @Test func `each loop has its name for itself`() throws {
        let larder = try LarderProcess.serve(["--demo"], environment: ["LARDER_WORKERS": "3"])
        // The pool has something to do: it reads what the demo's upstream answers.
        #expect(try larder.get("/models").status == 200)
        var names: [String] = []
        // A thread names itself when it first runs, so that a busy machine may show it by its parent's name for a while.
        try? eventually("each has its name") {
            names = try Self.names(of: larder.child.id)
            return names == Self.expected
        }
        #expect(names == Self.expected)
        try larder.end()
    }

    /// One by each name; as many of the pool as loops, of those that work for them.
    private static let expected =
        Array(repeating: "larder", count: Sanitizer.isThread ? 2 : 1)
        + ["larder-0", "larder-1", "larder-2", "larder-log"] + Array(repeating: "larder-pool", count: 3)

    /// The names of a process's threads, sorted.
    private static func names(of process: Int32) throws -> [String] {
        let tasks = "/proc/\(process)/task"
        let names = try FileManager.default.contentsOfDirectory(atPath: tasks).compactMap {
            try? String(contentsOfFile: "\(tasks)/\($0)/comm", encoding: .utf8).trimmingCharacters(in: .newlines)
        }
        // From libuv 1.50 on the pool's threads name themselves.
        return names.map { $0 == "libuv-worker" ? "larder-pool" : $0 }.sorted()
    }
}
