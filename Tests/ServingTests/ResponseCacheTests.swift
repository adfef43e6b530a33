import Bytes
import Caching
import Catalog
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
        #expect(cache.bytes == shared.byteCount + model.byteCount)
    }

    @Test("A snapshot that several entries refer to counts once, until the last of them goes")
    func bases() {
        var cache = ResponseCache(maximumBytes: 1 << 20)
        let old = Snapshot.make((0..<20).map { .make("a/\($0)") })
        let new = Snapshot.make((0..<20).map { .make("b/\($0)") })
        let catalog = Entry.make(.rows(old, nil))
        cache.store(catalog, for: .catalog, owner: .nobody)
        #expect(cache.bytes == catalog.byteCount + old.byteCount)

        let list = Entry.make(.list(RowList(old)), isShared: false)
        for owner in [Owner.alice, .bob] { cache.store(list, for: .userList, owner: owner) }
        #expect(cache.bytes == catalog.byteCount + old.byteCount + 2 * list.byteCount)

        // The catalogue is another now, and the lists alone keep the earlier one.
        let newer = Entry.make(.rows(new, nil))
        cache.store(newer, for: .catalog, owner: .nobody)
        #expect(cache.bytes == newer.byteCount + new.byteCount + old.byteCount + 2 * list.byteCount)

        let refreshed = Entry.make(.list(RowList(new)), isShared: false)
        cache.store(refreshed, for: .userList, owner: .alice)
        let both = refreshed.byteCount + list.byteCount
        #expect(cache.bytes == newer.byteCount + new.byteCount + old.byteCount + both)
        cache.removeEntries(of: .bob)
        #expect(cache.bytes == newer.byteCount + new.byteCount + refreshed.byteCount)
    }

    @Test("A refused key loses its own entries, and nobody else does")
    func removeEntries() {
        var cache = ResponseCache(maximumBytes: 100_000)
        let shared = Entry.make()
        let query = Resource.opaque(path: "/models/user", query: "x=1")
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

    @Test("A purge of a path takes the bodies of each query and owner, and nothing else")
    func purgeOfPath() {
        var cache = ResponseCache(maximumBytes: 100_000)
        let covered: [(Resource, Owner?)] = [
            (.opaque(path: "/tools", query: ""), .alice), (.opaque(path: "/tools", query: "a=1"), .bob),
            (.opaque(path: "/tools", query: "", forKeys: true), nil),
        ]
        let others: [(Resource, Owner?)] = [
            (.opaque(path: "/tools/x", query: ""), .alice), (.catalog, nil), (.model(id: "tools"), nil),
        ]
        for (resource, owner) in covered + others {
            cache.store(.make(isShared: owner == nil), for: resource, owner: owner ?? .nobody)
        }
        #expect(Set(cache.remove(.path("/tools"))).count == covered.count)
        #expect(cache.entryCount == others.count)
        #expect(cache.remove(.path("/tools")).isEmpty)
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

    @Test("What was not used for the longest time goes first")
    func evictionOrder() {
        var cache = ResponseCache(maximumBytes: 13_000)
        for number in 0..<3 { cache.store(.make(size: 3_000), for: .model(id: "a/\(number)"), owner: .nobody) }
        #expect(cache.evictions == 0)
        _ = cache.entry(for: .model(id: "a/0"), owner: .nobody)
        cache.store(.make(size: 3_000), for: .model(id: "a/3"), owner: .nobody)
        let left = (0..<4).map { cache.entry(for: .model(id: "a/\($0)"), owner: .nobody) != nil }
        #expect(left == [true, false, true, true])
        #expect(cache.evictions == 1)
    }

    @Test("An entry does not go before the answers made from it")
    func answersGoFirst() {
        var cache = ResponseCache(maximumBytes: 20_000)
        let entry = Entry.make(size: 3_000)
        cache.store(entry, for: model, owner: .nobody)
        for number in 0..<6 {
            let answer = Answer.make(from: entry, body: String(repeating: "x", count: 2_000), target: "/\(number)")
            cache.keep(answer, resource: model, coding: .identity, owner: .nobody)
            let first = cache.find("/0")
            #expect(first != nil)
        }
        let found = cache.entry(for: model, owner: .nobody)
        let last = cache.find("/5")
        let second = cache.find("/1")
        #expect(found === entry)
        #expect(last != nil)
        #expect(second == nil)
    }

    @Test("The name of what is stored counts as well, as it is the caller's own text")
    func longNames() {
        var cache = ResponseCache(maximumBytes: 100_000)
        let entry = Entry.make(size: 10)
        cache.store(entry, for: .model(id: String(repeating: "x", count: 5_000)), owner: .nobody)
        #expect(cache.bytes == entry.byteCount + 5_000)
    }

    @Test func `what fetches under way hold is not there for entries, but half of the room always is`() {
        var cache = ResponseCache(maximumBytes: 20_000)
        for number in 0..<4 { cache.store(.make(size: 3_000), for: .model(id: "a/\(number)"), owner: .nobody) }
        #expect(cache.entryCount == 4)
        cache.setAside(5_000)
        #expect(cache.entryCount == 3 && cache.evictions == 1)
        cache.setAside(1 << 30)
        #expect(cache.entryCount == 2)
        cache.setAside(0)
        for number in 4..<6 { cache.store(.make(size: 3_000), for: .model(id: "a/\(number)"), owner: .nobody) }
        #expect(cache.entryCount == 4)
    }

    @Test func `what copies take that are read from a store is not there either, an eighth of the room at most`() {
        var cache = ResponseCache(maximumBytes: 40_000)
        for number in 0..<9 { cache.store(.make(size: 3_000), for: .model(id: "a/\(number)"), owner: .nobody) }
        #expect(cache.entryCount == 9)
        cache.setAside(forReads: 1 << 30)
        #expect(cache.entryCount == 8)
        cache.setAside(1 << 30)
        #expect(cache.entryCount == 3)
        cache.setAside(forReads: 0)
        cache.setAside(0)
        for number in 9..<20 { cache.store(.make(size: 3_000), for: .model(id: "a/\(number)"), owner: .nobody) }
        #expect(cache.entryCount == 9)
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
