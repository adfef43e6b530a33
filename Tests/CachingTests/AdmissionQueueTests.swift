import Caching
import Testing

@Suite struct AdmissionQueueTests {
    @Test func `a ticket that fits enters at once, and one that does not waits its turn`() {
        let queue = Desk(budget: 100)
        #expect(queue.ask(1, bytes: 60))
        #expect(queue.ask(2, bytes: 40))
        #expect(!queue.ask(3, bytes: 30))
        // It would fit once 2 has gone, but 3 came first.
        #expect(!queue.ask(4, bytes: 5))
        #expect(queue.next() == nil)
        queue.leave(2)
        #expect(queue.next() == 3)
        #expect(queue.next() == 4)
        #expect(queue.next() == nil)
        #expect(queue.used == 95 && queue.userCount == 3 && queue.waiterCount == 0)
    }

    @Test func `what is larger than the budget has its turn alone`() {
        let queue = Desk(budget: 100)
        #expect(queue.ask(1, bytes: 10))
        #expect(!queue.ask(2, bytes: 500))
        #expect(!queue.ask(3, bytes: 10))
        queue.leave(1)
        #expect(queue.next() == 2)
        #expect(queue.next() == nil)
        queue.leave(2)
        #expect(queue.next() == 3)
        #expect(queue.used == 10)
    }

    @Test func `an urgent one goes first, and one of them at a time beyond the budget`() {
        let queue = Desk(budget: 100)
        #expect(queue.ask(1, bytes: 100))
        #expect(!queue.ask(2, bytes: 50))
        #expect(queue.ask(3, bytes: 50, isUrgent: true))
        #expect(!queue.ask(4, bytes: 50, isUrgent: true))
        #expect(queue.used == 150)
        queue.leave(3)
        #expect(queue.next() == 4)
        #expect(queue.next() == nil)
        queue.leave(1)
        #expect(queue.next() == 2)
    }

    @Test func `a user grows where there is room, or where it is alone`() {
        let queue = Desk(budget: 100)
        #expect(queue.ask(1, bytes: 40))
        #expect(queue.ask(2, bytes: 40))
        #expect(queue.grow(1, to: 60))
        #expect(!queue.grow(2, to: 41))
        #expect(queue.grow(2, to: 20))
        #expect(queue.used == 100)
        queue.leave(1)
        #expect(queue.grow(2, to: 500))
        #expect(queue.used == 500)
        #expect(!queue.grow(9, to: 1))
    }

    @Test func `of several urgent ones none grows beyond the budget, and the last of them may`() {
        let queue = Desk(budget: 100)
        #expect(queue.ask(1, bytes: 20, isUrgent: true))
        #expect(queue.ask(2, bytes: 20, isUrgent: true))
        #expect(queue.ask(3, bytes: 20))
        #expect(queue.grow(1, to: 60))
        #expect(!queue.grow(2, to: 21))
        #expect(!queue.grow(1, to: 500))
        #expect(queue.used == 100)
        // The first gives up, and asks for more.
        queue.leave(1)
        #expect(!queue.ask(1, bytes: 120, isUrgent: true, returns: true))
        #expect(queue.grow(2, to: 500))
        queue.leave(2)
        #expect(queue.next() == 1)
        #expect(queue.grow(1, to: 500))
    }

    @Test func `one that comes back goes before those that came later`() {
        let queue = Desk(budget: 100)
        #expect(queue.ask(1, bytes: 100))
        #expect(!queue.ask(2, bytes: 10))
        #expect(!queue.ask(3, bytes: 20, returns: true))
        queue.leave(1)
        #expect(queue.next() == 3)
        #expect(queue.next() == 2)
    }

    @Test func `a wait ends at its deadline`() {
        let queue = Desk(budget: 100)
        #expect(queue.ask(1, bytes: 100, deadline: 5))
        #expect(!queue.ask(2, bytes: 10, deadline: 10))
        #expect(!queue.ask(3, bytes: 10, deadline: 20))
        #expect(queue.expire(at: 9).isEmpty)
        #expect(queue.expire(at: 10) == [2])
        #expect(queue.expire(at: 10).isEmpty)
        queue.leave(1)
        #expect(queue.next() == 3)
    }

    @Test func `one that waits may leave`() {
        let queue = Desk(budget: 100)
        #expect(queue.ask(1, bytes: 100))
        #expect(!queue.ask(2, bytes: 10))
        queue.leave(2)
        queue.leave(2)
        queue.leave(1)
        #expect(queue.next() == nil)
        #expect(queue.used == 0)
    }
}

/// The queue behind a reference, so that what changes it can be said in an expectation.
private final class Desk {
    private var queue: AdmissionQueue

    init(budget: Int) { queue = AdmissionQueue(budget: budget) }

    var used: Int { queue.used }
    var userCount: Int { queue.userCount }
    var waiterCount: Int { queue.waiterCount }

    func ask(
        _ ticket: UInt64, bytes: Int, isUrgent: Bool = false, returns: Bool = false, deadline: UInt64 = .max
    ) -> Bool { queue.ask(ticket, bytes: bytes, isUrgent: isUrgent, returns: returns, deadline: deadline) }
    func grow(_ ticket: UInt64, to bytes: Int) -> Bool { queue.grow(ticket, to: bytes) }
    func leave(_ ticket: UInt64) { queue.leave(ticket) }
    func next() -> UInt64? { queue.next() }
    func expire(at now: UInt64) -> [UInt64] { queue.expire(at: now) }
}
