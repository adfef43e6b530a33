public import Bytes
public import Caching
public import Catalog
public import HTTPCore

/// Everything that one loop keeps: stored responses by resource and owner, and the answers made from them by request
/// target.
///
/// A hit is one look-up in `answers`. All other work happens when an answer is made, and when entries are added or
/// removed. The bytes of both are counted and bounded; the least recently used are evicted first. The shared catalogue
/// is not in that order: everything else is evicted before it.
public struct ResponseCache {
    /// The cache key of an entry; `owner` is nil for one that everyone shares.
    struct CacheKey: Hashable {
        let resource: Resource
        let owner: Owner?
    }

    private(set) var storedEntries: [CacheKey: StoredEntry] = [:]
    /// The entries of each owner, so that a rejected key's entries are found without a search through all of them.
    private var owned: [Owner: Set<CacheKey>] = [:]
    private var answers: [UInt64: Answer] = [:]
    private var recency = RecencyList<Evictable>()
    private var pinnedBytes = 0
    private var bases = BaseCounts()

    /// The query parameters that upstream ignores.
    public var ignoredParameters = IgnoredParameters()

    /// What the views leave of the stored lists. It is small, and not counted.
    public var compiledViews = CompiledViews()

    /// The most bytes to keep.
    public private(set) var maximumBytes: Int

    /// How long stale entries may be used.
    public var windows: StaleWindows

    /// The bytes that are kept free for fetches in progress, and for copies that are read from a store.
    private var setAsideBytes = (fetches: 0, reads: 0)

    /// The number of evictions because the cache was full.
    public private(set) var evictions = 0

    /// Creates an empty cache.
    public init(maximumBytes: Int, windows: StaleWindows = .none) {
        self.maximumBytes = maximumBytes
        self.windows = windows
    }

    /// The bytes kept now.
    public var bytes: Int { recency.bytes + pinnedBytes + bases.bytes }

    /// The number of stored responses.
    public var entryCount: Int { storedEntries.count }

    /// The number of prepared answers.
    public var answerCount: Int { answers.count }

    // MARK: Entries

    /// The entry that may answer `owner`: the shared one, otherwise the owner's own, fresh or not. If upstream
    /// answered the owner after the shared entry became stale, for example with a refusal, that answer takes
    /// precedence.
    public mutating func entry(for resource: Resource, owner: Owner) -> Entry? {
        guard let storedEntry = storedEntry(for: resource, owner: owner) else { return nil }
        if let ticket = storedEntry.ticket { recency.touch(ticket) }
        storedEntry.goesWithAnswers = false
        return storedEntry.entry
    }

    func storedEntry(for resource: Resource, owner: Owner) -> StoredEntry? {
        let shared = storedEntries[CacheKey(resource: resource, owner: nil)]
        if let own = storedEntries[CacheKey(resource: resource, owner: owner)],
            shared.map({ $0.entry.freshness.freshUntil <= own.entry.freshness.storedAt }) ?? true
        {
            return own
        }
        return shared
    }

    /// Whether no stored entry may answer `owner`.
    public func lacks(_ resource: Resource, owner: Owner) -> Bool { storedEntry(for: resource, owner: owner) == nil }

    /// Stores an entry. It replaces the previous one, whose answers are removed too. An owner's own entry removes the
    /// shared one of the same resource: upstream no longer allows sharing.
    public mutating func store(_ entry: Entry, for resource: Resource, owner: Owner) {
        if !entry.isShared, case .refusal = entry.content {
            // A refusal of one key does not affect the copy that others share.
        } else if !entry.isShared {
            removeStoredEntry(CacheKey(resource: resource, owner: nil))
        }
        let key = CacheKey(resource: resource, owner: entry.isShared ? nil : owner)
        removeStoredEntry(key)
        if entry.isShared { removeStoredEntry(CacheKey(resource: resource, owner: owner)) }
        let storedEntry = StoredEntry(key: key, entry: entry)
        if resource == .catalog && entry.isShared {
            pinnedBytes += entry.byteCount
        } else {
            storedEntry.ticket = recency.insert(.storedEntry(storedEntry), bytes: entry.byteCount + resource.byteCount)
        }
        storedEntries[key] = storedEntry
        if let owner = key.owner { owned[owner, default: []].insert(key) }
        bases.add(entry.bases)
        evict()
    }

    /// Removes the shared entry of a resource, or the one of an owner. True if there was one.
    @discardableResult
    public mutating func removeEntry(for resource: Resource, owner: Owner?) -> Bool {
        let key = CacheKey(resource: resource, owner: owner)
        guard storedEntries[key] != nil else { return false }
        removeStoredEntry(key)
        return true
    }

    /// Removes all entries of one owner: upstream has rejected its key.
    public mutating func removeEntries(of owner: Owner) {
        for key in owned[owner] ?? [] { removeStoredEntry(key) }
    }

    /// Whether there is an entry for one owner alone.
    public func hasEntries(of owner: Owner) -> Bool { owned[owner]?.isEmpty == false }

    /// Removes the entries that a purge affects. Each is identified by a number that is the same in every loop.
    public mutating func remove(_ purge: Purge) -> [Int] {
        let keys = storedEntries.keys.filter { purge.covers($0.resource, ownerHigh: $0.owner?.high) }
        for key in keys { removeStoredEntry(key) }
        ignoredParameters.remove(purge)
        return keys.map(\.hashValue)
    }

    /// Replaces each entry for which `change` returns another one; nil removes the entry. Answers are removed with the
    /// entries that they were made from.
    public mutating func changeEntries(_ change: (Resource, Entry) -> Entry?) {
        for storedEntry in Array(storedEntries.values) {
            let next = change(storedEntry.key.resource, storedEntry.entry)
            if next === storedEntry.entry { continue }
            guard let next else {
                removeStoredEntry(storedEntry.key)
                continue
            }
            for position in Array(storedEntry.answers) { removeAnswer(position) }
            storedEntry.entry = next
        }
    }

    /// The reports of all stored responses, at `now`.
    public func reports(now: UInt64) -> [EntryReport] {
        storedEntries.values.map { EntryReport($0, now: now, windows) }
    }

    /// The shared catalogue, at `now`.
    public func catalogReport(now: UInt64) -> CatalogReport? {
        storedEntries[CacheKey(resource: .catalog, owner: nil)].flatMap { CatalogReport($0, now: now, windows) }
    }

    /// The number of models that each view leaves of the shared catalogue; nil without one.
    public mutating func modelCounts(of table: ViewTable, wallSeconds: Int64) -> [Int?] {
        guard case .rows(let snapshot, _) = storedEntries[CacheKey(resource: .catalog, owner: nil)]?.entry.content
        else {
            return table.views.map { _ in nil }
        }
        return table.views.map { compiledViews.filter($0, of: [snapshot], now: wallSeconds).rows(of: snapshot).count }
    }

    // MARK: Answers

    /// The answer to a request target, if one was made from an entry that is still current. With a nil `owner`, only
    /// the answers for everyone are searched.
    @inline(__always)
    public mutating func answer(
        to target: Span<UInt8>, coding: ContentCoding, owner: Owner?, wallSeconds: Int64
    ) -> Answer? {
        guard let answer = answers[Self.position(target, coding, owner)], answer.owner == owner else { return nil }
        let own = answer.target
        guard own.span.equals(target) else { return nil }
        if let end = answer.validUntil, wallSeconds >= end { return nil }
        if let ticket = answer.ticket { recency.touch(ticket) }
        return answer
    }

    /// Keeps an answer that was made from one resource, for the next request with the same target and preferred
    /// coding.
    public mutating func keep(_ answer: Answer, resource: Resource, coding: ContentCoding, owner: Owner) {
        keep(answer, madeOf: [(resource, answer.source)], coding: coding, owner: owner)
    }

    /// Keeps an answer that was made from several entries: it is removed as soon as one of them is.
    mutating func keep(
        _ answer: Answer, madeOf parts: [(resource: Resource, entry: Entry)], coding: ContentCoding, owner: Owner
    ) {
        var storedEntries: [StoredEntry] = []
        for part in parts {
            let key = CacheKey(resource: part.resource, owner: part.entry.isShared ? nil : owner)
            // The entry that answers a request may not be in the cache (any more): then its answer is not kept.
            guard let storedEntry = self.storedEntries[key], storedEntry.entry === part.entry else { return }
            storedEntries.append(storedEntry)
        }
        keep(answer, on: storedEntries, coding: coding)
    }

    private mutating func keep(_ answer: Answer, on storedEntries: [StoredEntry], coding: ContentCoding) {
        let target = answer.target
        let position = Self.position(target.span, coding, answer.owner)
        removeAnswer(position)
        answer.ticket = recency.insert(.answer(position), bytes: answer.byteCount)
        answer.storedEntries = storedEntries
        answers[position] = answer
        for storedEntry in storedEntries { storedEntry.answers.insert(position) }
        evict()
    }

    /// Replaces an answer with its compressed form, if it is still there.
    public mutating func replace(_ answer: Answer, compressed coded: SharedBytes) {
        guard !answer.storedEntries.isEmpty else { return }
        keep(answer.compressed(coded), on: answer.storedEntries, coding: answer.preferred)
    }

    private static func position(_ target: Span<UInt8>, _ coding: ContentCoding, _ owner: Owner?) -> UInt64 {
        target.hash64(seed: (owner?.high ?? 0) &+ UInt64(coding.rawValue))
    }

    /// Removes every answer. The entries that they were made from stay.
    public mutating func removeAnswers() {
        for position in Array(answers.keys) { removeAnswer(position) }
    }

    // MARK: Size limits

    /// Sets the maximum number of bytes from now on.
    public mutating func limit(to bytes: Int) {
        maximumBytes = bytes
        evict()
    }

    /// Reserves this many bytes for fetches in progress: half of the capacity at most, so that they never empty the
    /// cache.
    public mutating func setAside(_ bytes: Int) {
        setAsideBytes.fetches = min(bytes, maximumBytes / 2)
        evict()
    }

    /// Reserves this many bytes for copies that are read from a store: an eighth of the capacity at most.
    public mutating func setAside(forReads bytes: Int) {
        setAsideBytes.reads = min(bytes, maximumBytes / 8)
        evict()
    }

    /// To be cheap, a hit touches only its answer, so a stored response that is in constant use may look unused. A
    /// response that has answers is therefore skipped, and evicted with the last of them, which are evicted in the
    /// same order.
    private mutating func evict() {
        let room = maximumBytes - setAsideBytes.fetches - setAsideBytes.reads
        while bytes > room, let (element, ticket) = recency.leastRecentlyUsed {
            switch element {
            case .storedEntry(let storedEntry) where !storedEntry.answers.isEmpty:
                storedEntry.goesWithAnswers = true
                recency.touch(ticket)
                continue
            case .storedEntry(let storedEntry): removeStoredEntry(storedEntry.key)
            case .answer(let position):
                let storedEntries = answers[position]?.storedEntries ?? []
                removeAnswer(position)
                for storedEntry in storedEntries where storedEntry.goesWithAnswers && storedEntry.answers.isEmpty {
                    removeStoredEntry(storedEntry.key)
                    evictions += 1
                }
            }
            evictions += 1
        }
    }

    private mutating func removeStoredEntry(_ key: CacheKey) {
        guard let storedEntry = storedEntries.removeValue(forKey: key) else { return }
        if let owner = key.owner {
            owned[owner]?.remove(key)
            if owned[owner]?.isEmpty == true { owned[owner] = nil }
        }
        bases.remove(storedEntry.entry.bases)
        for position in Array(storedEntry.answers) { removeAnswer(position) }
        if let ticket = storedEntry.ticket {
            recency.remove(ticket)
        } else {
            pinnedBytes -= storedEntry.entry.byteCount
        }
    }

    private mutating func removeAnswer(_ position: UInt64) {
        guard let answer = answers.removeValue(forKey: position), let ticket = answer.ticket else { return }
        recency.remove(ticket)
        answer.ticket = nil
        for storedEntry in answer.storedEntries { storedEntry.answers.remove(position) }
        answer.storedEntries = []
    }
}

/// An item that can be evicted when the cache is full.
enum Evictable {
    case storedEntry(StoredEntry)
    case answer(UInt64)
}

/// A stored response in its slot, and the slots of the answers made from it.
final class StoredEntry {
    let key: ResponseCache.CacheKey
    var entry: Entry
    var ticket: RecencyList<Evictable>.Ticket?
    /// The slots of the answers made from it.
    var answers: Set<UInt64> = []
    /// Whether it is due for eviction and kept only for its answers.
    var goesWithAnswers = false
    /// The back-off of this resource.
    var pause = Pause()
    /// The back-off with certain keys that upstream has a problem with.
    private var keyPauses: [Owner: Pause] = [:]

    init(key: ResponseCache.CacheKey, entry: Entry) {
        self.key = key
        self.entry = entry
    }

    /// The back-off of the resource with one key.
    func pause(of owner: Owner) -> Pause {
        guard !keyPauses.isEmpty, let own = keyPauses[owner] else { return pause }
        return Pause(
            refreshNotBefore: max(pause.refreshNotBefore, own.refreshNotBefore),
            backoffUntil: max(pause.backoffUntil, own.backoffUntil))
    }

    /// Notes that upstream has a problem with one key. Callers choose how many keys there are, so if there are too
    /// many, all are forgotten, and one more request is sent with each.
    func setPause(_ pause: Pause, of owner: Owner) {
        if keyPauses.count >= Self.mostKeyPauses { keyPauses.removeAll() }
        keyPauses[owner] = pause
    }

    private static let mostKeyPauses = 256
}

/// The back-off of a stored response.
struct Pause {
    /// When the next refresh may begin; never while one is in progress.
    var refreshNotBefore: UInt64 = 0
    /// The end of the back-off after a failure of upstream.
    var backoffUntil: UInt64 = 0

    func isBackingOff(at now: UInt64) -> Bool { now < backoffUntil }
}
