import History
import Persistence
import Store

/// The messages about the history of the catalogue.
enum HistoryMessage: Sendable {
    /// From the store, to the loop that owns the catalogue: what is stored.
    case latestRead(HistoryAnswer)
    /// From the store, to the same loop: whether a batch was stored.
    case stored(HistoryNews?)
    /// To all loops: something was stored.
    case news(HistoryNews)
    /// From the store, to the same loop: the list of a time.
    case listRead(Int64, HistoryAnswer)
    /// From the store, to the loop that asked: a page of changes.
    case pageRead(UInt64, HistoryResult<HistoryPage>)
    /// From the store, to the loop that asked: the rows of a model.
    case modelRead(UInt64, HistoryAnswer)
}

/// What was stored with a catalogue.
struct HistoryNews: Sendable {
    /// What the history covers now.
    let span: HistorySpan
    /// How many changes of each kind there were.
    let counts: [ChangeKind: Int]

    /// What a landing brought.
    init(_ landing: HistoryLanding) {
        span = landing.span
        counts = Dictionary(grouping: landing.events, by: \.kind).mapValues(\.count)
    }
}
