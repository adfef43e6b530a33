import Caching

/// A stored response in its place, and where the answers made from it are.
final class Shelf {
    let key: ResponseCache.ShelfKey
    var entry: Entry
    var ticket: RecencyList<Evictable>.Ticket?
    /// The places of the answers made from it.
    var answers: Set<UInt64> = []
    /// Whether its turn to go has come, but for its answers.
    var goesWithAnswers = false
    /// For how long upstream is not asked for it.
    var pause = Pause()
    /// The same with certain keys, which upstream has something against.
    private var keyPauses: [Owner: Pause] = [:]

    init(key: ResponseCache.ShelfKey, entry: Entry) {
        self.key = key
        self.entry = entry
    }

    /// For how long upstream is not asked for it with one key.
    func pause(of owner: Owner) -> Pause {
        guard !keyPauses.isEmpty, let own = keyPauses[owner] else { return pause }
        return Pause(
            refreshNotBefore: max(pause.refreshNotBefore, own.refreshNotBefore),
            leftAloneUntil: max(pause.leftAloneUntil, own.leftAloneUntil))
    }

    /// Notes that upstream has something against one key. Callers choose how many keys there are, so where there are too
    /// many all are forgotten, and upstream is asked once more with each.
    func setPause(_ pause: Pause, of owner: Owner) {
        if keyPauses.count >= Self.mostKeyPauses { keyPauses.removeAll() }
        keyPauses[owner] = pause
    }

    private static let mostKeyPauses = 256
}

/// For how long upstream is not asked for what is stored.
struct Pause {
    /// When a refresh of it may begin next; never while one is under way.
    var refreshNotBefore: UInt64 = 0
    /// Until when upstream is left alone, because it failed.
    var leftAloneUntil: UInt64 = 0

    func isLeftAlone(at now: UInt64) -> Bool { now < leftAloneUntil }
}
