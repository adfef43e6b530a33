import Bytes
import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("Answers kept for the next request")
struct ResponseCacheAnswersTests {
    @Test("An answer is found by its target, coding and owner, and by nothing else")
    func found() {
        var (cache, entry) = cacheWithCatalog()
        let answer = Answer.make(from: entry, target: "/models?limit=1")
        cache.keep(answer, resource: .catalog, coding: .identity, owner: .alice)
        let same = cache.find("/models?limit=1")
        let others = [
            cache.find("/models?limit=2"), cache.find("/models"), cache.find("/models?limit=1", coding: .gzip),
            cache.find("/models?limit=1", owner: .alice), cache.find("/models?limit=1", owner: .nobody),
        ]
        #expect(same === answer)
        #expect(others.allSatisfy { $0 == nil })
    }

    @Test("Keys that ask for one target have answers of their own")
    func owners() {
        var cache = ResponseCache(maximumBytes: 100_000)
        var answers: [Owner: Answer] = [:]
        for owner in [Owner.alice, .bob, .nobody] {
            let entry = Entry.make(isShared: false)
            cache.store(entry, for: .userList, owner: owner)
            let answer = Answer.make(from: entry, owner: owner, target: "/models/user")
            cache.keep(answer, resource: .userList, coding: .identity, owner: owner)
            answers[owner] = answer
        }
        for owner in [Owner.alice, .bob, .nobody] {
            let found = cache.find("/models/user", owner: owner)
            #expect(found === answers[owner])
        }
        let shared = cache.find("/models/user", owner: nil)
        #expect(shared == nil)
    }

    @Test("Owners whose digests begin alike are still distinguished")
    func halfEqualOwners() {
        var cache = ResponseCache(maximumBytes: 100_000)
        let entry = Entry.make(isShared: false)
        cache.store(entry, for: .userList, owner: Owner(high: 5, low: 1))
        cache.keep(
            .make(from: entry, owner: Owner(high: 5, low: 1)), resource: .userList, coding: .identity,
            owner: Owner(high: 5, low: 1))
        let own = cache.find("/models", owner: Owner(high: 5, low: 1))
        let other = cache.find("/models", owner: Owner(high: 5, low: 2))
        let neighbour = cache.find("/models", coding: .gzip, owner: Owner(high: 4, low: 1))
        #expect(own != nil)
        #expect(other == nil)
        #expect(neighbour == nil)
    }

    @Test("A new entry ends the answers of the old one")
    func replacing() {
        var (cache, entry) = cacheWithCatalog()
        cache.keep(.make(from: entry), resource: .catalog, coding: .identity, owner: .nobody)
        let newer = Entry.make(identity: 0xA2)
        cache.store(newer, for: .catalog, owner: .nobody)
        let found = cache.find("/models")
        #expect(found == nil)
        #expect(cache.answerCount == 0)
        #expect(cache.bytes == newer.byteCount)
    }

    @Test("An answer of an entry that is stored no more is not kept")
    func late() {
        var (cache, entry) = cacheWithCatalog()
        cache.store(.make(identity: 0xA2), for: .catalog, owner: .nobody)
        cache.keep(.make(from: entry), resource: .catalog, coding: .identity, owner: .nobody)
        #expect(cache.answerCount == 0)
    }

    @Test("An answer that ages ends when its time comes", arguments: [(99, true), (100, false), (101, false)])
    func validUntil(wallSeconds: Int64, isFound: Bool) {
        var (cache, entry) = cacheWithCatalog()
        cache.keep(.make(from: entry, validUntil: 100), resource: .catalog, coding: .identity, owner: .nobody)
        let found = cache.find("/models", wallSeconds: wallSeconds)
        #expect((found != nil) == isFound)
    }

    @Test("The compressed form takes the place of the plain one for those who prefer it")
    func compressed() {
        var (cache, entry) = cacheWithCatalog()
        let plain = Answer.make(from: entry, body: String(repeating: "x", count: 5_000), preferred: .gzip)
        cache.keep(plain, resource: .catalog, coding: .gzip, owner: .alice)
        cache.replace(plain, compressed: SharedBytes(utf8: "small"))
        let gzip = cache.find("/models", coding: .gzip)
        let identity = cache.find("/models")
        #expect(gzip?.coding == .gzip)
        #expect(gzip.map { text($0.body) } == "small")
        #expect(identity == nil)
        #expect(cache.answerCount == 1)
        #expect(cache.bytes == entry.byteCount + (gzip?.byteCount ?? 0))
    }

    @Test("A compressed form that comes when the answer is gone is dropped")
    func compressedTooLate() {
        var (cache, entry) = cacheWithCatalog()
        let plain = Answer.make(from: entry, preferred: .gzip)
        cache.keep(plain, resource: .catalog, coding: .gzip, owner: .nobody)
        cache.store(.make(identity: 0xA2), for: .catalog, owner: .nobody)
        cache.replace(plain, compressed: SharedBytes(utf8: "small"))
        #expect(cache.answerCount == 0)
    }

    @Test("Keeping an answer for a target again replaces the first")
    func keptAgain() {
        var (cache, entry) = cacheWithCatalog()
        cache.keep(.make(from: entry, body: "1"), resource: .catalog, coding: .identity, owner: .nobody)
        let second = Answer.make(from: entry, body: "22")
        cache.keep(second, resource: .catalog, coding: .identity, owner: .nobody)
        let found = cache.find("/models")
        #expect(found === second)
        #expect(cache.answerCount == 1)
        #expect(cache.bytes == entry.byteCount + second.byteCount)
    }

    private func cacheWithCatalog() -> (ResponseCache, Entry) {
        var cache = ResponseCache(maximumBytes: 100_000)
        let entry = Entry.make()
        cache.store(entry, for: .catalog, owner: .nobody)
        return (cache, entry)
    }
}
