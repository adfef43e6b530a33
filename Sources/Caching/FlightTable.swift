/// Fetches that are under way: one for each key, however many wait for it.
///
/// The table only keeps the books. Whoever `board`s first is told to take off; everyone else waits; `land` hands back all
/// who waited, in the order they came. A waiter that goes away is simply not looked for when the flight has landed: the
/// flight itself goes on for the others, and for the cache.
public struct FlightTable<Key: Hashable, Party> {
    private var waiting: [Key: [Party]] = [:]

    /// No flight yet.
    public init() {}

    /// Joins the flight for `key`. True if there was none: the caller then has to start it.
    public mutating func board(_ party: Party, for key: Key) -> Bool {
        if waiting[key] != nil {
            waiting[key]!.append(party)
            return false
        }
        waiting[key] = [party]
        return true
    }

    /// Whether a fetch for `key` is under way.
    public func isUnderWay(_ key: Key) -> Bool { waiting[key] != nil }

    /// Who started the flight for `key`; nil if there is none.
    public func first(of key: Key) -> Party? { waiting[key]?.first }

    /// The flight for `key` has ended: all who waited, the first being the one who started it.
    public mutating func land(_ key: Key) -> [Party] { waiting.removeValue(forKey: key) ?? [] }

    /// The number of flights.
    public var count: Int { waiting.count }
}
