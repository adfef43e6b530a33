import Daemon
import TestSupport
import Testing

/// The routes whose bodies are kept as they come.
@Suite(.timeLimit(.minutes(10))) struct OpaqueRouteTests {
    private static let body = #"{ "data" : [ {"slug":"x", "n": 1.0} ] }"#

    @Test(arguments: [
        "/providers", "/endpoints/zdr", "/embeddings/models", "/images/models", "/videos/models",
        "/models/openai/gpt-4o/endpoints", "/models/openai/gpt-4o:free/endpoints",
    ])
    func `a body is passed on byte for byte, and kept`(resource: String) throws {
        let origin = try ScriptedOrigin { _ in Replies.body(Array(Self.body.utf8)) }
        try LiveLarder.serving(before: origin) { larder throws in
            let first = try larder.get("/api/v1" + resource)
            #expect(first.status == 200 && first.text == Self.body)
            #expect(first.cacheStatus == "larder; fwd=miss; fwd-status=200; stored")
            for root in ["/api/v1", "/v1", ""] {
                for slash in ["", "/", "?", "/?a="] {
                    let answer = try larder.get(root + resource + slash)
                    #expect(answer.isHit && answer.text == Self.body, "\(root)\(resource)\(slash)")
                }
            }
            let head = try larder.request("HEAD", resource)
            #expect(head.body.isEmpty && head.fields["Content-Length"] == "\(Self.body.utf8.count)")
        }
        #expect(origin.targets == ["/api/v1" + resource])
    }

    @Test func `queries that mean the same are one, and upstream sees what they have in common`() throws {
        let origin = try ScriptedOrigin { Replies.list([$0.query]) }
        try LiveLarder.serving(before: origin) { larder throws in
            let first = try larder.get("/embeddings/models?offset=5&limit=1&limit=10&x=")
            for query in ["limit=10&offset=5", "offset=%35&&limit=10", "x=1&x=&offset=5&limit=10"] {
                let answer = try larder.get("/embeddings/models?" + query)
                #expect(answer.isHit && answer.body == first.body, "\(query)")
            }
            #expect(!(try larder.get("/embeddings/models?limit=11&offset=5").isHit))
        }
        #expect(
            origin.targets == [
                "/api/v1/embeddings/models?limit=10&offset=5", "/api/v1/embeddings/models?limit=11&offset=5",
            ])
    }

    @Test(arguments: ["/models/a%2Fb%3Afree/endpoints", "/models/a%2fb:free/endpoints", "/models/a/b:free/endpoints/"])
    func `the endpoints of a model are asked for in one spelling of its name`(target: String) throws {
        let origin = try ScriptedOrigin { _ in Replies.body(Array(Self.body.utf8)) }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get(target).text == Self.body)
        }
        #expect(origin.targets == ["/api/v1/models/a/b:free/endpoints"])
    }

    @Test(arguments: [
        "/models/a/b/c/endpoints", "/models/a/endpoints/x/y", "/models/../keys/endpoints", "/models/a/%2e%2E/endpoints",
        "/models/%2e/b", "/model/a/..", "/models/a%2F..", "/providers/x", "/endpoints",
    ])
    func `a path that is none of these, or that climbs out of itself, is passed through and not kept`(
        target: String
    ) throws {
        let origin = try ScriptedOrigin { _ in Replies.body(Array(Self.body.utf8)) }
        try LiveLarder.serving(before: origin) { larder throws in
            for _ in 0..<2 {
                #expect(try larder.get(target).fields["Cache-Status"] == "larder; fwd=bypass; fwd-status=200")
            }
        }
        #expect(origin.targets == ["/api/v1" + target, "/api/v1" + target])
    }

    @Test func `a model's name may have dots`() throws {
        let origin = try ScriptedOrigin { _ in Replies.body(Array(Self.body.utf8)) }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models/a.b/.../endpoints").status == 200)
        }
        #expect(origin.targets == ["/api/v1/models/a.b/.../endpoints"])
    }

    @Test func `a page in place of a body, such as a proxy's that wants a password, is not kept`() throws {
        let origin = try ScriptedOrigin { _ in
            .response(
                status: 200, fields: ["Content-Type": "text/html", "Cache-Control": "public"],
                body: .text("<html>who are you?</html>"))
        }
        try LiveLarder.serving(before: origin) { larder throws in
            for target in ["/providers", "/models/a/b/endpoints"] {
                let answer = try larder.get(target)
                #expect(answer.status == 502)
                #expect(answer.cacheStatus == "larder; fwd=miss; fwd-status=200; detail=unusable")
            }
        }
    }

    @Test func `the feed is asked for with the same query, and kept with its media type`() throws {
        let origin = try ScriptedOrigin { request in
            .response(
                status: 200, fields: ["Content-Type": "application/rss+xml; charset=utf-8", "Cache-Control": "public"],
                body: .text("<rss>\(request.query)</rss>"))
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/models?use_rss=true&category=legal&limit=3")
            #expect(answer.text == "<rss>category=legal&limit=3&use_rss=true</rss>")
            #expect(answer.fields["Content-Type"] == "application/rss+xml; charset=utf-8")
            #expect(try larder.get("/models?limit=3&use_rss=true&category=legal").isHit)
            #expect(try larder.get("/models?use_rss=true&limit=0").status == 400)
        }
        #expect(origin.targets == ["/api/v1/models?category=legal&limit=3&use_rss=true"])
    }

    @Test func `a body that says it is JSON and is not is not passed on`() throws {
        let origin = try ScriptedOrigin { request in
            Replies.body(Array((request.path.hasSuffix("providers") ? "{\"data\":[" : "\"text\"").utf8))
        }
        try LiveLarder.serving(before: origin) { larder throws in
            for target in ["/providers", "/endpoints/zdr"] {
                let answer = try larder.get(target)
                #expect(answer.status == 502)
                #expect(answer.cacheStatus == "larder; fwd=miss; fwd-status=200; detail=unusable")
            }
        }
    }

    @Test func `bodies that upstream does not share are kept for each key alone`() throws {
        let origin = try ScriptedOrigin { Replies.list([$0.key ?? "nobody"], ["Cache-Control": "private"]) }
        try LiveLarder.serving(before: origin) { larder throws in
            for _ in 0..<3 {
                for key in ["anna", "bert"] {
                    #expect(try larder.get("/providers", key: key).text.contains("\"\(key)\""))
                }
            }
        }
        #expect(origin.requests.count == 2)
    }

    @Test func `what upstream refuses or has not is passed on, and remembered`() throws {
        let origin = try ScriptedOrigin { _ in Replies.error(404, "No endpoints found") }
        try LiveLarder.serving(before: origin) { larder throws in
            for _ in 0..<3 {
                let answer = try larder.get("/models/no/such/endpoints")
                #expect(answer.status == 404)
                #expect(answer.text == #"{"error":{"code":404,"message":"No endpoints found"}}"#)
            }
        }
        #expect(origin.requests.count == 1)
    }

    @Test func `a query of more facets than are worth a request each is asked as a whole`() throws {
        let origin = try ScriptedOrigin { _ in Replies.list(["a/b"]) }
        let names = (0..<40).map { "p\($0)" }.joined(separator: "%2C")
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models?providers=\(names)").text.contains("a/b"))
            #expect(try larder.get("/models?providers=\(names)&").isHit)
        }
        #expect(origin.targets == ["/api/v1/models?providers=\(names)"])
    }
}
