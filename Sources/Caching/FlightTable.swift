/// Fetches that are in progress: one for each key, however many waiters it has.
///
/// The table only tracks the waiters. The first caller of `join` for a key must start the fetch; later callers wait.
/// `complete` returns all waiters in the order of arrival. A waiter that leaves stays in the table, and the caller of
/// `complete` ignores it: the flight continues for the others, and for the cache.
public struct FlightTable<Key: Hashable, Waiter> {
    private var waiting: [Key: [Waiter]] = [:]

    /// Starts with no flights.
    public init() {}

    /// Joins the flight for `key`. True if there was none: the caller must then start it.
    public mutating func join(_ waiter: Waiter, for key: Key) -> Bool {
        if waiting[key] != nil {
            waiting[key]!.append(waiter)
            return false
        }
        waiting[key] = [waiter]
        return true
    }

    /// Whether a fetch for `key` is in progress.
    public func isUnderWay(_ key: Key) -> Bool { waiting[key] != nil }

    /// The waiter that started the flight for `key`; nil if there is none.
    public func first(of key: Key) -> Waiter? { waiting[key]?.first }

    /// The flight for `key` has ended. Returns all waiters; the first is the one that started it.
    public mutating func complete(_ key: Key) -> [Waiter] { waiting.removeValue(forKey: key) ?? [] }

    /// The number of flights.
    public var count: Int { waiting.count }
}
