import Fleet
import Testing

@testable import Daemon

/// Who waits for the withdrawal of a record, event by event.
@Suite struct FleetWithdrawalsTests {
    private static let (first, second) = (Identifier(high: 1, low: 1), Identifier(high: 2, low: 2))

    private final class Desk {
        private var withdrawals = FleetWithdrawals()
        private(set) var done: [String] = []

        func began(_ number: UInt64, of id: Identifier, _ name: String) {
            withdrawals.began(number, of: id) { self.done.append(name) }
        }
        func join(_ id: Identifier, _ name: String) -> Bool { withdrawals.join(id) { self.done.append(name) } }
        func ended(_ number: UInt64) { for call in withdrawals.ended(number) { call() } }
    }

    @Test func `who wants the same withdrawn waits for the same end`() {
        let desk = Desk()
        desk.began(1, of: Self.first, "a")
        #expect(desk.join(Self.first, "b") && desk.join(Self.first, "c"))
        #expect(!desk.join(Self.second, "d"), "nothing of it is under way")
        #expect(desk.done == [])
        desk.ended(1)
        #expect(desk.done == ["a", "b", "c"])
        #expect(!desk.join(Self.first, "e"), "it is gone")
        desk.ended(1)
        #expect(desk.done == ["a", "b", "c"])
    }

    @Test func `of two withdrawals of one record, who comes later waits for the later one`() {
        let desk = Desk()
        desk.began(1, of: Self.first, "a")
        desk.began(2, of: Self.first, "b")
        desk.began(3, of: Self.second, "c")
        #expect(desk.join(Self.first, "d"))
        desk.ended(1)
        #expect(desk.done == ["a"])
        #expect(desk.join(Self.first, "e"))
        desk.ended(3)
        desk.ended(2)
        #expect(desk.done == ["a", "c", "b", "d", "e"])
        #expect(!desk.join(Self.first, "f"))
    }
}
