/// Cuts the page of a query out of events that come one after the other, so that a store need not have all of them in
/// memory. `EventQuery.page(of:)` says what the result is.
public struct EventPager: Sendable {
    private let query: EventQuery
    private var found: [Event] = []
    private var hasMore = false

    /// A page without events.
    public init(_ query: EventQuery) { self.query = query }

    /// Whether the events must come from the newest to the oldest.
    public var readsBackwards: Bool { query.since == nil }

    /// The events before this cursor, and this one, are of no use.
    public var after: Int64? { if case .cursor(let cursor)? = query.since { cursor } else { nil } }

    /// The events before this time, in seconds since 1970, are of no use.
    public var from: Int64? { if case .time(let time)? = query.since { time } else { nil } }

    /// The events at this time and later are of no use.
    public var until: Int64? { query.until }

    /// `next` follows the last event before this time; nil for the last of all.
    public var placeBefore: Int64? {
        guard let until else { return nil }
        return from.map { max($0, until) } ?? until
    }

    /// Takes the next event. False if no further one is needed.
    public mutating func take(_ event: Event) -> Bool {
        guard query.matches(event) else { return true }
        if found.count == query.limit {
            hasMore = true
            return false
        }
        found.append(event)
        return !readsBackwards || found.count < query.limit
    }

    /// The page. `last` is the cursor of the last event before `placeBefore`, 0 if there is none.
    public func page(last: Int64) -> EventPage {
        if readsBackwards { return EventPage(events: found.reversed(), next: last, hasMore: false) }
        if hasMore, let newest = found.last { return EventPage(events: found, next: newest.cursor, hasMore: true) }
        return EventPage(events: found, next: max(last, after ?? 0), hasMore: false)
    }
}
