import Glibc
import TestSupport
import Testing

@testable import Pacing

@Suite("Pace", .timeLimit(.minutes(10)))
struct PaceTests {
    @Test func `a thread that rests gives the core away many times as often as the scheduler takes it`() async throws {
        let working = await Self.interruptions(ofWorkThatRests: false)
        let resting = await Self.interruptions(ofWorkThatRests: true)
        #expect(resting > 2 * working)
        // But not at each of its calls, which are a thousand times as many.
        #expect(resting < 2 * Self.work / Pace.stretch)
    }

    /// In nanoseconds of the thread's own time.
    private static let work = 20_000_000

    /// How often the core goes to another thread, which always wants it, while one works.
    private static func interruptions(ofWorkThatRests rests: Bool) async -> Int {
        await withCheckedContinuation { continuation in
            startThread {
                stayOnOneCore()
                let isOver = Monitor(false)
                // It stays on the core of the thread that starts it.
                startThread { while !isOver.current {} }
                let before = timesInterrupted()
                let end = ownTime() + work
                while ownTime() < end { if rests { Pace.rest() } }
                continuation.resume(returning: timesInterrupted() - before)
                isOver.withValue { $0 = true }
            }
        }
    }
}

// MARK: The calling thread

private func stayOnOneCore() {
    var cores = cpu_set_t()
    unsafe withUnsafeMutableBytes(of: &cores) { bytes in
        let get = unsafe systemCall("sched_getaffinity")
        precondition(unsafe get(0, bytes.count, bytes.baseAddress) == 0, "a thread knows its cores")
        let first = unsafe bytes.firstIndex { $0 != 0 } ?? 0
        let lowest = unsafe bytes[first] & (0 &- bytes[first])
        for index in bytes.indices { unsafe bytes[index] = index == first ? lowest : 0 }
        let set = unsafe systemCall("sched_setaffinity")
        precondition(unsafe set(0, bytes.count, bytes.baseAddress) == 0, "a thread may stay on one of its cores")
    }
}

private typealias AffinityCall = @convention(c) (pid_t, Int, UnsafeMutableRawPointer?) -> Int32

/// The C library declares both for `_GNU_SOURCE` only, which Swift's module of it has not defined.
@unsafe private func systemCall(_ name: String) -> AffinityCall {
    unsafe unsafeBitCast(dlsym(nil, name)!, to: AffinityCall.self)
}

/// The nanoseconds that it has run.
private func ownTime() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// How often it has lost the core without having waited for anything.
private func timesInterrupted() -> Int {
    let file = unsafe fopen("/proc/thread-self/status", "r")
    defer { unsafe _ = fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while unsafe fgets(&line, 256, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace)
        if words.first == "nonvoluntary_ctxt_switches:", let count = words.last.flatMap({ Int($0) }) { return count }
    }
    preconditionFailure("the kernel counts them")
}
