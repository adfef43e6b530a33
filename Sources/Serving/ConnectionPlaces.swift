import Bytes

/// Decides which connections get one of the places of `server.max_connections`, and which idle ones are closed so that
/// others get theirs. There is one for all loops together.
///
/// It is pure: it holds no connection, and time is an argument, in milliseconds of a clock that all loops share (see
/// `noteShortage`). A place that becomes free goes to the first in line. While somebody waits, loops are asked for their
/// idle connections, in a *search*: once all have answered, those that were idle for the longest time are closed, as many
/// as are needed.
public struct ConnectionPlaces: Sendable {
    /// How long a request waits for a place before it is refused.
    public static let patience: UInt64 = 10_000
    /// How soon idle connections are searched for again, if there were too few.
    public static let searchInterval: UInt64 = 50
    /// How long a search waits for a loop's answer.
    static let searchPatience: UInt64 = 200
    /// How long nobody must have needed a place before the shortage counts as over.
    static let quiet: UInt64 = 10_000

    /// The number of places.
    public private(set) var limit: Int
    /// The places in use. More than `limit` only after it was lowered.
    public private(set) var taken = 0
    /// The loops whose requests wait, the first in line first; a loop is here once for each of its requests.
    private var line: [Int] = []
    /// How many connections loops were asked to close, and have not closed yet.
    private var leaving = 0
    private let loops: Int
    private var search: Search?
    private var shortage: Shortage?
    private var evicted: UInt64 = 0
    private var refused: UInt64 = 0
    private var lastRefusal: UInt64?

    /// All places are free. `loops` is the number of loops.
    public init(limit: Int, loops: Int) {
        self.limit = limit
        self.loops = loops
    }

    // MARK: Places

    /// Takes a place, if one is free.
    public mutating func take() -> Bool {
        guard line.isEmpty, taken < limit else { return false }
        taken += 1
        return true
    }

    /// A connection that has a place is closed. `wasEvicted`: because it was asked to. The result is the loop whose
    /// first waiting request gets the place; nil if none waits.
    public mutating func release(wasEvicted: Bool = false) -> Int? {
        taken -= 1
        if wasEvicted {
            leaving -= 1
            evicted += 1
        }
        return grant()
    }

    private mutating func grant() -> Int? {
        guard taken < limit, !line.isEmpty else { return nil }
        taken += 1
        return line.removeFirst()
    }

    /// Changes the number of places. No connection is closed because of it. The result is the loops that get places.
    public mutating func allow(_ limit: Int) -> [Int] {
        self.limit = limit
        var granted: [Int] = []
        while let loop = grant() { granted.append(loop) }
        return granted
    }

    // MARK: The line

    /// A request of this loop waits for a place. True if that begins a shortage, which is to be logged.
    public mutating func wait(_ loop: Int, at now: UInt64) -> Bool {
        line.append(loop)
        noteShortage(at: now)
        guard shortage == nil else { return false }
        shortage = Shortage(began: now, last: now, evicted: evicted, refused: refused)
        return true
    }

    /// A request of this loop does not wait any more. `isRefused`: it was answered with an error. If its place is on
    /// the way, the loop gives that back.
    public mutating func leave(_ loop: Int, isRefused: Bool, at now: UInt64) {
        if let index = line.lastIndex(of: loop) { line.remove(at: index) }
        guard isRefused else { return }
        refused += 1
        lastRefusal = max(lastRefusal ?? 0, now)
        noteShortage(at: now)
    }

    /// Each loop reads the clock once for each of its iterations, so one loop's time may be earlier than another's before.
    private mutating func noteShortage(at now: UInt64) {
        guard let last = shortage?.last else { return }
        shortage?.last = max(last, now)
    }

    // MARK: Idle connections

    private struct Search {
        let began: UInt64
        /// What each loop has found; nil if it has not answered.
        var found: [[UInt64]?]
    }

    /// What a loop does about its idle connections.
    public struct Order: Equatable, Sendable {
        /// The loop.
        public let loop: Int
        /// How many it closes.
        public let count: Int

        /// An order.
        public init(loop: Int, count: Int) {
            self.loop = loop
            self.count = count
        }
    }

    /// How to go on with a search.
    public enum SearchAction: Equatable, Sendable {
        case none
        /// Ask each loop for this many of its connections.
        case ask(Int)
        /// Close these.
        case close([Order])
    }

    /// Somebody waits: searches, unless a search is under way.
    public mutating func seek(at now: UInt64) -> SearchAction {
        let needed = line.count - leaving
        if let search {
            if now.elapsed(since: search.began) < Self.searchPatience { return .none }
            // A loop does not respond. The others must do.
            return .close(decide())
        }
        guard needed > 0 else { return .none }
        search = Search(began: now, found: Array(repeating: nil, count: loops))
        return .ask(needed)
    }

    /// A loop has answered: since when its connections are idle, those that were idle for the longest time first. The
    /// result is what is to be closed, once all have answered.
    public mutating func found(_ idle: [UInt64], on loop: Int) -> [Order] {
        guard search != nil else { return [] }
        search?.found[loop] = idle
        return search?.found.contains { $0 == nil } == false ? decide() : []
    }

    private mutating func decide() -> [Order] {
        let found = search?.found ?? []
        search = nil
        var counts = Array(repeating: 0, count: loops)
        let all = found.enumerated().flatMap { loop, idle in (idle ?? []).map { (since: $0, loop: loop) } }
        // `sort` is stable, so the result is the same each time.
        for one in all.sorted(by: { $0.since < $1.since }).prefix(max(0, line.count - leaving)) {
            counts[one.loop] += 1
            leaving += 1
        }
        return counts.enumerated().filter { $0.element > 0 }.map { Order(loop: $0.offset, count: $0.element) }
    }

    /// A loop has fewer idle connections than it was to close.
    public mutating func notClosed(_ count: Int) { leaving -= count }

    // MARK: Reports

    private struct Shortage {
        let began: UInt64
        /// When a place was last missing.
        var last: UInt64
        let evicted: UInt64
        let refused: UInt64
    }

    /// What a shortage of places was, once it is over.
    public struct Summary: Equatable, Sendable {
        /// From its begin to the last time that a place was missing, in seconds.
        public let seconds: Int
        /// The idle connections that were closed.
        public let evicted: UInt64
        /// The requests that were refused.
        public let refused: UInt64
    }

    /// Ends the shortage, if nobody has needed a place for a while. The result is to be logged.
    public mutating func calm(at now: UInt64) -> Summary? {
        guard let over = shortage, line.isEmpty, now >= over.last.addingSaturated(Self.quiet) else { return nil }
        shortage = nil
        return Summary(
            seconds: Int(clamping: over.last.elapsed(since: over.began) / 1_000), evicted: evicted - over.evicted,
            refused: refused - over.refused)
    }

    /// The numbers for metrics and the verdict.
    public struct Report: Equatable, Sendable {
        /// The number of places.
        public var limit: Int
        /// The places in use.
        public var taken: Int
        /// The requests that wait for a place.
        public var waiting = 0
        /// The idle connections that were closed for others, since the start.
        public var evicted: UInt64 = 0
        /// The requests that were refused because no place became free, since the start.
        public var refused: UInt64 = 0
        /// For how many seconds there has been a shortage; nil if there is none.
        public var shortageSeconds: Int?
        /// How many seconds ago a request was last refused; nil if none was.
        public var refusedSecondsAgo: Int?

        /// A report without a shortage.
        public init(limit: Int, taken: Int) {
            self.limit = limit
            self.taken = taken
        }
    }

    /// The numbers at a time.
    public func report(at now: UInt64) -> Report {
        var report = Report(limit: limit, taken: taken)
        report.waiting = line.count
        report.evicted = evicted
        report.refused = refused
        report.shortageSeconds = shortage.map { Int((max(now, $0.began) - $0.began) / 1_000) }
        report.refusedSecondsAgo = lastRefusal.map { Int((max(now, $0) - $0) / 1_000) }
        return report
    }
}
