import Testing

@testable import Daemon

/// Who waits for a read of the history, event by event.
@Suite struct HistoryWaitingTests {
    private final class Waiting {
        private var waiting = HistoryWaiting<String, Int>()
        func isAwaited(_ key: String) -> Bool { waiting.isAwaited(key) }
        func add(_ waiter: Int, for key: String, at now: UInt64) -> Bool { waiting.add(waiter, for: key, at: now) }
        func take(_ key: String) -> [Int] { waiting.take(key) }
        func takeLate(at now: UInt64) -> [Int] { waiting.takeLate(at: now) }
    }

    private static let patience = HistoryWaiting<String, Int>.patience
    private let waiting = Waiting()

    @Test func `one read is for all who wait for it, and each is answered once`() {
        #expect(waiting.add(1, for: "a", at: 0))
        #expect(!waiting.add(2, for: "a", at: 5) && waiting.add(3, for: "b", at: 5))
        #expect(waiting.isAwaited("a") && !waiting.isAwaited("c"))
        #expect(waiting.take("a") == [1, 2])
        #expect(waiting.take("a") == [] && !waiting.isAwaited("a"))
        #expect(waiting.takeLate(at: 100 * Self.patience) == [3])
        #expect(waiting.takeLate(at: 100 * Self.patience) == [] && waiting.take("b") == [])
    }

    @Test func `a read that takes too long is given up for all who wait for it`() {
        #expect(waiting.add(1, for: "a", at: 10) && waiting.add(2, for: "b", at: 20))
        #expect(!waiting.add(3, for: "a", at: 9_000))
        #expect(waiting.takeLate(at: 10 + Self.patience - 1) == [])
        #expect(waiting.takeLate(at: 10 + Self.patience) == [1, 3])
        // What it brings later finds nobody.
        #expect(waiting.take("a") == [])
        // Who comes then waits for another read; what the first one brings will do.
        #expect(waiting.add(4, for: "a", at: 20_000))
        #expect(waiting.takeLate(at: 20 + Self.patience) == [2])
        #expect(waiting.take("a") == [4])
        #expect(waiting.takeLate(at: .max) == [])
    }
}
