import Bytes
package import Caching
package import HTTPClient
import HTTPCore
package import Serving

/// On what ground a fleet's replica fetches.
package struct FetchLease: Equatable, Sendable {
    /// Identifies the fetch for the fleet.
    package let number: UInt64
    /// Whether the result is for the other replicas too.
    package let isHeld: Bool
    /// How long the fetch may take, in milliseconds.
    package let limit: UInt64

    /// Every part is given.
    package init(number: UInt64, isHeld: Bool, limit: UInt64) {
        self.number = number
        self.isHeld = isHeld
        self.limit = limit
    }
}

/// A fetch under way.
package struct FetchContext {
    /// What it is for.
    package let flight: Dispatcher.Flight
    /// The waiter whose key it bears.
    package let waiter: Dispatcher.Waiter
    /// The entry that was stored when the fetch began; its validators are sent if it has any.
    package fileprivate(set) var stored: Entry?
    /// The URL that is fetched.
    package let url: String
    /// The fleet's leave; nil without a fleet.
    package let lease: FetchLease?
    /// When it began, in nanoseconds of the monotonic clock: the wait for memory does not count.
    package fileprivate(set) var began: UInt64
    /// The Unix time then.
    package fileprivate(set) var askedAt: Int64 = 0
    /// The response, until it is read.
    package fileprivate(set) var response: FetchedResponse?
    /// The pages of a list so far, without the response.
    fileprivate var pages: PagedList?
    /// Whether the response was a 304, so that its content is that of the stored entry.
    package fileprivate(set) var isConfirmation = false
    /// Whether a purge or a refusal of its key came after it began: its result is delivered and not stored.
    package fileprivate(set) var isVoid = false
    /// Whether the response has been read.
    fileprivate var isRead = false
    /// Whether the response refuses the key.
    fileprivate var isRefusal = false
    /// Whether the fleet has said whether the result may be kept: it does not say so again.
    fileprivate var isJudged = false
    /// Whether, since it began, upstream has forbidden sharing the stored entry.
    fileprivate var isStoredWithdrawn = false

    /// What was received and is to be read; nil if nothing is.
    package var unread: Unread? {
        if let pages, pages.isWhole { return .pages(pages) }
        return response.map { response in pages.map { .page(response, after: $0) } ?? .response(response) }
    }

    /// What can be received.
    package enum Unread: Sendable {
        case response(FetchedResponse)
        /// A page of a list, after those before it.
        case page(FetchedResponse, after: PagedList)
        /// All pages of a list.
        case pages(PagedList)

        /// The response, or that of all pages together, which is composed outside the loops.
        package var response: FetchedResponse {
            switch self {
            case .response(let response), .page(let response, _): response
            case .pages(let pages): pages.composed()
            }
        }
    }

    /// Whether its result may be shared, as far as the fetch can tell: not if it confirms a copy that may no longer be.
    package var mayShare: Bool { !(isConfirmation && isStoredWithdrawn) }

    /// Whether upstream may send it in pages.
    package var isList: Bool {
        switch flight.resource {
        case .catalog, .userList, .facet: true
        case .model, .opaque, .past: false
        }
    }

    /// The time left for the further pages of a list, of the `limit` for the whole fetch, in milliseconds; nil if none
    /// is. `now` is in nanoseconds.
    package func timeLeft(of limit: Int, now: UInt64) -> Int? {
        let limit = min(UInt64(max(0, limit)), lease?.limit ?? .max)
        let left = limit.subtractingSaturated(now.elapsed(since: began) / 1_000_000)
        return left > 0 ? Int(clamping: left) : nil
    }

    /// What the waiters get: if the fetch is void, an entry without any useful life, which no loop stores.
    package func delivered(_ entry: Entry) -> Entry {
        guard isVoid else { return entry }
        let held = entry.freshness
        return entry.lasting(Freshness(storedAt: held.storedAt, lifetime: 0, initialAge: held.initialAge), maxAge: 0)
    }
}

/// The fetches of a loop that are under way, from the request to the notification of their waiters, and the admission
/// that decides which may proceed.
///
/// It does no I/O: each call returns the actions to take.
package struct FetchTable {
    /// Identifies a fetch.
    package typealias Ticket = FetchAdmission.Ticket

    private var admission: FetchAdmission
    private var contexts: [Ticket: FetchContext] = [:]

    /// Starts with no fetches. `bytes` is what a loop may keep for the cache; a body has at most `maximumBody` bytes.
    package init(bytes: Int, maximumBody: Int) {
        admission = FetchAdmission(bytes: bytes, maximumBody: maximumBody)
    }

    /// Applies changed settings. Fetches under way are kept.
    package mutating func limit(to bytes: Int, maximumBody: Int) {
        admission.limit(to: bytes, maximumBody: maximumBody)
    }

    /// The bytes that fetches hold now.
    package var bytes: Int { admission.bytes }

    /// The number of fetches under way.
    package var count: Int { contexts.count }

    /// A fetch whose response has not been read yet.
    package subscript(ticket: Ticket) -> FetchContext? {
        contexts[ticket].flatMap { $0.isRead ? nil : $0 }
    }

    // MARK: A fetch's events

    /// A fetch is to begin, at `now` in nanoseconds. After `deadline`, in milliseconds, it waits no longer for memory.
    package mutating func begin(
        _ flight: Dispatcher.Flight, as waiter: Dispatcher.Waiter, stored: Entry?, url: String,
        lease: FetchLease? = nil, now: UInt64, deadline: UInt64
    ) -> [FetchAdmission.Action] {
        let (ticket, actions) = admission.begin(flight.resource.kind, deadline: deadline)
        contexts[ticket] = FetchContext(
            flight: flight, waiter: waiter, stored: stored, url: url, lease: lease, began: now)
        return actions
    }

    /// Ends the waits for memory that have exceeded their time limit.
    package mutating func expire(at now: UInt64) -> [FetchAdmission.Action] { admission.expire(at: now) }

    /// The request is sent, at `now` in nanoseconds.
    package mutating func asked(_ ticket: Ticket, now: UInt64, wallSeconds: Int64) -> FetchContext? {
        contexts[ticket]?.began = now
        contexts[ticket]?.askedAt = wallSeconds
        return self[ticket]
    }

    /// Whether there is room to receive a body of this many bytes. If not, the caller cancels the fetch and reports it
    /// with `exceeded`.
    package mutating func mayReceive(_ bytes: Int, _ ticket: Ticket) -> Bool {
        admission.mayReceive(bytes + rowBytes(ticket), ticket)
    }

    /// What a list holds of its earlier pages.
    private func rowBytes(_ ticket: Ticket) -> Int { contexts[ticket]?.pages?.byteCount ?? 0 }

    /// The fetch was cancelled because there was no room for its body. It is repeated when there is; a list in pages
    /// from its first page on.
    package mutating func exceeded(_ ticket: Ticket) -> [FetchAdmission.Action] {
        contexts[ticket]?.pages = nil
        return admission.exceeded(ticket)
    }

    /// The response is complete, still coded.
    package mutating func received(_ response: FetchedResponse, _ ticket: Ticket) -> [FetchAdmission.Action] {
        contexts[ticket]?.response = response
        contexts[ticket]?.isConfirmation = response.status == Status.notModified.rawValue
        return admission.received(
            response.body.count + rowBytes(ticket), expected: response.expectedCount, ticket)
    }

    /// The response was a page, which is among `pages` now, and there is another one. Returns whether to fetch it; if
    /// not, there is no room for all of them, and the list is fetched anew when there is.
    package mutating func collected(
        _ pages: PagedList, _ ticket: Ticket
    ) -> (goesOn: Bool, actions: [FetchAdmission.Action]) {
        guard let context = self[ticket] else { return (false, []) }
        let page = context.response?.body.count ?? 0
        let (isRoom, actions) = admission.collects(pages.expectedCount + page, ticket)
        contexts[ticket]?.response = nil
        contexts[ticket]?.pages = isRoom ? pages : nil
        return (isRoom, actions)
    }

    /// The response was the last page. All pages are read together.
    package mutating func joined(_ pages: PagedList, _ ticket: Ticket) -> [FetchAdmission.Action] {
        contexts[ticket]?.response = nil
        contexts[ticket]?.isConfirmation = false
        contexts[ticket]?.pages = pages
        return admission.joined(pages.byteCount, ticket)
    }

    /// The response was a 304, but not about the stored entry. The request is repeated, without validators: with the
    /// same ones it would get the same answer. Nil if it had none, so that it is repeated once at most.
    package mutating func repeats(_ ticket: Ticket) -> [FetchAdmission.Action]? {
        // A fetch for other replicas sends none.
        guard let context = self[ticket], context.isConfirmation, context.pages == nil,
            context.lease?.isHeld != true, let stored = context.stored, stored.metadata.hasValidator
        else { return nil }
        contexts[ticket]?.stored = stored.withoutValidators()
        contexts[ticket]?.response = nil
        contexts[ticket]?.isConfirmation = false
        return admission.repeats(ticket)
    }

    /// The body exceeded the limit that it was read with. It is read once more with a higher one; nil if there is none.
    package mutating func outgrew(_ ticket: Ticket) -> [FetchAdmission.Action]? { admission.outgrew(ticket) }

    /// The response was read, which releases its memory. `isRefusal`: it refuses the key. The fetch stays until `finished`, so that what is withdrawn
    /// meanwhile concerns it. The actions are for after its waiters were notified.
    package mutating func read(
        _ ticket: Ticket, isRefusal: Bool = false
    ) -> (FetchContext, [FetchAdmission.Action])? {
        guard var context = self[ticket] else { return nil }
        context.isRead = true
        context.isRefusal = isRefusal
        context.response = nil
        context.pages = nil
        contexts[ticket] = context
        return (context, admission.ended(ticket))
    }

    /// The fetch has failed, and ends. The actions are for after its waiters were notified.
    package mutating func failed(_ ticket: Ticket) -> (FetchContext, [FetchAdmission.Action])? {
        guard let context = self[ticket] else { return nil }
        contexts[ticket] = nil
        return (context, admission.ended(ticket))
    }

    /// What a response demands is done, so its waiters can be notified: the fetch ends.
    package mutating func finished(_ ticket: Ticket) -> FetchContext? { contexts.removeValue(forKey: ticket) }

    // MARK: Withdrawals

    /// The fleet has said whether what a fetch has brought may be kept.
    package mutating func judged(_ ticket: Ticket, keeps: Bool) {
        contexts[ticket]?.isJudged = true
        if !keeps { contexts[ticket]?.isVoid = true }
    }

    /// Upstream has refused a key: what fetches with it bring is not stored, except the refusals themselves. With `byFleet`
    /// another replica has reported it: which fetches of the fleet this concerns, the fleet says when they end.
    package mutating func void(of owner: Owner, byFleet: Bool = false) {
        void(byFleet: byFleet) { $0.waiter.owner == owner && !$0.isRefusal }
    }

    /// A purge: what fetches under way bring that it covers is not stored. `byFleet` as above.
    package mutating func void(_ purge: Purge, byFleet: Bool = false) {
        void(byFleet: byFleet) { purge.covers($0.flight.resource, ownerHigh: $0.waiter.owner.high) }
    }

    private mutating func void(byFleet: Bool, where covers: (FetchContext) -> Bool) {
        for (ticket, context) in contexts where covers(context) {
            if byFleet, context.lease != nil, !context.isJudged { continue }
            contexts[ticket]?.isVoid = true
        }
    }

    /// Upstream has forbidden sharing the copy of a resource.
    package mutating func withdrawShared(_ resource: Resource) {
        for (ticket, context) in contexts
        where context.flight.resource == resource && context.stored?.isShared == true {
            contexts[ticket]?.isStoredWithdrawn = true
        }
    }
}
