import Bytes
import Caching
import Catalog
import HTTPCore

@testable import Serving

/// A responder with its cache, which puts resolutions into words.
struct ResponderHarness {
    var cache = ResponseCache(maximumBytes: 1 << 20)
    var delivered = Responder.Delivery()
    var views = ViewTable()
    /// Milliseconds.
    var now: UInt64 = 1_000
    /// Seconds since 1970.
    var wallSeconds: Int64 = 1_700_000_000

    /// One with a catalogue of two models stored.
    static func stocked(isShared: Bool = true) -> ResponderHarness {
        var harness = ResponderHarness()
        harness.cache.store(.rows(models, isShared: isShared), for: .catalog, owner: .nobody)
        return harness
    }

    static let models = [
        ModelFields.make("acme/anvil", created: 1_690_000_000, context: 8_000),
        ModelFields.make("acme/rocket", created: 1_699_900_000, context: 200_000),
    ]

    mutating func resolve(_ request: RequestSummary) -> Responder.Resolution {
        Responder(views: views).resolve(
            request, cache: &cache, delivered: delivered, now: now, wallSeconds: wallSeconds)
    }

    /// The answer to a request, or nil if there is none yet.
    mutating func answer(_ request: RequestSummary) -> Answer? {
        if case .answer(let answer) = resolve(request) { answer } else { nil }
    }

    /// The body of the answer to a target; what is missing for it; or the error.
    mutating func outcome(_ target: String, directive: CacheDirective = .any, owner: Owner = .nobody) -> String {
        switch resolve(.make(target, directive: directive, owner: owner)) {
        case .answer(let answer): "\(answer.status.rawValue) \(text(answer.body))"
        case .fetch(let wants): wants.map { "\($0.reason): \($0.resource.upstreamTarget)" }.joined(separator: ", ")
        case .problem(let problem): "\(problem.status.rawValue) \(problem.message)"
        }
    }
}
