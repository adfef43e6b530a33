package import Catalog

/// Puts the steps of recording in order: the journal is read before the first catalogue is recorded in it, and catalogues
/// are recorded one after the other.
///
/// It does no I/O: each call returns what to do next. Only the loop that owns the catalogue's fetches has one.
package struct HistoryRecorder {
    /// A catalogue that a fetch brought, and when, in seconds since 1970.
    package struct FetchedCatalogue: Sendable {
        package let catalogue: Snapshot
        package let time: Int64
    }

    /// What to do next.
    package enum Action: Sendable {
        /// Read the journal, and report it with `loaded`.
        case load
        /// Record a catalogue in the journal, and report it with `recorded`.
        case record(FetchedCatalogue, HistoryJournal)
        case none
    }

    private enum State {
        /// What is stored is not known.
        case unknown
        case loading
        case ready(HistoryJournal)
        /// The catalogue of a time is being recorded. `isLost`: what is stored is not known any more.
        case recording(time: Int64, isLost: Bool)
    }

    private var state = State.unknown
    private var waiting: [FetchedCatalogue] = []
    /// The times of the catalogues that were recorded, and are on their way to the disk.
    private var unwritten: [Int64] = []

    /// The most catalogues that wait. Fetches are minutes apart, so more can only wait for a slow disk.
    package static let mostWaiting = 8

    /// Nothing is known yet.
    package init() {}

    /// A fetch brought a catalogue. A confirmation of the same one counts too: it confirms that rows are missing.
    package mutating func fetched(_ catalogue: Snapshot, at time: Int64) -> Action {
        if case .ready(let journal) = state, journal.isSettled(with: catalogue) { return .none }
        // The earlier ones show more of what happened than the later ones.
        if waiting.count < Self.mostWaiting { waiting.append(FetchedCatalogue(catalogue: catalogue, time: time)) }
        return next()
    }

    /// The journal was read; nil if it cannot be read now. What waits is then given up: the next catalogue shows what is
    /// different.
    package mutating func loaded(_ journal: HistoryJournal?) -> Action {
        guard case .loading = state else { return .none }
        guard let journal else {
            state = .unknown
            waiting = []
            return .none
        }
        state = .ready(journal)
        return next()
    }

    /// The time of the first catalogue that is not stored yet, in seconds since 1970; nil if all are. The lists from
    /// then on may still change.
    package var firstPending: Int64? {
        var times = waiting.map(\.time) + unwritten
        if case .recording(let time, _) = state { times.append(time) }
        return times.min()
    }

    /// A catalogue was recorded in the journal. `addsBatch`: it adds something, which is on its way to the disk. Report
    /// what becomes of it with `stored` or `notStored`.
    package mutating func recorded(_ journal: HistoryJournal, addsBatch: Bool = false) -> Action {
        guard case .recording(let time, let isLost) = state else { return .none }
        if addsBatch { unwritten.append(time) }
        state = isLost || journal.isToBeReadAgain ? .unknown : .ready(journal)
        return next()
    }

    /// What the catalogue of a time adds is stored, and with it all before: they are written in order.
    package mutating func stored(_ time: Int64) {
        if let index = unwritten.firstIndex(of: time) { unwritten.removeSubrange(...index) }
    }

    /// What the catalogue of a time adds was not stored.
    package mutating func notStored(_ time: Int64) {
        if let index = unwritten.firstIndex(of: time) { unwritten.remove(at: index) }
        lost()
    }

    /// A batch was not stored, so the journal is not what is stored.
    package mutating func lost() {
        switch state {
        case .ready: state = .unknown
        case .recording(let time, _): state = .recording(time: time, isLost: true)
        case .unknown, .loading: break
        }
    }

    private mutating func next() -> Action {
        guard let first = waiting.first else { return .none }
        switch state {
        case .loading, .recording: return .none
        case .unknown:
            state = .loading
            return .load
        case .ready(let journal):
            waiting.removeFirst()
            state = .recording(time: first.time, isLost: false)
            return .record(first, journal)
        }
    }
}
