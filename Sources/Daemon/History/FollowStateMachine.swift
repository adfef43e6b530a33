import History

/// Decides when a stream of events reads from the history and when it writes.
///
/// It reads pages, each after the last event of the one before, so that nothing is missed and nothing comes twice. It reads
/// again when something was stored, and never while the client has not taken what was written.
///
/// It does no I/O: each call returns what to do next. Times are in milliseconds of the monotonic clock.
struct FollowStateMachine {
    enum Action: Equatable {
        /// Read this page, and report it with `received`.
        case read(EventQuery)
        /// Write a comment, and report it with `wrote`.
        case keepAlive
        case none
    }

    private var query: EventQuery
    private var isReading = true
    /// Whether what was written waits for the client.
    private var isBlocked = false
    /// Whether there is something to read.
    private var hasNews = false
    /// Whether the last page could not be read.
    private var hasFailed = false
    private var lastWrite: UInt64

    /// How long nothing is written at most, in milliseconds. Proxies close connections that are silent for a minute.
    static let silence: UInt64 = 15_000

    /// Begins with the page of a query.
    init(_ query: EventQuery, now: UInt64) {
        self.query = query
        lastWrite = now
    }

    /// The first page to read.
    var first: EventQuery { query }

    /// A page was read; nil if it could not be. Its events are to be written, and that reported with `wrote`.
    mutating func received(_ page: EventPage?) {
        isReading = false
        hasFailed = page == nil
        guard let page else { return }
        query.since = .cursor(page.next)
        query.limit = EventQuery.usualLimit
        if page.hasMore { hasNews = true }
    }

    /// Something was written, or there was nothing to write. `isBlocked`: some of it waits for the client.
    mutating func wrote(isBlocked: Bool, isEmpty: Bool, now: UInt64) -> Action {
        if !isEmpty { lastWrite = now }
        if isBlocked { self.isBlocked = true }
        return next()
    }

    /// The client has taken all that was written.
    mutating func drained() -> Action {
        isBlocked = false
        return next()
    }

    /// Something was stored.
    mutating func news() -> Action {
        hasNews = true
        return next()
    }

    /// Time has passed. A comment comes before all else: while the store fails or does not answer, there is nothing else to
    /// write.
    mutating func tick(now: UInt64) -> Action {
        if isBlocked { return .none }
        if hasFailed, !isReading { hasNews = true }
        return now >= lastWrite + Self.silence ? .keepAlive : next()
    }

    private mutating func next() -> Action {
        guard !isReading, !isBlocked, hasNews else { return .none }
        hasNews = false
        isReading = true
        return .read(query)
    }
}
