package import Store

/// The names of the copies in the state directory, and the sizes of their bodies, as far as one loop knows and
/// remembers them.
///
/// Callers choose which copies exist, and the store evicts old ones without notice, so the number of names is limited.
/// They are kept in two halves: when the newer half is full, the older half is forgotten. Refreshing a copy puts its
/// name into the newer half again.
package struct DiskIndex {
    private var newer: [RecordKey: UInt32] = [:]
    private var older: [RecordKey: UInt32] = [:]
    private var newerBytes = 0
    /// The number of names of each owner, so that an owner without any is found without a scan of all names.
    private var owned: [[UInt8]: Int] = [:]
    private let half: Int

    /// Whether names were forgotten whose copies may still be on the disk.
    package private(set) var isPartial = false

    /// The bytes that a name takes beside its text: its slot in the table, and the objects that hold it.
    package static let overhead = 128

    /// None yet. `room` is in bytes.
    package init(room: Int) { half = room / 2 }

    /// Whether none is known.
    package var isEmpty: Bool { newer.isEmpty && older.isEmpty }

    /// The number of those known.
    package var count: Int { newer.count + older.count }

    /// Whether the copy is known to be there.
    package func contains(_ key: RecordKey) -> Bool { size(of: key) != nil }

    /// The bytes of a copy's body; nil if the copy is not known to be there.
    package func size(of key: RecordKey) -> Int? { (newer[key] ?? older[key]).map { Int($0) } }

    /// Whether the copy may be there, including one whose name was forgotten.
    package func mayContain(_ key: RecordKey) -> Bool { isPartial || contains(key) }

    /// A copy is written, with a body of so many bytes. A damaged database may have any number of them.
    package mutating func insert(_ key: RecordKey, bytes: Int = 0) {
        let wasOlder = older.removeValue(forKey: key) != nil
        guard newer.updateValue(UInt32(clamping: bytes), forKey: key) == nil else { return }
        if !wasOlder { owned[key.owner, default: 0] += 1 }
        newerBytes += Self.size(key)
        guard newerBytes > half else { return }
        if !older.isEmpty { isPartial = true }
        for key in older.keys { forget(key) }
        older = newer
        newer = [:]
        newerBytes = 0
    }

    /// A copy was removed, or is about to be. True if it may have been there.
    @discardableResult
    package mutating func remove(_ key: RecordKey) -> Bool {
        if newer.removeValue(forKey: key) != nil {
            newerBytes -= Self.size(key)
            forget(key)
            return true
        }
        if older.removeValue(forKey: key) != nil {
            forget(key)
            return true
        }
        return isPartial
    }

    private mutating func forget(_ key: RecordKey) {
        let left = (owned[key.owner] ?? 0) - 1
        owned[key.owner] = left > 0 ? left : nil
    }

    /// Removes all names of an owner. True if there may have been any.
    package mutating func remove(ownedBy owner: [UInt8]) -> Bool {
        guard owned[owner] != nil else { return isPartial }
        remove(where: { $0.owner == owner })
        return true
    }

    /// Removes all names that `covers` matches, and returns them.
    @discardableResult
    package mutating func remove(where covers: (RecordKey) -> Bool) -> [RecordKey] {
        let gone = newer.keys.filter(covers) + older.keys.filter(covers)
        for key in gone { remove(key) }
        return gone
    }

    /// The disk has no copies any more.
    package mutating func removeAll() {
        (newer, older, owned, newerBytes, isPartial) = ([:], [:], [:], 0, false)
    }

    private static func size(_ key: RecordKey) -> Int { key.resource.utf8.count + key.owner.count + overhead }
}
