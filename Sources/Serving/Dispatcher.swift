public import Bytes
public import Caching
public import Catalog
import HTTPCore

/// Decides when to send a request upstream, for the resources that one loop owns. There is one fetch for each
/// resource, however many requests wait for it on however many loops.
///
/// It does no I/O: each call returns the actions to take. Whether a response may be shared is known only when it
/// arrives, so callers with different keys first wait for one fetch together. If its answer belongs to one key only,
/// the others start their own fetches. How upstream shares is remembered for each kind of resource, so that the next
/// callers do not wait in vain.
public struct Dispatcher {
    /// A waiter: one request, or all requests of one loop for the same resource.
    public struct Waiter: Sendable {
        /// The loop to notify.
        public let loop: Int
        /// The ticket by which that loop finds its waiting requests.
        public let ticket: UInt64
        /// The owner of the request.
        public let owner: Owner
        /// The value of `Authorization` to send upstream; it is dropped when the flight has completed.
        public let authorization: SharedBytes?
        /// The request's cache directive.
        public let directive: CacheDirective
        /// The list that a facet is read with, so that the facet does not keep rows that the list already has.
        public let list: ModelList?
        /// Whether it was already answered with a stale copy; only a newer response is of use to it.
        public let isRefresh: Bool
        /// The value of the request's `Via`, which the fetch extends, so that request loops between servers are
        /// detected.
        public let via: SharedBytes?
        /// Whether its response is for it alone and must not be stored: the request said `no-store`.
        public let forbidsStoring: Bool

        /// A waiter on `loop`, notified by `ticket`.
        public init(
            loop: Int, ticket: UInt64, owner: Owner, authorization: SharedBytes?, directive: CacheDirective,
            list: ModelList? = nil, isRefresh: Bool = false, forbidsStoring: Bool = false, via: SharedBytes? = nil
        ) {
            self.loop = loop
            self.ticket = ticket
            self.owner = owner
            self.authorization = authorization
            self.directive = directive
            self.list = list
            self.isRefresh = isRefresh
            self.via = via
            self.forbidsStoring = forbidsStoring
        }
    }

    /// Identifies a fetch. `owner` is nil while callers of all keys wait for it together.
    public struct Flight: Hashable, Sendable {
        /// The resource.
        public let resource: Resource
        /// The owner, if the fetch is for one key alone.
        public let owner: Owner?
        /// A unique number if no other request may join the fetch, or if a purge has closed an earlier one; otherwise 0.
        var serial: UInt64 = 0

        init(resource: Resource, owner: Owner?, serial: UInt64 = 0) {
            self.resource = resource
            self.owner = owner
            self.serial = serial
        }
    }

    /// An action to take.
    public enum Action {
        /// Notify this waiter.
        case reply(Waiter, Outcome, collapsed: Bool)
        /// Send a request upstream with this waiter's key, and report the result with `completed`.
        case start(Flight, as: Waiter)
    }

    /// How a fetch can end for its waiters.
    public enum Outcome: Sendable {
        /// With a response; `isNew` says that it was fetched from upstream just now.
        case entry(Entry, isNew: Bool)
        /// Without a response. `staleIfErrorCopy` is the stale copy that may be served instead.
        case failure(FetchProblem, staleIfErrorCopy: Entry?, BackoffNotice)
    }

    /// Until when no request for a resource is sent upstream.
    public struct BackoffNotice: Sendable, Equatable {
        /// When the next request is allowed, in milliseconds.
        public var until: UInt64
        /// Whether this applies to the caller's own key only; requests with other keys are allowed.
        public var isOfKey: Bool

        /// No pause for anyone.
        public static let none = BackoffNotice(until: 0, isOfKey: false)
    }

    private var flights = FlightTable<Flight, Waiter>()
    private var backoffs: [Flight: Backoff] = [:]
    private var mostBackoffs = 64
    private var personal: Set<Resource.Kind> = Set(Resource.Kind.allCases.filter(\.isPersonal))
    /// The owner whose key last got a failing answer for a resource since the last success.
    private var lastFailed: [Resource: Owner] = [:]
    private var lastSerial: UInt64 = 0
    /// The serial numbers of the fetches that may be joined, where a purge has closed earlier ones that go on.
    private var reopened: [Flight: UInt64] = [:]

    /// Starts with no fetches.
    public init() {}

    /// The number of fetches in progress.
    var flightCount: Int { flights.count }

    /// The number of failures that are remembered.
    var rememberedFailures: Int { backoffs.count }

    /// A request needs a resource. `cache` is that of the loop that owns it, which may have entries that another
    /// loop's cache lacks.
    public mutating func wanted(
        _ resource: Resource, by waiter: Waiter, cache: inout ResponseCache, now: UInt64
    ) -> Action? {
        var flight = flight(to: resource, for: waiter.owner)
        if waiter.forbidsStoring {
            lastSerial += 1
            flight = Flight(resource: resource, owner: waiter.owner, serial: lastSerial)
        }
        return seek(flight, for: waiter, cache: &cache, now: now)
    }

    /// The fetch to wait for: the one with the owner's own key, if any is in progress, so that upstream never gets two
    /// requests at a time with one key. Otherwise it depends on how upstream has shared this kind of resource so far.
    private func flight(to resource: Resource, for owner: Owner) -> Flight {
        let own = joinable(resource, owner)
        let common = joinable(resource, nil)
        if flights.isUnderWay(own) { return own }
        if flights.first(of: common)?.owner == owner { return common }
        return personal.contains(resource.kind) ? own : common
    }

    /// The fetch that a request may join or start.
    private func joinable(_ resource: Resource, _ owner: Owner?) -> Flight {
        var flight = Flight(resource: resource, owner: owner)
        flight.serial = reopened[flight] ?? 0
        return flight
    }

    /// Something was purged. What upstream is answering was asked for before, so requests from now on start fetches of
    /// their own.
    public mutating func close(_ purge: Purge) {
        for flight in Array(flights.keys) where flight == joinable(flight.resource, flight.owner) {
            guard let first = flights.first(of: flight), purge.covers(flight.resource, ownerHigh: first.owner.high)
            else { continue }
            lastSerial += 1
            reopened[Flight(resource: flight.resource, owner: flight.owner)] = lastSerial
        }
    }

    /// A fetch has ended. Returns its waiters.
    private mutating func complete(_ flight: Flight) -> [Waiter] {
        let waiters = flights.complete(flight)
        guard !reopened.isEmpty else { return waiters }
        let isLast = !flights.keys.contains { $0.resource == flight.resource && $0.owner == flight.owner }
        if isLast { reopened[Flight(resource: flight.resource, owner: flight.owner)] = nil }
        return waiters
    }

    /// Answers a waiter from the cache, makes it wait for `flight`, or reports why neither is possible.
    private mutating func seek(
        _ flight: Flight, for waiter: Waiter, cache: inout ResponseCache, now: UInt64
    ) -> Action? {
        let stored = cache.entry(for: flight.resource, owner: waiter.owner)
        var windows = waiter.isRefresh ? .none : cache.windows(of: stored, for: waiter.owner)
        // A refresh behind the answer would store what the request forbids to store.
        if waiter.forbidsStoring, waiter.directive == .any { windows.whileRevalidate = 0 }
        switch Decision(stored: stored?.freshness, directive: waiter.directive, windows: windows, now: now) {
        case .hit, .stale, .staleOnError:
            guard let stored else { preconditionFailure("a hit on nothing") }
            return .reply(waiter, .entry(stored, isNew: false), collapsed: false)
        case .unsatisfiable:
            return .reply(waiter, .failure(.onlyIfCached, staleIfErrorCopy: nil, .none), collapsed: false)
        case .fetch:
            guard let (problem, notice) = obstacle(to: flight, for: waiter.owner, now: now) else {
                return flights.join(waiter, for: flight) ? .start(flight, as: waiter) : nil
            }
            let staleIfErrorCopy = cache.staleIfErrorCopy(
                for: flight.resource, owner: waiter.owner, after: problem, now: now)
            return .reply(waiter, .failure(problem, staleIfErrorCopy: staleIfErrorCopy, notice), collapsed: false)
        }
    }

    /// Why no request may wait for `flight` now, and until when no request is sent upstream.
    private func obstacle(to flight: Flight, for owner: Owner, now: UInt64) -> (FetchProblem, BackoffNotice)? {
        for concern in [nil, owner] {
            let backoff = backoffs[Flight(resource: flight.resource, owner: concern)]
            guard let backoff, let seconds = backoff.retryAfter(at: now) else { continue }
            let isOfKey = concern != nil
            return (
                .backingOff(seconds: seconds, isAboutKey: isOfKey),
                BackoffNotice(until: backoff.until, isOfKey: isOfKey)
            )
        }
        return flights.count >= Self.mostFlights && !flights.isUnderWay(flight) ? (.busy, .none) : nil
    }

    /// Why a fetch that had to wait before it could begin may not begin now: upstream has failed meanwhile and is left
    /// alone, by everyone or with this owner's key. Nil if it may. Otherwise the caller must end it with `failed`.
    public func obstacle(toBegin flight: Flight, for owner: Owner, now: UInt64) -> FetchProblem? {
        obstacle(to: flight, for: owner, now: now)?.0
    }

    /// The most fetches in progress at once. A fetch continues after its caller disconnects, so without a bound,
    /// clients that request ever new resources from a slow upstream could use up memory and descriptors.
    public static let mostFlights = 1024

    /// A fetch has brought a response, which the caller has stored if its lifetime is not zero. `cache` is that of the
    /// loop that owns the resource. A copy that `isTaken` from other replicas may be too old for a request that forces a
    /// refresh: then upstream is asked.
    public mutating func completed(
        _ flight: Flight, with entry: Entry, isTaken: Bool = false, cache: inout ResponseCache, now: UInt64
    ) -> [Action] {
        let waiters = complete(flight)
        guard let first = waiters.first else { return [] }
        // What another replica got says nothing about this one's key.
        if isTaken { lastFailed[flight.resource] = nil }
        backoffs[Flight(resource: flight.resource, owner: first.owner)] = nil
        // Upstream may reject one key and still answer the others.
        let isRefusalOfKey = entry.status.refusesKey
        if !isRefusalOfKey { backoffs[Flight(resource: flight.resource, owner: nil)] = nil }
        if !isRefusalOfKey || lastFailed[flight.resource] == first.owner { lastFailed[flight.resource] = nil }
        if entry.status == .ok, !flight.resource.isPersonal {
            if entry.isShared { personal.remove(flight.resource.kind) } else { personal.insert(flight.resource.kind) }
        }
        let isOld = isTaken && !entry.freshness.isRecent(at: now, cache.windows)
        let unserved = isOld ? waiters.filter { $0.directive == .refresh } : []
        let served = unserved.isEmpty ? waiters : waiters.filter { $0.directive != .refresh }
        let actions = settle(
            served, of: flight, for: entry.isShared ? nil : first.owner, cache: &cache, now: now
        ) { _, _ in .entry(entry, isNew: true) }
        let next = joinable(flight.resource, flight.owner)
        return actions + unserved.compactMap { seek(next, for: $0, cache: &cache, now: now) }
    }

    /// Another replica has failed to get the resource: backs off for as many milliseconds as it does. A flight that waited
    /// for it ends. `owner` is nil if this concerns all.
    public mutating func backOff(
        _ resource: Resource, of owner: Owner?, for pause: UInt64, ending flight: Flight?, cache: inout ResponseCache,
        now: UInt64
    ) -> [Action] {
        forgetOldBackoffs(now: now)
        let key = Flight(resource: resource, owner: owner)
        var backoff = backoffs[key] ?? Backoff()
        backoff.extend(to: now.addingSaturated(pause))
        backoffs[key] = backoff
        guard let flight, let seconds = backoff.retryAfter(at: now) else { return [] }
        let problem = FetchProblem.backingOff(seconds: seconds, isAboutKey: owner != nil)
        let notice = BackoffNotice(until: backoff.until, isOfKey: owner != nil)
        let waiters = complete(flight)
        return settle(waiters, of: flight, for: owner, cache: &cache, now: now) { waiter, cache in
            .failure(
                problem,
                staleIfErrorCopy: cache.staleIfErrorCopy(
                    for: flight.resource, owner: waiter.owner, after: problem, now: now), notice)
        }
    }

    /// For how many more milliseconds back-off blocks requests to upstream for all callers of a flight; 0 if it does not.
    public func pause(of flight: Flight, now: UInt64) -> UInt64 {
        let owners: [Owner?] = flight.owner == nil ? [nil] : [nil, flight.owner]
        let ends = owners.compactMap { backoffs[Flight(resource: flight.resource, owner: $0)]?.until }
        return (ends.max() ?? 0).subtractingSaturated(now)
    }

    /// A fetch has failed. `chance` in 0..<1 is the jitter of the pause that follows; `cache` is that of the loop that
    /// owns the resource.
    public mutating func failed(
        _ flight: Flight, with problem: FetchProblem, cache: inout ResponseCache, chance: Double, now: UInt64
    ) -> [Action] {
        let waiters = complete(flight)
        guard let first = waiters.first else { return [] }
        // A failure with one key must not block requests with other keys.
        var isOfKey = problem.concern != .everyone
        var slowed: [Owner?] = []
        // If no request was sent upstream, upstream has not failed.
        if problem.hasAsked {
            forgetOldBackoffs(now: now)
            if problem.concern == .keyAtFirst {
                if hasFailedForAnother(flight.resource, than: first.owner, now: now) { isOfKey = false }
                lastFailed[flight.resource] = first.owner
            }
            slowed.append(isOfKey ? first.owner : nil)
            // The key's own record shows that this key failed, and outlasts the pause for everyone: a fetch with another
            // key that is in progress ends that pause if it succeeds.
            let othersMayEndIt = flights.keys.contains { $0.resource == flight.resource }
            if !isOfKey, problem.concern == .keyAtFirst || othersMayEndIt { slowed.append(first.owner) }
        }
        var until: UInt64 = 0
        for owner in slowed {
            let key = Flight(resource: flight.resource, owner: owner)
            var backoff = backoffs[key] ?? Backoff()
            backoff.failed(at: now, wish: problem.retryAfter, chance: chance)
            backoffs[key] = backoff
            until = max(until, backoff.until)
        }
        var notice = BackoffNotice(until: until, isOfKey: isOfKey)
        // It was not sent because of a pause that others have caused.
        if case .backingOff = problem, let (_, held) = obstacle(to: flight, for: first.owner, now: now) {
            notice = held
        }
        return settle(
            waiters, of: flight, for: isOfKey ? first.owner : nil, together: problem.concern == .keyAtFirst,
            cache: &cache, now: now
        ) { waiter, cache in
            .failure(
                problem,
                staleIfErrorCopy: cache.staleIfErrorCopy(
                    for: flight.resource, owner: waiter.owner, after: problem, now: now), notice)
        }
    }

    /// Whether another key has recently got a failing answer for the resource, with no success since.
    private func hasFailedForAnother(_ resource: Resource, than owner: Owner, now: UInt64) -> Bool {
        guard let other = lastFailed[resource], other != owner,
            let backoff = backoffs[Flight(resource: resource, owner: other)]
        else { return false }
        return !backoff.isForgotten(at: now)
    }

    /// The resources that are not requested from upstream at `now`, each with the remaining seconds.
    public func pauses(at now: UInt64) -> [BackoffReport] {
        backoffs.compactMap { flight, backoff in
            backoff.retryAfter(at: now).map { BackoffReport(resource: flight.resource.label, seconds: $0) }
        }
    }

    /// Drops the records of old failures whenever the number of records has doubled. Callers choose what fails, and so
    /// how many records there are. If too many remain, all are dropped, and each resource is requested once more.
    private mutating func forgetOldBackoffs(now: UInt64) {
        guard backoffs.count >= mostBackoffs else { return }
        backoffs = backoffs.filter { !$0.value.isForgotten(at: now) }
        if backoffs.count >= Self.backoffLimit { backoffs.removeAll() }
        lastFailed = lastFailed.filter { backoffs[Flight(resource: $0.key, owner: $0.value)] != nil }
        mostBackoffs = min(max(64, backoffs.count * 2), Self.backoffLimit)
    }

    /// The most failures that are remembered at once.
    private static let backoffLimit = 1024

    /// Notifies the waiters of `owner` of the outcome, which is theirs alone, or all if it is nil. The others continue
    /// separately.
    /// While they waited, another fetch may have brought their response or failed, so they are looked up as if they
    /// had just arrived. With `together` they wait for one next fetch again; otherwise all of them would request from
    /// a failing upstream at once.
    private mutating func settle(
        _ waiters: [Waiter], of flight: Flight, for owner: Owner?, together: Bool = false, cache: inout ResponseCache,
        now: UInt64, with outcome: (Waiter, inout ResponseCache) -> Outcome
    ) -> [Action] {
        var actions: [Action] = []
        for (index, waiter) in waiters.enumerated() {
            if owner == nil || waiter.owner == owner {
                actions.append(.reply(waiter, outcome(waiter, &cache), collapsed: index > 0))
            } else {
                let next =
                    together
                    ? self.flight(to: flight.resource, for: waiter.owner)
                    : joinable(flight.resource, waiter.owner)
                if let action = seek(next, for: waiter, cache: &cache, now: now) { actions.append(action) }
            }
        }
        return actions
    }
}
