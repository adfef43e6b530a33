import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("One fetch for all who wait")
struct DispatcherTests {
    @Test("The first who wants a thing starts the fetch, and all get its answer in order")
    func singleFlight() {
        var harness = DispatcherHarness()
        let wanted = (1...3).map { harness.want(.catalog, $0, as: .alice) }
        #expect(wanted == ["1 starts for all", "waits", "waits"])
        #expect(harness.dispatcher.flightCount == 1)
        let completed = harness.complete(with: harness.entry())
        #expect(completed == ["1 gets 200, new", "2 gets 200, new, collapsed", "3 gets 200, new, collapsed"])
        #expect(harness.dispatcher.flightCount == 0)
    }

    @Test("Resources are fetched each for itself")
    func resources() {
        var harness = DispatcherHarness()
        let wanted = [
            harness.want(.catalog, 1), harness.want(.model(id: "a/b"), 2), harness.want(.model(id: "a/c"), 3),
        ]
        #expect(wanted == ["1 starts for all", "2 starts for all", "3 starts for all"])
        let completed = harness.complete(.model(id: "a/b"), with: harness.entry())
        #expect(completed == ["2 gets 200, new"])
        #expect(harness.dispatcher.flightCount == 2)
    }

    @Test("A thousand callers with keys of their own share one fetch whose answer is for all")
    func collapseAcrossOwners() {
        var harness = DispatcherHarness()
        let wanted = (1...1_000).map { harness.want(.catalog, $0, as: Owner(high: $0 << 20, low: 0)) }
        #expect(wanted.filter { $0 != "waits" } == ["1 starts for all"])
        let completed = harness.complete(with: harness.entry())
        #expect(completed.count == 1_000)
        #expect(completed.filter { $0.hasSuffix("gets 200, new, collapsed") }.count == 999)
    }

    @Test("When the answer turns out to be one key's own, the others ask for themselves")
    func split() {
        var harness = DispatcherHarness()
        _ = [
            harness.want(.catalog, 1, as: .alice), harness.want(.catalog, 2, as: .bob),
            harness.want(.catalog, 3, as: .alice), harness.want(.catalog, 4, as: .bob),
        ]
        let first = harness.complete(storedFor: .alice, with: harness.entry(isShared: false))
        #expect(first == ["1 gets 200, new", "2 starts for bob", "3 gets 200, new, collapsed"])
        let second = harness.complete(for: .bob, with: harness.entry(isShared: false))
        #expect(second == ["2 gets 200, new", "4 gets 200, new, collapsed"])
        #expect(harness.dispatcher.flightCount == 0)
    }

    @Test("How upstream shares a kind of resource is remembered, and learned anew")
    func learns() {
        var harness = DispatcherHarness()
        _ = harness.want(.model(id: "a/b"), 1, as: .alice)
        _ = harness.complete(.model(id: "a/b"), storedFor: .alice, with: harness.entry(isShared: false))
        let personal = [harness.want(.model(id: "a/c"), 2, as: .alice), harness.want(.model(id: "a/c"), 3, as: .bob)]
        #expect(personal == ["2 starts for alice", "3 starts for bob"])
        let otherKind = harness.want(.catalog, 4, as: .bob)
        #expect(otherKind == "4 starts for all")
        _ = harness.complete(.model(id: "a/c"), for: .alice, with: harness.entry())
        let shared = [harness.want(.model(id: "a/d"), 5, as: .alice), harness.want(.model(id: "a/d"), 6, as: .bob)]
        #expect(shared == ["5 starts for all", "waits"])
    }

    @Test("Upstream is asked once at a time with a key, however the fetch came about")
    func oneFetchForEachKey() {
        var harness = DispatcherHarness()
        let model = Resource.model(id: "a/b")
        _ = [harness.want(model, 1, as: .alice), harness.want(model, 2, as: .bob)]
        let split = harness.complete(model, storedFor: .alice, with: harness.refusal(.notFound))
        #expect(split == ["1 gets 404, new", "2 starts for bob"])
        // A refusal does not show how upstream shares: he would begin a fetch for all, and ask a second time.
        let again = [harness.want(model, 3, as: .bob), harness.want(model, 4, as: .nobody)]
        #expect(again == ["waits", "4 starts for all"])
        let bobs = harness.complete(model, for: .bob, with: harness.refusal(.notFound))
        #expect(bobs == ["2 gets 404, new", "3 gets 404, new, collapsed"])
    }

    @Test("Who began a fetch for all waits for it, also when upstream has turned out not to share")
    func startedForAll() {
        var harness = DispatcherHarness()
        let started = [harness.want(.model(id: "a/b"), 1, as: .alice), harness.want(.model(id: "a/c"), 2, as: .alice)]
        #expect(started == ["1 starts for all", "2 starts for all"])
        _ = harness.complete(.model(id: "a/b"), storedFor: .alice, with: harness.entry(isShared: false))
        let next = [harness.want(.model(id: "a/c"), 3, as: .alice), harness.want(.model(id: "a/c"), 4, as: .bob)]
        #expect(next == ["waits", "4 starts for bob"])
    }

    /// Alice has begun a fetch for all that Bob waits for, and then one of his own.
    private static func harnessOfTwoFetches(_ model: Resource) -> DispatcherHarness {
        var harness = DispatcherHarness()
        _ = [harness.want(model, 1, as: .alice), harness.want(model, 2, as: .bob)]
        _ = harness.want(.model(id: "x/y"), 3, as: .alice)
        _ = harness.complete(.model(id: "x/y"), storedFor: .alice, with: harness.entry(isShared: false))
        let own = harness.want(model, 4, as: .bob)
        #expect(own == "4 starts for bob")
        return harness
    }

    @Test("Who waited for another key's answer gets what has come meanwhile for the own key")
    func lookedUpAgain() {
        let model = Resource.model(id: "a/b")
        var harness = Self.harnessOfTwoFetches(model)
        _ = harness.complete(model, for: .bob, with: harness.refusal(.notFound))
        let completed = harness.complete(model, storedFor: .alice, with: harness.refusal(.notFound))
        #expect(completed == ["1 gets 404, new", "2 gets 404"])
        #expect(harness.dispatcher.flightCount == 0)
        var late = Self.harnessOfTwoFetches(model)
        _ = late.complete(model, for: .bob, with: late.refusal(.notFound))
        late.now += 5_000
        let stale = late.complete(model, storedFor: .alice, with: late.refusal(.notFound))
        #expect(stale == ["1 gets 404, new", "2 starts for bob"])
    }

    @Test("Who waited for another key's answer does not ask while upstream leaves the own key waiting")
    func backoffMeanwhile() {
        let model = Resource.model(id: "a/b")
        var harness = Self.harnessOfTwoFetches(model)
        _ = harness.fail(model, for: .bob, with: DispatcherHarness.tooMany(retryAfter: 9))
        let completed = harness.complete(model, storedFor: .alice, with: harness.refusal(.notFound))
        #expect(completed == ["1 gets 404, new", "2 fails: backingOff for 9 s"])
        #expect(harness.dispatcher.flightCount == 0)
    }

    @Test(
        "A key's own lists are never fetched together",
        arguments: [Resource.userList, .opaque(path: "/models/user", query: "x=1")])
    func personalLists(resource: Resource) {
        var harness = DispatcherHarness()
        for _ in 0..<2 {
            let wanted = [
                harness.want(resource, 1, as: .alice), harness.want(resource, 2, as: .bob),
                harness.want(resource, 3, as: .alice),
            ]
            #expect(wanted == ["1 starts for alice", "2 starts for bob", "waits"])
            let alices = harness.complete(resource, for: .alice, with: harness.entry(isShared: false))
            let bobs = harness.complete(resource, for: .bob, with: harness.entry(isShared: false))
            #expect(alices == ["1 gets 200, new", "3 gets 200, new, collapsed"])
            #expect(bobs == ["2 gets 200, new"])
            harness.now += 60_000
        }
    }

    @Test("What the leading loop has is given at once")
    func stored() {
        var harness = DispatcherHarness()
        _ = harness.want(.catalog, 1)
        _ = harness.complete(with: harness.entry())
        let fresh = harness.want(.catalog, 2, as: .bob)
        #expect(fresh == "2 gets 200")
        harness.now += 60_000
        let stale = harness.want(.catalog, 3, as: .bob)
        #expect(stale == "3 starts for all")
    }

    @Test("A refresh asks though a fresh copy is there, and joins a fetch that is under way")
    func refresh() {
        var harness = DispatcherHarness()
        _ = harness.want(.catalog, 1)
        _ = harness.complete(with: harness.entry())
        let wanted = [
            harness.want(.catalog, 2, directive: .refresh), harness.want(.catalog, 3, directive: .refresh),
            harness.want(.catalog, 4), harness.want(.catalog, 5, as: .bob, directive: .refresh),
        ]
        #expect(wanted == ["2 starts for all", "waits", "4 gets 200", "waits"])
        let completed = harness.complete(with: harness.entry())
        #expect(completed == ["2 gets 200, new", "3 gets 200, new, collapsed", "5 gets 200, new, collapsed"])
    }

    @Test("Who forbids asking gets what is fresh, or nothing, and nothing is started")
    func storedOnly() {
        var harness = DispatcherHarness()
        let nothing = harness.want(.catalog, 1, directive: .storedOnly)
        #expect(nothing == "1 fails: onlyIfCached")
        #expect(harness.dispatcher.flightCount == 0)
        _ = harness.want(.catalog, 2)
        let underWay = harness.want(.catalog, 3, directive: .storedOnly)
        #expect(underWay == "3 fails: onlyIfCached")
        _ = harness.complete(with: harness.entry())
        let fresh = harness.want(.catalog, 4, directive: .storedOnly)
        #expect(fresh == "4 gets 200")
        harness.now += 60_000
        let stale = harness.want(.catalog, 5, directive: .storedOnly)
        #expect(stale == "5 fails: onlyIfCached")
        #expect(harness.dispatcher.flightCount == 0)
    }

    @Test("A completed fetch without waiters informs nobody")
    func unknownFlight() {
        var harness = DispatcherHarness()
        let completed = harness.complete(with: harness.entry())
        let failed = harness.fail(with: .timeout(""))
        #expect(completed.isEmpty)
        #expect(failed.isEmpty)
        let wanted = harness.want(.model(id: "x/y"), 1)
        #expect(wanted == "1 starts for all")
    }
}
