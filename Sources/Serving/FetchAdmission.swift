public import Caching

/// Decides which fetches of a loop may continue, by the memory that their bodies take.
///
/// A fetch holds memory twice. While it *receives*, it holds the body as received. While it is *read*, on the thread
/// pool, it holds the decoded body and what the reader needs. Each stage has its own budget, so that receiving fetches
/// never block the reads that would free their memory. What does not fit waits: a fetch before it begins, with a time
/// limit, and its body before it is read.
///
/// It does no I/O: each call returns the actions to take.
public struct FetchAdmission {
    /// Identifies a fetch.
    public typealias Ticket = AdmissionQueue.Ticket

    /// An action to take.
    public enum Action: Equatable, Sendable {
        /// Send the request upstream.
        case receive(Ticket)
        /// Read the body; the decoded form may have at most `limit` bytes.
        case read(Ticket, limit: Int)
        /// Its time limit has passed: fail it as busy.
        case refuse(Ticket)
        /// Much memory was used that is free now: return it to the system.
        case giveBack
    }

    private struct Fetch {
        let kind: Resource.Kind
        let isUrgent: Bool
        let deadline: UInt64
        /// The bytes that it is known to need, because less was not enough, and the bytes that it had last.
        var need = 0
        var receiving = 0
        var limit = 0
        /// Whether it is a list that comes in pages.
        var isPaged = false
    }

    private var receiving: AdmissionQueue
    private var reading: AdmissionQueue
    private var fetches: [Ticket: Fetch] = [:]
    private var lastTicket: Ticket = 0
    /// The recent body size of each kind, in bytes.
    private var usual: [Resource.Kind: Int] = [:]
    private var maximumBody: Int
    private var usedSinceGivenBack = 0

    /// The memory to read a body, as a multiple of its decoded size: the body, the document with its values, and the
    /// result.
    public static let readingFactor = 6

    /// The memory of a fetch besides its body, in bytes: curl's handle with its buffer.
    static let leastReceiving = 24 << 10

    /// The assumed body size of a kind before one has been received: more than the whole compressed catalogue.
    static let firstGuess = 256 << 10

    /// The smallest limit for reading a body. The size of most compressed bodies is stated or can be found; a body
    /// that becomes larger is read once more with a higher limit.
    static let leastLimit = 64 << 10

    /// The memory that must have been used before it is returned to the system while fetches are in progress.
    static let muchMemory = 64 << 20
    /// The same when no fetch is left.
    static let someMemory = 8 << 20

    /// Starts with no fetches. `bytes` is what a loop may keep for the cache, of which fetches take half at most; a
    /// body has at most `maximumBody` bytes.
    public init(bytes: Int, maximumBody: Int) {
        receiving = AdmissionQueue(budget: bytes / 4)
        reading = AdmissionQueue(budget: bytes / 4)
        self.maximumBody = maximumBody
    }

    /// Applies changed settings. Fetches in progress are kept.
    public mutating func limit(to bytes: Int, maximumBody: Int) {
        receiving.budget = bytes / 4
        reading.budget = bytes / 4
        self.maximumBody = maximumBody
    }

    /// The bytes that fetches hold now.
    public var bytes: Int { receiving.used + reading.used }

    /// How many fetches wait for memory before they begin.
    public var waitingCount: Int { receiving.waiterCount }

    // MARK: A fetch's events

    /// A fetch is to begin. The catalogue's is urgent and goes before all others. After `deadline` it waits no longer.
    public mutating func begin(
        _ kind: Resource.Kind, deadline: UInt64
    ) -> (ticket: Ticket, actions: [Action]) {
        lastTicket += 1
        let fetch = Fetch(kind: kind, isUrgent: kind == .catalog, deadline: deadline)
        fetches[lastTicket] = fetch
        return (lastTicket, ask(lastTicket, fetch, returns: false))
    }

    /// Whether a fetch has room to receive a body of this many bytes. If not, the caller must cancel the fetch and
    /// report it with `exceeded`.
    public mutating func mayReceive(_ bytes: Int, _ ticket: Ticket) -> Bool {
        receiving.grow(ticket, to: bytes + Self.leastReceiving)
    }

    /// A fetch was cancelled because there was no room for its body. It is repeated when there is room for twice as
    /// much. It is not paused instead: a paused transfer of curl blocks the others on its HTTP/2 connection, and
    /// fetches that are all paused in the middle of their bodies would wait for each other.
    public mutating func exceeded(_ ticket: Ticket) -> [Action] {
        guard var fetch = fetches[ticket] else { return [] }
        fetch.need = twice(fetch)
        return beginAnew(ticket, fetch)
    }

    /// Twice of what a fetch had, up to what it can need: in pages, the rows before a page, and the page.
    private func twice(_ fetch: Fetch) -> Int {
        min(fetch.receiving * 2, maximumBody * (fetch.isPaged ? 2 : 1) + Self.leastReceiving)
    }

    private mutating func beginAnew(_ ticket: Ticket, _ fetch: Fetch) -> [Action] {
        fetches[ticket] = fetch
        usual[fetch.kind] = max(fetch.need, usual[fetch.kind] ?? 0)
        receiving.leave(ticket)
        return ask(ticket, fetch, returns: true) + goOn()
    }

    /// A page of a list was read, and further ones must be fetched: the rows of all pages, and one page, have about
    /// `bytes` bytes. Returns whether there is room for them. If not, the list is fetched anew when there is, from its
    /// first page on: fetches that kept their rows and waited for more room could wait for each other.
    public mutating func collects(_ bytes: Int, _ ticket: Ticket) -> (isRoom: Bool, actions: [Action]) {
        guard var fetch = fetches[ticket] else { return (false, []) }
        reading.leave(ticket)
        fetch.isPaged = true
        let size = bytes + Self.leastReceiving
        guard receiving.grow(ticket, to: size) else {
            fetch.need = max(size, twice(fetch))
            return (false, beginAnew(ticket, fetch))
        }
        fetch.receiving = max(fetch.receiving, size)
        fetches[ticket] = fetch
        usual[fetch.kind] = max(size, usual[fetch.kind] ?? 0)
        return (true, goOn())
    }

    /// The last page of a list was read. The rows of all pages, with this many bytes, are read together.
    public mutating func joined(_ bytes: Int, _ ticket: Ticket) -> [Action] {
        guard var fetch = fetches[ticket] else { return [] }
        reading.leave(ticket)
        fetch.limit = min(maximumBody, max(bytes, Self.leastLimit))
        fetches[ticket] = fetch
        return askToRead(ticket, fetch, returns: true) + goOn()
    }

    /// The body of a fetch is complete, with this many bytes; its decoded size is about `expected`. If it is a page,
    /// `bytes` includes the rows of the pages before it.
    public mutating func received(_ bytes: Int, expected: Int, _ ticket: Ticket) -> [Action] {
        guard var fetch = fetches[ticket] else { return [] }
        let size = bytes + Self.leastReceiving
        let before = usual[fetch.kind] ?? size
        usual[fetch.kind] = size >= before ? size : before - (before - size + 15) / 16
        fetch.limit = min(maximumBody, max(expected, Self.leastLimit))
        fetches[ticket] = fetch
        return askToRead(ticket, fetch, returns: fetch.isPaged)
    }

    /// The response was read and is of no use, so the request is sent once more, with the memory that the fetch has.
    public mutating func repeats(_ ticket: Ticket) -> [Action] {
        reading.leave(ticket)
        return goOn()
    }

    /// A body exceeded the limit that it was read with. It is read once more with a higher one; nil if there is no
    /// higher one.
    public mutating func outgrew(_ ticket: Ticket) -> [Action]? {
        guard var fetch = fetches[ticket], fetch.limit < maximumBody else { return nil }
        fetch.limit = min(maximumBody, fetch.limit * 4)
        fetches[ticket] = fetch
        reading.leave(ticket)
        return askToRead(ticket, fetch, returns: true) + goOn()
    }

    /// A fetch has ended, in any state.
    public mutating func ended(_ ticket: Ticket) -> [Action] {
        guard let fetch = fetches.removeValue(forKey: ticket) else { return [] }
        receiving.leave(ticket)
        reading.leave(ticket)
        usedSinceGivenBack += fetch.receiving + fetch.limit * Self.readingFactor
        var actions = goOn()
        let isMuch = usedSinceGivenBack >= (fetches.isEmpty ? Self.someMemory : Self.muchMemory)
        if isMuch {
            usedSinceGivenBack = 0
            actions.append(.giveBack)
        }
        return actions
    }

    /// Ends the waits that have exceeded their time limit. Each must be reported with `ended`.
    public mutating func expire(at now: UInt64) -> [Action] { receiving.expire(at: now).map { .refuse($0) } }

    /// The memory that a fetch gets when it begins, by current knowledge.
    private func size(_ fetch: Fetch) -> Int {
        max(fetch.need, usual[fetch.kind] ?? Self.firstGuess, Self.leastReceiving)
    }

    private mutating func ask(_ ticket: Ticket, _ fetch: Fetch, returns: Bool) -> [Action] {
        let bytes = size(fetch)
        fetches[ticket]?.receiving = bytes
        let isIn = receiving.ask(
            ticket, bytes: bytes, isUrgent: fetch.isUrgent, returns: returns, deadline: fetch.deadline)
        return isIn ? [.receive(ticket)] : []
    }

    private mutating func askToRead(_ ticket: Ticket, _ fetch: Fetch, returns: Bool) -> [Action] {
        let isIn = reading.ask(
            ticket, bytes: fetch.limit * Self.readingFactor, isUrgent: fetch.isUrgent, returns: returns)
        return isIn ? [.read(ticket, limit: fetch.limit)] : []
    }

    private mutating func goOn() -> [Action] {
        var actions: [Action] = []
        while let ticket = reading.next() {
            actions.append(.read(ticket, limit: fetches[ticket]?.limit ?? maximumBody))
        }
        while let first = receiving.firstWaiter, let fetch = fetches[first] {
            let bytes = size(fetch)
            guard let ticket = receiving.next(bytes: bytes) else { break }
            fetches[ticket]?.receiving = bytes
            actions.append(.receive(ticket))
        }
        return actions
    }
}
