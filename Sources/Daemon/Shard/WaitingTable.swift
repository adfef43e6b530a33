import Caching
import Serving

/// The connections of a loop that wait for fetches, by the ticket that the leading loop answers to. Requests for the same
/// thing wait under one ticket.
struct WaitingTable {
    /// What makes requests the same thing.
    struct Want: Hashable {
        let resource: Resource
        let owner: Owner
        let demand: Demand
    }

    struct Group {
        let want: Want
        /// Whether it was begun behind an answer, so that whoever joins it shares what another one caused.
        var isRefresh = false
        var connections: [Connection] = []
    }

    /// Stands for nobody: its outcome only goes into the cache.
    static let noTicket: UInt64 = 0

    private var groups: [UInt64: Group] = [:]
    private var tickets: [Want: UInt64] = [:]
    private var lastTicket = noTicket

    /// Adds a connection. A ticket is returned if this is the first one for what it wants: it then has to be asked for.
    mutating func add(_ connection: Connection, for want: Want) -> UInt64? {
        if let ticket = tickets[want] {
            groups[ticket]?.connections.append(connection)
            return nil
        }
        lastTicket += 1
        tickets[want] = lastTicket
        groups[lastTicket] = Group(want: want, connections: [connection])
        return lastTicket
    }

    /// Adds a refresh that no connection waits for. Nil if somebody has asked already.
    mutating func addRefresh(of resource: Resource, owner: Owner) -> UInt64? {
        let want = Want(resource: resource, owner: owner, demand: .any)
        guard tickets[want] == nil else { return nil }
        lastTicket += 1
        tickets[want] = lastTicket
        groups[lastTicket] = Group(want: want, isRefresh: true)
        return lastTicket
    }

    /// Takes out all who wait under a ticket.
    mutating func take(_ ticket: UInt64) -> Group? {
        guard let group = groups.removeValue(forKey: ticket) else { return nil }
        tickets[group.want] = nil
        return group
    }
}
