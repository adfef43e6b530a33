/// What a timeline reports, a second time and plainly: over dictionaries of parsed rows.
package struct PlainTimeline {
    private var current: [String: PlainValue]?
    private var held: [String: PlainValue] = [:]
    private var gone: Set<String> = []

    /// Nothing was recorded yet.
    package init() {}

    /// The changes that the next list brings, sorted.
    package mutating func record(_ rows: [PlainValue]) -> [PlainChange] {
        let new = Dictionary(rows.map { ($0["id"].text ?? "", $0) }) { first, _ in first }
        guard let old = current else {
            current = new
            return []
        }
        current = new
        var changes: [PlainChange] = []
        for (id, row) in held {
            changes += PlainComparison.changes([row], new[id].map { [$0] } ?? [])
            if new[id] == nil { gone.insert(id) }
        }
        let missing = old.filter { new[$0.key] == nil }
        let isLarge = Double(missing.count) > Double(old.count) * 0.3
        let others = old.filter { new[$0.key] != nil || !isLarge }
        changes += PlainComparison.changes(
            Array(others.values), new.filter { held[$0.key] == nil }.map(\.value), removedBefore: gone)
        if isLarge {
            changes.append(
                PlainChange(
                    id: "", kind: "shrunk", before: .object(["count": .number("\(old.count)")]),
                    after: .object(["count": .number("\(old.count - missing.count)")])))
        } else {
            gone.formUnion(missing.keys)
        }
        gone.subtract(new.keys)
        held = isLarge ? missing : [:]
        return PlainComparison.sorted(changes)
    }
}
