/// What upstream has said to whom and when, what it was asked, and what clients got. It is the simulation's own account,
/// made from bytes and times alone, and says what was not allowed.
struct Ledger {
    /// One body of upstream's. Its rows carry its number.
    struct Content {
        var thing: Int
        /// Whose content it is; nil if it is the same for all keys.
        var key: Int?
        var rows: Int
        /// A beginning of another body.
        var isCut = false
    }

    /// Upstream has said something about a content to a key.
    struct Statement {
        var content: Int
        var thing: Int
        var key: Int
        /// Whether others may have it.
        var isPublic: Bool
        /// Whether it ends what was said to everyone before.
        var narrows: Bool
        /// Its place in the order of all that happens, and that of the request that it answers.
        var order: Int
        var askedAt: Int
        /// When Larder began to answer with it.
        var usedAt: Int?
    }

    /// A request to upstream that has no end yet.
    struct Ask {
        var thing: Int
        var key: Int
        /// Caused by a request that forbids storing, or sent before a purge: it shares with nobody.
        var isAlone: Bool
    }

    /// How upstream may have failed.
    enum Failure { case ofConnection, ofStatus, ofRequest }

    private struct Pause {
        var until: UInt64 = 0
        var failures = 0
    }

    private struct PauseKey: Hashable {
        var thing: Int
        var key: Int
    }

    private(set) var violation: WeekViolation?
    private(set) var contents: [Content] = []
    private var statements: [Statement] = []
    private var statementsOf: [Int: [Int]] = [:]
    private var asks: [Int: Ask] = [:]
    /// Counts what happens.
    private(set) var order = 0
    /// When all copies were purged, and when each key was refused.
    private var purgedAt = 0
    private var refusedAt: [Int: Int] = [:]
    private var pauses: [PauseKey: Pause] = [:]
    private var pausesOfAll: [Int: Pause] = [:]
    /// Until when a key may not ask because its connection failed, which says nothing of other keys.
    private var unconnected: [PauseKey: UInt64] = [:]
    private var lastFailed: [Int: Int] = [:]

    mutating func violated(_ invariant: Int, _ now: UInt64, _ what: String) {
        if violation == nil { violation = WeekViolation(invariant: invariant, at: now, what: what) }
    }

    // MARK: 4 and 5: what upstream is asked

    /// Returns its place in the order of all that happens.
    mutating func asked(_ id: Int, _ ask: Ask, now: UInt64) -> Int {
        if !ask.isAlone, asks.values.contains(where: { $0.thing == ask.thing && $0.key == ask.key && !$0.isAlone }) {
            violated(
                4, now, "upstream is asked for thing \(ask.thing) with key \(ask.key) while it answers that already")
        }
        if let pause = pauses[PauseKey(thing: ask.thing, key: ask.key)], now < pause.until {
            violated(
                5, now, "upstream is asked for thing \(ask.thing) \(pause.until - now) ms too early with key \(ask.key)"
            )
        }
        if let until = unconnected[PauseKey(thing: ask.thing, key: ask.key)], now < until {
            violated(5, now, "upstream is asked for thing \(ask.thing) too early with key \(ask.key), which failed")
        }
        if let pause = pausesOfAll[group(ask.thing, ask.key)], now < pause.until {
            violated(5, now, "upstream is asked for thing \(ask.thing) \(pause.until - now) ms too early by anyone")
        }
        asks[id] = ask
        order += 1
        return order
    }

    mutating func ended(_ id: Int) { asks[id] = nil }

    /// A purge keeps others from sharing what this request brings.
    mutating func closed(_ id: Int) { asks[id]?.isAlone = true }

    /// Where callers without a key get other answers, their failures are not those of callers with one.
    private func group(_ thing: Int, _ key: Int) -> Int {
        Subject.things[thing].dependsOnKey && key == 0 ? thing + Subject.targets : thing
    }

    /// Larder has learned of a failure. The pause is the shortest that follows.
    mutating func failed(_ thing: Int, _ key: Int, _ failure: Failure, wish: Int?, now: UInt64) {
        func lengthen(_ pause: Pause?) -> Pause {
            var pause = pause ?? Pause()
            pause.failures = now <= pause.until + 60_000 ? min(pause.failures + 1, 16) : 1
            let length =
                wish.map { UInt64(min(max($0, 1), 3600)) * 1000 } ?? min(1000 << UInt64(pause.failures - 1), 60_000) / 2
            pause.until = now + length
            return pause
        }
        let (pauseKey, group) = (PauseKey(thing: thing, key: key), group(thing, key))
        switch failure {
        case .ofConnection:
            pausesOfAll[group] = lengthen(pausesOfAll[group])
            // Another key's success ends the pause of all, but not this key's, which is half a second at least.
            unconnected[pauseKey] = now + 500
        case .ofRequest: pauses[pauseKey] = lengthen(pauses[pauseKey])
        case .ofStatus:
            if let other = lastFailed[group], other != key, let pause = pauses[PauseKey(thing: thing, key: other)],
                now <= pause.until + 60_000
            {
                pausesOfAll[group] = lengthen(pausesOfAll[group])
            }
            pauses[pauseKey] = lengthen(pauses[pauseKey])
            lastFailed[group] = key
        }
    }

    /// Larder has learned of an answer. A refusal of one key says nothing of others.
    mutating func succeeded(_ thing: Int, _ key: Int, isRefusal: Bool) {
        let group = group(thing, key)
        pauses[PauseKey(thing: thing, key: key)] = nil
        unconnected[PauseKey(thing: thing, key: key)] = nil
        if !isRefusal { pausesOfAll[group] = nil }
        if !isRefusal || lastFailed[group] == key { lastFailed[group] = nil }
    }

    // MARK: What upstream says

    mutating func add(_ content: Content) -> Int {
        contents.append(content)
        return contents.count - 1
    }

    /// A response is complete. Returns the number of what it says.
    mutating func responded(
        _ content: Int, of thing: Int, to key: Int, askedAt: Int, isPublic: Bool, confirms: Bool, isRefusal: Bool
    ) -> Int {
        // A 304 never gives a body to more keys than before.
        let mayBePublic = !confirms || isForEveryone(content, asking: key)
        let isForAll = isPublic && mayBePublic && !isRefusal && !Subject.things[thing].isPersonal
        order += 1
        let statement = Statement(
            content: content, thing: thing, key: key, isPublic: isForAll, narrows: !isForAll && !isRefusal,
            order: order, askedAt: askedAt)
        statements.append(statement)
        statementsOf[content, default: []].append(statements.count - 1)
        return statements.count - 1
    }

    /// Larder begins to answer with it.
    mutating func used(_ statement: Int) {
        order += 1
        if statements[statement].usedAt == nil { statements[statement].usedAt = order }
        let used = statements[statement]
        if !used.isPublic, !used.narrows, used.key != 0 { refusedAt[used.key] = order }
    }

    /// All copies are purged.
    mutating func purged() {
        order += 1
        purgedAt = order
    }

    /// Whether upstream has let everyone of this caller's sort have it, and has not said otherwise since.
    private func isForEveryone(_ content: Int, asking key: Int, askedAfter start: Int = -1) -> Bool {
        (statementsOf[content] ?? []).contains { index in
            let statement = statements[index]
            let isUsed = statement.usedAt != nil || start < 0
            guard statement.isPublic, isUsed, statement.askedAt > start else { return false }
            if Subject.things[statement.thing].dependsOnKey, (statement.key == 0) != (key == 0) { return false }
            return !statements.contains {
                $0.thing == statement.thing && $0.narrows && $0.usedAt != nil && $0.order > statement.order
                    && (!Subject.things[statement.thing].dependsOnKey || ($0.key == 0) == (key == 0))
            }
        }
    }

    /// Whether a caller may have it, whose request began then. For requests that began after a purge, only what was asked
    /// after it counts, and for a key that was refused only what was used since.
    func mayHave(_ content: Int, _ key: Int, begun: Int) -> Bool {
        let purged = purgedAt <= begun ? purgedAt : -1
        let refused = refusedAt[key].flatMap { $0 <= begun ? $0 : nil } ?? -1
        return (statementsOf[content] ?? []).contains {
            statements[$0].key == key && statements[$0].askedAt > purged
                && (refused < 0 || statements[$0].usedAt ?? 0 >= refused)
        } || isForEveryone(content, asking: key, askedAfter: purged)
    }

    // MARK: 1 and 2: what clients get

    /// A client has got a body with these marks.
    mutating func answered(_ subject: Subject, _ key: Int, _ marks: [Mark], count: Int?, begun: Int, now: UInt64) {
        for mark in marks where !mayHave(mark.content, key, begun: begun) {
            return violated(
                1, now,
                "a caller with key \(key) gets content \(mark.content), which upstream sent to \(recipients(mark.content))"
            )
        }
        for mark in marks where contents[mark.content].isCut {
            return violated(2, now, "a caller of \(subject.target) gets content \(mark.content), which was cut")
        }
        switch subject.form {
        case .list: isWhole(subject, marks, now) { _ in true }
        case .view: isWhole(subject, marks, now) { $0 % 3 != 2 }
        case .search: isWhole(subject, marks, now) { $0 % 2 == 0 }
        case .facet:
            if marks.count != 3 { violated(2, now, "an answer to \(subject.target) has \(marks.count) of 3 rows") }
        case .model, .body:
            if marks.isEmpty { violated(2, now, "an answer to \(subject.target) has nothing of upstream's") }
        case .count:
            let isTrue = contents.indices.contains {
                contents[$0].thing == 0 && contents[$0].rows == count && !contents[$0].isCut
                    && mayHave($0, key, begun: begun)
            }
            if !isTrue { violated(2, now, "a caller with key \(key) gets the count \(count ?? -1), which no list has") }
        }
    }

    /// A client has got an error, which may be upstream's. A refusal of its key may be remembered for seconds, also after
    /// another one.
    mutating func refused(_ key: Int, _ marks: [Mark], now: UInt64) {
        for mark in marks where !mayHave(mark.content, key, begun: -1) {
            violated(1, now, "a caller with key \(key) gets the refusal \(mark.content) of another")
        }
    }

    private func recipients(_ content: Int) -> String {
        (statementsOf[content] ?? []).map { statements[$0] }
            .map { "key \($0.key)\($0.isPublic ? " for everyone" : "") at \($0.order)" }.joined(separator: ", ")
    }

    /// All rows that pass, of one content, in its order.
    private mutating func isWhole(_ subject: Subject, _ marks: [Mark], _ now: UInt64, _ passes: (Int) -> Bool) {
        guard let content = marks.first?.content else {
            return violated(2, now, "an answer to \(subject.target) has no rows")
        }
        let expected = (0..<contents[content].rows).filter(passes)
        if marks.map(\.row) != expected || marks.contains(where: { $0.content != content }) {
            violated(
                2, now,
                "an answer to \(subject.target) has the rows \(marks.map(\.row)) of \(contents[content].rows) of content \(content)"
            )
        }
    }

    /// What shows in a body where it comes from: the number of a content, and of a row in it.
    struct Mark: Equatable {
        var content: Int
        var row: Int
    }
}
