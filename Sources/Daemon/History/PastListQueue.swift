/// Those that wait for lists of earlier times, and which list is read next.
///
/// A list is as large as the catalogue, and clients choose how many times they ask for. So one list is read at a time,
/// and it is for all who ask for a time at which it was the same. Times are in seconds since 1970, `now` is in
/// milliseconds of the monotonic clock.
struct PastListQueue<Waiter> {
    private var waiting = HistoryWaiting<Int64, Waiter>()
    /// The times to read before any that were asked for later, in order. The last one comes first: its list may be that
    /// of earlier times, too.
    private var round: [Int64] = []
    private var isReading = false

    /// Whether a time has a waiter.
    func isAwaited(_ time: Int64) -> Bool { waiting.isAwaited(time) }

    /// Adds a waiter for the list of a time. Returns the time whose list is to be read now; nil if one is being read.
    mutating func add(_ waiter: Waiter, for time: Int64, at now: UInt64) -> Int64? {
        _ = waiting.add(waiter, for: time, at: now)
        return isReading ? nil : next()
    }

    /// The answer for these times is known. Returns those that waited for it, by time.
    mutating func take(_ times: ClosedRange<Int64>) -> [(time: Int64, waiters: [Waiter])] {
        waiting.keys.filter { times.contains($0) }.sorted().map { ($0, waiting.take($0)) }
    }

    /// A read has ended, whether or not it found a list. Returns the time of the next list to read; nil if no request waits.
    mutating func ended() -> Int64? {
        isReading = false
        return next()
    }

    /// Returns those that have waited for too long. They are removed.
    mutating func takeLate(at now: UInt64) -> [Waiter] { waiting.takeLate(at: now) }

    private mutating func next() -> Int64? {
        round = round.filter { waiting.isAwaited($0) }
        if round.isEmpty { round = waiting.keys.sorted() }
        guard let time = round.popLast() else { return nil }
        isReading = true
        return time
    }
}
