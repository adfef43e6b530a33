import Glibc
import TestSupport
import Testing

@testable import Pacing

@Suite("Pace", .timeLimit(.minutes(10)))
struct PaceTests {
    /// In nanoseconds of the thread's own time.
    private static let work = 20_000_000

    @Test func `a thread that rests stays away once in a stretch, not at every call`() async {
        let times = await Self.timesAway(begins: true)
        #expect(Self.work / Pace.stretch / 2..<Self.work / Pace.stretch * 2 ~= times)
    }

    @Test func `a thread that has not begun to work beside loops never stays away`() async {
        #expect(await Self.timesAway(begins: false) == 0)
    }

    /// How often a new thread stays away of its own will while it works, and rests whenever it may.
    private static func timesAway(begins: Bool) async -> Int {
        await withCheckedContinuation { continuation in
            startThread {
                if begins { Pace.begin() }
                let before = timesWaited()
                let end = ownTime() + work
                while ownTime() < end { Pace.rest() }
                continuation.resume(returning: timesWaited() - before)
            }
        }
    }
}

// MARK: The calling thread

/// The nanoseconds that it has run.
private func ownTime() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// How often it has left the core because it waited for something.
private func timesWaited() -> Int {
    let file = unsafe fopen("/proc/thread-self/status", "r")
    defer { unsafe _ = fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while unsafe fgets(&line, 256, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace)
        if words.first == "voluntary_ctxt_switches:", let count = words.last.flatMap({ Int($0) }) { return count }
    }
    preconditionFailure("the kernel counts them")
}
