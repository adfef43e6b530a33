import Caching
import Testing

@Suite struct RecencyListMovingTests {
    @Test(arguments: [
        (0, 1, [1, 0, 2, 3]), (0, 3, [1, 2, 3, 0]), (3, 0, [0, 3, 1, 2]), (2, 1, [0, 1, 2, 3]), (1, 1, [0, 1, 2, 3]),
        (2, 0, [0, 2, 1, 3]),
    ])
    func `a thing can be moved right behind another`(moved: Int, other: Int, expected: [Int]) {
        var list = RecencyList<Int>()
        let tickets = (0..<4).map { list.insert($0, bytes: 1) }
        list.move(tickets[moved], behind: tickets[other])
        #expect(list.emptied() == expected)
    }

    @Test func `what is used after a move is still the one used last`() {
        var list = RecencyList<Int>()
        let tickets = (0..<3).map { list.insert($0, bytes: 1) }
        list.move(tickets[0], behind: tickets[2])
        list.touch(tickets[1])
        list.touch(tickets[0])
        #expect(list.emptied() == [2, 1, 0])
    }

    @Test func `of two things the one used later has the greater last use`() {
        var list = RecencyList<Int>()
        let tickets = (0..<3).map { list.insert($0, bytes: 1) }
        list.touch(tickets[0])
        #expect(list.lastUse(tickets[0]) > list.lastUse(tickets[2]))
        #expect(list.lastUse(tickets[2]) > list.lastUse(tickets[1]))
        list.move(tickets[1], behind: tickets[2])
        #expect(list.lastUse(tickets[1]) == list.lastUse(tickets[2]))
    }
}

extension RecencyList {
    /// What would be thrown out, in order.
    fileprivate mutating func emptied() -> [Element] {
        var all: [Element] = []
        while let (element, ticket) = leastRecentlyUsed {
            all.append(element)
            remove(ticket)
        }
        return all
    }
}
