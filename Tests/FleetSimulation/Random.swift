package import TestSupport

extension SeededGenerator {
    /// A number within a range.
    package mutating func within(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + next() % (range.upperBound - range.lowerBound + 1)
    }

    /// An index below `count`.
    package mutating func index(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    /// True in so many of a hundred cases.
    package mutating func percent(_ share: UInt64) -> Bool { next() % 100 < share }

    /// A number in 0..<1.
    package mutating func chance() -> Double { Double(next() >> 11) / Double(1 << 53) }
}

/// Events in the order of their time; those of the same time in the order in which they were added.
struct EventQueue<Event> {
    private var heap: [(at: UInt64, order: UInt64, event: Event)] = []
    private var added: UInt64 = 0

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (heap[one].at, heap[one].order) < (heap[other].at, heap[other].order)
    }

    mutating func add(_ event: Event, at: UInt64) {
        added += 1
        heap.append((at, added, event))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (at: UInt64, event: Event)? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let last = heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (last.at, last.event)
    }
}
