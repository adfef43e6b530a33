import Catalog

/// The snapshots that stored entries refer to, each counted once however many refer to it.
struct BaseCounts {
    /// By object; whoever is counted is kept alive by an entry.
    private var references: [ObjectIdentifier: Int] = [:]

    /// The bytes of all of them.
    private(set) var bytes = 0

    /// Counts what an entry refers to.
    mutating func add(_ bases: [Snapshot]) {
        for base in bases {
            let count = references[ObjectIdentifier(base), default: 0]
            if count == 0 { bytes += base.byteCount }
            references[ObjectIdentifier(base)] = count + 1
        }
    }

    /// Takes back what was counted for an entry that goes.
    mutating func remove(_ bases: [Snapshot]) {
        for base in bases {
            guard let count = references[ObjectIdentifier(base)] else { preconditionFailure("a base was not counted") }
            if count == 1 { bytes -= base.byteCount }
            references[ObjectIdentifier(base)] = count == 1 ? nil : count - 1
        }
    }
}
