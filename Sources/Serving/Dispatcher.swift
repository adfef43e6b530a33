public import Bytes
public import Caching
public import Catalog
import HTTPCore

/// Decides when upstream is asked, for the resources that one loop leads: one fetch for each, however many wait for it on
/// however many loops.
///
/// It does nothing itself: each call returns what is to be done. Whether a response may be shared is known only when it
/// comes, so callers with different keys first wait for one fetch together; if its answer turns out to be one key's own,
/// the others go on with fetches of their own, and the next time nobody waits in vain, since how upstream shares is
/// remembered for each kind of resource.
public struct Dispatcher {
    /// One who waits: a request, or all requests of one loop for the same thing.
    public struct Party: Sendable {
        /// The loop to tell.
        public let loop: Int
        /// What that loop knows its waiting requests by.
        public let ticket: UInt64
        /// Whose the request is.
        public let owner: Owner
        /// The value of `Authorization` to present upstream; it is gone when the flight has landed.
        public let authorization: SharedBytes?
        /// What it asks of the cache.
        public let demand: Demand
        /// The list that a facet is read beside, so that it need not keep the rows which that list has.
        public let list: ModelList?
        /// Whether it has been answered with a stale copy already: only a newer one is of use to it.
        public let isRefresh: Bool

        /// A party that is told under `ticket` on `loop`.
        public init(
            loop: Int, ticket: UInt64, owner: Owner, authorization: SharedBytes?, demand: Demand,
            list: ModelList? = nil, isRefresh: Bool = false
        ) {
            self.loop = loop
            self.ticket = ticket
            self.owner = owner
            self.authorization = authorization
            self.demand = demand
            self.list = list
            self.isRefresh = isRefresh
        }
    }

    /// What a fetch is known by. `owner` is nil while callers of all keys wait for it together.
    public struct Flight: Hashable, Sendable {
        /// What is fetched.
        public let resource: Resource
        /// With whose key alone.
        public let owner: Owner?
    }

    /// What is to be done.
    public enum Action {
        /// Tell this party.
        case reply(Party, Outcome, collapsed: Bool)
        /// Ask upstream with this party's key, and report with `landed`.
        case start(Flight, as: Party)
    }

    /// How a fetch can end for those who wait.
    public enum Outcome: Sendable {
        /// With a response; `isNew` tells that upstream was asked for it just now.
        case entry(Entry, isNew: Bool)
        /// Without one. `spare` is the copy that may be served instead; `leftAloneUntil` is when upstream may be asked again.
        case failure(FetchProblem, spare: Entry?, leftAloneUntil: UInt64)
    }

    private var flights = FlightTable<Flight, Party>()
    private var backoffs: [Flight: Backoff] = [:]
    private var mostBackoffs = 64
    private var personal: Set<Resource.Kind> = Set(Resource.Kind.allCases.filter(\.isPersonal))

    /// Nothing under way.
    public init() {}

    /// The number of fetches under way.
    var flightCount: Int { flights.count }

    /// The number of failures that are remembered.
    var rememberedFailures: Int { backoffs.count }

    /// Someone wants a resource. `cache` is that of the loop that leads it, which may have what another loop's has not.
    public mutating func wanted(
        _ resource: Resource, by party: Party, cache: inout ResponseCache, now: UInt64
    ) -> Action? {
        seek(flight(to: resource, for: party.owner), for: party, cache: &cache, now: now)
    }

    /// The fetch to wait for: one that bears the owner's own key, if any is under way, so that upstream is never asked twice
    /// at a time with one key; else as upstream shared this kind of resource so far.
    private func flight(to resource: Resource, for owner: Owner) -> Flight {
        let own = Flight(resource: resource, owner: owner)
        let common = Flight(resource: resource, owner: nil)
        if flights.isUnderWay(own) { return own }
        if flights.first(of: common)?.owner == owner { return common }
        return personal.contains(resource.kind) ? own : common
    }

    /// Answers a party from what is stored, or has it wait for `flight`, or tells it why not.
    private mutating func seek(
        _ flight: Flight, for party: Party, cache: inout ResponseCache, now: UInt64
    ) -> Action? {
        let stored = cache.entry(for: flight.resource, owner: party.owner)
        let windows = party.isRefresh ? .none : cache.windows
        switch Decision(stored: stored?.freshness, demand: party.demand, windows: windows, now: now) {
        case .hit, .stale, .staleOnError:
            guard let stored else { preconditionFailure("a hit on nothing") }
            return .reply(party, .entry(stored, isNew: false), collapsed: false)
        case .unsatisfiable:
            return .reply(party, .failure(.onlyIfCached, spare: nil, leftAloneUntil: 0), collapsed: false)
        case .fetch:
            guard let (problem, until) = obstacle(to: flight, for: party.owner, now: now) else {
                return flights.board(party, for: flight) ? .start(flight, as: party) : nil
            }
            let spare = cache.spare(for: flight.resource, owner: party.owner, after: problem, now: now)
            return .reply(party, .failure(problem, spare: spare, leftAloneUntil: until), collapsed: false)
        }
    }

    /// Why nobody is to wait for `flight` now, and until when upstream is left alone.
    private func obstacle(to flight: Flight, for owner: Owner, now: UInt64) -> (FetchProblem, until: UInt64)? {
        for concern in [nil, owner] {
            let backoff = backoffs[Flight(resource: flight.resource, owner: concern)]
            guard let backoff, let seconds = backoff.retryAfter(at: now) else { continue }
            return (.backingOff(seconds: seconds, isAboutKey: concern != nil), backoff.until)
        }
        return flights.count >= Self.mostFlights && !flights.isUnderWay(flight) ? (.busy, 0) : nil
    }

    /// The most fetches under way at once. A caller who leaves does not end the fetch that it caused, so without a bound those
    /// who ask a slow upstream for ever new things could use up memory and descriptors.
    public static let mostFlights = 1024

    /// A fetch has brought a response, which the caller has stored if its lifetime is not zero. `cache` is that of the loop
    /// that leads.
    public mutating func landed(
        _ flight: Flight, with entry: Entry, cache: inout ResponseCache, now: UInt64
    ) -> [Action] {
        backoffs[flight] = nil
        let parties = flights.land(flight)
        guard let first = parties.first else { return [] }
        backoffs[Flight(resource: flight.resource, owner: first.owner)] = nil
        if entry.status == .ok, !flight.resource.isPersonal {
            if entry.isShared { personal.remove(flight.resource.kind) } else { personal.insert(flight.resource.kind) }
        }
        return settle(parties, of: flight, isForAll: entry.isShared, cache: &cache, now: now) { _, _ in
            .entry(entry, isNew: true)
        }
    }

    /// A fetch has failed. `chance` in 0..<1 is the jitter of the pause that follows; `cache` is that of the loop that leads.
    public mutating func failed(
        _ flight: Flight, with problem: FetchProblem, cache: inout ResponseCache, chance: Double, now: UInt64
    ) -> [Action] {
        let parties = flights.land(flight)
        guard let first = parties.first else { return [] }
        // What upstream holds against one key must not keep the others from asking.
        let slowed = problem.isAboutKey ? Flight(resource: flight.resource, owner: first.owner) : flight
        forgetOldBackoffs(now: now)
        var backoff = backoffs[slowed] ?? Backoff()
        backoff.failed(at: now, wish: problem.retryAfter, chance: chance)
        backoffs[slowed] = backoff
        return settle(parties, of: flight, isForAll: !problem.isAboutKey, cache: &cache, now: now) { party, cache in
            .failure(
                problem, spare: cache.spare(for: flight.resource, owner: party.owner, after: problem, now: now),
                leftAloneUntil: backoff.until)
        }
    }

    /// The resources that upstream is not asked for at `now`, and for how many seconds more.
    public func pauses(at now: UInt64) -> [MetricsReport.BackingOff] {
        backoffs.compactMap { flight, backoff in
            backoff.retryAfter(at: now).map { MetricsReport.BackingOff(resource: flight.resource.label, seconds: $0) }
        }
    }

    /// Drops the records of failures long past, whenever there are twice as many records as the last time. Callers choose
    /// what fails, and so how many records there are: where too many are left, all go, and upstream is asked once more for
    /// each of them.
    private mutating func forgetOldBackoffs(now: UInt64) {
        guard backoffs.count >= mostBackoffs else { return }
        backoffs = backoffs.filter { !$0.value.isForgotten(at: now) }
        if backoffs.count >= Self.backoffLimit { backoffs.removeAll() }
        mostBackoffs = min(max(64, backoffs.count * 2), Self.backoffLimit)
    }

    /// The most failures that are remembered at once.
    private static let backoffLimit = 1024

    /// Tells all whom the outcome concerns. Those with other keys than the one it belongs to go on by themselves: while they
    /// waited, another fetch may have brought what is theirs, or have failed, so it is looked up as if they came only now.
    private mutating func settle(
        _ parties: [Party], of flight: Flight, isForAll: Bool, cache: inout ResponseCache, now: UInt64,
        with outcome: (Party, inout ResponseCache) -> Outcome
    ) -> [Action] {
        var actions: [Action] = []
        for (index, party) in parties.enumerated() {
            if isForAll || party.owner == parties[0].owner {
                actions.append(.reply(party, outcome(party, &cache), collapsed: index > 0))
            } else {
                let own = Flight(resource: flight.resource, owner: party.owner)
                if let action = seek(own, for: party, cache: &cache, now: now) { actions.append(action) }
            }
        }
        return actions
    }
}
