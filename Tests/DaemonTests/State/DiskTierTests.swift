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
        let cache: LoopCache
        let tier: DiskTier
        private(set) var dispatched: [UInt64] = []
        private(set) var restored: [Entry] = []
        private(set) var takenOut: [Bool] = []
        private var mailbox: Mailbox<ShardMessage>?
        private let supervisor: Mailbox<SupervisorMessage>

        init(_ store: (any EntryStore)?) {
            let settings = ShardSettings(Settings(), isDemo: true, addresses: [], fingerprinter: .random())
            supervisor = Mailbox(on: loop) { _ in }
            peers = Peers(index: 0, supervisor: supervisor)
            cache = LoopCache(settings, on: loop)
            tier = DiskTier(store, room: 1 << 20, on: loop, peers: peers, cache: cache)
            tier.delegate = self
            let mailbox = Mailbox<ShardMessage>(on: loop) { [unowned self] message in
                switch message {
                case .diskReadCompleted(let read, let record): tier.looked(read, record)
                case .removed(let ticket, let isDurable): tier.removed(ticket, isDurable: isDurable)
                case .notConfirmed(let resource, let owner, let digest):
                    tier.notConfirmed(resource, owner, digest: digest)
                default: Issue.record("another message")
                }
            }
            self.mailbox = mailbox
            peers.open(mailbox)
            peers.begin([mailbox])
        }

        func dispatch(_ resource: Resource, for waiter: Dispatcher.Waiter) { dispatched.append(waiter.ticket) }
        func restored(_ entry: Entry, of resource: Resource, for owner: Owner) { restored.append(entry) }
        func takeOut(_ withdrawal: Withdrawal, isFirst: Bool) -> Withdrawal.Taken {
            takenOut.append(isFirst)
            var taken = Withdrawal.Taken()
            taken.isOnDisk = tier.takeOut(withdrawal, isFirst: isFirst)
            return taken
        }

        func read(_ ticket: UInt64, _ resource: Resource = .catalog, as owner: Owner = alice) -> Bool {
            tier.read(
                resource,
                for: Dispatcher.Waiter(loop: 0, ticket: ticket, owner: owner, authorization: nil, directive: .any))
        }

        /// Writes a shared copy as a response would.
        func write(_ entry: Entry, _ resource: Resource = .catalog, body: SharedBytes = .empty) -> Bool {
            tier.write(entry, tier.change(entry, resource, alice, body), for: resource, owner: alice)
        }

        /// Runs the loop until `isDone`, and ends it.
        func run(until isDone: @escaping () -> Bool) {
            loop.run(until: isDone) { [self] in
                peers.close()
                supervisor.close()
            }
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

    @Test func `hundreds of keys read a copy for everyone once`() {
        let store = MemoryEntryStore()
        let desk = Desk(store)
        #expect(desk.write(Self.entry))
        for number in 0..<800 { #expect(desk.read(UInt64(number), as: Owner(high: UInt64(number) << 32, low: 0))) }
        desk.run { desk.dispatched.count == 800 }
        #expect(desk.dispatched == Array(0..<800) && desk.restored.count == 1 && store.looks == 1)
    }

    @Test func `copies are looked up as there is memory for them`() {
        let store = MemoryEntryStore()
        let desk = Desk(store)
        let resources = (0..<30).map { Resource.opaque(path: "/providers", query: "x=\($0)") }
        let body = SharedBytes([UInt8](repeating: 0x20, count: 80_000))
        for resource in resources { #expect(desk.write(Self.entry, resource, body: body)) }
        for (number, resource) in resources.enumerated() { #expect(desk.read(UInt64(number), resource)) }
        // Each takes six times its size, of a million bytes.
        #expect(store.looks == 2)
        desk.run { desk.dispatched.count == 30 }
        #expect(desk.dispatched.sorted() == Array(0..<30) && desk.restored.count == 30 && store.looks == 30)
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

    @Test func `what is confirmed and is not in the store any more is asked for without validators`() {
        let store = MemoryEntryStore()
        let desk = Desk(store)
        let (lost, kept) = (Resource.opaque(path: "/providers", query: ""), Resource.opaque(path: "/tools", query: ""))
        for resource in [lost, kept] {
            let entry = Entry(
                content: .body(.empty), freshness: Freshness(storedAt: 0, lifetime: 300_000, staleUse: .always),
                maxAge: 300, isShared: true, status: .ok, contentType: [], identity: 1, lastModified: 0,
                metadata: ResponseMetadata(entityTag: "\"1\"", digest: [1]))
            #expect(desk.write(entry, resource))
            desk.cache.responses.store(entry, for: resource, owner: Self.alice)
            if resource == lost { store.dropEverything() }
        }
        func inMemory(_ resource: Resource) -> Entry? { desk.cache.responses.entry(for: resource, owner: Self.alice) }
        for resource in [kept, lost] {
            guard let entry = inMemory(resource) else { continue }
            #expect(desk.tier.write(entry, .confirm, for: resource, owner: Self.alice))
        }
        desk.run { inMemory(lost)?.metadata.hasValidator == false }
        #expect(inMemory(kept)?.metadata.hasValidator == true)
        #expect(store.calls == ["put", "drop everything", "put", "confirm", "confirm"])
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
