import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// Random queries through the socket against the second implementation of them.
@Suite(.timeLimit(.minutes(300))) struct RandomQueryTests {
    @Test func `answers over the sample are those of the reference, byte for byte`() throws {
        try compare(SampleCatalogue.json, queries: 3000, seed: 11)
    }

    /// One of them is enough here: the queries themselves are tried on all.
    private static let lists = RealLists.all.map(\.name).filter { $0.contains("2026-07-12") }

    @Test(.enabled(if: !lists.isEmpty, "a real list is at hand"), arguments: lists)
    func `answers over a real list are those of the reference, byte for byte`(list: String) throws {
        let body = try #require(RealLists.all.first { $0.name == list }?.body)
        try compare(body, queries: 2000, seed: 12)
    }

    private func compare(_ catalogue: [UInt8], queries: Int, seed: UInt64) throws {
        let reference = try ReferenceCatalog(json: catalogue)
        let origin = try ScriptedOrigin { request in
            request.path.hasSuffix("/models/user")
                ? Replies.body(catalogue, ["Cache-Control": "private"]) : Replies.body(catalogue)
        }
        let change = { (settings: inout Settings) in
            settings.workers = 2
            settings.cache.maxBytes = 16 << 20
            // A slow machine takes longer over it than lists are usually fresh.
            settings.ttl.catalog = .seconds(3600)
            settings.ttl.user = .seconds(3600)
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            let client = try larder.connect()
            // The whole list is as upstream wrote it; its rows are what every other answer has to be made of.
            let whole = try client.get("/models?output_modalities=all").body
            let areFaithful = PlainJSON.rows(whole) == PlainJSON.rows(catalogue)
            #expect(areFaithful)
            let rows = RawRows.of(whole)
            var generator = QueryGenerator(reference, now: now, seed: seed)
            for number in 0..<queries {
                let query = generator.next()
                let resource = ["models", "models/user"][number % 2]
                // The second may have changed before it was answered, or after.
                let possible = { reference.answer(query, now: now, resource: resource) }
                let before = possible()
                let answer = try client.get("/\(resource)?\(query)", ["Authorization": "Bearer sk-1"])
                let isRight = answer.body == RawRows.text(before, rows) || answer.body == RawRows.text(possible(), rows)
                #expect(isRight, "/\(resource)?\(query)")
                guard number % 10 == 0 else { continue }
                let count = try client.get("/models/count?\(query)").text
                let totals = [before.total, possible().total].map { #"{"data":{"count":\#($0)}}"# }
                #expect(totals.contains(count), "/models/count?\(query)")
            }
        }
        #expect(origin.requests.count == 2)
    }

    private var now: Int { CoarseClock.seconds }
}
