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
