import Caching
import Catalog
import HTTPCore

@testable import Serving

/// The same cache, written plainly: one array in the order of last use, searched from end to end.
struct CacheModel {
    enum Item {
        case storedEntry(Resource, Owner?, Entry)
        case answer(Answer, Resource, ContentCoding)
    }

    /// The one used last stands at the end.
    var items: [Item] = []
    var pinned: Entry?
    /// Entries whose turn has come, but for their answers.
    private var passedOver: Set<ObjectIdentifier> = []
    let maximumBytes: Int

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    var bytes: Int {
        var seen: Set<ObjectIdentifier> = []
        let entries = items.compactMap { if case .storedEntry(_, _, let entry) = $0 { entry } else { nil } } + [pinned]
        let bases = entries.compactMap { $0?.bases }.joined().reduce(0) { sum, base in
            sum + (seen.insert(ObjectIdentifier(base)).inserted ? base.byteCount : 0)
        }
        return items.reduce((pinned?.byteCount ?? 0) + bases) { sum, item in
            switch item {
            case .storedEntry(let resource, _, let entry): sum + entry.byteCount + resource.byteCount
            case .answer(let answer, _, _): sum + answer.byteCount
            }
        }
    }

    /// What cannot be evicted, however full the cache is.
    var pinnedBytes: Int? { pinned.map { $0.byteCount + $0.bases.reduce(0) { $0 + $1.byteCount } } }

    var answerCount: Int { items.count { if case .answer = $0 { true } else { false } } }

    var entryCount: Int { items.count - answerCount + (pinned == nil ? 0 : 1) }

    /// The entry that everyone shares, or the owner's own that came when that was stale; it counts as used.
    mutating func entry(for resource: Resource, owner: Owner) -> Entry? {
        let shared = resource == .catalog ? pinned : storedEntry(resource, nil).flatMap { entry(at: $0) }
        let own = storedEntry(resource, owner).flatMap { entry(at: $0) }
        let isOwnLater = own.map { !(shared?.freshness.isFresh(at: $0.freshness.storedAt) ?? false) } ?? false
        if !isOwnLater, resource == .catalog { return pinned }
        guard let position = storedEntry(resource, isOwnLater ? owner : nil) else { return nil }
        let item = items.remove(at: position)
        items.append(item)
        guard case .storedEntry(_, _, let entry) = item else { return nil }
        passedOver.remove(ObjectIdentifier(entry))
        return entry
    }

    mutating func store(_ entry: Entry, for resource: Resource, owner: Owner) {
        let isRefusal = if case .refusal = entry.content { true } else { false }
        if entry.isShared || !isRefusal { end(resource, nil) }
        end(resource, owner)
        if resource == .catalog && entry.isShared {
            pinned = entry
        } else {
            items.append(.storedEntry(resource, entry.isShared ? nil : owner, entry))
        }
        evict()
    }

    mutating func removeEntries(of owner: Owner) {
        let ended = items.compactMap { item -> Resource? in
            if case .storedEntry(let resource, owner, _) = item { resource } else { nil }
        }
        for resource in ended { end(resource, owner) }
    }

    mutating func keep(_ answer: Answer, _ resource: Resource, _ coding: ContentCoding, owner: Owner) {
        let key = answer.source.isShared ? nil : owner
        let current: Entry? =
            if resource == .catalog && key == nil { pinned } else {
                storedEntry(resource, key).flatMap { self.entry(at: $0) }
            }
        guard current === answer.source else { return }
        items.removeAll { Self.isAnswer($0, like: answer, coding) }
        items.append(.answer(answer, resource, coding))
        evict()
    }

    mutating func find(_ target: [UInt8], _ coding: ContentCoding, _ owner: Owner?) -> Answer? {
        let position = items.firstIndex { item in
            guard case .answer(let answer, _, let kept) = item else { return false }
            return kept == coding && answer.owner == owner && answer.target == target
        }
        guard let position, case .answer(let answer, _, _) = items[position] else { return nil }
        items.append(items.remove(at: position))
        return answer
    }

    /// Answers for everyone and for callers without a key have one place.
    private static func isAnswer(_ item: Item, like other: Answer, _ coding: ContentCoding) -> Bool {
        guard case .answer(let answer, _, let kept) = item else { return false }
        return kept == coding && answer.target == other.target
            && (answer.owner ?? .nobody) == (other.owner ?? .nobody)
    }

    private static func isAnswer(_ item: Item, of entry: Entry) -> Bool {
        if case .answer(let answer, _, _) = item { answer.source === entry } else { false }
    }

    private func storedEntry(_ resource: Resource, _ owner: Owner?) -> Int? {
        items.firstIndex { if case .storedEntry(resource, owner, _) = $0 { true } else { false } }
    }

    private func entry(at position: Int) -> Entry? {
        if case .storedEntry(_, _, let entry) = items[position] { entry } else { nil }
    }

    /// Ends an entry, and the answers made from it.
    private mutating func end(_ resource: Resource, _ owner: Owner?) {
        var ended: Entry?
        if resource == .catalog, owner == nil {
            ended = pinned
            pinned = nil
        } else if let position = storedEntry(resource, owner) {
            ended = entry(at: position)
            items.remove(at: position)
        }
        guard let ended else { return }
        passedOver.remove(ObjectIdentifier(ended))
        items.removeAll { Self.isAnswer($0, of: ended) }
    }

    private mutating func evict() {
        while bytes > maximumBytes, let oldest = items.first {
            switch oldest {
            // What answers are made from is passed over, and goes with the last of them.
            case .storedEntry(_, _, let entry) where items.contains { Self.isAnswer($0, of: entry) }:
                passedOver.insert(ObjectIdentifier(entry))
                items.append(items.removeFirst())
            case .storedEntry(let resource, let owner, _): end(resource, owner)
            case .answer(let answer, let resource, _):
                items.removeFirst()
                let isLast = !items.contains { Self.isAnswer($0, of: answer.source) }
                if isLast, passedOver.contains(ObjectIdentifier(answer.source)) { end(resource, answer.owner) }
            }
        }
    }
}
