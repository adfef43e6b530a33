import Bytes
import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("Stored responses")
struct ResponseCacheTests {
    private let model = Resource.model(id: "a/b")

    @Test("A shared response answers everyone")
    func shared() {
        var cache = ResponseCache(maximumBytes: 100_000)
        let entry = Entry.make()
        cache.store(entry, for: model, owner: .alice)
        for owner in [Owner.alice, .bob, .nobody] {
            let found = cache.entry(for: model, owner: owner)
            #expect(found === entry)
        }
        let other = cache.entry(for: .userList, owner: .alice)
        #expect(other == nil)
    }

    @Test("A key's own response answers that key alone", arguments: [Owner.alice, .bob, .nobody])
    func own(owner: Owner) {
        var cache = ResponseCache(maximumBytes: 100_000)
        let entry = Entry.make(isShared: false)
        cache.store(entry, for: .userList, owner: owner)
        for asking in [Owner.alice, .bob, .nobody] {
            let found = cache.entry(for: .userList, owner: asking)
            #expect((found === entry) == (asking == owner))
        }
    }

    @Test("A response of one key's own ends the shared one, but a refusal does not")
    func ownEndsShared() {
        var cache = ResponseCache(maximumBytes: 100_000)
        let shared = Entry.make()
        cache.store(shared, for: .catalog, owner: .alice)
        cache.store(.refusal(.unauthorized), for: .catalog, owner: .bob)
        let kept = cache.entry(for: .catalog, owner: .alice)
        #expect(kept === shared)

        let own = Entry.make(isShared: false)
        cache.store(own, for: .catalog, owner: .alice)
        let alices = cache.entry(for: .catalog, owner: .alice)
        let nobodys = cache.entry(for: .catalog, owner: .nobody)
        let bobs = cache.entry(for: .catalog, owner: .bob)
        #expect(alices === own)
        #expect(nobodys == nil)
        #expect(bobs?.status == .unauthorized)
    }

    @Test("A shared response takes the place of the key's own")
    func sharedEndsOwn() {
        var cache = ResponseCache(maximumBytes: 100_000)
        cache.store(.make(isShared: false), for: model, owner: .alice)
        let shared = Entry.make()
        cache.store(shared, for: model, owner: .alice)
        let found = cache.entry(for: model, owner: .alice)
        #expect(found === shared)
        #expect(cache.entryCount == 1)
        #expect(cache.bytes == shared.byteCount + 3)
    }

    @Test("A refused key loses its own entries, and nobody else does")
    func removeEntries() {
        var cache = ResponseCache(maximumBytes: 100_000)
        let shared = Entry.make()
        let query = FacetDesk.facet("x=1", of: .user)
        cache.store(shared, for: .catalog, owner: .alice)
        for owner in [Owner.alice, .bob] {
            for resource in [.userList, model, query] {
                let entry = Entry.make(isShared: false)
                cache.store(entry, for: resource, owner: owner)
                cache.keep(
                    .make(from: entry, owner: owner, target: "/\(resource)"), resource: resource, coding: .identity,
                    owner: owner)
            }
        }
        cache.removeEntries(of: .alice)
        let left = [.catalog, .userList, model, query].map { cache.entry(for: $0, owner: .alice) != nil }
        let bobs = [.catalog, .userList, model, query].map { cache.entry(for: $0, owner: .bob) != nil }
        #expect(left == [true, false, false, false])
        #expect(bobs == [true, true, true, true])
        #expect(cache.answerCount == 3)
    }

    @Test("The shared catalogue stays when all else has to go")
    func pinned() {
        var cache = ResponseCache(maximumBytes: 10_000)
        let catalog = Entry.make(size: 9_000)
        cache.store(catalog, for: .catalog, owner: .nobody)
        for number in 0..<100 { cache.store(.make(size: 3_000), for: .model(id: "a/\(number)"), owner: .nobody) }
        let found = cache.entry(for: .catalog, owner: .alice)
        #expect(found === catalog)
        #expect(cache.entryCount == 1)
        #expect(cache.evictions == 100)
        #expect(cache.bytes == catalog.byteCount)
    }

    @Test("A catalogue that is a key's own can go like anything else")
    func ownCatalogIsNotPinned() {
        var cache = ResponseCache(maximumBytes: 10_000)
        cache.store(.make(size: 6_000, isShared: false), for: .catalog, owner: .alice)
        cache.store(.make(size: 6_000, isShared: false), for: .catalog, owner: .bob)
        let alices = cache.entry(for: .catalog, owner: .alice)
        let bobs = cache.entry(for: .catalog, owner: .bob)
        #expect(alices == nil)
        #expect(bobs != nil)
    }

    @Test("What was not used for the longest time goes first, with its answers")
    func evictionOrder() {
        var cache = ResponseCache(maximumBytes: 14_000)
        let entries = (0..<3).map { _ in Entry.make(size: 3_000) }
        for (number, entry) in entries.enumerated() {
            let resource = Resource.model(id: "a/\(number)")
            cache.store(entry, for: resource, owner: .nobody)
            cache.keep(.make(from: entry, target: "/\(number)"), resource: resource, coding: .identity, owner: .nobody)
        }
        #expect(cache.evictions == 0)
        // Using the first entry and its answer leaves the second ones the oldest.
        _ = cache.entry(for: .model(id: "a/0"), owner: .nobody)
        _ = cache.find("/0")
        cache.store(.make(size: 3_000), for: .model(id: "a/3"), owner: .nobody)
        let entriesLeft = (0..<4).map { cache.entry(for: .model(id: "a/\($0)"), owner: .nobody) != nil }
        let answersLeft = (0..<3).map { cache.find("/\($0)") != nil }
        #expect(entriesLeft == [true, false, true, true])
        #expect(answersLeft == [true, false, true])
    }

    @Test("An entry larger than all the room is not kept")
    func tooLarge() {
        var cache = ResponseCache(maximumBytes: 1_000)
        cache.store(.make(size: 2_000), for: model, owner: .nobody)
        #expect(cache.bytes == 0)
        #expect(cache.entryCount == 0)
        #expect(cache.evictions == 1)
    }
}
