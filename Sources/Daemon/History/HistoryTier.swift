import Bytes
import EventLoop
import HTTPCore
import History
import Logging
import Metrics
import Persistence
import Serving
import Store

/// A loop's side of the history of the catalogue: the loop that owns the catalogue's fetches records, every loop reads.
final class HistoryTier {
    private let loop: Loop
    private let peers: Peers
    private let telemetry: Telemetry
    /// Nil if nothing outlives the process.
    private let database: HistoryDatabase?
    /// In seconds; nil if nothing is recorded.
    private var keep: Int64?
    private var recorder = HistoryRecorder()
    private var recording = RecordingClock()
    private var pruned: UInt64
    private var pruning: PruningClock?
    private var asked = HistoryWaiting<UInt64, (HistoryReply) -> Void>()
    private var lastTicket: UInt64 = 0
    private var followers: [EventFollower] = []
    /// The pages of followers.
    let parts: EventParts
    /// Lists of earlier times.
    let past: PastLists
    /// What was recorded since the process began; only on the loop that records.
    private(set) var counts = HistoryCounts()

    /// How often old changes are removed, in milliseconds. Never at the start: the clock of a machine that has just been
    /// switched on may be wrong.
    private static let pruningPeriod: UInt64 = 600_000

    /// The history in a store, on one loop.
    init(
        _ database: HistoryDatabase?, keep: Int64?, on loop: Loop, peers: Peers, cache: LoopCache, telemetry: Telemetry
    ) {
        self.database = database
        self.keep = keep
        self.loop = loop
        self.peers = peers
        self.telemetry = telemetry
        pruned = loop.nowMilliseconds
        parts = EventParts(on: loop, peers: peers)
        past = PastLists(on: loop, peers: peers, cache: cache)
        past.settledUntil = { [unowned self] in settledUntil }
    }

    /// The history, if one is kept.
    private var kept: HistoryDatabase? { keep == nil ? nil : database }

    /// Applies changed settings.
    func take(_ settings: ShardSettings) {
        if keep == nil, settings.historyKeep != nil { recorder.lost() }
        keep = settings.historyKeep
    }

    /// A message has arrived.
    func receive(_ message: HistoryMessage) {
        switch message {
        case .latestRead(let answer): restore(answer)
        case .stored(let time, let news?):
            recorder.stored(time)
            counts.add(news)
            peers.sendToOthers(.history(.news(news)))
            heard(news)
        case .stored(let time, nil): recorder.notStored(time)
        case .news(let news): heard(news)
        case .listRead(let time, let answer): if let database { past.read(time, answer, database) }
        case .pageRead(let ticket, let result): for done in asked.take(ticket) { done(.page(result)) }
        case .partRead(let key, let result): parts.received(result, for: key)
        case .modelRead(let ticket, let answer): for done in asked.take(ticket) { done(.model(answer)) }
        }
    }

    // MARK: Recording

    /// A catalogue came from upstream, or was confirmed. It is recorded if everyone shares it.
    func fetched(_ entry: Entry) {
        guard kept != nil, entry.isShared, case .rows(let catalogue, _) = entry.content else { return }
        let (now, wallSeconds) = (loop.nowMilliseconds, loop.wallSeconds)
        _ = pruning?.isBelieved(at: now, wallSeconds: wallSeconds)
        let lead = entry.metadata.clockLead
        switch recording.judge(lead: lead, at: now) {
        case .record: perform(recorder.fetched(catalogue, at: wallSeconds))
        case .wait(let isNew):
            guard isNew, let lead else { return }
            telemetry.log.event(
                .clockWrong,
                """
                this machine's clock is \(lead.magnitude) s \(lead > 0 ? "ahead of" : "behind") upstream's: changes of \
                the catalogue are recorded once they agree, or after an hour
                """)
        }
    }

    private func perform(_ action: HistoryRecorder.Action) {
        guard let database else { return }
        switch action {
        case .none: break
        case .load:
            let sendBack = peers.sendBack
            database.readLatest { sendBack(.history(.latestRead($0))) }
        case .record(let fetched, let journal): record(fetched, journal, database)
        }
    }

    private func restore(_ answer: HistoryAnswer) {
        guard let database else { return }
        let (seal, now) = (database.seal, loop.wallSeconds)
        switch answer {
        case .unavailable: perform(recorder.loaded(nil))
        case .none: perform(recorder.loaded(HistoryJournal(seal, now: now)))
        case .found(let stored):
            loop.offload {
                HistoryJournal(stored, seal)
            } then: { [self] journal in
                if let journal { counts.span = journal.span } else { database.reportDamage() }
                perform(recorder.loaded(journal))
            }
        }
    }

    /// Compares and seals on the thread pool, since it takes up to some milliseconds.
    private func record(
        _ fetched: HistoryRecorder.FetchedCatalogue, _ journal: HistoryJournal, _ database: HistoryDatabase
    ) {
        let (now, wallSeconds) = (loop.nowMilliseconds, loop.wallSeconds)
        var clock = pruning ?? PruningClock(latest: journal.span?.latest ?? wallSeconds, at: now)
        let isDue = clock.isBelieved(at: now, wallSeconds: wallSeconds) && now >= pruned + Self.pruningPeriod
        pruning = clock
        if isDue { pruned = now }
        let keep = isDue ? keep : nil
        if let latest = journal.span?.latest, recording.isNewlyBehind(latest: latest, time: fetched.time) {
            telemetry.log.event(
                .clockWrong,
                """
                this machine's clock is behind the history: changes of the catalogue are dated \
                \(Instant(seconds: latest).text) until it gets there
                """)
        }
        loop.offload { () -> (HistoryJournal, HistoryAddition?) in
            var journal = journal
            let result = journal.record(fetched.catalogue, at: fetched.time, keep: keep)
            return (journal, result)
        } then: { [self] (journal: HistoryJournal, result: HistoryAddition?) in
            if let result {
                let (sendBack, time, news) = (peers.sendBack, fetched.time, HistoryNews(result))
                database.append(result.batch) { sendBack(.history(.stored(time, $0 ? news : nil))) }
            }
            perform(recorder.recorded(journal, addsBatch: result != nil))
        }
    }

    /// What the history has; nil on a loop that does not record, and if no history is kept.
    var report: HistoryReport? {
        guard kept != nil, peers.owner(of: .catalog) == peers.index else { return nil }
        return HistoryReport(
            changes: ChangeKind.allCases.map {
                HistoryReport.Count(kind: $0.rawValue, count: UInt64(counts.kinds[$0] ?? 0))
            }, began: counts.span?.beginning)
    }

    private func heard(_ news: HistoryNews) {
        counts.span = news.span
        parts.heard()
        for follower in followers { follower.news() }
    }

    // MARK: Lists of earlier times

    /// A request on some loop needs the list of a time.
    func wanted(_ time: Int64, by waiter: Dispatcher.Waiter) {
        guard let kept else { return past.refuse(waiter, Self.notKept) }
        past.wanted(time, by: waiter, kept)
    }

    /// The time before which nothing more will be recorded, in seconds since 1970: neither what waits to be recorded or
    /// stored, nor what is fetched from now on.
    private var settledUntil: Int64 { min(recorder.firstPending ?? .max, loop.wallSeconds - 1) }

    // MARK: Reading

    /// Why there is no history.
    static let notKept = Problem(
        .notFound, "no history is kept: there is no state directory, or history.enabled is false", detail: .badRequest)

    private func ask(_ done: @escaping (HistoryReply) -> Void) -> UInt64 {
        lastTicket += 1
        _ = asked.add(done, for: lastTicket, at: loop.nowMilliseconds)
        return lastTicket
    }

    /// Reads a page of changes. A store that does not answer in time is `unavailable`. False if no history is kept.
    func read(_ query: EventQuery, _ done: @escaping (HistoryResult<HistoryPage>) -> Void) -> Bool {
        guard let kept else { return false }
        let ticket = ask { reply in
            switch reply {
            case .page(let result): done(result)
            case .late: done(.unavailable)
            case .model: break
            }
        }
        let sendBack = peers.sendBack
        kept.readEvents(query) { sendBack(.history(.pageRead(ticket, $0))) }
        return true
    }

    /// Reads the history of a model; one that was never there has no points. A store that does not answer in time is
    /// `unavailable`. False if no history is kept.
    func read(model id: String, _ done: @escaping (HistoryResult<ModelHistory>) -> Void) -> Bool {
        guard let kept else { return false }
        let (sendBack, seal) = (peers.sendBack, kept.seal)
        let ticket = ask { [loop] reply in
            switch reply {
            case .model(let answer):
                loop.offload {
                    HistoryResult(answer) { ModelHistory(id: id, $0, seal) }
                } then: { result in
                    if case .damaged = result { kept.reportDamage() }
                    done(result)
                }
            case .late: done(.unavailable)
            case .page: break
            }
        }
        kept.readModel(id) { sendBack(.history(.modelRead(ticket, $0))) }
        return true
    }

    /// The name of the history in the ids of its feed; nil if no history is kept.
    var name: String? { kept?.seal.name }

    // MARK: Followers

    /// The most followers of one loop.
    private static let mostFollowers = 64

    /// Reads the next page of a follower, as `EventParts.read` does. False if no history is kept.
    func readPart(_ query: EventQuery, _ done: @escaping (HistoryResult<EventPart>) -> Void) -> Bool {
        guard let kept else { return false }
        parts.read(query, in: kept, done)
        return true
    }

    /// Adds a follower. False if there are too many.
    func add(_ follower: EventFollower) -> Bool {
        guard followers.count < Self.mostFollowers else { return false }
        followers.append(follower)
        return true
    }

    /// A follower has gone.
    func remove(_ follower: EventFollower) { followers.removeAll { $0 === follower } }

    /// The periodic work.
    func sweep() {
        let now = loop.nowMilliseconds
        for done in asked.takeLate(at: now) { done(.late) }
        parts.sweep()
        past.sweep()
        for follower in followers { follower.tick(now: now) }
    }

    /// Forgets those that wait, so that the loop can end.
    func close() {
        asked = HistoryWaiting()
        parts.close()
        followers = []
        past.close()
    }
}

/// What comes of a read that a request waits for.
private enum HistoryReply {
    case page(HistoryResult<HistoryPage>)
    case model(HistoryAnswer)
    /// The store has not answered in time.
    case late
}

/// What was recorded since the process began.
struct HistoryCounts {
    private(set) var kinds: [ChangeKind: Int] = [:]
    /// What the history covers, if that is known.
    var span: HistorySpan?

    mutating func add(_ news: HistoryNews) {
        kinds.merge(news.counts, uniquingKeysWith: +)
    }
}

/// The messages about the history of the catalogue.
enum HistoryMessage: Sendable {
    /// From the store, to the loop that owns the catalogue: what is stored.
    case latestRead(HistoryAnswer)
    /// From the store, to the same loop: whether the batch of a catalogue that was fetched at a time was stored.
    case stored(Int64, HistoryNews?)
    /// To all loops: something was stored.
    case news(HistoryNews)
    /// From the store, to the same loop: the list of a time.
    case listRead(Int64, HistoryAnswer)
    /// From the store, to the loop that asked: a page of changes.
    case pageRead(UInt64, HistoryResult<HistoryPage>)
    /// From the store, to the loop that asked: a page for followers.
    case partRead(EventParts.Key, HistoryResult<HistoryPage>)
    /// From the store, to the loop that asked: the rows of a model.
    case modelRead(UInt64, HistoryAnswer)
}

/// What was stored with a catalogue.
struct HistoryNews: Sendable {
    /// What the history covers now.
    let span: HistorySpan
    /// How many changes of each kind there were.
    let counts: [ChangeKind: Int]

    /// What a recorded catalogue added.
    init(_ addition: HistoryAddition) {
        span = addition.span
        counts = Dictionary(grouping: addition.events, by: \.kind).mapValues(\.count)
    }
}
