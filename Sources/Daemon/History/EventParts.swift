import EventLoop
import History
import Persistence

/// The pages that the followers of a loop wait for. Many followers want the same page at the same time, when something
/// was stored: it is read and written once for all of them.
final class EventParts {
    private let loop: Loop
    private let peers: Peers
    private var waiting = HistoryWaiting<Key, (HistoryResult<EventPart>) -> Void>()
    /// How often this loop has heard that something was stored.
    private var newsCount: UInt64 = 0

    /// What a follower waits for.
    struct Key: Hashable, Sendable {
        let query: EventQuery
        /// A read that began before something was stored is not for those that have heard of it since.
        let newsCount: UInt64
    }

    /// Without followers that wait.
    init(on loop: Loop, peers: Peers) {
        self.loop = loop
        self.peers = peers
    }

    /// Something was stored.
    func heard() { newsCount += 1 }

    /// Reads a page, and writes its events. A store that does not answer in time is `unavailable`.
    func read(
        _ query: EventQuery, in database: HistoryDatabase, _ done: @escaping (HistoryResult<EventPart>) -> Void
    ) {
        let key = Key(query: query, newsCount: newsCount)
        guard waiting.add(done, for: key, at: loop.nowMilliseconds) else { return }
        let sendBack = peers.sendBack
        database.readEvents(query) { sendBack(.history(.partRead(key, $0))) }
    }

    /// A page was read. Its events are written on the thread pool, since many take milliseconds.
    func received(_ page: HistoryResult<HistoryPage>, for key: Key) {
        guard waiting.isAwaited(key) else { return }
        loop.offload {
            page.written
        } then: { [self] (part: HistoryResult<EventPart>) in
            for done in waiting.take(key) { done(part) }
        }
    }

    /// The periodic work: answers those that have waited for too long.
    func sweep() { for done in waiting.takeLate(at: loop.nowMilliseconds) { done(.unavailable) } }

    /// Forgets those that wait.
    func close() { waiting = HistoryWaiting() }
}

extension HistoryResult<HistoryPage> {
    /// The page with its events written. Not on a loop.
    fileprivate var written: HistoryResult<EventPart> {
        switch self {
        case .found(let page): .found(EventPart(page.page))
        case .none: .none
        case .unavailable: .unavailable
        case .damaged: .damaged
        }
    }
}
