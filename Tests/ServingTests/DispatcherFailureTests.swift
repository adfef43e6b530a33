import Bytes
import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("Fetches that fail")
struct DispatcherFailureTests {
    private static let upstreamsFault: [FetchProblem] = [.unreachable(""), .timeout(""), .tls(""), .cut("")]

    private static let failingAnswers: [FetchProblem] = [
        .status(.badGateway, retryAfter: nil), .unusable(""), .unreadable(""), DispatcherHarness.tooMany(),
    ]

    @Test(
        "A failing answer pauses its key; the others ask once more together, and then all pause",
        arguments: failingAnswers)
    func secondKey(problem: FetchProblem) {
        var harness = DispatcherHarness()
        let wanted = [Owner.alice, .bob, .nobody, .alice].enumerated().map {
            harness.want(.catalog, UInt64($0), as: $1)
        }
        #expect(wanted == ["0 starts for all", "waits", "waits", "waits"])
        let word = "\(problem.problem.detail)"
        let first = harness.fail(with: problem)
        #expect(first == ["0 fails: \(word)", "1 starts for all", "3 fails: \(word), collapsed"])
        let paused = [harness.want(.catalog, 4, as: .alice), harness.want(.catalog, 5, as: .bob)]
        #expect(paused == ["4 fails: backingOff for 1 s", "waits"])
        let second = harness.fail(with: problem)
        #expect(second == ["1 fails: \(word)", "2 fails: \(word), collapsed", "5 fails: \(word), collapsed"])
        let third = harness.want(.catalog, 6, as: Owner(high: 77, low: 1))
        #expect(third == "6 fails: backingOff for 1 s")
        #expect(harness.dispatcher.flightCount == 0)
    }

    @Test("However long one key is to wait, the others go on; a success in between tells that it was the key")
    func oneBadKey() {
        var harness = DispatcherHarness()
        let (busy, bad) = (FetchProblem.status(.serviceUnavailable, retryAfter: 90_000), Owner(high: 77, low: 1))
        _ = harness.want(.catalog, 1, as: bad)
        _ = harness.fail(with: busy)
        let good = harness.want(.catalog, 2, as: .alice)
        #expect(good == "2 starts for all")
        _ = harness.complete(with: harness.entry())
        let refresh = harness.want(.catalog, 3, as: bad, directive: .refresh)
        #expect(refresh == "3 fails: backingOff for 3600 s")
        // Another bad key: the last success was later than the first one's failure.
        _ = harness.want(.catalog, 4, as: .bob, directive: .refresh)
        _ = harness.fail(with: busy)
        let still = harness.want(.catalog, 5, as: .alice, directive: .refresh)
        #expect(still == "5 starts for all")
        _ = harness.fail(with: busy)
        let all = harness.want(.catalog, 6, as: .nobody, directive: .refresh)
        #expect(all == "6 fails: backingOff for 3600 s")
    }

    @Test(
        "A key whose connection fails pauses, whatever the fetches with other keys bring that are under way",
        arguments: upstreamsFault)
    func failsBesideOthers(problem: FetchProblem) {
        var harness = DispatcherHarness()
        let wanted = [Owner.alice, .bob].enumerated().map { harness.want(.userList, UInt64($0), as: $1) }
        #expect(wanted == ["0 starts for alice", "1 starts for bob"])
        _ = harness.fail(.userList, for: .alice, with: problem)
        let all = harness.want(.userList, 2, as: .nobody)
        #expect(all == "2 fails: backingOff for 1 s")
        _ = harness.complete(.userList, for: .bob, with: harness.entry(isShared: false))
        let own = harness.want(.userList, 3, as: .alice)
        #expect(own == "3 fails: backingOff for 1 s")
        let others = harness.want(.userList, 4, as: .nobody)
        #expect(others == "4 starts for nobody")
        harness.now += 1_000
        let later = harness.want(.userList, 5, as: .alice)
        #expect(later == "5 starts for alice")
    }

    @Test("A fetch that waits for memory does not begin during a pause that others have caused meanwhile")
    func waitsForMemory() {
        var harness = DispatcherHarness()
        // Three fetches with a key each, of which the last waits for memory.
        let flight = Dispatcher.Flight(resource: .userList, owner: .bob)
        let wanted = [Owner.alice, .nobody, .bob].enumerated().map { harness.want(.userList, UInt64($0), as: $1) }
        #expect(wanted == ["0 starts for alice", "1 starts for nobody", "2 starts for bob"])
        let joined = harness.want(.userList, 3, as: .bob)
        #expect(joined == "waits")
        _ = harness.fail(.userList, for: .alice, with: .status(.badGateway, retryAfter: 20))
        #expect(harness.dispatcher.obstacle(toBegin: flight, for: .bob, now: harness.now) == nil)
        _ = harness.fail(.userList, for: .nobody, with: .status(.badGateway, retryAfter: 20))
        guard let problem = harness.dispatcher.obstacle(toBegin: flight, for: .bob, now: harness.now) else {
            Issue.record("the fetch may begin")
            return
        }
        let ended = harness.fail(.userList, for: .bob, with: problem)
        #expect(ended == ["2 fails: backingOff for 20 s", "3 fails: backingOff for 20 s, collapsed"])
        // The pause is not longer for it.
        harness.now += 20_000
        let later = harness.want(.userList, 4, as: .bob)
        #expect(later == "4 starts for bob")
    }

    @Test("A fetch that a pause has ended tells until when its copy is not refreshed")
    func tellsPause() {
        var harness = DispatcherHarness()
        var cache = ResponseCache(maximumBytes: 1 << 20)
        for (ticket, owner) in [Owner.alice, .bob].enumerated() {
            _ = harness.want(.userList, UInt64(ticket), as: owner)
        }
        _ = harness.fail(.userList, for: .alice, with: .timeout(""))
        let actions = harness.dispatcher.failed(
            Dispatcher.Flight(resource: .userList, owner: .bob), with: .backingOff(seconds: 1), cache: &cache,
            chance: 0,
            now: harness.now)
        guard case .reply(_, .failure(_, _, let notice), _)? = actions.first else {
            Issue.record("no waiter is called")
            return
        }
        #expect(notice == Dispatcher.BackoffNotice(until: harness.now + 500, isOfKey: false))
    }

    @Test("A second failure long after the first is a new one")
    func longAfter() {
        var harness = DispatcherHarness()
        _ = harness.want(.catalog, 1, as: .alice)
        _ = harness.fail(with: .status(.badGateway, retryAfter: nil))
        harness.now += 100_000
        _ = harness.want(.catalog, 2, as: .bob)
        _ = harness.fail(with: .status(.badGateway, retryAfter: nil))
        let third = harness.want(.catalog, 3, as: .nobody)
        #expect(third == "3 starts for all")
    }

    @Test("A fetch that nobody may join is nobody else's, and its failure counts all the same")
    func alone() {
        var harness = DispatcherHarness()
        let wanted = [
            harness.want(.catalog, 1, as: .alice), harness.want(.catalog, 2, as: .alice, forbidsStoring: true),
            harness.want(.catalog, 3, as: .alice, forbidsStoring: true), harness.want(.catalog, 4, as: .bob),
        ]
        #expect(wanted == ["1 starts for all", "2 starts for alice", "3 starts for alice", "waits"])
        let failed = harness.failAlone(.catalog, 1, for: .alice, with: .timeout(""))
        #expect(failed == ["2 fails: timeout"])
        let further = harness.want(.catalog, 5, as: .bob, forbidsStoring: true)
        #expect(further == "5 fails: backingOff for 1 s")
        #expect(harness.dispatcher.flightCount == 2)
    }

    @Test("A failure that concerns all reaches all, and nobody asks again for a while", arguments: upstreamsFault)
    func concernsAll(problem: FetchProblem) {
        var harness = DispatcherHarness()
        _ = [harness.want(.catalog, 1, as: .alice), harness.want(.catalog, 2, as: .bob)]
        let failed = harness.fail(with: problem)
        let word = "\(problem.problem.detail)"
        #expect(failed == ["1 fails: \(word)", "2 fails: \(word), collapsed"])
        let later = [harness.want(.catalog, 3, as: .alice), harness.want(.catalog, 4, as: .bob)]
        #expect(later == ["3 fails: backingOff for 1 s", "4 fails: backingOff for 1 s"])
        #expect(harness.dispatcher.flightCount == 0)
        let other = harness.want(.model(id: "a/b"), 5)
        #expect(other == "5 starts for all")
        harness.now += 500
        let after = harness.want(.catalog, 6)
        #expect(after == "6 starts for all")
    }

    @Test func `a fetch that could not begin is no failure of upstream's, which is asked at once the next time`() {
        var harness = DispatcherHarness()
        _ = [harness.want(.catalog, 1, as: .alice), harness.want(.catalog, 2, as: .bob)]
        let failed = harness.fail(with: .busy)
        #expect(failed == ["1 fails: busy", "2 fails: busy, collapsed"])
        #expect(harness.dispatcher.rememberedFailures == 0)
        let after = harness.want(.catalog, 3, as: .alice)
        #expect(after == "3 starts for all")
    }

    @Test("What upstream holds against one key does not reach the others")
    func concernsOneKey() {
        var harness = DispatcherHarness()
        _ = [
            harness.want(.catalog, 1, as: .alice), harness.want(.catalog, 2, as: .bob),
            harness.want(.catalog, 3, as: .alice), harness.want(.catalog, 4, as: .nobody),
        ]
        let failed = harness.fail(with: DispatcherHarness.tooMany(retryAfter: 30))
        #expect(
            failed == [
                "1 fails: unusable for 30 s", "2 starts for all", "3 fails: unusable for 30 s, collapsed",
            ])
        let bobs = harness.complete(storedFor: .bob, with: harness.entry(isShared: false))
        #expect(bobs == ["2 gets 200, new", "4 starts for nobody"])
        let alice = harness.want(.catalog, 5, as: .alice)
        #expect(alice == "5 fails: backingOff for 30 s")
        harness.now += 29_999
        let aliceStill = harness.want(.catalog, 6, as: .alice)
        #expect(aliceStill == "6 fails: backingOff for 1 s")
        harness.now += 1
        let aliceAgain = harness.want(.catalog, 7, as: .alice)
        #expect(aliceAgain.hasPrefix("7 starts"))
    }

    @Test("A key that is slowed down does not slow down the next one")
    func nextKeyAsks() {
        var harness = DispatcherHarness()
        _ = harness.want(.catalog, 1, as: .alice)
        _ = harness.fail(with: DispatcherHarness.tooMany())
        let wanted = [harness.want(.catalog, 2, as: .alice), harness.want(.catalog, 3, as: .bob)]
        #expect(wanted == ["2 fails: backingOff for 1 s", "3 starts for all"])
    }

    @Test("A refusal that is remembered is one key's as well")
    func refusalEntry() {
        var harness = DispatcherHarness()
        _ = [harness.want(.catalog, 1, as: .alice), harness.want(.catalog, 2, as: .bob)]
        let refusal = harness.entry(
            .refusal(.unauthorized, .empty), isShared: false, status: .unauthorized)
        let completed = harness.complete(storedFor: .alice, with: refusal)
        #expect(completed == ["1 gets 401, new", "2 starts for bob"])
        let alice = harness.want(.catalog, 3, as: .alice)
        #expect(alice == "3 gets 401")
        // A refusal says nothing of how upstream shares what it gives.
        let next = harness.want(.catalog, 4, as: .nobody)
        #expect(next == "4 starts for all")
    }

    @Test("A refusal is remembered beside a stale copy that others share")
    func refusalBesideStale() {
        var harness = DispatcherHarness()
        let model = Resource.model(id: "a/b")
        _ = harness.want(model, 1, as: .alice)
        _ = harness.complete(model, with: harness.entry())
        harness.now += 60_000
        _ = harness.want(model, 2, as: .alice)
        let refusal = harness.entry(.refusal(.notFound, .empty), isShared: false, status: .notFound)
        let refused = harness.complete(model, storedFor: .alice, with: refusal)
        #expect(refused == ["2 gets 404, new"])
        let again = [harness.want(model, 3, as: .alice), harness.want(model, 4, as: .bob)]
        #expect(again == ["3 gets 404", "4 starts for all"])
        harness.now += 1
        _ = harness.complete(model, storedFor: .bob, with: harness.entry())
        let after = [harness.want(model, 5, as: .alice), harness.want(model, 6, as: .bob)]
        #expect(after == ["5 gets 200", "6 gets 200"])
    }

    @Test("Pauses grow from failure to failure, and end with a success")
    func grows() {
        var harness = DispatcherHarness()
        // A pause of chance 0 is half of one second, two, four and so on, and is reported rounded up.
        for seconds in [1, 1, 2, 4, 8, 16, 30, 30] {
            let start = harness.want(.catalog, 1)
            #expect(start == "1 starts for all")
            _ = harness.fail(with: .timeout(""))
            let refused = harness.want(.catalog, 2)
            #expect(refused == "2 fails: backingOff for \(seconds) s")
            harness.now += 30_000
        }
        _ = harness.want(.catalog, 3)
        _ = harness.complete(with: harness.entry())
        let again = harness.want(.catalog, 4, directive: .refresh)
        #expect(again == "4 starts for all")
        _ = harness.fail(with: .timeout(""))
        let refused = harness.want(.catalog, 5, directive: .refresh)
        #expect(refused == "5 fails: backingOff for 1 s")
    }

    @Test("Upstream's wish is passed on and kept")
    func wish() {
        var harness = DispatcherHarness()
        _ = harness.want(.catalog, 1)
        let failed = harness.fail(with: .status(.serviceUnavailable, retryAfter: 90))
        #expect(failed == ["1 fails: unusable for 90 s"])
        harness.now += 30_000
        let refused = harness.want(.catalog, 2)
        #expect(refused == "2 fails: backingOff for 60 s")
    }

    @Test("During back-off a fresh copy is still served")
    func freshWhileBackingOff() {
        var harness = DispatcherHarness()
        _ = harness.want(.catalog, 1)
        _ = harness.complete(with: harness.entry())
        _ = harness.want(.catalog, 2, directive: .refresh)
        _ = harness.fail(with: .timeout(""))
        let wanted = [harness.want(.catalog, 3), harness.want(.catalog, 4, directive: .refresh)]
        #expect(wanted == ["3 gets 200", "4 fails: backingOff for 1 s"])
    }

    @Test("A thousand resources that fail each have their own back-off")
    func manyRecords() {
        var harness = DispatcherHarness()
        for number in 0..<1_000 {
            _ = harness.want(.model(id: "a/\(number)"), 1)
            _ = harness.fail(.model(id: "a/\(number)"), with: .timeout(""))
        }
        let refused = Set((0..<1_000).map { harness.want(.model(id: "a/\($0)"), 2) })
        #expect(refused == ["2 fails: backingOff for 1 s"])
        harness.now += 200_000
        let started = Set((0..<1_000).map { harness.want(.model(id: "a/\($0)"), 3) })
        #expect(started == ["3 starts for all"])
    }

    @Test("However many resources fail, the memory of it stays bounded, and the newest back off")
    func tooManyRecords() {
        var harness = DispatcherHarness()
        for number in 0..<20_000 {
            _ = harness.want(.model(id: "a/\(number)"), 1)
            _ = harness.fail(.model(id: "a/\(number)"), with: .timeout(""))
            #expect(harness.dispatcher.rememberedFailures <= 1024)
        }
        #expect(harness.want(.model(id: "a/19999"), 2) == "2 fails: backingOff for 1 s")
    }
}
