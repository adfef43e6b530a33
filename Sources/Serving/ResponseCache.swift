public import Bytes
public import Caching
public import HTTPCore

/// Everything that one loop keeps: stored responses by resource and owner, and the answers made from them by request target.
///
/// A hit is one look-up in `answers`. All else happens when an answer has to be made, and when entries come and go. The
/// bytes of both are counted and bounded; what was not used for the longest time goes first. The shared catalogue is not
/// in that order: everything else goes before it.
public struct ResponseCache {
    /// Under what an entry is kept; `owner` is nil for one that everyone shares.
    struct ShelfKey: Hashable {
        let resource: Resource
        let owner: Owner?
    }

    private(set) var shelves: [ShelfKey: Shelf] = [:]
    /// What is each owner's own, so that a refused key's entries are found without looking at all of them.
    private var owned: [Owner: Set<ShelfKey>] = [:]
    private var answers: [UInt64: Answer] = [:]
    private var recency = RecencyList<Evictable>()
    private var pinnedBytes = 0
    private var bases = BaseCounts()

    /// The most bytes to keep.
    public private(set) var maximumBytes: Int

    /// How long stale entries are of use.
    public var windows: StaleWindows

    /// How many things had to go for want of room.
    public private(set) var evictions = 0

    /// An empty cache.
    public init(maximumBytes: Int, windows: StaleWindows = .none) {
        self.maximumBytes = maximumBytes
        self.windows = windows
    }

    /// The bytes kept now.
    public var bytes: Int { recency.bytes + pinnedBytes + bases.bytes }

    /// The number of stored responses.
    public var entryCount: Int { shelves.count }

    /// The number of answers ready to be sent.
    public var answerCount: Int { answers.count }

    // MARK: Entries

    /// The entry that may answer `owner`: the one that everyone shares, else the owner's own, fresh or not. What upstream
    /// told the owner after the shared one had become stale, such as a refusal, goes before that.
    public mutating func entry(for resource: Resource, owner: Owner) -> Entry? {
        guard let shelf = shelf(for: resource, owner: owner) else { return nil }
        if let ticket = shelf.ticket { recency.touch(ticket) }
        shelf.goesWithAnswers = false
        return shelf.entry
    }

    func shelf(for resource: Resource, owner: Owner) -> Shelf? {
        let shared = shelves[ShelfKey(resource: resource, owner: nil)]
        if let own = shelves[ShelfKey(resource: resource, owner: owner)],
            shared.map({ $0.entry.freshness.freshUntil <= own.entry.freshness.storedAt }) ?? true
        {
            return own
        }
        return shared
    }

    /// Whether nothing at all is stored that may answer `owner`.
    public func lacks(_ resource: Resource, owner: Owner) -> Bool { shelf(for: resource, owner: owner) == nil }

    /// Stores an entry in place of the one before it, whose answers go with it. An entry of an owner's own ends the shared
    /// one of the same resource: upstream no longer allows it.
    public mutating func store(_ entry: Entry, for resource: Resource, owner: Owner) {
        if !entry.isShared, case .refusal = entry.content {
            // One key's refusal says nothing of the copy that others share.
        } else if !entry.isShared {
            removeShelf(ShelfKey(resource: resource, owner: nil))
        }
        let key = ShelfKey(resource: resource, owner: entry.isShared ? nil : owner)
        removeShelf(key)
        if entry.isShared { removeShelf(ShelfKey(resource: resource, owner: owner)) }
        let shelf = Shelf(key: key, entry: entry)
        if resource == .catalog && entry.isShared {
            pinnedBytes += entry.byteCount
        } else {
            shelf.ticket = recency.insert(.shelf(shelf), bytes: entry.byteCount + resource.byteCount)
        }
        shelves[key] = shelf
        if let owner = key.owner { owned[owner, default: []].insert(key) }
        bases.add(entry.bases)
        evict()
    }

    /// Ends all entries of one owner's own: upstream has refused its key.
    public mutating func removeEntries(of owner: Owner) {
        for key in owned[owner] ?? [] { removeShelf(key) }
    }

    /// Ends the entries that a purge concerns. Each is named by a number that is the same in every loop.
    public mutating func remove(_ purge: Purge) -> [Int] {
        let keys = shelves.keys.filter { purge.covers($0.resource, ownerHigh: $0.owner?.high) }
        for key in keys { removeShelf(key) }
        return keys.map(\.hashValue)
    }

    /// Puts what `change` gives in the place of each entry that it changes; nil ends one. Answers go with what they were made
    /// from.
    public mutating func changeEntries(_ change: (Resource, Entry) -> Entry?) {
        for shelf in Array(shelves.values) {
            let next = change(shelf.key.resource, shelf.entry)
            if next === shelf.entry { continue }
            guard let next else {
                removeShelf(shelf.key)
                continue
            }
            for place in Array(shelf.answers) { removeAnswer(place) }
            shelf.entry = next
        }
    }

    /// What is stored, at `now`.
    public func reports(now: UInt64) -> [EntryReport] { shelves.values.map { EntryReport($0, now: now, windows) } }

    /// The catalogue that everyone shares, at `now`.
    public func catalogReport(now: UInt64) -> MetricsReport.Catalog? {
        shelves[ShelfKey(resource: .catalog, owner: nil)].flatMap { MetricsReport.Catalog($0, now: now) }
    }

    // MARK: Answers

    /// The answer to a request target, if one was made from an entry that is still the one in use. `owner` is nil to look
    /// among the answers for everyone.
    @inline(__always)
    public mutating func answer(
        to target: Span<UInt8>, coding: ContentCoding, owner: Owner?, wallSeconds: Int64
    ) -> Answer? {
        guard let answer = answers[Self.place(target, coding, owner)], answer.owner == owner else { return nil }
        let own = answer.target
        guard own.span.equals(target) else { return nil }
        if let end = answer.validUntil, wallSeconds >= end { return nil }
        if let ticket = answer.ticket { recency.touch(ticket) }
        return answer
    }

    /// Keeps an answer that was made from one resource for the next request of the same target and preferred coding.
    public mutating func keep(_ answer: Answer, resource: Resource, coding: ContentCoding, owner: Owner) {
        keep(answer, madeOf: [(resource, answer.source)], coding: coding, owner: owner)
    }

    /// Keeps an answer that was made of several entries: it goes as soon as one of them does.
    mutating func keep(
        _ answer: Answer, madeOf parts: [(resource: Resource, entry: Entry)], coding: ContentCoding, owner: Owner
    ) {
        var shelves: [Shelf] = []
        for part in parts {
            let key = ShelfKey(resource: part.resource, owner: part.entry.isShared ? nil : owner)
            // A request may be answered from an entry that is not in the cache (any more): then its answer is not kept.
            guard let shelf = self.shelves[key], shelf.entry === part.entry else { return }
            shelves.append(shelf)
        }
        keep(answer, on: shelves, coding: coding)
    }

    private mutating func keep(_ answer: Answer, on shelves: [Shelf], coding: ContentCoding) {
        let target = answer.target
        let place = Self.place(target.span, coding, answer.owner)
        removeAnswer(place)
        answer.ticket = recency.insert(.answer(place), bytes: answer.byteCount)
        answer.shelves = shelves
        answers[place] = answer
        for shelf in shelves { shelf.answers.insert(place) }
        evict()
    }

    /// Puts the compressed form of an answer in its place, if it is still there.
    public mutating func replace(_ answer: Answer, compressed coded: SharedBytes) {
        guard !answer.shelves.isEmpty else { return }
        keep(answer.compressed(coded), on: answer.shelves, coding: answer.preferred)
    }

    private static func place(_ target: Span<UInt8>, _ coding: ContentCoding, _ owner: Owner?) -> UInt64 {
        target.hash64(seed: (owner?.high ?? 0) &+ UInt64(coding.rawValue))
    }

    /// Drops every answer. What they were made from stays.
    public mutating func removeAnswers() {
        for place in Array(answers.keys) { removeAnswer(place) }
    }

    // MARK: Room

    /// Keeps no more than so many bytes from now on.
    public mutating func limit(to bytes: Int) {
        maximumBytes = bytes
        evict()
    }

    /// A hit touches its answer only, to be cheap, so a stored response may look unused that is in use all the time. One that
    /// answers were made from is therefore passed over, and goes with the last of them, whose turn comes in the same order.
    private mutating func evict() {
        while bytes > maximumBytes, let (element, ticket) = recency.leastRecentlyUsed {
            switch element {
            case .shelf(let shelf) where !shelf.answers.isEmpty:
                shelf.goesWithAnswers = true
                recency.touch(ticket)
                continue
            case .shelf(let shelf): removeShelf(shelf.key)
            case .answer(let place):
                let shelves = answers[place]?.shelves ?? []
                removeAnswer(place)
                for shelf in shelves where shelf.goesWithAnswers && shelf.answers.isEmpty {
                    removeShelf(shelf.key)
                    evictions += 1
                }
            }
            evictions += 1
        }
    }

    private mutating func removeShelf(_ key: ShelfKey) {
        guard let shelf = shelves.removeValue(forKey: key) else { return }
        if let owner = key.owner {
            owned[owner]?.remove(key)
            if owned[owner]?.isEmpty == true { owned[owner] = nil }
        }
        bases.remove(shelf.entry.bases)
        for place in Array(shelf.answers) { removeAnswer(place) }
        if let ticket = shelf.ticket {
            recency.remove(ticket)
        } else {
            pinnedBytes -= shelf.entry.byteCount
        }
    }

    private mutating func removeAnswer(_ place: UInt64) {
        guard let answer = answers.removeValue(forKey: place), let ticket = answer.ticket else { return }
        recency.remove(ticket)
        answer.ticket = nil
        for shelf in answer.shelves { shelf.answers.remove(place) }
        answer.shelves = []
    }
}

/// What can be thrown out for want of room.
enum Evictable {
    case shelf(Shelf)
    case answer(UInt64)
}
