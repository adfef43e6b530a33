import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// Random queries over all parameters, to a whole Larder before an upstream that can answer each of them by itself.
@Suite(.timeLimit(.minutes(300))) struct FacetsAgainstReferenceTests {
    @Test(arguments: [1, 2], ["models", "models/count", "models/user"])
    func `every query is answered as upstream would, and each facet is asked for once`(
        workers: Int, resource: String
    ) throws {
        let upstream = try FacetOrigin()
        var generator = FacetQueryGenerator(upstream.reference, now: CoarseClock.seconds, seed: UInt64(workers))
        var facets: Set<String> = []
        var statuses: [Int: Int] = [:]
        let change = { (settings: inout Settings) in
            LiveLarder.lasting(&settings)
            settings.workers = workers
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            var client = try larder.connect()
            for number in 0..<2000 {
                let query = generator.next()
                if number % 50 == 0 { client = try larder.connect() }
                // The second may have changed before it was answered, or after.
                let possible = { upstream.reference.answer(whole: query, now: CoarseClock.seconds, resource: resource) }
                let before = possible()
                let answer = try client.get("/\(resource)?\(query)", ["Authorization": "Bearer sk-1"])
                statuses[answer.status, default: 0] += 1
                facets.formUnion(ReferenceOrigin.facets(of: query))
                let isRight = answer.matches(before) || answer.matches(possible())
                #expect(isRight, "\(query)")
                guard isRight else { return }
            }
        }
        #expect(statuses[200, default: 0] > 1500)
        #expect(statuses[400, default: 0] > 20)
        // The facets and the list.
        #expect(upstream.origin.requests.count <= facets.count + 1)
        #expect(Set(upstream.origin.targets).count == upstream.origin.requests.count)
    }
}

extension RawResponse {
    /// Whether this is what the reference answers.
    fileprivate func matches(_ answer: ReferenceOrigin.Answer) -> Bool {
        switch answer {
        case .list(let list): status == 200 && text == list
        case .refusal: status == 400 && text == ReferenceOrigin.refusal
        }
    }
}
