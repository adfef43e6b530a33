import Daemon
import Settings
import TestSupport
import Testing

/// The routes whose bodies are kept as they come.
@Suite(.timeLimit(.minutes(300))) struct OpaqueRouteTests {
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

    @Test func `the endpoints that a key sees are not those that are seen without`() throws {
        let origin = try ScriptedOrigin { request in
            Replies.body(Array(#"{"data":{"latency":\#(request.key == nil ? "null" : "1")}}"#.utf8))
        }
        try LiveLarder.serving(before: origin, { $0.workers = 2 }) { larder throws in
            let target = "/models/a/b/endpoints"
            let (open, keyed) = (#"{"data":{"latency":null}}"#, #"{"data":{"latency":1}}"#)
            #expect(try larder.get(target).text == open)
            #expect(try larder.get(target, key: "anna").text == keyed)
            // Each of the two is shared.
            #expect(try larder.get(target, key: "bert").text == keyed)
            #expect(try larder.get(target).isHit)
            #expect(try larder.get(target, key: "anna").fields["Vary"] == "Authorization, Accept-Encoding")
            #expect(try larder.get(target).text == open)
        }
        #expect(origin.requests.map(\.key) == [nil, "anna"])
    }

    @Test(arguments: ["/benchmarks", "/datasets/a/b%20c", "/classifications/task", "/tools", "/tools/web:search"])
    func `upstream's data is kept for each query and key, for as long as its setting says`(resource: String) throws {
        let origin = try ScriptedOrigin { request in
            request.method == "GET" ? Replies.list([request.key ?? "nobody"]) : Replies.error(400)
        }
        try LiveLarder.serving(before: origin, { $0.ttl.data = .seconds(7200) }) { larder throws in
            for key in ["anna", "bert"] {
                let first = try larder.get("/api/v1\(resource)?b=1&a=2", key: key)
                #expect(first.text.contains(key) && first.fields["Cache-Control"]?.hasPrefix("private") == true)
                let lifetime = try #require(
                    first.fields["Cache-Control"]?.split(separator: "=").last.flatMap { Int($0) })
                #expect((6480...7200).contains(lifetime))
                let again = try larder.get("\(resource)/?a=2&b=1&c=", key: key)
                #expect(again.isHit && again.body == first.body)
            }
            #expect(origin.targets == Array(repeating: "/api/v1\(resource)?a=2&b=1", count: 2))
            #expect(try larder.get("\(resource)?a=3", key: "anna").status == 200)
            #expect(try larder.request("POST", resource).status == 400)
            #expect(origin.requests.count == 4)
        }
    }

    @Test(arguments: [
        ("text/csv", 200), ("application/x-ndjson", 200), ("text/html; charset=utf-8", 502), ("application/json", 502),
    ])
    func `a dataset need not be JSON, but is nobody's page`(type: String, status: Int) throws {
        let origin = try ScriptedOrigin { _ in
            .response(status: 200, fields: ["Content-Type": type], body: .text("a,b\n1,2\n"))
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/datasets/a.csv")
            #expect(answer.status == status)
            if status == 200 { #expect(answer.text == "a,b\n1,2\n" && answer.fields["Content-Type"] == type) }
        }
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
        "/models/a/b/c/endpoints", "/models/a/endpoints/x/y", "/providers/x", "/endpoints",
    ])
    func `a path that is none of these is passed through and not kept`(
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
        try LiveLarder.serving(before: origin, { $0.ttl.negative = .seconds(3600) }) { larder throws in
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
        let query = (10..<50).map { "p\($0)=1" }.joined(separator: "&")
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models?\(query)").text.contains("a/b"))
            #expect(try larder.get("/models?\(query)&").isHit)
        }
        #expect(origin.targets == ["/api/v1/models?\(query)"])
    }
}
