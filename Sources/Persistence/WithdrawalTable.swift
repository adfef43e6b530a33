package import Caching
import HTTPCore
package import Serving

/// The withdrawals that one loop has begun and not finished.
///
/// It does no I/O: each call returns the next step.
package struct WithdrawalTable {
    /// One of them.
    private struct InHand {
        let withdrawal: Withdrawal
        let done: (Withdrawal.Outcome) -> Void
        /// When it ends even if answers are missing, in milliseconds.
        let deadline: UInt64
        /// The loops that have not answered in this round.
        var missing: Int
        /// The rounds that are left, including this one.
        var rounds: Int
        var names: Set<Int> = []
        var isOnDisk: Bool
    }

    /// The next step after a loop has answered.
    package enum Step: Equatable {
        case wait
        /// Ask all loops once more.
        case askAgain(Withdrawal)
        /// Wait until the removals are on the disk.
        case writeRemovals
        /// It has ended.
        case end
    }

    /// The time limit of a withdrawal, in milliseconds. A loop answers at once; a disk may be slow.
    package static let patience: UInt64 = 10_000

    private var inHand: [UInt64: InHand] = [:]
    private var lastTicket: UInt64 = 0

    /// None yet.
    package init() {}

    /// Begins a withdrawal on `loops` loops; their answers carry the ticket.
    package mutating func add(
        _ withdrawal: Withdrawal, loops: Int, isOnDisk: Bool, now: UInt64,
        done: @escaping (Withdrawal.Outcome) -> Void
    ) -> UInt64 {
        lastTicket += 1
        inHand[lastTicket] = InHand(
            withdrawal: withdrawal, done: done, deadline: now &+ Self.patience, missing: loops,
            rounds: loops == 1 ? 1 : withdrawal.rounds, isOnDisk: isOnDisk)
        return lastTicket
    }

    /// A loop has answered.
    package mutating func answered(_ ticket: UInt64, _ taken: Withdrawal.Taken, loops: Int) -> Step {
        guard var one = inHand[ticket] else { return .wait }
        one.names.formUnion(taken.names)
        one.isOnDisk = one.isOnDisk || taken.isOnDisk
        one.missing -= 1
        defer { inHand[ticket] = one }
        guard one.missing == 0 else { return .wait }
        one.rounds -= 1
        if one.rounds > 0 {
            one.missing = loops
            return .askAgain(one.withdrawal)
        }
        return one.isOnDisk ? .writeRemovals : .end
    }

    /// Removes a withdrawal that has ended; nil if it was removed already. `isDurable` says whether the removals are on
    /// the disk.
    package mutating func end(
        _ ticket: UInt64, isDurable: Bool
    ) -> (done: (Withdrawal.Outcome) -> Void, outcome: Withdrawal.Outcome)? {
        guard let one = inHand.removeValue(forKey: ticket) else { return nil }
        return (one.done, isDurable ? .gone(one.names.count) : .stillOnDisk)
    }

    /// Removes the withdrawals past their deadline, and returns what to call with `late`.
    package mutating func overdue(at now: UInt64) -> [(Withdrawal.Outcome) -> Void] {
        if inHand.isEmpty { return [] }
        let overdue = inHand.filter { $0.value.deadline <= now }
        for ticket in overdue.keys { inHand[ticket] = nil }
        return overdue.values.map(\.done)
    }
}

/// What is removed from memory on every loop, and from the disk.
package enum Withdrawal: Equatable, Sendable {
    /// Nothing more: the removal from the disk is already done.
    case nothing
    /// The shared copy of a resource: upstream no longer allows sharing.
    case shared(Resource)
    /// That copy and an owner's own: upstream no longer allows either to be stored.
    case copies(Resource, Owner)
    /// All copies of one owner: upstream has refused its key.
    case key(Owner)
    /// What a purge covers.
    case purge(Purge)
    /// What another replica has purged. Which fetches under way this concerns, the fleet says when they end.
    case fleetPurge(Purge)
    /// The copies of a key that was refused or purged on another replica.
    case fleetKey(Owner)

    /// How often all loops must be asked. A loop sends out what it owns, and until it is asked itself it may send it to
    /// a loop that has been asked already. If one loop owns everything that is withdrawn, its messages arrive in order,
    /// and one round is enough.
    package var rounds: Int {
        switch self {
        case .nothing: 0
        case .shared, .copies: 1
        case .key, .purge, .fleetPurge, .fleetKey: 2
        }
    }

    /// What one loop took out.
    package struct Taken: Sendable {
        /// Entries, each by a number that is the same on all loops.
        package var names: [Int] = []
        /// Whether something may be on the disk that must be removed as well.
        package var isOnDisk = false

        /// Nothing.
        package init() {}
    }

    /// The result of a withdrawal.
    package enum Outcome: Equatable, Sendable {
        /// None of it can come back. The number is that of the entries removed from memory.
        case gone(Int)
        /// It is gone from memory, but cannot be removed from the disk at present.
        case stillOnDisk
        /// A loop or the disk has not answered in time.
        case late
    }
}

/// What follows from a response before anyone is answered.
package struct Completion {
    /// What is stored and answered.
    package private(set) var entry: Entry
    /// What it changes in the store.
    package private(set) var change: StateChange
    /// What must be gone everywhere before anyone is answered; nil if nothing is.
    package let withdrawal: Withdrawal?

    /// Whether the copies in the store must be gone before anyone is answered.
    package var dropsCopies: Bool {
        if case .drop = change { return entry.status == .ok }
        return false
    }

    /// `mayShare` is whether the entry may be shared under the settings of now, and with what upstream has said since
    /// the fetch began.
    package init(
        _ entry: Entry, _ change: StateChange, of resource: Resource, owner: Owner, mayShare: Bool,
        windows: StaleWindows
    ) {
        if entry.isShared, !mayShare {
            (self.entry, self.change) = (entry.withoutValidators(isNarrowed: true), .none)
        } else {
            (self.entry, self.change) = (entry, change)
        }
        withdrawal = Self.withdrawal(after: self.entry, of: resource, owner: owner, windows: windows)
    }

    private static func withdrawal(
        after entry: Entry, of resource: Resource, owner: Owner, windows: StaleWindows
    ) -> Withdrawal? {
        if entry.status.refusesKey { return owner == .nobody ? nil : .key(owner) }
        guard entry.status == .ok else { return nil }
        // An entry without any useful life must not be stored, and the copy before it must not be kept.
        if entry.freshness.useEnds(windows) <= entry.freshness.storedAt { return .copies(resource, owner) }
        return entry.isShared || resource.isPersonal ? nil : .shared(resource)
    }
}
