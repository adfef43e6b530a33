/// Decides which users may use memory now: a budget in bytes, and a queue for those that do not fit.
///
/// The queue is first come, first served: no later user overtakes a waiting one, so that a large request gets its
/// turn. Urgent users go first. A single user may exceed the budget when there is no other, because a request larger
/// than the budget would otherwise never run.
public struct AdmissionQueue {
    /// Identifies a user of memory.
    public typealias Ticket = UInt64

    private struct Waiter {
        let ticket: Ticket
        var bytes: Int
        let isUrgent: Bool
        let deadline: UInt64
    }

    private var held: [Ticket: Int] = [:]
    private var urgent: Set<Ticket> = []
    private var waiters: [Waiter] = []

    /// The most bytes that may be in use.
    public var budget: Int

    /// The bytes in use.
    public private(set) var used = 0

    /// Starts with no users.
    public init(budget: Int) { self.budget = budget }

    /// The number of users of memory now.
    public var userCount: Int { held.count }

    /// The number of waiting users.
    public var waiterCount: Int { waiters.count }

    /// Requests `bytes` for a user, and returns whether it may use them at once. Otherwise `next` returns it when it
    /// may, or `expire` after `deadline`. One that `returns` was admitted before and needs more: it goes before those
    /// that arrived later. An urgent user may also exceed the budget when no other urgent one is admitted.
    public mutating func ask(
        _ ticket: Ticket, bytes: Int, isUrgent: Bool = false, returns: Bool = false, deadline: UInt64 = .max
    ) -> Bool {
        let waiter = Waiter(ticket: ticket, bytes: bytes, isUrgent: isUrgent, deadline: deadline)
        if waiters.allSatisfy({ isUrgent && !$0.isUrgent }), fits(waiter) {
            admit(waiter)
            return true
        }
        if isUrgent {
            waiters.insert(waiter, at: waiters.firstIndex { !$0.isUrgent } ?? waiters.count)
        } else if returns {
            waiters.insert(waiter, at: waiters.firstIndex { !$0.isUrgent } ?? waiters.count)
        } else {
            waiters.append(waiter)
        }
        return false
    }

    /// A user needs this many bytes in total: returns whether they are available. If not, it keeps what it had. Of several
    /// urgent users none may exceed the budget: together they could take any amount of memory.
    public mutating func grow(_ ticket: Ticket, to bytes: Int) -> Bool {
        guard let before = held[ticket] else { return false }
        guard bytes > before else { return true }
        let isOnlyUrgent = urgent.count == 1 && urgent.contains(ticket)
        guard used - before + bytes <= budget || held.count == 1 || isOnlyUrgent else { return false }
        held[ticket] = bytes
        used += bytes - before
        return true
    }

    /// A user no longer needs its memory, or a waiting user gives up.
    public mutating func leave(_ ticket: Ticket) {
        if let bytes = held.removeValue(forKey: ticket) {
            used -= bytes
            urgent.remove(ticket)
        } else {
            waiters.removeAll { $0.ticket == ticket }
        }
    }

    /// The waiting user that is next.
    public var firstWaiter: Ticket? { waiters.first?.ticket }

    /// The next user that may use memory now; nil if none waits, or there is no room. It needs `bytes`, if more is
    /// known than when it arrived.
    public mutating func next(bytes: Int? = nil) -> Ticket? {
        guard var first = waiters.first else { return nil }
        if let bytes { first.bytes = bytes }
        guard fits(first) else { return nil }
        waiters.removeFirst()
        admit(first)
        return first.ticket
    }

    /// The waiting users whose deadline has passed. They are removed from the queue.
    public mutating func expire(at now: UInt64) -> [Ticket] {
        let expired = waiters.filter { $0.deadline <= now }.map(\.ticket)
        if !expired.isEmpty { waiters.removeAll { $0.deadline <= now } }
        return expired
    }

    private func fits(_ waiter: Waiter) -> Bool {
        used + waiter.bytes <= budget || held.isEmpty || waiter.isUrgent && urgent.isEmpty
    }

    private mutating func admit(_ waiter: Waiter) {
        held[waiter.ticket] = waiter.bytes
        used += waiter.bytes
        if waiter.isUrgent { urgent.insert(waiter.ticket) }
    }
}

/// Fetches that are in progress: one for each key, however many waiters it has.
///
/// The table only tracks the waiters. The first caller of `join` for a key must start the fetch; later callers wait.
/// `complete` returns all waiters in the order of arrival. A waiter that leaves stays in the table, and the caller of
/// `complete` ignores it: the flight continues for the others, and for the cache.
public struct FlightTable<Key: Hashable, Waiter> {
    private var waiting: [Key: [Waiter]] = [:]

    /// Starts with no flights.
    public init() {}

    /// Joins the flight for `key`. True if there was none: the caller must then start it.
    public mutating func join(_ waiter: Waiter, for key: Key) -> Bool {
        if waiting[key] != nil {
            waiting[key]!.append(waiter)
            return false
        }
        waiting[key] = [waiter]
        return true
    }

    /// Whether a fetch for `key` is in progress.
    public func isUnderWay(_ key: Key) -> Bool { waiting[key] != nil }

    /// The waiter that started the flight for `key`; nil if there is none.
    public func first(of key: Key) -> Waiter? { waiting[key]?.first }

    /// The flight for `key` has ended. Returns all waiters; the first is the one that started it.
    public mutating func complete(_ key: Key) -> [Waiter] { waiting.removeValue(forKey: key) ?? [] }

    /// The number of flights.
    public var count: Int { waiting.count }

    /// The keys of the flights, in no order.
    public var keys: some Collection<Key> { waiting.keys }
}
