import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// Random queries over all parameters, to a whole Larder before an upstream that can answer each of them by itself.
@Suite(.timeLimit(.minutes(30))) struct FacetsAgainstReferenceTests {
    @Test(arguments: [1, 2], ["models", "models/count", "models/user"])
    func `every query is answered as upstream would, and each facet is asked for once`(
        workers: Int, resource: String
    ) throws {
        let upstream = try FacetOrigin()
        let now = Int(Date().timeIntervalSince1970)
        var generator = FacetQueryGenerator(upstream.reference, now: now, seed: UInt64(workers))
        var facets: Set<String> = []
        var statuses: [Int: Int] = [:]
        let change = { (settings: inout Settings) in
            settings.workers = workers
            settings.ttl.negative = .seconds(300)
            settings.ttl.user = .seconds(300)
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            var client = try larder.connect()
            for number in 0..<2000 {
                let query = generator.next()
                if number % 50 == 0 { client = try larder.connect() }
                let answer = try client.get("/\(resource)?\(query)", ["Authorization": "Bearer sk-1"])
                statuses[answer.status, default: 0] += 1
                facets.formUnion(ReferenceOrigin.facets(of: query))
                switch upstream.reference.answer(whole: query, now: now, resource: resource) {
                case .list(let text):
                    let isRight = answer.status == 200 && answer.text == text
                    #expect(isRight, "\(query)")
                    guard isRight else { return }
                case .refusal:
                    #expect(answer.status == 400, "\(query)")
                    #expect(answer.text == ReferenceOrigin.refusal)
                }
            }
        }
        #expect(statuses[200, default: 0] > 1500)
        #expect(statuses[400, default: 0] > 20)
        // The facets and the list.
        #expect(upstream.origin.requests.count <= facets.count + 1)
        #expect(Set(upstream.origin.targets).count == upstream.origin.requests.count)
    }
}
