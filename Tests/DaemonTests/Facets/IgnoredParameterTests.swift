import Daemon
import Settings
import TestSupport
import Testing

/// Parameters that have no effect upstream, such as `?user=<id>`, before a whole Larder.
@Suite(.timeLimit(.minutes(300))) struct IgnoredParameterTests {
    private static let ids = (0..<50).map { "acme/model-\($0)" }

    private static func origin(_ fields: MessageFields = Replies.shared) throws -> ScriptedOrigin {
        try ScriptedOrigin { request in
            let isReal = request.query.contains("real=") || request.query.contains("zdr=")
            return Replies.list(isReal ? Array(ids.reversed()) : ids, fields)
        }
    }

    @Test(arguments: [1, 3])
    func `they cost one fetch, whatever their values, and none with upstream down`(workers: Int) throws {
        let origin = try Self.origin()
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let plain = try larder.get("/models")
            let first = try larder.get("/models?user=0")
            #expect(first.status == 200 && first.body == plain.body)
            #expect(origin.requests.count == 2)
            origin.stop()
            for number in 1...200 {
                let answer = try larder.get("/models?user=\(number)&q=")
                #expect(answer.isHit && answer.body == plain.body && answer.fields["ETag"] == plain.fields["ETag"])
            }
            #expect(try larder.get("/models/count?us%65r=x").text == #"{"data":{"count":50}}"#)
            #expect(try larder.get("/models?user=7&q=model-1").text.contains(#""total_count":11,"#))
            // A page names the next one by the whole query.
            let page = try larder.get("/models?user=7&limit=2")
            #expect(page.text.hasSuffix(#""links":{"next":"/api/v1/models?user=7&limit=2&offset=2"}}"#))
            // Of another one nothing is known.
            #expect(try larder.get("/models?other=1").status == 502)
        }
        #expect(origin.requests.count == 2)
    }

    private static func cacheBytes(_ larder: LiveLarder) throws -> Int {
        let status = try larder.get("/_larder/status").text
        return try #require(status.firstMatch(of: /"bytes":(\d+),"max_bytes"/).flatMap { Int($0.output.1) })
    }

    @Test func `many values take the memory of one answer`() throws {
        let origin = try Self.origin()
        try LiveLarder.serving(before: origin) { larder throws in
            _ = try larder.get("/models?output_modalities=all&user=0")
            let entries = try Self.cacheBytes(larder)
            for number in 1...100 { _ = try larder.get("/models?output_modalities=all&user=\(number)") }
            #expect(try Self.cacheBytes(larder) - entries < 16_384)
        }
    }

    @Test func `one that has an effect is asked for with each value`() throws {
        let origin = try Self.origin()
        try LiveLarder.serving(before: origin) { larder throws in
            for number in 0..<3 {
                // Its rows are those of the list, in the list's order.
                #expect(try larder.get("/models?real=\(number)").status == 200)
            }
        }
        #expect(origin.requests.count == 4)
    }

    @Test func `a known parameter is asked for with each value, whatever upstream makes of it`() throws {
        let origin = try ScriptedOrigin { _ in Replies.list(Self.ids) }
        try LiveLarder.serving(before: origin, { $0.filters.upstream = ["user"] }) { larder throws in
            for number in 0..<2 {
                for query in ["providers=Unknown\(number)", "region=\(number)", "sort=x\(number)", "user=\(number)"] {
                    #expect(try larder.get("/models?" + query).status == 200)
                }
            }
        }
        #expect(origin.requests.count == 9)
    }

    @Test func `what upstream does not share is known of one key`() throws {
        let origin = try Self.origin(["Cache-Control": "private"])
        try LiveLarder.serving(before: origin, { $0.workers = 2 }) { larder throws in
            for key in ["anna", "bert"] {
                for number in 0..<3 { #expect(try larder.get("/models?user=\(number)", key: key).status == 200) }
                for number in 0..<3 { #expect(try larder.get("/models/user?user=\(number)", key: key).status == 200) }
            }
        }
        // The list and the parameter, of both kinds, for each of the keys.
        #expect(origin.requests.count == 8)
    }

    @Test func `a purge has upstream asked again`() throws {
        let origin = try Self.origin()
        try LiveLarder.serving(before: origin, { $0.workers = 2 }) { larder throws in
            _ = try larder.get("/models?user=1")
            #expect(try larder.request("POST", "/_larder/purge?all=1").status == 200)
            _ = try larder.get("/models?user=2")
        }
        #expect(origin.targets.filter { $0.contains("user=") }.count == 2)
    }
}
