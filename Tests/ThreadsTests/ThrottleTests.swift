import Glibc
import TestSupport
import Testing

@testable import Threads

@Suite("Throttle", .timeLimit(.minutes(300)))
struct ThrottleTests {
    @Test func `a thread that rests stays away now and then, not at every call`() async {
        let (calls, times) = await Self.timesAway(begins: true)
        #expect(1...calls / 10 ~= times)
    }

    @Test func `a thread that has not begun to work beside loops never stays away`() async {
        // On a busy machine it may have to wait for something else, such as a page. A thread that rests does so each time.
        var fewest = Int.max
        for _ in 0..<50 where fewest > 0 { fewest = min(fewest, await Self.timesAway(begins: false).times) }
        #expect(fewest == 0)
    }

    @Test func `rests that are of no use to anybody become rarer, up to a bound, until one is of use`() {
        var turn = Throttle.Turn(began: 0)
        var stretches = [turn.stretch]
        for used in [100, 100, 100, 450, 100, 900] {
            turn.rested(since: 1000, until: 1900, used: used)
            #expect(turn.began == 1900)
            stretches.append(turn.stretch)
        }
        #expect(stretches.map { $0 / Throttle.stretch } == [1, 2, 4, 4, 1, 2, 1])
        #expect(Throttle.longestStretch == 4 * Throttle.stretch)
    }

    /// How often a new thread stays away of its own will while it runs for twenty milliseconds, and how often it might have.
    private static func timesAway(begins: Bool) async -> (calls: Int, times: Int) {
        await withCheckedContinuation { continuation in
            startThread {
                if begins { Throttle.begin() }
                var calls = 0
                let before = timesWaited()
                let end = ownTime() + 20_000_000
                while ownTime() < end {
                    Throttle.pauseIfNeeded()
                    calls += 1
                }
                continuation.resume(returning: (calls, timesWaited() - before))
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
