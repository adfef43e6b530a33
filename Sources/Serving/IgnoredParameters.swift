public import Caching
import Catalog

/// The parameters that upstream ignores, such as `?user=<id>`: a facet for each returned the whole list in its own
/// order.
///
/// They count as absent for a day, so that a client that sends a new value each time costs only one fetch. If upstream
/// starts to support such a parameter meanwhile, Larder notices after that day or a purge. Parameters in
/// `filters.upstream` are always sent upstream.
public struct IgnoredParameters: Sendable {
    /// One ignored parameter.
    public struct Parameter: Hashable, Sendable {
        /// Its name, decoded.
        let name: String
        /// The list that was requested.
        let list: Resource.FacetedList
        /// The key that this is known for; nil for every caller.
        let owner: Owner?

        /// The parameter that a stored entry shows to have no effect; nil if there is none.
        public init?(_ resource: Resource, _ entry: Entry, owner: Owner) {
            guard case .facet(let facet, of: let list) = resource, let name = facet.unknownParameter,
                name.utf8.count <= IgnoredParameters.longestName, case .facet(let rows) = entry.content,
                rows.isWholeList
            else { return nil }
            self.name = name
            self.list = list
            self.owner = entry.isShared ? nil : owner
        }

        fileprivate init(_ name: String, _ list: Resource.FacetedList, _ owner: Owner?) {
            self.name = name
            self.list = list
            self.owner = owner
        }
    }

    /// How long they count as absent, in milliseconds.
    public static let lifetime: UInt64 = 86_400_000

    /// The most that are remembered. Callers choose the names, so a new one replaces the oldest.
    public static let mostParameters = 256

    /// The longest name that is remembered, in bytes.
    public static let longestName = 128

    /// When each of them expires, in milliseconds of the monotonic clock.
    private var ends: [Parameter: UInt64] = [:]

    /// Starts empty.
    public init() {}

    /// Whether there are none.
    public var isEmpty: Bool { ends.isEmpty }

    /// The number of those that are remembered.
    public var count: Int { ends.count }

    /// Remembers a parameter seen at a moment of the monotonic clock, in milliseconds.
    public mutating func insert(_ parameter: Parameter, seenAt now: UInt64) {
        let (end, isOver) = now.addingReportingOverflow(Self.lifetime)
        ends[parameter] = max(ends[parameter] ?? 0, isOver ? .max : end)
        if ends.count > Self.mostParameters, let oldest = ends.min(by: { $0.value < $1.value })?.key {
            ends[oldest] = nil
        }
    }

    /// Whether a parameter of a list counts as absent for a caller.
    public func contains(_ name: String, of list: Resource.FacetedList, owner: Owner, now: UInt64) -> Bool {
        [nil, owner].contains { ends[Parameter(name, list, $0)].map { now < $0 } ?? false }
    }

    /// Forgets those that a purge affects.
    public mutating func remove(_ purge: Purge) {
        ends = ends.filter { parameter, _ in
            switch purge {
            case .all: false
            case .path: true
            case .catalog: parameter.list != .catalog
            case .key: !purge.covers(.userList, ownerHigh: parameter.owner?.high)
            }
        }
    }
}
