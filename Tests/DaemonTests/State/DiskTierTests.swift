import Bytes
import Caching
import Digest
import EventLoop
import HTTPCore
import Persistence
import Serving
import Settings
import Testing

@testable import Daemon

/// A loop's side of a store, with a store that fails on demand.
@Suite struct DiskTierTests {
    private static let alice = Owner(high: 0xA11C_E000_0000, low: 1)

    /// A loop with nothing on it but the tier.
    private final class Desk: DiskTierDelegate {
        let loop = Loop()
        let peers: Peers
        let tier: DiskTier
        private(set) var dispatched: [UInt64] = []
        private(set) var restored: [Entry] = []
        private(set) var takenOut: [Bool] = []
        private var mailbox: Mailbox<ShardMessage>?
        private let supervisor: Mailbox<SupervisorMessage>
        private var timer: LoopTimer?

        init(_ store: (any EntryStore)?) {
            let settings = ShardSettings(Settings(), isDemo: true, addresses: [], fingerprinter: .random())
            supervisor = Mailbox(on: loop) { _ in }
            peers = Peers(index: 0, supervisor: supervisor)
            tier = DiskTier(
                store, room: 1 << 20, on: loop, peers: peers, cache: LoopCache(settings, on: loop))
            tier.delegate = self
            let mailbox = Mailbox<ShardMessage>(on: loop) { [unowned self] message in
                switch message {
                case .diskReadCompleted(let read, let record): tier.looked(read, record)
                case .removed(let ticket, let isDurable): tier.removed(ticket, isDurable: isDurable)
                default: Issue.record("another message")
                }
            }
            self.mailbox = mailbox
            peers.open(mailbox)
            peers.begin([mailbox])
        }

        func dispatch(_ resource: Resource, for waiter: Dispatcher.Waiter) { dispatched.append(waiter.ticket) }
        func restored(_ entry: Entry, for read: DiskRead) { restored.append(entry) }
        func takeOut(_ withdrawal: Withdrawal, isFirst: Bool) -> Withdrawal.Taken {
            takenOut.append(isFirst)
            var taken = Withdrawal.Taken()
            taken.isOnDisk = tier.takeOut(withdrawal, isFirst: isFirst)
            return taken
        }

        func read(_ ticket: UInt64) -> Bool {
            tier.read(
                .catalog,
                for: Dispatcher.Waiter(loop: 0, ticket: ticket, owner: alice, authorization: nil, directive: .any))
        }

        /// Writes a shared copy of the catalogue as a response would.
        func write(_ entry: Entry) -> Bool {
            tier.write(entry, tier.change(entry, .catalog, alice, .empty), for: .catalog, owner: alice)
        }

        /// Runs the loop until `isDone`, and ends it.
        func run(until isDone: @escaping () -> Bool) {
            let end = loop.nowMilliseconds + 10_000
            let timer = LoopTimer(on: loop) { [unowned self] in
                let isLate = loop.nowMilliseconds >= end
                guard isDone() || isLate else { return }
                #expect(!isLate)
                self.timer?.close()
                peers.close()
                supervisor.close()
            }
            self.timer = timer
            timer.start(after: 0, repeating: 1)
            loop.run()
            loop.close()
        }
    }

    private static let entry = Entry(
        content: .body(.empty), freshness: Freshness(storedAt: 0, lifetime: 300_000, staleUse: .always), maxAge: 300,
        isShared: true, status: .ok, contentType: [], identity: 1, lastModified: 0)

    @Test func `a copy is read once for all who wait, and is there before they go on`() {
        let desk = Desk(MemoryEntryStore())
        #expect(!desk.read(1))
        #expect(desk.write(Self.entry))
        #expect(desk.read(2) && desk.read(3))
        desk.run { desk.dispatched.count == 2 }
        #expect(desk.dispatched == [2, 3] && desk.restored.count == 1)
    }

    @Test func `a damaged copy is discarded, and upstream is asked`() {
        let store = MemoryEntryStore()
        let desk = Desk(store)
        #expect(desk.write(Self.entry))
        store.fail { $0.isDamaged = true }
        #expect(desk.read(1))
        desk.run { !desk.dispatched.isEmpty }
        #expect(desk.restored.isEmpty && store.calls == ["put", "discard"])
        #expect(!desk.read(2))
    }

    @Test func `a copy that the store has evicted is not looked for again`() {
        let store = MemoryEntryStore()
        let desk = Desk(store)
        #expect(desk.write(Self.entry))
        store.dropEverything()
        #expect(desk.read(1))
        desk.run { !desk.dispatched.isEmpty }
        #expect(desk.restored.isEmpty && !desk.read(2))
    }

    @Test func `a copy for which there is no room is not there`() {
        let store = MemoryEntryStore()
        store.fail { $0.isFull = true }
        let desk = Desk(store)
        #expect(!desk.write(Self.entry))
        #expect(!desk.read(1))
        desk.run { true }
    }

    @Test func `what is purged while it is being read is not used`() {
        let desk = Desk(MemoryEntryStore())
        #expect(desk.write(Self.entry))
        #expect(desk.read(1))
        var outcome: Withdrawal.Outcome?
        desk.tier.withdraw(.purge(.all)) { outcome = $0 }
        desk.run { outcome != nil && !desk.dispatched.isEmpty }
        #expect(desk.restored.isEmpty && outcome == .gone(0))
    }

    @Test func `a withdrawal ends when the store says that it is durable, or cannot be`() {
        for (isReadOnly, expected) in [(false, Withdrawal.Outcome.gone(0)), (true, .stillOnDisk)] {
            let store = MemoryEntryStore()
            let desk = Desk(store)
            #expect(desk.write(Self.entry))
            store.fail { $0.isReadOnly = isReadOnly }
            var outcome: Withdrawal.Outcome?
            desk.tier.withdraw(.shared(.catalog)) { outcome = $0 }
            #expect(outcome == nil)
            desk.run { outcome != nil }
            #expect(outcome == expected && desk.takenOut == [true] && store.calls == ["put", "drop"])
        }
    }

    @Test func `a withdrawal of what is not in the store ends at once`() {
        let store = MemoryEntryStore()
        store.fail { $0.isSilent = true }
        let desk = Desk(store)
        var outcome: Withdrawal.Outcome?
        desk.tier.withdraw(.key(Self.alice)) { outcome = $0 }
        #expect(outcome == .gone(0))
        // A store that does not answer keeps a purge waiting, whatever is in it.
        var purged: Withdrawal.Outcome?
        desk.tier.withdraw(.purge(.catalog)) { purged = $0 }
        #expect(purged == nil)
        desk.run { true }
    }

    @Test func `without a store nothing is read, all is written, and withdrawals end at once`() {
        let desk = Desk(nil)
        #expect(desk.write(Self.entry) && !desk.read(1))
        var outcome: Withdrawal.Outcome?
        desk.tier.withdraw(.purge(.all)) { outcome = $0 }
        #expect(outcome == .gone(0))
        desk.run { true }
    }
}
