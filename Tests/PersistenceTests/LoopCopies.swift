import Caching
import Serving
import Store

@testable import Persistence

/// The copies of a loop, with the store's actions in words.
final class LoopCopies {
    private var copies = DiskCopies(DiskCopiesTests.names, room: 1 << 20)
    /// The copy that was last looked up for a resource and an owner.
    private var looked: [DiskRead: DiskRead] = [:]
    /// The copies that were looked up when reads had ended, in order.
    private(set) var next: [RecordKey] = []

    /// What a request does, with the name of what is looked up.
    enum Next: Equatable {
        case proceed, wait
        case look(RecordKey)
    }

    var bytes: Int { copies.bytes }

    func begin(_ keys: (Resource, Owner?)..., bytes: Int = 0) {
        let names = keys.map { DiskCopiesTests.names.key(of: $0.0, owner: $0.1) }
        copies.begin(Dictionary(uniqueKeysWithValues: names.map { ($0, bytes) }))
    }

    func limit(to room: Int) { copies.limit(to: room) }

    /// A request needs a resource; requests get their number as ticket.
    func want(
        _ resource: Resource, _ number: UInt64 = 1, as owner: Owner = .alice, isInMemory: Bool = false,
        at now: UInt64 = 0
    ) -> Next {
        let waiter = Dispatcher.Waiter(
            loop: 0, ticket: number, owner: owner, authorization: nil, directive: .any)
        switch copies.wanted(resource, by: waiter, now: now, isInMemory: isInMemory) {
        case .proceed: return .proceed
        case .wait: return .wait
        case .look(let read):
            looked[DiskRead(resource: resource, owner: owner)] = read
            return .look(copies.key(of: read))
        }
    }

    /// The read for a resource and an owner, or for everyone if none was looked up.
    private func read(_ resource: Resource, _ owner: Owner) -> DiskRead {
        looked[DiskRead(resource: resource, owner: owner)] ?? DiskRead(resource: resource, owner: nil)
    }

    func mayUse(_ resource: Resource, as owner: Owner = .alice) -> Bool { copies.mayUse(read(resource, owner)) }

    func overdue(at now: UInt64) -> [UInt64] { copies.overdue(at: now).map(\.waiter.ticket).sorted() }

    func firstWaiter(_ resource: Resource) -> UInt64? { copies.firstWaiter(of: read(resource, .alice))?.ticket }

    func missed(_ resource: Resource, as owner: Owner = .alice) { copies.missed(read(resource, owner)) }

    func ended(_ resource: Resource, as owner: Owner = .alice) -> [UInt64] {
        let (waiters, reads) = copies.ended(read(resource, owner))
        next += reads.map { copies.key(of: $0) }
        return waiters.map(\.ticket)
    }

    func damaged(_ resource: Resource, as owner: Owner = .alice) -> RecordKey? {
        copies.damaged(read(resource, owner))
    }

    /// Writes, and has room for what is written.
    func write(
        _ entry: Entry, _ change: StateChange, _ resource: Resource = .catalog, as owner: Owner = .alice
    ) -> [String] {
        let actions = copies.write(entry, change, for: resource, owner: owner)
        for case .put(let record) in actions { copies.stored(record) }
        return actions.map(Self.text)
    }

    func drop(_ resource: Resource, of owner: Owner?) -> [String] { copies.drop(resource, owner).map(Self.text) }

    func takeOut(_ withdrawal: Withdrawal, isFirst: Bool = true) -> [String] {
        copies.takeOut(withdrawal, isFirst: isFirst).map(Self.text).sorted()
    }

    private static func text(_ action: DiskCopies.Action) -> String {
        switch action {
        case .put(let record): "put \(text(record.key))"
        case .confirm(_, let key, _, _): "confirm \(text(key))"
        case .drop(let key): "drop \(text(key))"
        case .dropAll(let owner): "drop all of \(owner == .alice ? "alice" : "another")"
        case .dropEverything: "drop everything"
        }
    }

    private static func text(_ key: RecordKey) -> String {
        let owner = key.owner.isEmpty ? "all" : key.owner == EntryNames.bytes(.alice) ? "alice" : "another"
        return "\(key.resource.split(separator: " ").last ?? "") of \(owner)"
    }
}
