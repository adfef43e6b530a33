public import Caching

/// The clients of a loop that wait for fetches, by the ticket in the owner loop's answer. Requests for the same thing
/// wait under one ticket.
public struct WaitingTable<Client> {
    /// What requests under one ticket have in common.
    public struct Want: Hashable {
        /// The missing resource.
        public let resource: Resource
        /// The owner of the requests.
        public let owner: Owner
        /// The cache directive of the requests.
        public let directive: CacheDirective

        /// Every part is given.
        public init(resource: Resource, owner: Owner, directive: CacheDirective) {
            self.resource = resource
            self.owner = owner
            self.directive = directive
        }
    }

    /// The requests under one ticket.
    public struct Group {
        /// What they want.
        public let want: Want
        /// Whether it began as a background refresh, so that a request that joins it shares a fetch that another one
        /// caused.
        public fileprivate(set) var isRefresh = false
        /// Whether the result is for the one request in it and is not stored.
        public fileprivate(set) var forbidsStoring = false
        /// Those who wait, in the order of their requests.
        public fileprivate(set) var clients: [Client] = []
    }

    private var groups: [UInt64: Group] = [:]
    private var tickets: [Want: UInt64] = [:]
    private var lastTicket = noWaitingTicket

    /// Nobody waits.
    public init() {}

    /// Adds a client. Returns a ticket if this is the first one for its resource; the caller must then request the
    /// fetch. A client that forbids storing is never grouped with others.
    public mutating func add(_ client: Client, for want: Want, forbidsStoring: Bool = false) -> UInt64? {
        if forbidsStoring {
            lastTicket += 1
            groups[lastTicket] = Group(want: want, forbidsStoring: true, clients: [client])
            return lastTicket
        }
        if let ticket = tickets[want] {
            groups[ticket]?.clients.append(client)
            return nil
        }
        lastTicket += 1
        tickets[want] = lastTicket
        groups[lastTicket] = Group(want: want, clients: [client])
        return lastTicket
    }

    /// Adds a refresh that no client waits for. Nil if the resource was requested already.
    public mutating func addRefresh(of resource: Resource, owner: Owner) -> UInt64? {
        let want = Want(resource: resource, owner: owner, directive: .any)
        guard tickets[want] == nil else { return nil }
        lastTicket += 1
        tickets[want] = lastTicket
        groups[lastTicket] = Group(want: want, isRefresh: true)
        return lastTicket
    }

    /// Nobody joins these requests any more: what they wait for was asked for before a purge.
    public mutating func close(where covers: (Want) -> Bool) { tickets = tickets.filter { !covers($0.key) } }

    /// Removes and returns all clients that wait under a ticket.
    public mutating func take(_ ticket: UInt64) -> Group? {
        guard let group = groups.removeValue(forKey: ticket) else { return nil }
        if tickets[group.want] == ticket { tickets[group.want] = nil }
        return group
    }

    /// Calls `body` with every client that waits for something.
    public func forEach(_ body: (Client) -> Void) {
        for group in groups.values {
            for client in group.clients { body(client) }
        }
    }
}

/// The ticket under which no client waits: the result only goes into the cache.
public let noWaitingTicket: UInt64 = 0

/// When a loop may refresh a stored copy again after a fetch has ended, in milliseconds of the monotonic clock.
public struct RefreshPause: Equatable, Sendable {
    /// The copy is not refreshed before this time.
    public var notBefore: UInt64 = 0
    /// Until then it is served in place of an error, with no request to upstream.
    public var backoffUntil: UInt64 = 0
    /// Whether this concerns the caller's own key only.
    public var isAboutKey = false

    /// The shortest time between two refreshes from one loop after the first brought nothing, in milliseconds.
    public static let shortest: UInt64 = 1_000
}

extension Dispatcher.Outcome {
    /// What the loop of the waiters stores; nil for nothing.
    public func entryToKeep(forbidsStoring: Bool) -> Entry? {
        switch self {
        case .entry(let entry, _): forbidsStoring ? nil : entry
        case .failure(_, let staleIfErrorCopy, _): staleIfErrorCopy
        }
    }

    /// When the loop of the waiters may refresh its copy again.
    public func pause(at now: UInt64) -> RefreshPause {
        switch self {
        case .entry(let entry, _):
            // A refusal does not change a shared copy; other clients make their own requests.
            guard case .refusal = entry.content else { return RefreshPause() }
            return RefreshPause(notBefore: now + RefreshPause.shortest, isAboutKey: true)
        case .failure(_, _, let notice):
            return RefreshPause(
                notBefore: max(notice.until, now + RefreshPause.shortest), backoffUntil: notice.until,
                isAboutKey: notice.isOfKey)
        }
    }
}
