import Bytes
import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("Fetches that fail")
struct DispatcherFailureTests {
    private static let upstreamsFault: [FetchProblem] = [
        .status(.badGateway, retryAfter: nil), .unusable(""), .unreadable(""), .unreachable(""), .timeout(""), .tls(""),
        .cut(""),
    ]

    @Test("A failure that concerns all is told to all, and nobody asks again for a while", arguments: upstreamsFault)
    func concernsAll(problem: FetchProblem) {
        var tower = Tower()
        _ = [tower.want(.catalog, 1, as: .alice), tower.want(.catalog, 2, as: .bob)]
        let failed = tower.fail(with: problem)
        let word = "\(problem.problem.detail)"
        #expect(failed == ["1 fails: \(word)", "2 fails: \(word), collapsed"])
        let later = [tower.want(.catalog, 3, as: .alice), tower.want(.catalog, 4, as: .bob)]
        #expect(later == ["3 fails: backingOff for 1 s", "4 fails: backingOff for 1 s"])
        #expect(tower.dispatcher.flightCount == 0)
        let other = tower.want(.model(id: "a/b"), 5)
        #expect(other == "5 starts for all")
        tower.now += 500
        let after = tower.want(.catalog, 6)
        #expect(after == "6 starts for all")
    }

    @Test("What upstream holds against one key does not reach the others")
    func concernsOneKey() {
        var tower = Tower()
        _ = [
            tower.want(.catalog, 1, as: .alice), tower.want(.catalog, 2, as: .bob),
            tower.want(.catalog, 3, as: .alice), tower.want(.catalog, 4, as: .nobody),
        ]
        let failed = tower.fail(with: Tower.tooMany(retryAfter: 30))
        #expect(
            failed == [
                "1 fails: unusable for 30 s", "2 starts for bob", "3 fails: unusable for 30 s, collapsed",
                "4 starts for nobody",
            ])
        let bobs = tower.land(for: .bob, with: tower.entry(isShared: false))
        #expect(bobs == ["2 gets 200, new"])
        let alice = tower.want(.catalog, 5, as: .alice)
        #expect(alice == "5 fails: backingOff for 30 s")
        tower.now += 29_999
        let aliceStill = tower.want(.catalog, 6, as: .alice)
        #expect(aliceStill == "6 fails: backingOff for 1 s")
        tower.now += 1
        let aliceAgain = tower.want(.catalog, 7, as: .alice)
        #expect(aliceAgain.hasPrefix("7 starts"))
    }

    @Test("A key that is slowed down does not slow down the next one")
    func nextKeyAsks() {
        var tower = Tower()
        _ = tower.want(.catalog, 1, as: .alice)
        _ = tower.fail(with: Tower.tooMany())
        let wanted = [tower.want(.catalog, 2, as: .alice), tower.want(.catalog, 3, as: .bob)]
        #expect(wanted == ["2 fails: backingOff for 1 s", "3 starts for all"])
    }

    @Test("A refusal that is remembered is one key's as well")
    func refusalEntry() {
        var tower = Tower()
        _ = [tower.want(.catalog, 1, as: .alice), tower.want(.catalog, 2, as: .bob)]
        let refusal = tower.entry(
            .refusal(.unauthorized, .empty), isShared: false, status: .unauthorized)
        let landed = tower.land(storedFor: .alice, with: refusal)
        #expect(landed == ["1 gets 401, new", "2 starts for bob"])
        let alice = tower.want(.catalog, 3, as: .alice)
        #expect(alice == "3 gets 401")
        // A refusal says nothing of how upstream shares what it gives.
        let next = tower.want(.catalog, 4, as: .nobody)
        #expect(next == "4 starts for all")
    }

    @Test("A refusal is remembered beside a stale copy that others share")
    func refusalBesideStale() {
        var tower = Tower()
        let model = Resource.model(id: "a/b")
        _ = tower.want(model, 1, as: .alice)
        _ = tower.land(model, with: tower.entry())
        tower.now += 60_000
        _ = tower.want(model, 2, as: .alice)
        let refusal = tower.entry(.refusal(.notFound, .empty), isShared: false, status: .notFound)
        let refused = tower.land(model, storedFor: .alice, with: refusal)
        #expect(refused == ["2 gets 404, new"])
        let again = [tower.want(model, 3, as: .alice), tower.want(model, 4, as: .bob)]
        #expect(again == ["3 gets 404", "4 starts for all"])
        tower.now += 1
        _ = tower.land(model, storedFor: .bob, with: tower.entry())
        let after = [tower.want(model, 5, as: .alice), tower.want(model, 6, as: .bob)]
        #expect(after == ["5 gets 200", "6 gets 200"])
    }

    @Test("Pauses grow from failure to failure, and end with a success")
    func grows() {
        var tower = Tower()
        // A pause of chance 0 is half of one second, two, four and so on, and is told rounded up.
        for seconds in [1, 1, 2, 4, 8, 16, 30, 30] {
            let start = tower.want(.catalog, 1)
            #expect(start == "1 starts for all")
            _ = tower.fail(with: .timeout(""))
            let told = tower.want(.catalog, 2)
            #expect(told == "2 fails: backingOff for \(seconds) s")
            tower.now += 30_000
        }
        _ = tower.want(.catalog, 3)
        _ = tower.land(with: tower.entry())
        let again = tower.want(.catalog, 4, demand: .refresh)
        #expect(again == "4 starts for all")
        _ = tower.fail(with: .timeout(""))
        let told = tower.want(.catalog, 5, demand: .refresh)
        #expect(told == "5 fails: backingOff for 1 s")
    }

    @Test("Upstream's wish is told and kept")
    func wish() {
        var tower = Tower()
        _ = tower.want(.catalog, 1)
        let failed = tower.fail(with: .status(.serviceUnavailable, retryAfter: 90))
        #expect(failed == ["1 fails: unusable for 90 s"])
        tower.now += 30_000
        let told = tower.want(.catalog, 2)
        #expect(told == "2 fails: backingOff for 60 s")
    }

    @Test("While upstream is left alone a fresh copy is still served")
    func freshWhileBackingOff() {
        var tower = Tower()
        _ = tower.want(.catalog, 1)
        _ = tower.land(with: tower.entry())
        _ = tower.want(.catalog, 2, demand: .refresh)
        _ = tower.fail(with: .timeout(""))
        let wanted = [tower.want(.catalog, 3), tower.want(.catalog, 4, demand: .refresh)]
        #expect(wanted == ["3 gets 200", "4 fails: backingOff for 1 s"])
    }

    @Test("A thousand resources that fail are each left alone for their own time")
    func manyRecords() {
        var tower = Tower()
        for number in 0..<1_000 {
            _ = tower.want(.model(id: "a/\(number)"), 1)
            _ = tower.fail(.model(id: "a/\(number)"), with: .timeout(""))
        }
        let told = Set((0..<1_000).map { tower.want(.model(id: "a/\($0)"), 2) })
        #expect(told == ["2 fails: backingOff for 1 s"])
        tower.now += 200_000
        let started = Set((0..<1_000).map { tower.want(.model(id: "a/\($0)"), 3) })
        #expect(started == ["3 starts for all"])
    }

    @Test("However many resources fail, the memory of it stays bounded, and the newest are left alone")
    func tooManyRecords() {
        var tower = Tower()
        for number in 0..<20_000 {
            _ = tower.want(.model(id: "a/\(number)"), 1)
            _ = tower.fail(.model(id: "a/\(number)"), with: .timeout(""))
            #expect(tower.dispatcher.rememberedFailures <= 1024)
        }
        #expect(tower.want(.model(id: "a/19999"), 2) == "2 fails: backingOff for 1 s")
    }
}
