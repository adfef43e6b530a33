import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("One fetch for all who wait")
struct DispatcherTests {
    @Test("The first who wants a thing starts the fetch, and all get its answer in order")
    func singleFlight() {
        var tower = Tower()
        let wanted = (1...3).map { tower.want(.catalog, $0, as: .alice) }
        #expect(wanted == ["1 starts for all", "waits", "waits"])
        #expect(tower.dispatcher.flightCount == 1)
        let completed = tower.complete(with: tower.entry())
        #expect(completed == ["1 gets 200, new", "2 gets 200, new, collapsed", "3 gets 200, new, collapsed"])
        #expect(tower.dispatcher.flightCount == 0)
    }

    @Test("Resources are fetched each for itself")
    func resources() {
        var tower = Tower()
        let wanted = [tower.want(.catalog, 1), tower.want(.model(id: "a/b"), 2), tower.want(.model(id: "a/c"), 3)]
        #expect(wanted == ["1 starts for all", "2 starts for all", "3 starts for all"])
        let completed = tower.complete(.model(id: "a/b"), with: tower.entry())
        #expect(completed == ["2 gets 200, new"])
        #expect(tower.dispatcher.flightCount == 2)
    }

    @Test("A thousand callers with keys of their own share one fetch whose answer is for all")
    func collapseAcrossOwners() {
        var tower = Tower()
        let wanted = (1...1_000).map { tower.want(.catalog, $0, as: Owner(high: $0 << 20, low: 0)) }
        #expect(wanted.filter { $0 != "waits" } == ["1 starts for all"])
        let completed = tower.complete(with: tower.entry())
        #expect(completed.count == 1_000)
        #expect(completed.filter { $0.hasSuffix("gets 200, new, collapsed") }.count == 999)
    }

    @Test("When the answer turns out to be one key's own, the others ask for themselves")
    func split() {
        var tower = Tower()
        _ = [
            tower.want(.catalog, 1, as: .alice), tower.want(.catalog, 2, as: .bob),
            tower.want(.catalog, 3, as: .alice), tower.want(.catalog, 4, as: .bob),
        ]
        let first = tower.complete(storedFor: .alice, with: tower.entry(isShared: false))
        #expect(first == ["1 gets 200, new", "2 starts for bob", "3 gets 200, new, collapsed"])
        let second = tower.complete(for: .bob, with: tower.entry(isShared: false))
        #expect(second == ["2 gets 200, new", "4 gets 200, new, collapsed"])
        #expect(tower.dispatcher.flightCount == 0)
    }

    @Test("How upstream shares a kind of resource is remembered, and learned anew")
    func learns() {
        var tower = Tower()
        _ = tower.want(.model(id: "a/b"), 1, as: .alice)
        _ = tower.complete(.model(id: "a/b"), storedFor: .alice, with: tower.entry(isShared: false))
        let personal = [tower.want(.model(id: "a/c"), 2, as: .alice), tower.want(.model(id: "a/c"), 3, as: .bob)]
        #expect(personal == ["2 starts for alice", "3 starts for bob"])
        let otherKind = tower.want(.catalog, 4, as: .bob)
        #expect(otherKind == "4 starts for all")
        _ = tower.complete(.model(id: "a/c"), for: .alice, with: tower.entry())
        let shared = [tower.want(.model(id: "a/d"), 5, as: .alice), tower.want(.model(id: "a/d"), 6, as: .bob)]
        #expect(shared == ["5 starts for all", "waits"])
    }

    @Test("Upstream is asked once at a time with a key, however the fetch came about")
    func oneFetchForEachKey() {
        var tower = Tower()
        let model = Resource.model(id: "a/b")
        _ = [tower.want(model, 1, as: .alice), tower.want(model, 2, as: .bob)]
        let split = tower.complete(model, storedFor: .alice, with: tower.refusal(.notFound))
        #expect(split == ["1 gets 404, new", "2 starts for bob"])
        // A refusal has not told how upstream shares: he would begin a fetch for all, and ask a second time.
        let again = [tower.want(model, 3, as: .bob), tower.want(model, 4, as: .nobody)]
        #expect(again == ["waits", "4 starts for all"])
        let bobs = tower.complete(model, for: .bob, with: tower.refusal(.notFound))
        #expect(bobs == ["2 gets 404, new", "3 gets 404, new, collapsed"])
    }

    @Test("Who began a fetch for all waits for it, also when upstream has turned out not to share")
    func startedForAll() {
        var tower = Tower()
        let started = [tower.want(.model(id: "a/b"), 1, as: .alice), tower.want(.model(id: "a/c"), 2, as: .alice)]
        #expect(started == ["1 starts for all", "2 starts for all"])
        _ = tower.complete(.model(id: "a/b"), storedFor: .alice, with: tower.entry(isShared: false))
        let next = [tower.want(.model(id: "a/c"), 3, as: .alice), tower.want(.model(id: "a/c"), 4, as: .bob)]
        #expect(next == ["waits", "4 starts for bob"])
    }

    /// Alice has begun a fetch for all that Bob waits for, and then one of his own.
    private static func towerOfTwoFetches(_ model: Resource) -> Tower {
        var tower = Tower()
        _ = [tower.want(model, 1, as: .alice), tower.want(model, 2, as: .bob)]
        _ = tower.want(.model(id: "x/y"), 3, as: .alice)
        _ = tower.complete(.model(id: "x/y"), storedFor: .alice, with: tower.entry(isShared: false))
        let own = tower.want(model, 4, as: .bob)
        #expect(own == "4 starts for bob")
        return tower
    }

    @Test("Who waited for another key's answer gets what has come meanwhile for the own key")
    func lookedUpAgain() {
        let model = Resource.model(id: "a/b")
        var tower = Self.towerOfTwoFetches(model)
        _ = tower.complete(model, for: .bob, with: tower.refusal(.notFound))
        let completed = tower.complete(model, storedFor: .alice, with: tower.refusal(.notFound))
        #expect(completed == ["1 gets 404, new", "2 gets 404"])
        #expect(tower.dispatcher.flightCount == 0)
        var late = Self.towerOfTwoFetches(model)
        _ = late.complete(model, for: .bob, with: late.refusal(.notFound))
        late.now += 5_000
        let stale = late.complete(model, storedFor: .alice, with: late.refusal(.notFound))
        #expect(stale == ["1 gets 404, new", "2 starts for bob"])
    }

    @Test("Who waited for another key's answer does not ask while upstream leaves the own key waiting")
    func leftAloneMeanwhile() {
        let model = Resource.model(id: "a/b")
        var tower = Self.towerOfTwoFetches(model)
        _ = tower.fail(model, for: .bob, with: Tower.tooMany(retryAfter: 9))
        let completed = tower.complete(model, storedFor: .alice, with: tower.refusal(.notFound))
        #expect(completed == ["1 gets 404, new", "2 fails: backingOff for 9 s"])
        #expect(tower.dispatcher.flightCount == 0)
    }

    @Test(
        "A key's own lists are never fetched together",
        arguments: [Resource.userList, .opaque(path: "/models/user", query: "x=1")])
    func personalLists(resource: Resource) {
        var tower = Tower()
        for _ in 0..<2 {
            let wanted = [
                tower.want(resource, 1, as: .alice), tower.want(resource, 2, as: .bob),
                tower.want(resource, 3, as: .alice),
            ]
            #expect(wanted == ["1 starts for alice", "2 starts for bob", "waits"])
            let alices = tower.complete(resource, for: .alice, with: tower.entry(isShared: false))
            let bobs = tower.complete(resource, for: .bob, with: tower.entry(isShared: false))
            #expect(alices == ["1 gets 200, new", "3 gets 200, new, collapsed"])
            #expect(bobs == ["2 gets 200, new"])
            tower.now += 60_000
        }
    }

    @Test("What the leading loop has is given at once")
    func stored() {
        var tower = Tower()
        _ = tower.want(.catalog, 1)
        _ = tower.complete(with: tower.entry())
        let fresh = tower.want(.catalog, 2, as: .bob)
        #expect(fresh == "2 gets 200")
        tower.now += 60_000
        let stale = tower.want(.catalog, 3, as: .bob)
        #expect(stale == "3 starts for all")
    }

    @Test("A refresh asks though a fresh copy is there, and joins a fetch that is under way")
    func refresh() {
        var tower = Tower()
        _ = tower.want(.catalog, 1)
        _ = tower.complete(with: tower.entry())
        let wanted = [
            tower.want(.catalog, 2, directive: .refresh), tower.want(.catalog, 3, directive: .refresh),
            tower.want(.catalog, 4), tower.want(.catalog, 5, as: .bob, directive: .refresh),
        ]
        #expect(wanted == ["2 starts for all", "waits", "4 gets 200", "waits"])
        let completed = tower.complete(with: tower.entry())
        #expect(completed == ["2 gets 200, new", "3 gets 200, new, collapsed", "5 gets 200, new, collapsed"])
    }

    @Test("Who forbids asking gets what is fresh, or nothing, and nothing is started")
    func storedOnly() {
        var tower = Tower()
        let nothing = tower.want(.catalog, 1, directive: .storedOnly)
        #expect(nothing == "1 fails: onlyIfCached")
        #expect(tower.dispatcher.flightCount == 0)
        _ = tower.want(.catalog, 2)
        let underWay = tower.want(.catalog, 3, directive: .storedOnly)
        #expect(underWay == "3 fails: onlyIfCached")
        _ = tower.complete(with: tower.entry())
        let fresh = tower.want(.catalog, 4, directive: .storedOnly)
        #expect(fresh == "4 gets 200")
        tower.now += 60_000
        let stale = tower.want(.catalog, 5, directive: .storedOnly)
        #expect(stale == "5 fails: onlyIfCached")
        #expect(tower.dispatcher.flightCount == 0)
    }

    @Test("A completed fetch without waiters informs nobody")
    func unknownFlight() {
        var tower = Tower()
        let completed = tower.complete(with: tower.entry())
        let failed = tower.fail(with: .timeout(""))
        #expect(completed.isEmpty)
        #expect(failed.isEmpty)
        let wanted = tower.want(.model(id: "x/y"), 1)
        #expect(wanted == "1 starts for all")
    }
}
