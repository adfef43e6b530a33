import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// Copies of lists with prices of certain hours: they are fresh until the next of these hours begins or ends, no longer.
@Suite(.timeLimit(.minutes(300))) struct PriceEdgeTests {
    /// A model whose price changes at a minute of the day that is more than a minute and at most two minutes away.
    private struct Edge {
        let row: String
        /// In Unix seconds.
        let time: Int

        init() {
            let now = CoarseClock.seconds
            time = (now / 60 + 2) * 60
            let minute = time / 60 % 1440
            let clock = minute / 60 * 100 + minute % 60
            row = """
                {"id":"acme/anvil","architecture":{"output_modalities":["text"]},"pricing":{"prompt":"1",\
                "overrides":[{"utc_start":\(clock),"utc_end":\(clock),"prompt":"2"}]}}
                """
        }

        /// Checks the lifetime that an answer tells of against the edge.
        func check(_ answer: RawResponse, askedAt: Int, _ label: Comment) throws {
            let after = CoarseClock.seconds
            let directives = try #require(answer.fields["Cache-Control"])
            let seconds = try #require(directives.split(separator: "max-age=").last.flatMap { Int($0) })
            #expect((time - after...time - askedAt).contains(seconds), label)
            #expect(seconds <= 120, label)
        }
    }

    private static let plain = #"{"id":"acme/anvil","architecture":{"output_modalities":["text"]}}"#

    @Test(arguments: ["/models", "/models/user", "/model/acme/anvil:nitro", "/models?zdr=true", "/models?sort=x"])
    func `freshness ends where a price changes`(target: String) throws {
        let edge = Edge()
        let hasEdgeElsewhere = target.contains("nitro") || target.contains("?")
        let origin = try ScriptedOrigin { request in
            if request.path.contains("/model/") { return Replies.body(Array(#"{"data":\#(edge.row)}"#.utf8)) }
            // What is not asked for by this target has no edge.
            let isPlain = request.query == "output_modalities=all" && hasEdgeElsewhere
            // The row of the facet is its own where the catalogue has none of the name.
            let row = isPlain ? Self.plain.replacing("anvil", with: "hammer") : edge.row
            return Replies.body(Array(#"{"data":[\#(row)]}"#.utf8))
        }
        try LiveLarder.serving(
            before: origin,
            {
                $0.ttl.catalog = .seconds(3600)
                $0.ttl.user = .seconds(3600)
                $0.ttl.model = .seconds(3600)
                $0.ttl.opaque = .seconds(3600)
            }
        ) { larder throws in
            let asked = CoarseClock.seconds
            let answer = try larder.get(target, key: "anna")
            #expect(answer.status == 200)
            try edge.check(answer, askedAt: asked, "\(target)")
            #expect(try larder.get(target, key: "anna").isHit)
        }
    }

    @Test func `a 304 does not carry a copy over the edge`() throws {
        let edge = Edge()
        let origin = try ScriptedOrigin { request in
            if request.fields["If-None-Match"] != nil { return .status(304) }
            return Replies.body(
                Array(#"{"data":[\#(edge.row)]}"#.utf8), ["Cache-Control": "public", "ETag": #""one""#])
        }
        try LiveLarder.serving(before: origin, { $0.ttl.catalog = .seconds(3600) }) { larder throws in
            _ = try larder.get("/models")
            let asked = CoarseClock.seconds
            let answer = try larder.get("/models", ["Cache-Control": "no-cache"])
            #expect(origin.requests.count == 2)
            try edge.check(answer, askedAt: asked, "confirmed")
        }
    }
}
