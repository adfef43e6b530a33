import Bytes
import Caching
import HTTPCore
import Testing

@testable import Serving

@Suite("Fetches behind and instead of stale copies")
struct DispatcherStaleTests {
    /// A harness whose cache has a copy that is stale since a second, and can be used for another nine behind an
    /// answer, and for 99 in place of an error.
    private static func harness(staleUse: StaleUse = .always) -> DispatcherHarness {
        var harness = DispatcherHarness()
        let windows = StaleWindows(whileRevalidate: 10_000, ifError: 100_000)
        harness.cache = ResponseCache(maximumBytes: 1 << 20, windows: windows)
        harness.cache.store(
            .make(freshness: Freshness(storedAt: harness.now - 2_000, lifetime: 1_000, staleUse: staleUse)),
            for: .catalog, owner: .nobody)
        return harness
    }

    @Test("Another loop is given the stale copy, which serves at once; a refresh is not, it asks")
    func refreshAsks() {
        var harness = Self.harness()
        let plain = harness.want(.catalog, 1)
        #expect(plain == "1 gets 200")
        let refresh = harness.refresh(.catalog, 2)
        #expect(refresh == "2 starts for all")
        let second = [harness.refresh(.catalog, 3, as: .bob), harness.want(.catalog, 4, as: .bob)]
        #expect(second == ["waits", "4 gets 200"])
        let completed = harness.complete(with: harness.entry())
        #expect(completed == ["2 gets 200, new", "3 gets 200, new, collapsed"])
        // What has come meanwhile is good enough for a refresh that another loop asks for late.
        let late = harness.refresh(.catalog, 5)
        #expect(late == "5 gets 200")
    }

    @Test("Another loop is not given the stale copy of one key, but asks for it")
    func ownCopyAsks() {
        for (owner, wanted) in [(Owner.alice, "1 starts for all"), (.nobody, "1 gets 200")] {
            var harness = DispatcherHarness()
            harness.cache = ResponseCache(
                maximumBytes: 1 << 20, windows: StaleWindows(whileRevalidate: 10_000, ifError: 100_000))
            let stale = Freshness(storedAt: harness.now - 2_000, lifetime: 1_000, staleUse: .always)
            harness.cache.store(.make(freshness: stale, isShared: false), for: .catalog, owner: owner)
            let outcome = harness.want(.catalog, 1, as: owner)
            #expect(outcome == wanted)
        }
    }

    @Test("So many fetches are under way at once and no more, and who waits for one of them may go on")
    func bounded() {
        var harness = DispatcherHarness()
        for number in 0..<Dispatcher.mostFlights {
            _ = harness.want(.model(id: "a/\(number)"), UInt64(number))
        }
        let further = [harness.want(.model(id: "a/more"), 5_000), harness.want(.model(id: "a/7"), 5_001)]
        #expect(further == ["5000 fails: busy", "waits"])
        _ = harness.complete(.model(id: "a/7"), with: harness.entry())
        let afterwards = harness.want(.model(id: "a/more"), 5_002)
        #expect(afterwards == "5002 starts for all")
    }

    @Test("The bound holds as well where many keys that waited for one answer go on by themselves")
    func boundedBehindOne() {
        var harness = DispatcherHarness()
        let many = Dispatcher.mostFlights + 10
        for number in 0...many { _ = harness.want(.catalog, UInt64(number), as: Owner(high: UInt64(number), low: 3)) }
        let entry = harness.entry(isShared: false)
        let completed = harness.complete(storedFor: Owner(high: 0, low: 3), with: entry)
        #expect(completed.count { $0.hasSuffix("starts for another") } == Dispatcher.mostFlights)
        #expect(completed.suffix(10) == (many - 9...many).map { "\($0) fails: busy" })
    }

    @Test("Who must not ask gets the stale copy within its window, and nothing beyond")
    func storedOnly() {
        var harness = Self.harness()
        let within = harness.want(.catalog, 1, directive: .storedOnly)
        #expect(within == "1 gets 200")
        harness.now += 9_000
        let beyond = harness.want(.catalog, 2, directive: .storedOnly)
        #expect(beyond == "2 fails: onlyIfCached")
    }

    static let failures: [FetchProblem] = [
        .status(.badGateway, retryAfter: nil), .unusable(""), .unreadable(""), .unreachable(""), .timeout(""), .tls(""),
        .cut(""), DispatcherHarness.tooMany(),
    ]

    @Test("A failure comes with the stale copy, as long as there is one", arguments: failures)
    func staleCopy(problem: FetchProblem) {
        var harness = Self.harness()
        harness.now += 9_000
        _ = [harness.want(.catalog, 1), harness.want(.catalog, 2, directive: .refresh)]
        let word = "\(problem.problem.detail)"
        let failed = harness.fail(with: problem)
        #expect(failed == ["1 fails: \(word), has a stale copy", "2 fails: \(word), has a stale copy, collapsed"])
        let next = harness.want(.catalog, 3)
        #expect(next == "3 fails: backingOff for 1 s, has a stale copy")
        harness.now += 90_000
        _ = harness.want(.catalog, 4)
        let later = harness.fail(with: problem)
        #expect(later == ["4 fails: \(word)"])
    }

    static let answers: [Status] = [.unauthorized, .forbidden, .notFound, .badRequest, Status(rawValue: 402)]

    @Test("What upstream says of the key or of the resource is no failure, and has no stale copy", arguments: answers)
    func noStaleCopy(status: Status) {
        var harness = Self.harness()
        harness.now += 9_000
        _ = harness.want(.catalog, 1)
        let failed = harness.fail(with: .relayed(status, contentType: [], body: .empty, retryAfter: nil))
        #expect(failed == ["1 fails: unusable"])
    }

    @Test("A copy that may not be used once it is stale does not stand in for an error")
    func neverStale() {
        var harness = Self.harness(staleUse: .never)
        _ = harness.want(.catalog, 1)
        let failed = harness.fail(with: .timeout(""))
        #expect(failed == ["1 fails: timeout"])
        var onError = Self.harness(staleUse: .onError)
        let wanted = onError.want(.catalog, 1)
        #expect(wanted == "1 starts for all")
        let stale = onError.fail(with: .timeout(""))
        #expect(stale == ["1 fails: timeout, has a stale copy"])
    }

    @Test("Back-off for one key is distinguished from back-off for all")
    func whoBacksOff() {
        for (problem, isAboutKey) in [
            (DispatcherHarness.tooMany(retryAfter: 9), true), (FetchProblem.timeout(""), false),
        ] {
            var harness = DispatcherHarness()
            _ = harness.want(.catalog, 1, as: .alice)
            _ = harness.fail(with: problem)
            let waiter = Dispatcher.Waiter(loop: 0, ticket: 2, owner: .alice, authorization: nil, directive: .any)
            let action = harness.dispatcher.wanted(.catalog, by: waiter, cache: &harness.cache, now: harness.now)
            guard case .reply(_, .failure(_, _, let notice), _) = action else {
                Issue.record("there is no back-off")
                continue
            }
            #expect(notice.isOfKey == isAboutKey)
            #expect(notice.until == harness.now + (isAboutKey ? 9_000 : 500))
        }
    }
}

extension DispatcherHarness {
    /// Someone who was served a stale copy asks for a newer one.
    mutating func refresh(_ resource: Resource, _ ticket: UInt64, as owner: Owner = .nobody) -> String {
        want(resource, ticket, as: owner, isRefresh: true)
    }
}
