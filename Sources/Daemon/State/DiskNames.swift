import Store

/// The names of the copies that the state directory has, as far as one loop knows and remembers.
///
/// Callers choose what there are copies of, and the store throws out old ones without saying so; so there is room for so
/// many names only. They stand in two halves: when the newer one is full, the older one is forgotten. A copy that is
/// refreshed is in the newer one again.
struct DiskNames {
    private var newer: Set<RecordKey> = []
    private var older: Set<RecordKey> = []
    private var newerBytes = 0
    private let half: Int

    /// Whether names were forgotten whose copies may lie on the disk still.
    private(set) var isPartial = false

    /// What a name takes beside its bytes: its place in the table, and the objects that hold them.
    static let overhead = 128

    /// None yet. `room` is in bytes.
    init(room: Int) { half = room / 2 }

    /// Whether none is known.
    var isEmpty: Bool { newer.isEmpty && older.isEmpty }

    /// The number of those known.
    var count: Int { newer.count + older.count }

    /// Whether the copy is known to be there.
    func contains(_ key: RecordKey) -> Bool { newer.contains(key) || older.contains(key) }

    /// Whether the copy may be there, be it that its name was forgotten.
    func mayContain(_ key: RecordKey) -> Bool { isPartial || contains(key) }

    /// A copy is written.
    mutating func insert(_ key: RecordKey) {
        older.remove(key)
        guard newer.insert(key).inserted else { return }
        newerBytes += Self.size(key)
        guard newerBytes > half else { return }
        if !older.isEmpty { isPartial = true }
        older = newer
        newer = []
        newerBytes = 0
    }

    /// A copy is gone, or is to go: true if it may have been there.
    @discardableResult
    mutating func remove(_ key: RecordKey) -> Bool {
        if newer.remove(key) != nil {
            newerBytes -= Self.size(key)
            return true
        }
        return older.remove(key) != nil || isPartial
    }

    /// Takes out all that `covers` names, and returns them.
    @discardableResult
    mutating func remove(where covers: (RecordKey) -> Bool) -> [RecordKey] {
        let gone = newer.filter(covers) + older.filter(covers)
        for key in gone { remove(key) }
        return gone
    }

    /// The disk has nothing any more.
    mutating func removeAll() {
        (newer, older, newerBytes, isPartial) = ([], [], 0, false)
    }

    private static func size(_ key: RecordKey) -> Int { key.resource.utf8.count + key.owner.count + overhead }
}
