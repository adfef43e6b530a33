import Bytes
package import Catalog
import CatalogJSON
import Digest
package import History
package import Store
import Threads

/// What a history needs of the store behind it.
///
/// Every method can be called on a loop. Replies come on the store's thread.
package protocol HistoryStorage: Sendable {
    /// Stores a batch. `reply` gets false if it does not continue what is stored. False if there is no room; then there is
    /// no reply.
    func append(_ batch: HistoryBatch, reply: @escaping @Sendable (Bool) -> Void) -> Bool

    /// Reads a part of the history `name`.
    func readHistory(_ name: String, _ read: HistoryRead, reply: @escaping @Sendable (HistoryAnswer) -> Void)

    /// Sets the database aside as damaged.
    func setAside(reason: String)
}

extension Store: HistoryStorage {}

/// The history of one upstream in the state directory.
///
/// Every method can be called on a loop. Replies come on the store's thread.
package final class HistoryDatabase: Sendable {
    private let store: any HistoryStorage
    /// The seals of its parts.
    package let seal: HistorySeal

    /// The history in a store, sealed with the directory's `secret`.
    package convenience init(_ store: any HistoryStorage, secret: [UInt8], upstream: String) {
        self.init(store, HistorySeal(upstream: upstream, sealer: Fingerprinter(secret: secret.span)))
    }

    /// The history in a store.
    init(_ store: any HistoryStorage, _ seal: HistorySeal) {
        self.store = store
        self.seal = seal
    }

    /// Stores a batch. `reply` gets false if it cannot be stored, or does not continue what is stored.
    package func append(_ batch: HistoryBatch, reply: @escaping @Sendable (Bool) -> Void) {
        if !store.append(batch, reply: reply) { reply(false) }
    }

    /// Something differs from what was written: the database is set aside as damaged.
    package func reportDamage() { store.setAside(reason: "the history failed verification") }

    /// Reads what a journal continues with.
    package func readLatest(reply: @escaping @Sendable (HistoryAnswer) -> Void) { read(.latest, reply: reply) }

    /// Reads the list of a time in seconds since 1970.
    package func readList(at time: Int64, reply: @escaping @Sendable (HistoryAnswer) -> Void) {
        read(.list(at: time), reply: reply)
    }

    /// Reads the rows of a model.
    package func readModel(_ id: String, reply: @escaping @Sendable (HistoryAnswer) -> Void) {
        read(.model(id), reply: reply)
    }

    /// Reads a part of this history as it is stored. One that only a later version can read is not damaged: it stays as
    /// it is, and is not available.
    func read(_ read: HistoryRead, reply: @escaping @Sendable (HistoryAnswer) -> Void) {
        store.readHistory(seal.upstream, read) { [seal] answer in
            if case .found(let history) = answer, seal.isUnknown(history) { return reply(.unavailable) }
            reply(answer)
        }
    }

    /// Reads the page of a query.
    package func readEvents(_ query: EventQuery, reply: @escaping @Sendable (HistoryResult<HistoryPage>) -> Void) {
        let reading = EventReading(query, seal)
        read(.events(reading.range, take: { reading.take($0) })) { [self] answer in
            let result = HistoryResult(answer) { reading.page($0) }
            if case .damaged = result { reportDamage() }
            reply(result)
        }
    }
}

/// What comes of reading a history.
package enum HistoryResult<Value: Sendable>: Sendable {
    case found(Value)
    /// There is no history yet.
    case none
    /// It cannot be read now.
    case unavailable
    /// It differs from what was written.
    case damaged

    /// `read` returns nil if something differs from what was written.
    package init(_ answer: HistoryAnswer, _ read: (StoredHistory) -> Value?) {
        switch answer {
        case .found(let history): self = read(history).map { .found($0) } ?? .damaged
        case .none: self = .none
        case .unavailable: self = .unavailable
        }
    }
}

/// A page of events, and what the history covers.
package struct HistoryPage: Sendable {
    package let page: EventPage
    package let span: HistorySpan
}

/// Takes the events that the store reads, on the store's thread.
private final class EventReading: Sendable {
    private struct State {
        var pager: EventPager
        /// The first and the last event that were read.
        var first: Int64?
        var last: Int64?
        /// Whether no further event was needed.
        var isFull = false
        var isDamaged = false
    }

    private let state: Mutex<State>
    private let seal: HistorySeal
    let range: HistoryEventRange

    init(_ query: EventQuery, _ seal: HistorySeal) {
        let pager = EventPager(query)
        var range = HistoryEventRange()
        range.after = pager.after
        range.from = pager.from
        range.until = pager.until
        range.isBackwards = pager.readsBackwards
        range.placeBefore = pager.placeBefore
        self.range = range
        self.seal = seal
        state = Mutex(State(pager: pager))
    }

    /// False if no further event is needed.
    func take(_ record: HistoryEventRecord) -> Bool {
        state.withLock { state in
            // Events are numbered without gaps, so one that got lost is noticed.
            let step: Int64 = range.isBackwards ? -1 : 1
            let event = seal.event(record)
            guard event != nil || seal.isSealed(record), state.last.map({ record.cursor == $0 + step }) ?? true else {
                state.isDamaged = true
                return false
            }
            state.first = state.first ?? record.cursor
            state.last = record.cursor
            // A later version wrote one of a kind that this one does not know.
            guard let event else { return true }
            state.isFull = !state.pager.take(event)
            return !state.isFull
        }
    }

    /// Whether the newest events are there: those that were read reach the last one in question, and that is the last of
    /// all unless the range ends before.
    private func isWhole(_ state: State, _ history: StoredHistory, _ stored: JournalState) -> Bool {
        let newest = range.isBackwards ? state.first : state.isFull ? nil : state.last
        if let newest, newest != history.lastEvent { return false }
        guard range.until == nil else { return true }
        guard let last = stored.lastCursor else { return history.lastEvent == 0 }
        let isExpected = last > (range.after ?? .min) && stored.lastEvent >= (range.from ?? .min)
        return history.lastEvent == last && (state.last != nil || !isExpected)
    }

    func page(_ history: StoredHistory) -> HistoryPage? {
        guard let stored = seal.state(history) else { return nil }
        return state.withLock { state in
            if state.isDamaged || !isWhole(state, history, stored) { return nil }
            return HistoryPage(
                page: state.pager.page(last: history.lastEvent),
                span: HistorySpan(beginning: stored.beginning, stored.counters))
        }
    }
}

/// The list of an earlier time.
package struct PastList: Sendable {
    /// The rows.
    package let catalogue: Snapshot
    /// Since when the list was so, in seconds since 1970.
    package let since: Int64

    /// A list that began at a time in seconds since 1970.
    package init(catalogue: Snapshot, since: Int64) {
        self.catalogue = catalogue
        self.since = since
    }

    /// What a time before the beginning of the history finds.
    package enum Finding: Sendable {
        case list(PastList)
        /// The history begins later, at this time.
        case before(beginning: Int64)
    }

    /// Checks what was read for a time, and builds the list. It takes milliseconds. Nil if something differs from what was
    /// written.
    package static func read(_ history: StoredHistory, at time: Int64, _ seal: HistorySeal) -> Finding? {
        guard let state = seal.state(history) else { return nil }
        if time < state.beginning { return .before(beginning: state.beginning) }
        var intervals: [RowInterval] = []
        var rows: [SharedBytes] = []
        for (stored, bytes) in history.intervals {
            guard let interval = seal.interval(stored), RowDigest(of: bytes.span) == interval.digest else { return nil }
            intervals.append(interval)
            if interval.position != nil { rows.append(bytes) }
            Throttle.pauseIfNeeded()
        }
        guard let mark = history.mark, seal.isMark(mark, of: intervals),
            let catalogue = try? CatalogReader.read(rows: rows)
        else { return nil }
        return .list(PastList(catalogue: catalogue, since: mark.at))
    }
}

extension ModelHistory {
    /// The history of a model whose rows were read. Nil if something differs from what was written.
    package init?(id: String, _ history: StoredHistory, _ seal: HistorySeal) {
        guard seal.state(history) != nil else { return nil }
        var rows: [Row] = []
        for (stored, bytes) in history.intervals {
            guard let interval = seal.interval(stored), RowDigest(of: bytes.span) == interval.digest else { return nil }
            rows.append(Row(from: interval.from, to: interval.to, bytes: bytes.span.copied()))
            Throttle.pauseIfNeeded()
        }
        self.init(id: id, rows: rows)
    }
}
