import HTTPCore
import Serving
import Testing

@testable import Metrics

/// What the reports mean, in words.
@Suite struct VerdictTests {
    private static let now: Int64 = 1_795_000_000

    /// Reports of one loop, and the facts about its process, to which a test adds what it is about.
    private struct Situation {
        var metrics = LoopMetrics()
        var catalog: CatalogReport? = CatalogReport(age: 12, models: 421, isFresh: true)
        var process = ProcessReport(version: "1", started: now - 5_000, now: now)
        var places = ConnectionPlaces.Report(limit: 4_096, taken: 1)
        var entries: [EntryReport] = []

        mutating func fetch(
            _ kind: UpstreamMetrics.Kind = .catalog, _ reason: UpstreamMetrics.Reason? = nil, status: Int? = nil,
            _ message: String? = nil, ago: Int64, resource: String = "/models", key: UInt64 = 0
        ) {
            metrics.upstream.record(
                kind, reason,
                .init(
                    time: now - ago, resource: resource, status: status, error: message, milliseconds: 1, bytes: 0),
                key: key, nanoseconds: 1)
        }

        var verdict: Verdict {
            var report = MetricsReport(metrics.counts())
            report.catalog = catalog
            report.places = places
            report.entries = entries
            return Verdict(report, of: process)
        }
    }

    private static func code(_ verdict: Verdict) -> [Finding.Code] { ([verdict.first] + verdict.others).map(\.code) }

    @Test func `nothing to report is said with the catalogue's size and age`() {
        var situation = Situation()
        #expect(situation.verdict.first.text == "All is well: catalogue of 421 models, 12 s old")
        #expect(situation.verdict.level == .ok && situation.verdict.others.isEmpty)
        situation.catalog = CatalogReport(age: 7_300, models: 1, isFresh: false)
        #expect(
            situation.verdict.first.text
                == "All is well: catalogue of 1 model, 2 hours old; the next request fetches it again")
    }

    @Test func `before the first fetch ends there is nothing wrong`() {
        var situation = Situation()
        situation.catalog = nil
        situation.process.warmsUp = true
        #expect(situation.verdict.first.text == "No catalogue yet: the next request fetches it")
        situation.process.started = Self.now - 3
        #expect(situation.verdict.first.text == "No catalogue yet: it is being fetched")
        #expect(situation.verdict.level == .ok)
        // Upstream does not allow sharing, so each key has a catalogue.
        situation.entries = [
            EntryReport(
                id: 1, resource: "/models", owner: 7, status: 200, age: 1, remaining: 1, state: .fresh, bytes: 1,
                models: 3)
        ]
        #expect(situation.verdict.first.text == "All is well: each key has a catalogue of its own")
    }

    @Test(arguments: [
        (
            CatalogReport(age: 400, models: 9, isFresh: false) as CatalogReport?, Finding.Code.stale,
            "Serving stale copies: "
        ),
        (CatalogReport(age: 9, models: 9, isFresh: true), .upstreamFailing, "The last fetch of the catalogue failed: "),
        (
            CatalogReport(age: 90_000, models: 9, isFresh: false, isUsable: false), .catalogueExpired,
            "The catalogue is 25 hours old, too old to serve: "
        ),
        (nil, .noCatalogue, "No catalogue yet: "),
    ])
    func `failing fetches of the catalogue are judged by the copy that is left`(
        catalog: CatalogReport?, code: Finding.Code, beginning: String
    ) {
        var situation = Situation()
        situation.catalog = catalog
        for ago in [240, 200, 3] as [Int64] {
            situation.fetch(.catalog, .status, status: 503, "upstream answered 503", ago: ago)
        }
        let verdict = situation.verdict
        #expect(verdict.first.code == code && verdict.first.since == Self.now - 240)
        #expect(verdict.first.text == beginning + "upstream has answered 503 for 4 minutes")
        #expect(verdict.level == (code == .noCatalogue || code == .catalogueExpired ? .error : .warning))
        situation.fetch(.catalog, ago: 1)
        #expect(situation.verdict.level == .ok)
    }

    @Test(arguments: [
        (UpstreamMetrics.Reason.status, 503 as Int?, "upstream answered 503", "upstream answers 503"),
        (.limited, 429, "upstream answered 429", "upstream answers 429 (too many requests)"),
        (.unreachable, nil, "upstream cannot be reached: no route", "upstream cannot be reached: no route"),
        (
            .tls, nil, "no secure connection to upstream: it has expired",
            "no secure connection to upstream: it has expired"
        ),
        (.unusable, 200, "upstream's answer is unusable: no data", "upstream's answer is unusable: no data"),
    ])
    func `a failure that has just begun is told in the present`(
        reason: UpstreamMetrics.Reason, status: Int?, message: String, text: String
    ) {
        var situation = Situation()
        situation.catalog = nil
        situation.fetch(.catalog, reason, status: status, message, ago: 2)
        #expect(situation.verdict.first.text == "No catalogue yet: " + text)
        situation.process.now += 600
        #expect(situation.verdict.first.text.contains(" for 10 minutes"))
        // Long after the last attempt nothing is claimed about the present.
        situation.process.now += 7_200
        #expect(situation.verdict.first.text.hasSuffix(", 2 hours ago"))
        #expect(!situation.verdict.first.text.contains(" for "))
    }

    @Test func `a refused key is named by its fingerprint, and forgotten when it is accepted`() {
        var situation = Situation()
        situation.fetch(
            .user, .refused, status: 401, "no", ago: 130, resource: "/models/user", key: 0x1A2B_3C4D_0000_0000)
        situation.fetch(.catalog, .refused, status: 403, "no", ago: 3)
        situation.fetch(.catalog, ago: 2, key: 9)
        let verdict = situation.verdict
        #expect(Self.code(verdict) == [.keyRefused, .keyRefused] && verdict.level == .warning)
        #expect(verdict.first.text == "Upstream has refused the key 1a2b3c4d (401) for 2 minutes")
        #expect(
            verdict.others[0].text == "Upstream has refused requests with no key (403) for less than a minute")
        situation.fetch(.user, ago: 1, resource: "/models/user", key: 0x1A2B_3C4D_0000_0000)
        situation.fetch(.catalog, ago: 1)
        #expect(situation.verdict.level == .ok)
    }

    @Test func `failures of other fetches count while they are recent and have another cause`() {
        var situation = Situation()
        situation.fetch(.facet, .timeout, status: nil, "upstream took too long", ago: 5, resource: "/models?category=x")
        #expect(situation.verdict.first.text == "Fetches of /models?category=x fail: upstream took too long")
        situation.fetch(.catalog, .timeout, status: nil, "upstream took too long", ago: 5)
        #expect(Self.code(situation.verdict) == [.upstreamFailing])
        situation.fetch(.catalog, ago: 1)
        situation.process.now += 1_000
        #expect(situation.verdict.level == .ok)
    }

    @Test func `failing passed-through requests are a finding until one succeeds`() {
        var situation = Situation()
        situation.fetch(.passed, .status, status: 502, "upstream answered 502", ago: 61, resource: "passed through")
        #expect(Self.code(situation.verdict) == [.passedFailing])
        #expect(
            situation.verdict.first.text
                == "Requests that are passed through fail: upstream has answered 502 for 1 minute")
        situation.fetch(.passed, ago: 1, resource: "passed through")
        #expect(situation.verdict.level == .ok)
    }

    @Test func `another loop's success ends the failures of a kind`() {
        var (one, other) = (UpstreamMetrics(), UpstreamMetrics())
        func exchange(_ time: Int64) -> UpstreamMetrics.Exchange {
            .init(time: time, resource: "/model/a", status: 502, error: "x", milliseconds: 1, bytes: 1)
        }
        one.record(.model, .status, exchange(10), nanoseconds: 1)
        one.record(.model, .status, exchange(20), nanoseconds: 1)
        other.record(.model, .status, exchange(15), nanoseconds: 1)
        var both = one
        both.merge(other)
        #expect(both.troubles.current(.model)?.since == 10 && both.troubles.current(.model)?.last == 20)
        other.record(.model, nil, exchange(30), nanoseconds: 1)
        one.merge(other)
        #expect(one.troubles.current(.model) == nil)
    }

    @Test func `the process's own limits and settings are findings, the most serious first`() {
        var situation = Situation()
        situation.places.taken = 4_096
        situation.places.waiting = 3
        situation.places.shortageSeconds = 70
        situation.process.workers = 2
        situation.process.usage.openDescriptors = 990
        situation.process.usage.maximumDescriptors = 1024
        situation.process.state.problem = .init(.full, "database or disk is full", since: 77)
        situation.process.reload.refusal = "bad value"
        situation.process.reload.time = 78
        situation.process.reload.waiting = ["listen", "workers"]
        situation.fetch(.catalog, .status, status: 503, "upstream answered 503", ago: 3)
        situation.catalog?.isFresh = false
        let verdict = situation.verdict
        #expect(
            Self.code(verdict) == [
                .connectionsFull, .loopsSilent, .stale, .stateFull, .fewDescriptors, .reloadRefused, .restartNeeded,
            ])
        #expect(verdict.first.text == "All 4096 connections are in use: 3 waiting")
        #expect(verdict.first.since == Self.now - 70)
        #expect(verdict.others[0].text == "1 of 2 event loops does not answer")
        #expect(verdict.others[2].text.hasPrefix("The state directory's disk is full") && verdict.others[2].since == 77)
        #expect(verdict.others[4].text == "The last reload was refused: bad value" && verdict.others[4].since == 78)
        #expect(verdict.others[5].text.hasSuffix("only after a restart: listen, workers"))
    }

    @Test func `connections at their limit are a failure only while clients wait or are refused`() {
        var situation = Situation()
        situation.places.taken = 4_095
        #expect(Self.code(situation.verdict) == [.allWell])
        situation.places.taken = 4_096
        #expect(Self.code(situation.verdict) == [.connectionsCrowded])
        #expect(
            situation.verdict.first.text
                == "The connections are at their limit (4096): idle ones are closed for new clients")
        situation.places.taken = 4_000
        situation.places.shortageSeconds = 5
        #expect(situation.verdict.first.since == Self.now - 5 && situation.verdict.level == .warning)
        situation.places.refused = 7
        situation.places.refusedSecondsAgo = 60
        #expect(Self.code(situation.verdict) == [.connectionsCrowded])
        situation.places.refusedSecondsAgo = 59
        #expect(
            situation.verdict.first.text
                == "All 4096 connections are in use: 0 waiting, 7 refused since the start")
        #expect(situation.verdict.level == .error)
    }

    @Test(arguments: [
        StateReport.Problem(.failing, "attempt to write a readonly database", since: 1),
        .init(.unavailable, "HOME is not set", since: 2),
    ])
    func `a state directory that cannot be used says why`(problem: StateReport.Problem) {
        var situation = Situation()
        situation.process.state.problem = problem
        #expect(situation.verdict.level == .warning && situation.verdict.first.text.hasSuffix(problem.reason))
        #expect(!situation.process.state.isHealthy)
    }

    @Test func `no more refused keys are remembered than a few, the latest`() {
        var keys = RefusedKeys()
        for key in 0..<100 as Range<UInt64> { keys.refused(key, status: 401, at: Int64(key)) }
        #expect(keys.all.count == RefusedKeys.most && keys.all.map(\.key) == Array(68..<100))
        var others = RefusedKeys()
        others.refused(99, status: 403, at: 500)
        others.refused(98, status: 403, at: 5)
        keys.merge(others)
        #expect(keys.all.last == .init(key: 99, status: 403, since: 99, last: 500))
        #expect(keys.all.dropLast().last == .init(key: 98, status: 401, since: 5, last: 98))
    }

    @Test(
        arguments: [
            (0, "0 s"), (59, "59 s"), (60, "1 minute"), (3_599, "59 minutes"), (3_600, "1 hour"), (172_799, "47 hours"),
            (172_800, "2 days"), (-5, "0 s"),
        ] as [(Int64, String)])
    func `a span is one number and its unit`(seconds: Int64, text: String) {
        #expect(TimeWords.span(seconds) == text)
    }
}
