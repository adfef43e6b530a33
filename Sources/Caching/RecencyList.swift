/// The order in which items were last used, and the bytes of each: it decides what a bounded cache evicts next.
///
/// Items are identified by a ticket. All operations take constant time, and `touch` neither allocates nor counts
/// references, since it runs on every hit: the links are indices into one array.
public struct RecencyList<Element> {
    /// The index of an item in the list; valid until the item is removed.
    public struct Ticket: Sendable, Equatable {
        fileprivate let index: Int32
    }

    private struct Node {
        var element: Element?
        var bytes = 0
        var newer: Int32 = none
        var older: Int32 = none
    }

    private static var none: Int32 { -1 }
    private var nodes: [Node] = []
    private var free: Int32 = none
    private var newest: Int32 = none
    private var oldest: Int32 = none

    /// The bytes of all items in the list.
    public private(set) var bytes = 0

    /// The number of items in the list.
    public private(set) var count = 0

    /// Starts empty.
    public init() {}

    /// Adds an item as the most recently used.
    public mutating func insert(_ element: Element, bytes: Int) -> Ticket {
        let index: Int32
        if free != Self.none {
            index = free
            free = nodes[Int(index)].older
            nodes[Int(index)] = Node(element: element, bytes: bytes)
        } else {
            index = Int32(nodes.count)
            nodes.append(Node(element: element, bytes: bytes))
        }
        link(index)
        self.bytes += bytes
        count += 1
        return Ticket(index: index)
    }

    /// Marks an item as used now.
    @inline(__always)
    public mutating func touch(_ ticket: Ticket) {
        guard newest != ticket.index else { return }
        unlink(ticket.index)
        link(ticket.index)
    }

    /// Removes an item.
    @discardableResult
    public mutating func remove(_ ticket: Ticket) -> Element {
        unlink(ticket.index)
        let index = Int(ticket.index)
        guard let element = nodes[index].element else { preconditionFailure("a ticket was used after its removal") }
        bytes -= nodes[index].bytes
        count -= 1
        nodes[index].element = nil
        nodes[index].older = free
        free = ticket.index
        return element
    }

    /// The least recently used item.
    public var leastRecentlyUsed: (element: Element, ticket: Ticket)? {
        guard oldest != Self.none, let element = nodes[Int(oldest)].element else { return nil }
        return (element, Ticket(index: oldest))
    }

    private mutating func link(_ index: Int32) {
        nodes[Int(index)].older = newest
        nodes[Int(index)].newer = Self.none
        if newest != Self.none { nodes[Int(newest)].newer = index } else { oldest = index }
        newest = index
    }

    private mutating func unlink(_ index: Int32) {
        let newer = nodes[Int(index)].newer
        let older = nodes[Int(index)].older
        if newer != Self.none { nodes[Int(newer)].older = older } else { newest = older }
        if older != Self.none { nodes[Int(older)].newer = newer } else { oldest = newer }
    }
}
