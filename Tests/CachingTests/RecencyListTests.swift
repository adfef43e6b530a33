import Testing

@testable import Caching

@Suite("The order of last use")
struct RecencyListTests {
    @Test("A hundred thousand random operations leave the same as in a plain array", arguments: [1, 2, 3])
    func againstModel(seed: UInt64) {
        var dice = Dice(seed: seed)
        var list = RecencyList<Int>()
        // The one used last stands at the end.
        var model: [(element: Int, bytes: Int, ticket: RecencyList<Int>.Ticket)] = []
        for step in 0..<100_000 {
            switch dice.roll(10) {
            case 0..<3 where model.count < 60:
                let bytes = dice.roll(1_000)
                model.append((step, bytes, list.insert(step, bytes: bytes)))
            case 3..<8 where !model.isEmpty:
                let used = model.remove(at: dice.roll(model.count))
                list.touch(used.ticket)
                model.append(used)
            case 8 where !model.isEmpty:
                let removed = model.remove(at: dice.roll(model.count))
                guard list.remove(removed.ticket) == removed.element else {
                    Issue.record("another element was removed at step \(step)")
                    return
                }
            default:
                guard let oldest = list.leastRecentlyUsed else { continue }
                list.remove(oldest.ticket)
                model.removeFirst()
            }
            let isSame =
                list.count == model.count && list.bytes == model.reduce(0) { $0 + $1.bytes }
                && list.leastRecentlyUsed?.element == model.first?.element
                && list.leastRecentlyUsed?.ticket == model.first?.ticket
            guard isSame else {
                Issue.record("the list and the array differ at step \(step)")
                return
            }
        }
        var rest: [Int] = []
        while let oldest = list.leastRecentlyUsed { rest.append(list.remove(oldest.ticket)) }
        #expect(rest == model.map(\.element))
        #expect(list.bytes == 0)
        #expect(list.count == 0)
    }

    @Test("Nothing is the least recently used of an empty list")
    func empty() {
        let list = RecencyList<String>()
        #expect(list.leastRecentlyUsed == nil)
        #expect(list.bytes == 0)
    }

    @Test("The only thing can be used and taken out")
    func single() {
        var list = RecencyList<String>()
        let ticket = list.insert("jam", bytes: 3)
        list.touch(ticket)
        #expect(list.leastRecentlyUsed?.element == "jam")
        let removed = list.remove(ticket)
        #expect(removed == "jam")
        #expect(list.leastRecentlyUsed == nil)
    }

    @Test("A thing that was taken out is released")
    func letsGo() {
        final class Jar {}
        var list = RecencyList<Jar>()
        weak var watched: Jar?
        let ticket: RecencyList<Jar>.Ticket
        do {
            let jar = Jar()
            watched = jar
            ticket = list.insert(jar, bytes: 1)
        }
        #expect(watched != nil)
        list.remove(ticket)
        #expect(watched == nil)
    }
}
