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

/// The lists of earlier times, which one loop builds for all, one at a time. They are kept in its cache as entries, so
/// they count there and are evicted. `PastListQueue` decides which one is next.
final class PastLists {
    private let loop: Loop
    private let peers: Peers
    private let cache: LoopCache
    private var queue = PastListQueue<Dispatcher.Waiter>()
    /// The lists that are in use, by the time at which they began: times between two changes share one.
    private var lists: [Int64: WeakSnapshot] = [:]
    unowned var delegate: (any PastListsDelegate)?
    /// The time before which nothing more will be recorded, in seconds since 1970. What was recorded is in the store.
    var settledUntil: () -> Int64 = { .min }
    /// The same when the read under way began. What was recorded since then may be missing from what it brings.
    private var readUntil = Int64.min

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
        load(queue.add(waiter, for: time, at: loop.nowMilliseconds), database)
    }

    private func load(_ time: Int64?, _ database: HistoryDatabase) {
        guard let time else { return }
        readUntil = settledUntil()
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
        guard queue.isAwaited(time) else { return load(queue.ended(), database) }
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
            case .found(.before(let beginning)): fail(.min...time, Self.before(beginning))
            // This is so for all times.
            case .none: fail(.min ... .max, Self.notBegun)
            case .unavailable: fail(.min ... .max, Self.unavailable)
            case .damaged:
                database.reportDamage()
                fail(.min ... .max, Self.unavailable)
            }
            load(queue.ended(), database)
        }
    }

    /// A list was built for a time. It is that of all times since it began.
    private func finish(_ time: Int64, _ list: PastList) {
        lists[list.since] = WeakSnapshot(snapshot: list.catalogue)
        for (time, waiters) in queue.take(min(list.since, time)...time) {
            let entry = entry(of: time, list)
            cache.keep(entry, for: .past(time), owner: .nobody)
            for (position, waiter) in waiters.enumerated() {
                delegate?.reply(waiter, .entry(entry, isNew: false), collapsed: position > 0)
            }
        }
    }

    private func entry(of time: Int64, _ list: PastList) -> Entry {
        // A later list may still change.
        let lifetime = time < readUntil ? Self.lifetime : 0
        return Entry(
            content: .rows(list.catalogue, nil),
            freshness: Freshness(storedAt: loop.nowMilliseconds, lifetime: lifetime),
            maxAge: Int(lifetime / 1000), isShared: true, status: .ok, contentType: ResponseFields.json,
            identity: list.catalogue.identity, lastModified: list.since)
    }

    private func fail(_ times: ClosedRange<Int64>, _ problem: Problem) {
        for (_, waiters) in queue.take(times) {
            for waiter in waiters { refuse(waiter, problem) }
        }
    }

    /// The periodic work: answers those that have waited for too long.
    func sweep() {
        for waiter in queue.takeLate(at: loop.nowMilliseconds) { refuse(waiter, Self.unavailable) }
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
    func close() { queue = PastListQueue() }
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

    /// What has a waiter, in no order.
    var keys: [Key] { Array(groups.keys) }

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
