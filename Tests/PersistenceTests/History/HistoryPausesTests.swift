import Glibc
import History
import Persistence
import Store
import TestSupport
import Testing
import Threads

/// Long work on a history that was read leaves the core to the loops now and then.
@Suite(.timeLimit(.minutes(300))) struct HistoryPausesTests {
    /// How often a new thread leaves the core of its own will during a piece of work beside loops.
    private static func pauses(in work: @escaping @Sendable () -> Void) throws -> Int {
        let count = Monitor<Int?>(nil)
        startThread {
            Throttle.begin()
            let before = timesWaited()
            work()
            let pauses = timesWaited() - before
            count.withValue { $0 = pauses }
        }
        return try #require(count.wait(.seconds(300)) { $0 })
    }

    private static func timesWaited() -> Int {
        var usage = rusage()
        // RUSAGE_THREAD, which Glibc's headers show only with _GNU_SOURCE.
        unsafe getrusage(__rusage_who_t(1), &usage)
        return usage.ru_nvcsw
    }

    /// A history with this interval of the latest list, as often as it takes milliseconds to read.
    private static func stored(repeating index: Int) throws -> (StoredHistory, HistorySeal) {
        let folder = try HistoryFolder()
        var journal = try folder.journal()
        let addition = try #require(
            journal.record(try .of([#"{"id":"a/b","pricing":{"prompt":"1"}}"#]), at: 5, keep: nil))
        #expect(try folder.append(addition.batch))
        guard case .found(var stored) = try HistoryFolder.wait({ folder.database.readList(at: 5, reply: $0) }) else {
            throw TimedOut("the history", after: .zero)
        }
        try #require(stored.intervals.count == 2)
        stored.intervals = Array(repeating: stored.intervals[index], count: 50_000)
        return (stored, folder.database.seal)
    }

    @Test func `a model's rows`() throws {
        let (stored, seal) = try Self.stored(repeating: 1)
        let pauses = try Self.pauses { #expect(ModelHistory(id: "a/b", stored, seal) != nil) }
        #expect(pauses >= 10)
    }

    @Test func `the intervals with which a journal continues`() throws {
        // The envelope's, so that there are no rows whose reading pauses too.
        let (stored, seal) = try Self.stored(repeating: 0)
        let pauses = try Self.pauses { _ = HistoryJournal(stored, seal) }
        #expect(pauses >= 10)
    }

    @Test func `the mark of a list`() throws {
        let (stored, seal) = try Self.stored(repeating: 1)
        let mark = try #require(stored.mark)
        let pauses = try Self.pauses { #expect(!seal.isMark(mark, of: stored)) }
        #expect(pauses >= 10)
    }
}
