/// Events in the order of their time; those of the same time in the order in which they were added.
package struct EventQueue<Event> {
    private var heap: [(at: UInt64, order: UInt64, event: Event)] = []
    private var added: UInt64 = 0

    /// No events.
    package init() {}

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (heap[one].at, heap[one].order) < (heap[other].at, heap[other].order)
    }

    /// Adds an event.
    package mutating func add(_ event: Event, at: UInt64) {
        added += 1
        heap.append((at, added, event))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Removes and returns the next event; nil if there is none.
    package mutating func next() -> (at: UInt64, event: Event)? {
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
