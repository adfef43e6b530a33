import Bytes
import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("Fetches behind and instead of stale copies")
struct DispatcherSpareTests {
    /// A tower whose cache has a copy that is stale since a second, and can be used for another nine behind an answer, and
    /// for 99 in place of an error.
    private static func tower(staleUse: StaleUse = .always) -> Tower {
        var tower = Tower()
        let windows = StaleWindows(whileRevalidate: 10_000, ifError: 100_000)
        tower.cache = ResponseCache(maximumBytes: 1 << 20, windows: windows)
        tower.cache.store(
            .make(freshness: Freshness(storedAt: tower.now - 2_000, lifetime: 1_000, staleUse: staleUse)),
            for: .catalog, owner: .nobody)
        return tower
    }

    @Test("Another loop is given the stale copy, which serves at once; a refresh is not, it asks")
    func refreshAsks() {
        var tower = Self.tower()
        let plain = tower.want(.catalog, 1)
        #expect(plain == "1 gets 200")
        let refresh = tower.refresh(.catalog, 2)
        #expect(refresh == "2 starts for all")
        let second = [tower.refresh(.catalog, 3, as: .bob), tower.want(.catalog, 4, as: .bob)]
        #expect(second == ["waits", "4 gets 200"])
        let completed = tower.complete(with: tower.entry())
        #expect(completed == ["2 gets 200, new", "3 gets 200, new, collapsed"])
        // What has come meanwhile is good enough for a refresh that another loop asks for late.
        let late = tower.refresh(.catalog, 5)
        #expect(late == "5 gets 200")
    }

    @Test("Another loop is not given the stale copy of one key, but asks for it")
    func ownCopyAsks() {
        for (owner, told) in [(Owner.alice, "1 starts for all"), (.nobody, "1 gets 200")] {
            var tower = Tower()
            tower.cache = ResponseCache(
                maximumBytes: 1 << 20, windows: StaleWindows(whileRevalidate: 10_000, ifError: 100_000))
            let stale = Freshness(storedAt: tower.now - 2_000, lifetime: 1_000, staleUse: .always)
            tower.cache.store(.make(freshness: stale, isShared: false), for: .catalog, owner: owner)
            let wanted = tower.want(.catalog, 1, as: owner)
            #expect(wanted == told)
        }
    }

    @Test("So many fetches are under way at once and no more, and who waits for one of them may go on")
    func bounded() {
        var tower = Tower()
        for number in 0..<Dispatcher.mostFlights {
            _ = tower.want(.model(id: "a/\(number)"), UInt64(number))
        }
        let further = [tower.want(.model(id: "a/more"), 5_000), tower.want(.model(id: "a/7"), 5_001)]
        #expect(further == ["5000 fails: busy", "waits"])
        _ = tower.complete(.model(id: "a/7"), with: tower.entry())
        let afterwards = tower.want(.model(id: "a/more"), 5_002)
        #expect(afterwards == "5002 starts for all")
    }

    @Test("The bound holds as well where many keys that waited for one answer go on by themselves")
    func boundedBehindOne() {
        var tower = Tower()
        let many = Dispatcher.mostFlights + 10
        for number in 0...many { _ = tower.want(.catalog, UInt64(number), as: Owner(high: UInt64(number), low: 3)) }
        let entry = tower.entry(isShared: false)
        let completed = tower.complete(storedFor: Owner(high: 0, low: 3), with: entry)
        #expect(completed.count { $0.hasSuffix("starts for another") } == Dispatcher.mostFlights)
        #expect(completed.suffix(10) == (many - 9...many).map { "\($0) fails: busy" })
    }

    @Test("Who must not ask gets the stale copy within its window, and nothing beyond")
    func storedOnly() {
        var tower = Self.tower()
        let within = tower.want(.catalog, 1, directive: .storedOnly)
        #expect(within == "1 gets 200")
        tower.now += 9_000
        let beyond = tower.want(.catalog, 2, directive: .storedOnly)
        #expect(beyond == "2 fails: onlyIfCached")
    }

    static let failures: [FetchProblem] = [
        .status(.badGateway, retryAfter: nil), .unusable(""), .unreadable(""), .unreachable(""), .timeout(""), .tls(""),
        .cut(""), Tower.tooMany(),
    ]

    @Test("A failure comes with the spare, as long as there is one", arguments: failures)
    func staleIfErrorCopy(problem: FetchProblem) {
        var tower = Self.tower()
        tower.now += 9_000
        _ = [tower.want(.catalog, 1), tower.want(.catalog, 2, directive: .refresh)]
        let word = "\(problem.problem.detail)"
        let failed = tower.fail(with: problem)
        #expect(failed == ["1 fails: \(word), has a spare", "2 fails: \(word), has a spare, collapsed"])
        let next = tower.want(.catalog, 3)
        #expect(next == "3 fails: backingOff for 1 s, has a spare")
        tower.now += 90_000
        _ = tower.want(.catalog, 4)
        let later = tower.fail(with: problem)
        #expect(later == ["4 fails: \(word)"])
    }

    static let answers: [Status] = [.unauthorized, .forbidden, .notFound, .badRequest, Status(rawValue: 402)]

    @Test("What upstream says of the key or of the resource is no failure, and has no spare", arguments: answers)
    func noSpare(status: Status) {
        var tower = Self.tower()
        tower.now += 9_000
        _ = tower.want(.catalog, 1)
        let failed = tower.fail(with: .relayed(status, contentType: [], body: .empty, retryAfter: nil))
        #expect(failed == ["1 fails: unusable"])
    }

    @Test("A copy that may not be used once it is stale is no spare")
    func neverStale() {
        var tower = Self.tower(staleUse: .never)
        _ = tower.want(.catalog, 1)
        let failed = tower.fail(with: .timeout(""))
        #expect(failed == ["1 fails: timeout"])
        var onError = Self.tower(staleUse: .onError)
        let wanted = onError.want(.catalog, 1)
        #expect(wanted == "1 starts for all")
        let spared = onError.fail(with: .timeout(""))
        #expect(spared == ["1 fails: timeout, has a spare"])
    }

    @Test("That one key is left alone is told apart from upstream being left alone")
    func whoIsLeftAlone() {
        for (problem, isAboutKey) in [(Tower.tooMany(retryAfter: 9), true), (FetchProblem.timeout(""), false)] {
            var tower = Tower()
            _ = tower.want(.catalog, 1, as: .alice)
            _ = tower.fail(with: problem)
            let waiter = Dispatcher.Waiter(loop: 0, ticket: 2, owner: .alice, authorization: nil, directive: .any)
            let action = tower.dispatcher.wanted(.catalog, by: waiter, cache: &tower.cache, now: tower.now)
            guard case .reply(_, .failure(_, _, let notice), _) = action else {
                Issue.record("it is not left alone")
                continue
            }
            #expect(notice.isOfKey == isAboutKey)
            #expect(notice.until == tower.now + (isAboutKey ? 9_000 : 500))
        }
    }
}

extension Tower {
    /// Someone who was served a stale copy asks for a newer one.
    mutating func refresh(_ resource: Resource, _ ticket: UInt64, as owner: Owner = .nobody) -> String {
        want(resource, ticket, as: owner, isRefresh: true)
    }
}
