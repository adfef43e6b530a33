/// The order in which things were last used, and the bytes that each one keeps: what a bounded cache throws out next.
///
/// Things are known by a ticket. All operations take constant time, and `touch` neither allocates nor counts references,
/// since it stands on the way of every hit: the links are indices into one array.
public struct RecencyList<Element> {
    /// A thing's place in the list; valid until it is removed.
    public struct Ticket: Sendable, Equatable {
        fileprivate let index: Int32
    }

    private struct Node {
        var element: Element?
        var bytes = 0
        var newer: Int32 = none
        var older: Int32 = none
        var lastUse: UInt64 = 0
    }

    private static var none: Int32 { -1 }
    private var nodes: [Node] = []
    private var free: Int32 = none
    private var newest: Int32 = none
    private var oldest: Int32 = none
    private var uses: UInt64 = 0

    /// The bytes of all things in the list.
    public private(set) var bytes = 0

    /// The number of things in the list.
    public private(set) var count = 0

    /// Nothing yet.
    public init() {}

    /// Adds a thing as the one used last.
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

    /// Notes that a thing was used.
    @inline(__always)
    public mutating func touch(_ ticket: Ticket) {
        guard newest != ticket.index else { return }
        unlink(ticket.index)
        link(ticket.index)
    }

    /// Takes a thing out.
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

    /// The thing that was not used for the longest time.
    public var leastRecentlyUsed: (element: Element, ticket: Ticket)? {
        guard oldest != Self.none, let element = nodes[Int(oldest)].element else { return nil }
        return (element, Ticket(index: oldest))
    }

    /// Grows with each use of a thing: of two things, the one used later has more.
    public func lastUse(_ ticket: Ticket) -> UInt64 { nodes[Int(ticket.index)].lastUse }

    /// Notes that a thing was used right after another one was used last.
    public mutating func move(_ ticket: Ticket, behind other: Ticket) {
        guard ticket != other else { return }
        unlink(ticket.index)
        let newer = nodes[Int(other.index)].newer
        nodes[Int(ticket.index)].older = other.index
        nodes[Int(ticket.index)].newer = newer
        nodes[Int(ticket.index)].lastUse = nodes[Int(other.index)].lastUse
        nodes[Int(other.index)].newer = ticket.index
        if newer != Self.none { nodes[Int(newer)].older = ticket.index } else { newest = ticket.index }
    }

    private mutating func link(_ index: Int32) {
        nodes[Int(index)].older = newest
        nodes[Int(index)].newer = Self.none
        if newest != Self.none { nodes[Int(newest)].newer = index } else { oldest = index }
        newest = index
        uses &+= 1
        nodes[Int(index)].lastUse = uses
    }

    private mutating func unlink(_ index: Int32) {
        let newer = nodes[Int(index)].newer
        let older = nodes[Int(index)].older
        if newer != Self.none { nodes[Int(newer)].older = older } else { newest = older }
        if older != Self.none { nodes[Int(older)].newer = newer } else { oldest = newer }
    }
}
