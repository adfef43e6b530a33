import Bytes
import Caching
import HTTPCore

@testable import Serving

/// A dispatcher with its cache and a clock, which puts actions into words.
struct DispatcherHarness {
    var dispatcher = Dispatcher()
    var cache = ResponseCache(maximumBytes: 1 << 20)
    /// Milliseconds.
    var now: UInt64 = 1_000_000

    /// Someone asks. The next ones get the next tickets.
    mutating func want(
        _ resource: Resource = .catalog, _ ticket: UInt64, as owner: Owner = .nobody, directive: CacheDirective = .any,
        isRefresh: Bool = false, forbidsStoring: Bool = false
    ) -> String {
        let waiter = Dispatcher.Waiter(
            loop: 0, ticket: ticket, owner: owner, authorization: nil, directive: directive, isRefresh: isRefresh,
            forbidsStoring: forbidsStoring)
        let action = dispatcher.wanted(resource, by: waiter, cache: &cache, now: now)
        return action.map { Self.text($0) } ?? "waits"
    }

    /// A response comes. It is stored for the owner who got it, unless it has no lifetime. `serial` is the number of a fetch
    /// that began after a purge.
    mutating func complete(
        _ resource: Resource = .catalog, for owner: Owner? = nil, serial: UInt64 = 0, storedFor storing: Owner? = nil,
        with entry: Entry
    ) -> [String] {
        if entry.freshness.isFresh(at: now) { cache.store(entry, for: resource, owner: storing ?? owner ?? .nobody) }
        let flight = Dispatcher.Flight(resource: resource, owner: owner, serial: serial)
        return dispatcher.completed(flight, with: entry, cache: &cache, now: now).map { Self.text($0) }
    }

    /// A fetch fails.
    mutating func fail(
        _ resource: Resource = .catalog, for owner: Owner? = nil, with problem: FetchProblem, chance: Double = 0
    ) -> [String] {
        let flight = Dispatcher.Flight(resource: resource, owner: owner)
        return dispatcher.failed(flight, with: problem, cache: &cache, chance: chance, now: now).map { Self.text($0) }
    }

    /// The fetch of that number which nobody may join fails.
    mutating func failAlone(
        _ resource: Resource, _ serial: UInt64, for owner: Owner, with problem: FetchProblem
    ) -> [String] {
        let flight = Dispatcher.Flight(resource: resource, owner: owner, serial: serial)
        return dispatcher.failed(flight, with: problem, cache: &cache, chance: 0, now: now).map { Self.text($0) }
    }

    /// An entry that is fresh for a minute from now on.
    func entry(_ content: Entry.Content? = nil, isShared: Bool = true, status: Status = .ok) -> Entry {
        .make(
            content ?? .body(.empty), storedAt: now, lifetime: 60_000, isShared: isShared, status: status)
    }

    /// What a fetch from before a purge has brought: it is stored by nobody.
    func void(isShared: Bool = true) -> Entry {
        .make(.body(.empty), storedAt: now, lifetime: 0, isShared: isShared, status: .ok)
    }

    /// One key's refusal, which is remembered for five seconds from now on.
    func refusal(_ status: Status) -> Entry { .refusal(status, storedAt: now) }

    /// A 429 that is relayed.
    static func tooMany(retryAfter: Int? = nil) -> FetchProblem {
        .relayed(.tooManyRequests, contentType: [], body: .empty, retryAfter: retryAfter)
    }

    private static func text(_ action: Dispatcher.Action) -> String {
        switch action {
        case .start(let flight, let waiter): "\(waiter.ticket) starts for \(name(flight.owner))"
        case .reply(let waiter, .entry(let entry, let isNew), let collapsed):
            "\(waiter.ticket) gets \(entry.status.rawValue)" + (isNew ? ", new" : "") + (collapsed ? ", collapsed" : "")
        case .reply(let waiter, .failure(let problem, let staleIfErrorCopy, _), let collapsed):
            "\(waiter.ticket) fails: \(problem.problem.detail)"
                + (problem.retryAfter.map { " for \($0) s" } ?? "")
                + (staleIfErrorCopy == nil ? "" : ", has a stale copy")
                + (collapsed ? ", collapsed" : "")
        }
    }

    private static func name(_ owner: Owner?) -> String {
        switch owner {
        case nil: "all"
        case .some(.alice): "alice"
        case .some(.bob): "bob"
        case .some(.nobody): "nobody"
        case .some: "another"
        }
    }
}
