import EventLoop
import Foundation
import Testing

@Suite(.timeLimit(.minutes(300)), .serialized) struct ProcessMemoryTests {
    /// A field of the process's own status, in KiB.
    private static func status(_ name: String) throws -> Int {
        let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix(name + ":") })
        return try #require(Int(line.filter(\.isNumber)))
    }

    /// Small pieces, as a large one goes back by itself.
    private static func allocateAndFree(_ count: Int) {
        var pieces = (0..<count).map { _ in [UInt8](repeating: 1, count: 4_000) }
        // The last one stays, so that the heap's end is in use.
        let last = pieces.last
        pieces.removeAll()
        withExtendedLifetime(last) { ProcessMemory.trim() }
    }

    @Test func `what was freed goes back to the system`() async {
        // A process's memory is all its tests': this one runs in a process of its own.
        await #expect(processExitsWith: .success) {
            let before = try Self.status("RssAnon")
            Self.allocateAndFree(20_000)
            let after = try Self.status("RssAnon")
            // 80 MB were there.
            #expect(after - before < 40_000, "\(before) to \(after) KiB")
        }
    }

    @Test func `the program runs on without its code, and gets back what it uses`() throws {
        // Whatever else runs meanwhile takes its own code back at once, so not each time is less there than before.
        let hasGone = try (0..<50).contains { _ in
            let before = try Self.status("RssFile")
            ProcessMemory.forgetStartCode()
            return try Self.status("RssFile") < before
        }
        #expect(hasGone)
        let sorted = (0..<1_000).map { ($0 * 7_919) % 1_000 }.sorted()
        #expect(sorted == Array(0..<1_000))
    }
}
