package import History

/// A change as a second, plainly written comparison finds it: over parsed trees and dictionaries.
package struct PlainChange: Equatable, CustomStringConvertible {
    package var id: String
    package var kind: String
    package var before: PlainValue?
    package var after: PlainValue?

    package var description: String {
        "\(kind) \(id): \(before.map { "\($0)" } ?? "-") -> \(after.map { "\($0)" } ?? "-")"
    }

    package init(id: String, kind: String, before: PlainValue?, after: PlainValue?) {
        self.id = id
        self.kind = kind
        self.before = before
        self.after = after
    }

    /// What the product found, its parts parsed.
    package init(_ change: ModelChange) throws {
        id = change.id
        kind = change.change.kind.rawValue
        before = try change.change.before.map { try PlainValue(parsing: $0) }
        after = try change.change.after.map { try PlainValue(parsing: $0) }
    }
}

/// Compares two lists of models, as the documentation of `ChangeKind` and `RowDifference` says it.
package enum PlainComparison {
    /// The changes, sorted by id and kind.
    package static func changes(_ old: [PlainValue], _ new: [PlainValue], removedBefore: Set<String> = [])
        -> [PlainChange]
    {
        let before = Dictionary(old.map { ($0["id"].text ?? "", $0) }) { first, _ in first }
        let after = Dictionary(new.map { ($0["id"].text ?? "", $0) }) { first, _ in first }
        var changes: [PlainChange] = []
        for id in Set(before.keys).union(after.keys).sorted() {
            switch (before[id], after[id]) {
            case (let old?, nil):
                changes.append(PlainChange(id: id, kind: "removed", before: summary(old), after: nil))
            case (nil, let new?):
                let kind = removedBefore.contains(id) ? "returned" : "added"
                changes.append(PlainChange(id: id, kind: kind, before: nil, after: summary(new)))
            case (let old?, let new?): changes += rowChanges(id, old.members ?? [:], new.members ?? [:])
            case (nil, nil): break
            }
        }
        return sorted(changes)
    }

    package static func sorted(_ changes: [PlainChange]) -> [PlainChange] {
        changes.sorted { ($0.id, $0.kind) < ($1.id, $1.kind) }
    }

    private static func summary(_ row: PlainValue) -> PlainValue {
        let names = ["name", "canonical_slug", "alias_target", "context_length", "pricing", "expiration_date"]
        return .object((row.members ?? [:]).filter { names.contains($0.key) && $0.value != .null })
    }

    private static func rowChanges(
        _ id: String, _ old: [String: PlainValue], _ new: [String: PlainValue]
    ) -> [PlainChange] {
        var parts: [String: (before: [String: PlainValue], after: [String: PlainValue])] = [:]

        func note(_ kind: String, _ path: [String], _ before: PlainValue?, _ after: PlainValue?) {
            var part = parts[kind] ?? ([:], [:])
            if let before { part.before = inserted(before, at: path, into: part.before) }
            if let after { part.after = inserted(after, at: path, into: part.after) }
            parts[kind] = part
        }

        func compare(_ kind: String, _ path: [String], _ before: PlainValue?, _ after: PlainValue?) {
            let left = (before ?? .null).normalized(withPrices: kind == "price")
            let right = (after ?? .null).normalized(withPrices: kind == "price")
            if left == right { return }
            if kind == "parameters" || (kind == "modalities" && path.last != "modality"),
                case .array(let mine)? = before, case .array(let theirs)? = after
            {
                let gone = mine.filter { !theirs.contains($0) }
                let come = theirs.filter { !mine.contains($0) }
                if !gone.isEmpty || !come.isEmpty { note(kind, path, .array(gone), .array(come)) }
                return
            }
            note(kind, path, before, after)
        }

        for name in Set(old.keys).union(new.keys) {
            if name == "links" { continue }
            let (before, after) = (old[name], new[name])
            if name == "alias_target" {
                let isSameTarget = before?["slug"] != .null && before?["slug"] == after?["slug"]
                compare(isSameTarget ? "other" : "alias", [name], before, after)
                continue
            }
            let isSplit = ["pricing", "architecture", "top_provider", "benchmarks"].contains(name)
            let (mine, theirs) = (before?.members, after?.members)
            if isSplit && (mine != nil || theirs != nil) || mine != nil && theirs != nil {
                for inner in Set((mine ?? [:]).keys).union((theirs ?? [:]).keys) {
                    if name == "benchmarks" && inner == "design_arena" { continue }
                    compare(kind(name, inner), [name, inner], mine?[inner], theirs?[inner])
                }
            } else {
                compare(kind(name, nil), [name], before, after)
            }
        }
        return parts.map { kind, part in
            PlainChange(id: id, kind: kind, before: .object(part.before), after: .object(part.after))
        }
    }

    private static func kind(_ name: String, _ inner: String?) -> String {
        switch (name, inner) {
        case ("pricing", _): "price"
        case ("context_length", _), ("top_provider", "context_length"), ("top_provider", "max_completion_tokens"):
            "context"
        case ("supported_parameters", _): "parameters"
        case ("architecture", "input_modalities"), ("architecture", "output_modalities"), ("architecture", "modality"):
            "modalities"
        case ("expiration_date", _): "expiration"
        case ("name", _), ("canonical_slug", _): "renamed"
        default: "other"
        }
    }

    private static func inserted(
        _ value: PlainValue, at path: [String], into object: [String: PlainValue]
    ) -> [String: PlainValue] {
        var object = object
        if path.count == 1 {
            object[path[0]] = value
        } else {
            object[path[0]] = .object(
                inserted(value, at: Array(path.dropFirst()), into: object[path[0]]?.members ?? [:]))
        }
        return object
    }
}
