import Bytes
import Caching
import Catalog
import EventLoop
import Fetching
import HTTPCore
import Persistence
import Serving
import Store

/// What brings the lists of earlier times needs of the loop.
protocol PastListsDelegate: AnyObject {
    /// Notifies a waiter, on this loop or on another.
    func reply(_ waiter: Dispatcher.Waiter, _ outcome: Dispatcher.Outcome, collapsed: Bool)
}

/// The lists of earlier times, which one loop builds for all. They are kept in its cache as entries, so they count there and
/// are evicted.
final class PastLists {
    private let loop: Loop
    private let peers: Peers
    private let cache: LoopCache
    private var waiting = HistoryWaiting<Int64, Dispatcher.Waiter>()
    /// The lists that are in use, by the time at which they began: times between two changes share one.
    private var lists: [Int64: WeakSnapshot] = [:]
    unowned var delegate: (any PastListsDelegate)?

    private struct WeakSnapshot {
        weak var snapshot: Snapshot?
    }

    /// How long a list is fresh, in milliseconds. It does not change, but it may be removed.
    private static let lifetime: UInt64 = 3_600_000

    /// No lists.
    init(on loop: Loop, peers: Peers, cache: LoopCache) {
        self.loop = loop
        self.peers = peers
        self.cache = cache
    }

    /// A request needs the list of a time.
    func wanted(_ time: Int64, by waiter: Dispatcher.Waiter, _ database: HistoryDatabase) {
        let stored = cache.responses.entry(for: .past(time), owner: .nobody)
        if let stored, stored.freshness.isFresh(at: loop.nowMilliseconds) {
            delegate?.reply(waiter, .entry(stored, isNew: false), collapsed: false)
            return
        }
        guard waiting.add(waiter, for: time, at: loop.nowMilliseconds) else { return }
        let sendBack = peers.sendBack
        database.readList(at: time) { sendBack(.history(.listRead(time, $0))) }
    }

    /// Answers a waiter that there is no such list.
    func refuse(_ waiter: Dispatcher.Waiter, _ problem: Problem) {
        delegate?.reply(
            waiter, .failure(.noHistory(problem), staleIfErrorCopy: nil, .none), collapsed: false)
    }

    /// The store has answered: build the list, on the thread pool, unless it is in use already.
    func read(_ time: Int64, _ answer: HistoryAnswer, _ database: HistoryDatabase) {
        lists = lists.filter { $0.value.snapshot != nil }
        guard waiting.isAwaited(time) else { return }
        let seal = database.seal
        var known: Snapshot?
        if case .found(let stored) = answer, let mark = stored.mark { known = lists[mark.at]?.snapshot }
        loop.offload { [known] in
            HistoryResult(answer) { stored -> PastList.Finding? in
                if let known, let mark = stored.mark, seal.isMark(mark, of: stored) {
                    return .list(PastList(catalogue: known, since: mark.at))
                }
                return PastList.read(stored, at: time, seal)
            }
        } then: { [self] result in
            switch result {
            case .found(.list(let list)): finish(time, list)
            case .found(.before(let beginning)): fail(time, Self.before(beginning))
            case .none: fail(time, Self.notBegun)
            case .unavailable: fail(time, Self.unavailable)
            case .damaged:
                database.reportDamage()
                fail(time, Self.unavailable)
            }
        }
    }

    private func finish(_ time: Int64, _ list: PastList) {
        lists[list.since] = WeakSnapshot(snapshot: list.catalogue)
        // The list of this very second may still change.
        let lifetime = time < loop.wallSeconds - 1 ? Self.lifetime : 0
        let entry = Entry(
            content: .rows(list.catalogue, nil),
            freshness: Freshness(storedAt: loop.nowMilliseconds, lifetime: lifetime),
            maxAge: Int(lifetime / 1000), isShared: true, status: .ok, contentType: ResponseFields.json,
            identity: list.catalogue.identity, lastModified: list.since)
        cache.keep(entry, for: .past(time), owner: .nobody)
        for (position, waiter) in waiting.take(time).enumerated() {
            delegate?.reply(waiter, .entry(entry, isNew: false), collapsed: position > 0)
        }
    }

    private func fail(_ time: Int64, _ problem: Problem) {
        for waiter in waiting.take(time) { refuse(waiter, problem) }
    }

    /// The periodic work: answers those that have waited for too long.
    func sweep() {
        for waiter in waiting.takeLate(at: loop.nowMilliseconds) { refuse(waiter, Self.unavailable) }
    }

    private static func before(_ beginning: Int64) -> Problem {
        Problem(
            .notFound, "the history begins at \(Instant(seconds: beginning).text): there is no earlier catalogue",
            detail: .badRequest)
    }

    private static let notBegun = Problem(
        .notFound, "the history has not begun: no catalogue was recorded yet", detail: .badRequest)

    /// The error while the history cannot be read.
    static let unavailable = Problem(
        .serviceUnavailable, "the history in the state directory cannot be read now", detail: .busy, retryAfter: 5)

    /// Forgets those that wait.
    func close() { waiting = HistoryWaiting() }
}

/// Those that wait for reads of the history, by what is read.
///
/// A store that another process has, or that is busy, may not answer for minutes. So a read is given up after a while, and
/// its waiters get an error. What it brings later has no waiters, unless the same was asked for again. It is
/// pure: times are in milliseconds of the monotonic clock.
struct HistoryWaiting<Key: Hashable, Waiter> {
    private struct Group {
        let since: UInt64
        var waiters: [Waiter]
    }

    /// How long a read may take.
    static var patience: UInt64 { 10_000 }

    private var groups: [Key: Group] = [:]

    /// Whether something has a waiter.
    func isAwaited(_ key: Key) -> Bool { groups[key] != nil }

    /// Adds a waiter for something. True if it is the first, so that it has to be read now.
    mutating func add(_ waiter: Waiter, for key: Key, at now: UInt64) -> Bool {
        guard groups[key] == nil else {
            groups[key]?.waiters.append(waiter)
            return false
        }
        groups[key] = Group(since: now, waiters: [waiter])
        return true
    }

    /// Something was read. Returns those that waited for it, in the order in which they came.
    mutating func take(_ key: Key) -> [Waiter] { groups.removeValue(forKey: key)?.waiters ?? [] }

    /// Returns those whose reads have taken too long. They are removed.
    mutating func takeLate(at now: UInt64) -> [Waiter] {
        let late = groups.filter { now >= $0.value.since + Self.patience }
        for key in late.keys { groups[key] = nil }
        return late.values.sorted { $0.since < $1.since }.flatMap(\.waiters)
    }
}
