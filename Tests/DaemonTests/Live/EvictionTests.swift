import Daemon
import Settings
import TestSupport
import Testing

/// What happens when more is asked for than may be kept.
@Suite(.timeLimit(.minutes(300))) struct EvictionTests {
    private static let filler = String(repeating: "f", count: 3000)

    private static func upstream(_ request: OriginRequest) -> OriginReply {
        if request.query == "output_modalities=all" { return Replies.catalogue() }
        if request.path.contains("/model/") {
            let id = String(request.path.split(separator: "/model/").last ?? "")
            return id.hasSuffix("0") ? Replies.error(404, filler) : Replies.model(id + filler)
        }
        return Replies.list([
            request.query.replacing("feed=", with: "").replacing("&use_rss=true", with: "") + "/" + filler
        ])
    }

    @Test(arguments: [1, 2])
    func `what was not used for longest goes first, and the catalogue stays`(workers: Int) throws {
        let origin = try ScriptedOrigin(Self.upstream)
        let change = { (settings: inout Settings) in
            LiveLarder.lasting(&settings)
            settings.workers = workers
            settings.cache.maxBytes = workers * 300_000
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            let client = try larder.connect()
            #expect(try client.get("/models").status == 200)
            let often = "/models?use_rss=true&feed=often"
            for number in 0..<2000 {
                #expect(try client.get("/models?use_rss=true&feed=\(number)").text.contains("\"\(number)/"))
                let status = try client.get("/model/author/\(number)").status
                #expect(status == (number % 10 == 0 ? 404 : 200))
                #expect(try client.get(often).isHit || number == 0)
            }
            #expect(try client.get("/models").isHit)
            #expect(try client.get("/models/count").status == 200)
            #expect(origin.targets.count { $0.hasSuffix("/models?output_modalities=all") } == 1)
            #expect(origin.targets.count { $0.hasSuffix("feed=often&use_rss=true") } == 1)

            #expect(try client.get("/models?use_rss=true&feed=1999").isHit)
            #expect(!(try client.get("/models?use_rss=true&feed=0").isHit))
            #expect(!(try client.get("/model/author/1").isHit))
        }
    }

    @Test func `an answer that is larger than all the room is served and not kept`() throws {
        let origin = try ScriptedOrigin(Self.upstream)
        try LiveLarder.serving(before: origin, { $0.cache.maxBytes = 1000 }) { larder throws in
            for _ in 0..<3 {
                let answer = try larder.get("/models?use_rss=true&feed=x")
                #expect(answer.status == 200 && answer.text.contains("x/fff") && !answer.isHit)
            }
            for _ in 0..<3 { #expect(try larder.get("/models").status == 200) }
        }
        // The catalogue is kept, whatever its size.
        #expect(origin.requests.count == 4)
    }
}
