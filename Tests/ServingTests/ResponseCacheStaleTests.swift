import Bytes
import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("Stale entries in a cache")
struct ResponseCacheStaleTests {
    private static let windows = StaleWindows(whileRevalidate: 1_000, ifError: 10_000)
    private let model = Resource.model(id: "a/b")

    /// A cache with an entry that is stale from 100 on, and an answer made from it.
    private func stocked(isShared: Bool = true, owner: Owner = .alice) -> (ResponseCache, Answer) {
        var cache = ResponseCache(maximumBytes: 1 << 20, windows: Self.windows)
        let entry = Entry.make(
            freshness: Freshness(storedAt: 0, lifetime: 100, staleUse: .always), isShared: isShared)
        cache.store(entry, for: model, owner: owner)
        let answer = Answer.make(from: entry, owner: owner)
        cache.keep(answer, resource: model, coding: .identity, owner: owner)
        return (cache, answer)
    }

    @Test("An answer is used for as long as its windows say")
    func decisions() {
        let (cache, answer) = stocked()
        let decisions = [99, 100, 1_099, 1_100, 10_100].map {
            cache.decision(on: answer, owner: .alice, directive: .any, now: $0)
        }
        #expect(decisions == [.hit, .stale, .stale, .fetch(.stale), .fetch(.stale)])
        let stored = [100, 1_100].map { cache.decision(on: answer, owner: .bob, directive: .storedOnly, now: $0) }
        #expect(stored == [.hit, .unsatisfiable])
        #expect(cache.decision(on: answer, owner: .alice, directive: .refresh, now: 100) == .fetch(.request))
    }

    @Test("What a key does not share is served fresh, or when upstream is left alone: the key may have been revoked")
    func ownCopy() {
        let (cache, answer) = stocked(isShared: false)
        let decisions = [99, 100, 1_099, 10_100].map {
            cache.decision(on: answer, owner: .alice, directive: .any, now: $0)
        }
        #expect(decisions == [.hit, .fetch(.stale), .fetch(.stale), .fetch(.stale)])
        #expect(cache.decision(on: answer, owner: .alice, directive: .storedOnly, now: 100) == .unsatisfiable)
        cache.refreshEnded(of: model, owner: .alice, notBefore: 5_000, backoffUntil: 5_000, isAboutKey: false)
        #expect(cache.decision(on: answer, owner: .alice, directive: .any, now: 4_999) == .staleOnError)
        // Without a key there is none to be revoked.
        let (open, common) = stocked(isShared: false, owner: .nobody)
        #expect(open.decision(on: common, owner: .nobody, directive: .any, now: 100) == .stale)
    }

    @Test("What is made of a shared copy and of one that a key has for itself is that key's")
    func partlyOwn() {
        for isShared in [true, false] {
            var cache = ResponseCache(maximumBytes: 1 << 20, windows: Self.windows)
            let resources = ["a/1", "a/2"].map { Resource.model(id: $0) }
            let entries = [true, isShared].map {
                Entry.make(freshness: Freshness(storedAt: 0, lifetime: 100, staleUse: .always), isShared: $0)
            }
            let parts = zip(resources, entries).map { (resource: $0, entry: $1) }
            for part in parts { cache.store(part.entry, for: part.resource, owner: .alice) }
            let answer = Answer.make(from: Entry(joining: entries), owner: .alice)
            cache.keep(answer, madeOf: parts, coding: .identity, owner: .alice)
            let decision = cache.decision(on: answer, owner: .alice, directive: .any, now: 100)
            #expect(decision == (isShared ? .stale : .fetch(.stale)))
        }
    }

    @Test("A copy stands in for a failure until its window ends, and never for upstream's word")
    func staleIfErrorCopy() {
        var (cache, answer) = stocked(isShared: false)
        let failures: [FetchProblem] = [.timeout(""), .busy, .backingOff(seconds: 1), DispatcherHarness.tooMany()]
        for problem in failures {
            let copies = [99, 100, 10_099, 10_100].map {
                cache.staleIfErrorCopy(for: model, owner: .alice, after: problem, now: $0)
            }
            #expect(copies.map { $0 === answer.source } == [true, true, true, false])
            #expect(cache.staleIfErrorCopy(for: model, owner: .bob, after: problem, now: 100) == nil)
        }
        let refusal = FetchProblem.relayed(.forbidden, contentType: [], body: .empty, retryAfter: nil)
        for problem in [refusal, .onlyIfCached] {
            #expect(cache.staleIfErrorCopy(for: model, owner: .alice, after: problem, now: 100) == nil)
        }
    }

    @Test("An answer that is no longer kept decides nothing")
    func notKept() {
        var (cache, answer) = stocked()
        cache.store(.make(storedAt: 200), for: model, owner: .bob)
        #expect(cache.decision(on: answer, owner: .alice, directive: .any, now: 300) == .fetch(.stale))
    }

    @Test("A key's refusal goes before the stale copy of all, for that key")
    func refusalFirst() {
        var (cache, answer) = stocked()
        cache.store(.refusal(.unauthorized, storedAt: 200), for: model, owner: .bob)
        #expect(cache.decision(on: answer, owner: .bob, directive: .any, now: 300) == .fetch(.stale))
        #expect(cache.decision(on: answer, owner: .alice, directive: .any, now: 300) == .stale)
    }

    @Test("One refresh begins, and no other before it has ended, for any client")
    func oneRefresh() {
        let (cache, answer) = stocked()
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 99).isEmpty)
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 100) == [model])
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 101).isEmpty)
        #expect(cache.beginRefreshes(behind: answer, owner: .bob, now: 5_000).isEmpty)
        cache.refreshEnded(of: model, owner: .alice, notBefore: 600, backoffUntil: 500, isAboutKey: false)
        #expect(cache.beginRefreshes(behind: answer, owner: .bob, now: 599).isEmpty)
        #expect(cache.beginRefreshes(behind: answer, owner: .bob, now: 600) == [model])
    }

    @Test("During back-off the copy stands in for an error, for all")
    func backOff() {
        let (cache, answer) = stocked()
        cache.refreshEnded(of: model, owner: .alice, notBefore: 5_000, backoffUntil: 5_000, isAboutKey: false)
        for owner in [Owner.alice, .bob] {
            #expect(cache.isBackingOff(answer, owner: owner, now: 4_999))
            #expect(cache.isBackingOff(model, owner: owner, now: 4_999))
            #expect(cache.decision(on: answer, owner: owner, directive: .any, now: 4_999) == .staleOnError)
            #expect(!cache.isBackingOff(answer, owner: owner, now: 5_000))
            #expect(cache.decision(on: answer, owner: owner, directive: .any, now: 5_000) == .fetch(.stale))
        }
    }

    @Test("What upstream holds against one key stops no other key")
    func aboutKey() {
        let (cache, answer) = stocked()
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 100) == [model])
        cache.refreshEnded(of: model, owner: .alice, notBefore: 5_000, backoffUntil: 5_000, isAboutKey: true)
        #expect(cache.isBackingOff(answer, owner: .alice, now: 200))
        #expect(!cache.isBackingOff(answer, owner: .bob, now: 200))
        #expect(!cache.isBackingOff(model, owner: .nobody, now: 200))
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 200).isEmpty)
        #expect(cache.beginRefreshes(behind: answer, owner: .bob, now: 200) == [model])
        // That refresh is under way, so hers does not begin either when her pause is over.
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 6_000).isEmpty)
        cache.refreshEnded(of: model, owner: .bob, notBefore: 0, backoffUntil: 0, isAboutKey: false)
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 4_999).isEmpty)
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 5_000) == [model])
    }

    @Test("What upstream holds against a key stops the refresh of its own copy")
    func aboutKeyOwn() {
        let (cache, answer) = stocked(isShared: false)
        cache.refreshEnded(of: model, owner: .alice, notBefore: 5_000, backoffUntil: 5_000, isAboutKey: true)
        #expect(cache.isBackingOff(answer, owner: .alice, now: 4_999))
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 4_999).isEmpty)
        #expect(cache.beginRefreshes(behind: answer, owner: .alice, now: 5_000) == [model])
    }

    @Test("However many keys upstream objects to, the memory of it stays bounded, and the last backs off")
    func manyKeys() {
        let (cache, answer) = stocked()
        for number in 0..<2_000 {
            let owner = Owner(high: UInt64(number), low: 7)
            cache.refreshEnded(of: model, owner: owner, notBefore: 5_000, backoffUntil: 5_000, isAboutKey: true)
            #expect(cache.isBackingOff(answer, owner: owner, now: 200))
        }
        let remembered = (0..<2_000).count {
            cache.isBackingOff(answer, owner: Owner(high: UInt64($0), low: 7), now: 200)
        }
        #expect(remembered <= 256)
    }

    @Test("Of an answer made of several entries the stale ones are refreshed; it backs off if all of them do")
    func joined() {
        var cache = ResponseCache(maximumBytes: 1 << 20, windows: Self.windows)
        let resources = ["a/1", "a/2", "a/3"].map { Resource.model(id: $0) }
        let entries = [100, 200, 900].map {
            Entry.make(freshness: Freshness(storedAt: 0, lifetime: $0, staleUse: .always))
        }
        let parts = zip(resources, entries).map { (resource: $0, entry: $1) }
        for part in parts { cache.store(part.entry, for: part.resource, owner: .nobody) }
        let answer = Answer.make(from: Entry(joining: entries))
        cache.keep(answer, madeOf: parts, coding: .identity, owner: .nobody)
        #expect(cache.beginRefreshes(behind: answer, owner: .nobody, now: 150) == [resources[0]])
        #expect(cache.beginRefreshes(behind: answer, owner: .nobody, now: 250) == [resources[1]])
        cache.refreshEnded(of: resources[0], owner: .nobody, notBefore: 5_000, backoffUntil: 5_000, isAboutKey: false)
        #expect(!cache.isBackingOff(answer, owner: .nobody, now: 300))
        cache.refreshEnded(of: resources[1], owner: .nobody, notBefore: 5_000, backoffUntil: 5_000, isAboutKey: false)
        #expect(cache.isBackingOff(answer, owner: .nobody, now: 300))
        #expect(!cache.isBackingOff(answer, owner: .nobody, now: 900))
    }
}

extension Entry {
    /// A stored body with this freshness.
    static func make(freshness: Freshness, isShared: Bool = true) -> Entry {
        Entry(
            content: .body(SharedBytes(utf8: "{}")), freshness: freshness, maxAge: 0, isShared: isShared, status: .ok,
            contentType: Array("application/json".utf8), identity: 0xA1, lastModified: 784_111_777)
    }
}
