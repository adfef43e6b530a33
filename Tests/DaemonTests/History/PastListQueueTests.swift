import Bytes
import Caching
import Digest
import EventLoop
import Persistence
import Serving
import Settings
import Store
import TestSupport
import Testing

@testable import Daemon

/// Which list of an earlier time is read next, and for whom.
@Suite struct PastListQueueTests {
    private final class Queue {
        private var queue = PastListQueue<Int>()
        func add(_ waiter: Int, for time: Int64, at now: UInt64 = 0) -> Int64? { queue.add(waiter, for: time, at: now) }
        func take(_ times: ClosedRange<Int64>) -> [[Int]] { queue.take(times).map(\.waiters) }
        func ended() -> Int64? { queue.ended() }
        func takeLate(at now: UInt64) -> [Int] { queue.takeLate(at: now).sorted() }
        func isAwaited(_ time: Int64) -> Bool { queue.isAwaited(time) }
    }

    @Test func `one list is read at a time, and is for all who ask for a time at which it was the same`() {
        let queue = Queue()
        #expect(queue.add(0, for: 500) == 500)
        for time in 1...800 { #expect(queue.add(time, for: Int64(time)) == nil) }
        #expect(queue.take(500...500) == [[0, 500]])
        // The latest time's list has been so for long.
        #expect(queue.ended() == 800)
        #expect(queue.take(101...800) == (101...800).filter { $0 != 500 }.map { [$0] })
        #expect(queue.ended() == 100)
        #expect(queue.take(1...100).count == 100)
        #expect(queue.ended() == nil)
        #expect(queue.add(1, for: 7) == 7)
    }

    @Test func `those that ask later do not overtake for ever`() {
        let queue = Queue()
        for time in [3, 1, 2] as [Int64] { _ = queue.add(Int(time), for: time) }
        _ = queue.take(3...3)
        var read: [Int64] = []
        for time in 4...9 as ClosedRange<Int64> {
            _ = queue.add(Int(time), for: time)
            guard let next = queue.ended() else { break }
            read.append(next)
            _ = queue.take(next...next)
        }
        #expect(read == [4, 2, 1, 7, 6, 5] && queue.isAwaited(8) && queue.isAwaited(9))
    }

    @Test func `a list without waiters is not read`() {
        let patience = HistoryWaiting<Int64, Int>.patience
        let queue = Queue()
        #expect(queue.add(1, for: 1) == 1)
        #expect(queue.add(2, for: 2) == nil && queue.add(3, for: 3, at: 5) == nil)
        #expect(queue.takeLate(at: patience) == [1, 2])
        // The first list is still being read.
        #expect(queue.add(4, for: 4, at: patience) == nil && !queue.isAwaited(1))
        #expect(queue.ended() == 4)
        #expect(queue.takeLate(at: 2 * patience) == [3, 4])
        #expect(queue.ended() == nil)
    }

    // MARK: With a store

    private final class Desk: PastListsDelegate {
        let loop = Loop()
        let lists: PastLists
        private let peers: Peers
        private let supervisor: Mailbox<SupervisorMessage>
        private let database: HistoryDatabase
        private(set) var answered: Set<UInt64> = []
        private(set) var entries: [UInt64: Entry] = [:]

        init(_ database: HistoryDatabase) {
            self.database = database
            let settings = ShardSettings(Settings(), isDemo: true, addresses: [], fingerprinter: .random())
            supervisor = Mailbox(on: loop) { _ in }
            peers = Peers(index: 0, supervisor: supervisor)
            lists = PastLists(on: loop, peers: peers, cache: LoopCache(settings, on: loop))
            lists.delegate = self
            let mailbox = Mailbox<ShardMessage>(on: loop) { [unowned self] message in
                guard case .history(.listRead(let time, let answer)) = message else { return }
                lists.read(time, answer, database)
            }
            peers.open(mailbox)
            peers.begin([mailbox])
        }

        func want(_ time: Int64, _ ticket: UInt64) {
            let waiter = Dispatcher.Waiter(
                loop: 0, ticket: ticket, owner: .nobody, authorization: nil, directive: .any)
            lists.wanted(time, by: waiter, database)
        }

        func reply(_ waiter: Dispatcher.Waiter, _ outcome: Dispatcher.Outcome, collapsed: Bool) {
            answered.insert(waiter.ticket)
            if case .entry(let entry, _) = outcome { entries[waiter.ticket] = entry }
        }

        /// Runs the loop until `isDone`, and ends it.
        func run(until isDone: @escaping () -> Bool) {
            loop.run(until: isDone) { [self] in
                peers.close()
                supervisor.close()
            }
        }
    }

    @Test func `hundreds of times are one read of the store, however many ask, while it does not answer`() {
        let storage = HeldStorage()
        let desk = Desk(storage.database)
        for ticket in 0..<1600 as Range<UInt64> { desk.want(Int64(ticket % 800), ticket) }
        #expect(storage.count == 1 && desk.answered.isEmpty)
        storage.answer(0, .unavailable)
        desk.run { desk.answered.count == 1600 }
        #expect(storage.count == 1)
    }

    @Test func `a list is kept for long only if nothing was still to be recorded when its read began`() throws {
        let history = try RecordedHistory()
        try history.record([#"{"id":"a/b"}"#], at: 100)
        let desk = Desk(history.database)
        var until: Int64 = 180
        desk.lists.settledUntil = { until }
        desk.want(200, 0)
        desk.want(150, 1)
        desk.want(180, 2)
        // What was pending may be recorded before the list has come, and be missing in it.
        until = 1_000
        desk.run { desk.answered.count == 3 }
        #expect(desk.entries[1]?.freshness.lifetime == 3_600_000)
        for ticket in [0, 2] as [UInt64] {
            #expect(desk.entries[ticket]?.freshness.lifetime == 0 && desk.entries[ticket]?.maxAge == 0)
        }
        #expect(Set(desk.entries.values.map(\.identity)).count == 1)
    }
}
