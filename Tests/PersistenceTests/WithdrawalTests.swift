import Bytes
import Caching
import HTTPCore
import Serving
import Testing

@testable import Persistence

/// What a response withdraws before anyone is answered.
@Suite struct CompletionTests {
    private static let windows = StaleWindows(whileRevalidate: 0, ifError: 60_000, noCache: 0)

    private static func completion(
        _ entry: Entry, _ change: StateChange = .confirm, _ resource: Resource = .catalog, owner: Owner = .alice,
        mayShare: Bool = true
    ) -> Completion {
        Completion(entry, change, of: resource, owner: owner, mayShare: mayShare, windows: windows)
    }

    @Test func `a shared response withdraws nothing`() {
        let completion = Self.completion(.make())
        #expect(completion.withdrawal == nil && !completion.dropsCopies && completion.entry.isShared)
    }

    @Test func `a response for one key alone withdraws the shared copy, but for what is never shared`() {
        #expect(Self.completion(.make(isShared: false)).withdrawal == .shared(.catalog))
        #expect(Self.completion(.make(isShared: false), .confirm, .userList).withdrawal == nil)
    }

    @Test func `a response that may not be kept withdraws both copies`() {
        // It has no lifetime, and no window in which it could be used stale.
        let entry = Entry(
            content: .body(.empty), freshness: Freshness(storedAt: 5, lifetime: 0, staleUse: .never), maxAge: 0,
            isShared: false, status: .ok, contentType: [], identity: 1, lastModified: 0)
        #expect(Self.completion(entry).withdrawal == .copies(.catalog, .alice))
    }

    @Test func `a refusal of a key withdraws all that is that key's, and the refusal of nobody nothing`() {
        for status in [Status.unauthorized, .forbidden] {
            let refusal = Entry.make(isShared: false, status: status, content: .refusal(status, .empty))
            #expect(Self.completion(refusal).withdrawal == .key(.alice))
            #expect(Self.completion(refusal, owner: .nobody).withdrawal == nil)
        }
        let notFound = Entry.make(status: .notFound, content: .refusal(.notFound, .empty))
        #expect(Self.completion(notFound).withdrawal == nil)
    }

    @Test func `what may no longer be shared is one key's, has no validators, and is not written`() {
        var metadata = ResponseMetadata()
        metadata.entityTag = "\"a\""
        let entry = Entry(
            content: .body(.empty), freshness: Freshness(storedAt: 0, lifetime: 300_000), maxAge: 300, isShared: true,
            status: .ok, contentType: [], identity: 1, lastModified: 0, metadata: metadata)
        let completion = Self.completion(entry, mayShare: false)
        #expect(!completion.entry.isShared && completion.entry.metadata.entityTag == nil)
        #expect(completion.withdrawal == .shared(.catalog))
        guard case .none = completion.change else {
            Issue.record("it is written")
            return
        }
        // What is one key's already stays as it is.
        #expect(Self.completion(.make(isShared: false), mayShare: false).entry.isShared == false)
    }

    @Test func `copies are dropped beforehand where upstream forbids to keep them, not for a refusal`() {
        #expect(Self.completion(.make(), .drop(alsoShared: true)).dropsCopies)
        #expect(!Self.completion(.make(), .confirm).dropsCopies)
        let refusal = Entry.make(status: .notFound, content: .refusal(.notFound, .empty))
        #expect(!Self.completion(refusal, .drop(alsoShared: true)).dropsCopies)
    }
}

/// Event by event: when a withdrawal has ended.
@Suite struct WithdrawalTableTests {
    /// The table of a loop, and the outcomes of its withdrawals.
    private final class Desk {
        private var table = WithdrawalTable()
        private(set) var outcomes: [Withdrawal.Outcome] = []
        let loops: Int

        init(loops: Int) { self.loops = loops }

        func add(_ withdrawal: Withdrawal, isOnDisk: Bool = false, now: UInt64 = 0) -> UInt64 {
            table.add(withdrawal, loops: withdrawal.rounds == 0 ? 1 : loops, isOnDisk: isOnDisk, now: now) {
                self.outcomes.append($0)
            }
        }

        func answered(_ ticket: UInt64, _ names: [Int] = [], isOnDisk: Bool = false) -> WithdrawalTable.Step {
            var taken = Withdrawal.Taken()
            taken.names = names
            taken.isOnDisk = isOnDisk
            return table.answered(ticket, taken, loops: loops)
        }

        func end(_ ticket: UInt64, isDurable: Bool = true) -> Withdrawal.Outcome? {
            table.end(ticket, isDurable: isDurable)?.outcome
        }

        func expire(_ now: UInt64) -> Int {
            let overdue = table.overdue(at: now)
            for done in overdue { done(.late) }
            return overdue.count
        }
    }

    @Test func `one round is enough for what one loop owns`() {
        let desk = Desk(loops: 3)
        let ticket = desk.add(.shared(.catalog))
        #expect(desk.answered(ticket) == .wait)
        #expect(desk.answered(ticket) == .wait)
        #expect(desk.answered(ticket) == .end)
        #expect(desk.end(ticket) == .gone(0))
        #expect(desk.end(ticket) == nil)
    }

    @Test func `a purge asks all loops twice, and counts each entry once`() {
        let desk = Desk(loops: 2)
        let ticket = desk.add(.purge(.all))
        #expect(desk.answered(ticket, [1, 2]) == .wait)
        #expect(desk.answered(ticket, [2, 3]) == .askAgain(.purge(.all)))
        #expect(desk.answered(ticket) == .wait)
        #expect(desk.answered(ticket, [4]) == .end)
        #expect(desk.end(ticket) == .gone(4))
    }

    @Test func `a single loop is asked once`() {
        let desk = Desk(loops: 1)
        let ticket = desk.add(.purge(.all))
        #expect(desk.answered(ticket, [1]) == .end)
    }

    @Test func `it ends when the removal is durable, if any loop had something in the store`() {
        let desk = Desk(loops: 2)
        let ticket = desk.add(.shared(.catalog))
        #expect(desk.answered(ticket, isOnDisk: true) == .wait)
        #expect(desk.answered(ticket) == .writeRemovals)
        #expect(desk.end(ticket, isDurable: false) == .stillOnDisk)
        // What its beginner is removing already counts as well.
        let other = desk.add(.nothing, isOnDisk: true)
        #expect(desk.answered(other) == .writeRemovals)
        #expect(desk.end(other) == .gone(0))
    }

    @Test func `what takes too long is late, once, and an answer after that changes nothing`() {
        let desk = Desk(loops: 2)
        let ticket = desk.add(.shared(.catalog), now: 1_000)
        let next = desk.add(.shared(.userList), now: 2_000)
        #expect(desk.expire(1_000 + WithdrawalTable.patience - 1) == 0)
        #expect(desk.expire(1_000 + WithdrawalTable.patience) == 1)
        #expect(desk.outcomes == [.late])
        #expect(desk.answered(ticket) == .wait)
        #expect(desk.end(ticket) == nil)
        #expect(desk.answered(next) == .wait && desk.answered(next) == .end)
    }
}
