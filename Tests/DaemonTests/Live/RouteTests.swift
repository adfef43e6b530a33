import Daemon
import Settings
import TestSupport
import Testing

/// The five routes, however they are spelled.
@Suite(.timeLimit(.minutes(300))) struct RouteTests {
    @Test func `the list is the same under each root, with a slash at the end and by HEAD, and is fetched once`() throws
    {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let first = try larder.get("/api/v1/models")
            #expect(first.status == 200)
            #expect(first.fields["Content-Type"] == "application/json")
            #expect(first.cacheStatus == "larder; fwd=miss; fwd-status=200; stored")
            #expect(first.text.hasPrefix(#"{"data":[{"id":"acme/anvil","#))
            #expect(first.text.hasSuffix(#""links":{"next":null}}"#))
            for target in [
                "/api/v1/models", "/v1/models", "/models", "/models/", "/v1/models/", "/api/v1/models/", "/models?",
            ] {
                let answer = try larder.get(target)
                #expect(answer.status == 200 && answer.body == first.body && answer.isHit, "\(target)")
                let head = try larder.request("HEAD", target)
                #expect(head.status == 200 && head.body.isEmpty, "\(target)")
                #expect(head.fields["Content-Length"] == "\(first.body.count)", "\(target)")
                #expect(head.fields["ETag"] == answer.fields["ETag"], "\(target)")
            }
        }
        #expect(origin.targets == ["/api/v1/models?output_modalities=all"])
    }

    @Test func `the count is answered from the catalogue, with every filter`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/v1/models/count?output_modalities=all").text == #"{"data":{"count":25}}"#)
            #expect(
                try larder.get("/models/count?model_authors=paint&output_modalities=image").text
                    == #"{"data":{"count":1}}"#)
            let head = try larder.request("HEAD", "/api/v1/models/count/?q=anvil")
            #expect(head.status == 200 && head.body.isEmpty)
        }
        #expect(origin.targets == ["/api/v1/models?output_modalities=all"])
    }

    @Test func `a key's own list is asked for with the key, and filtered here`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/api/v1/models/user", key: "sk-1")
            #expect(answer.text.contains(#""id":"sk-1/own""#))
            #expect((54...60).contains(Int(answer.fields["Cache-Control"]?.dropFirst(17) ?? "") ?? 0))
            #expect(answer.fields["Vary"] == "Authorization, Accept-Encoding")
            #expect(
                try larder.get("/models/user?q=nothing", key: "sk-1").text.hasPrefix(#"{"data":[],"total_count":0"#))
            #expect(try larder.get("/models/user/?q=own", key: "sk-1").text.contains(#""total_count":1"#))
        }
        #expect(origin.targets == ["/api/v1/models/user?output_modalities=all"])
        #expect(origin.requests[0].key == "sk-1")
    }

    @Test(arguments: [
        "/model/acme/anvil", "/api/v1/model/acme/anvil/", "/v1/model/acme%2Fanvil", "/model/acme%2fanvil",
        "/models/acme/anvil-20260701", "/v1/models/acme/anvil", "/api/v1/models/acme%2Fanvil", "/models/%61cme/anvil/",
    ])
    func `one model is found by its id or its slug, the slash spelled in any way`(target: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get(target)
            #expect(answer.status == 200)
            #expect(answer.text.hasPrefix(#"{"data":{"id":"acme/anvil","#))
            let hasOpenAIFields = answer.text.hasSuffix(
                #""id":"acme/anvil","object":"model","created":1782900000,"owned_by":"acme","shutdown_date":null}"#)
            #expect(hasOpenAIFields == target.contains("/models/"))
            #expect(try larder.get(target).isHit)
            #expect(try larder.request("HEAD", target).fields["Content-Length"] == "\(answer.body.count)")
        }
        #expect(origin.targets == ["/api/v1/models?output_modalities=all"])
    }

    @Test func `an alias is found by its own id and by its target`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/model/~acme/anvil-latest").text.contains(#""id":"~acme/anvil-latest""#))
            #expect(try larder.get("/model/forge/bellows-9").text.contains(#""id":"~forge/bellows-latest""#))
        }
        #expect(origin.requests.count == 1)
    }

    @Test func `a variant is asked upstream in the singular form with a raw slash, and kept`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/v1/models/acme%2Fanvil:nitro")
            #expect(answer.text.hasPrefix(#"{"data":{"id":"acme/anvil:nitro","created":7},"id":"acme/anvil:nitro""#))
            #expect(answer.cacheStatus == "larder; fwd=miss; fwd-status=200; stored")
            for target in [
                "/models/acme/anvil:nitro", "/api/v1/models/acme%2fanvil%3Anitro", "/model/acme/anvil:nitro",
            ] {
                #expect(try larder.get(target).status == 200, "\(target)")
            }
            #expect(try larder.get("/model/acme/anvil:nitro").isHit)
        }
        #expect(origin.targets == ["/api/v1/models?output_modalities=all", "/api/v1/model/acme/anvil:nitro"])
    }

    @Test func `a model that is not there is remembered for its time, and no longer`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin, { $0.ttl.negative = .milliseconds(400) }) { larder throws in
            var (fetches, fetched) = (0, ContinuousClock.now)
            for _ in 0..<5 {
                let asked = ContinuousClock.now
                let answer = try larder.get("/model/no/such")
                #expect(answer.status == 404)
                #expect(answer.text == #"{"error":{"code":404,"message":"Model not found"}}"#)
                if answer.isHit { continue }
                // A lifetime is shortened by a tenth at most.
                if fetches > 0 { #expect(fetched.duration(to: .now) >= .milliseconds(360)) }
                (fetches, fetched) = (fetches + 1, asked)
            }
            #expect(origin.count(of: "/api/v1/model/no/such") == fetches)
            try eventually("it is asked for again") {
                _ = try larder.get("/model/no/such")
                return origin.count(of: "/api/v1/model/no/such") > fetches
            }
        }
    }

    @Test(arguments: [401, 403])
    func `a refused key is remembered for five seconds at most`(status: Int) throws {
        let origin = try ScriptedOrigin { _ in Replies.error(status, "Not you") }
        try LiveLarder.serving(before: origin) { larder throws in
            var number = 0
            // A slow machine may take as long for two requests. Then another key is refused.
            try eventually("two requests within five seconds") {
                number += 1
                let (key, began) = ("sk-\(number)", ContinuousClock.now)
                let answer = try larder.get("/models/user", key: key)
                #expect(answer.status == status)
                #expect(answer.fields["Cache-Control"] == "private, max-age=5")
                let again = try larder.get("/models/user", key: key)
                #expect(again.text == #"{"error":{"code":\#(status),"message":"Not you"}}"#)
                let passed = ContinuousClock.now - began
                guard passed < .seconds(5) else { return false }
                #expect(again.isHit)
                let left = try #require(Int(again.cacheStatus.dropFirst("larder; hit; ttl=".count)))
                #expect((4 - Int(passed / .seconds(1))...5).contains(left))
                #expect(origin.requests.count { $0.key == key } == 1)
                return true
            }
            let before = origin.requests.count
            #expect(try larder.get("/models/user", key: "another").status == status)
            #expect(origin.requests.count == before + 1)
        }
    }

    @Test(arguments: [
        "/models", "/api/v1/models/count", "/v1/models/user", "/model/acme/anvil", "/models/acme%2Fanvil",
    ])
    func `other methods are not allowed, and it is said which are`(target: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            for method in ["DELETE", "PUT", "PATCH", "POST"] {
                let answer = try larder.request(method, target)
                #expect(answer.status == 405, "\(method)")
                #expect(answer.fields["Allow"] == "GET, HEAD, OPTIONS", "\(method)")
                #expect(answer.text.hasPrefix(#"{"error":{"code":405,"message":""#), "\(method)")
            }
        }
        #expect(origin.requests.isEmpty)
    }

    @Test(arguments: [
        ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("offset=-1", "offset"),
        ("context=0", "context"), ("min_price=cheap", "min_price"), ("max_output_price=-1", "max_output_price"),
        ("min_age_days=1.5", "min_age_days"), ("min_coding_index=NaN", "min_coding_index"),
        // It is told before anything is left to upstream.
        ("category=programming&limit=0", "limit"),
    ])
    func `a number that makes no sense is refused by name, and nothing is asked`(query: String, name: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            for route in ["/models", "/v1/models/count", "/api/v1/models/user"] {
                let answer = try larder.get("\(route)?\(query)")
                #expect(answer.status == 400, "\(route)")
                #expect(answer.text.hasPrefix(#"{"error":{"code":400,"message":"\#(name) must be "#), "\(answer.text)")
                #expect(answer.cacheStatus == "larder; detail=bad-request")
            }
        }
        #expect(origin.requests.isEmpty)
    }

    @Test func `upstream is asked each thing that it alone knows, once, and its refusal is passed on`() throws {
        let origin = try ScriptedOrigin { request in
            request.query.contains("bad") ? Replies.error(400, "Bad category") : Replies.list(["any/model"])
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let first = try larder.get("/v1/models?sort=most-popular&category=a%20b")
            #expect(first.text.contains("any/model"))
            #expect(try larder.get("/models?category=a+b&sort=most-popular").body == first.body)
            #expect(try larder.get("/models?category=bad").text == #"{"error":{"code":400,"message":"Bad category"}}"#)
            #expect(try larder.get("/models?category=bad").isHit)
        }
        #expect(origin.targets.first == "/api/v1/models?output_modalities=all")
        #expect(
            origin.targets.dropFirst().sorted() == [
                "/api/v1/models?category=a%20b&output_modalities=all",
                "/api/v1/models?category=bad&output_modalities=all",
                "/api/v1/models?sort=most-popular&output_modalities=all",
            ])
    }

    @Test(arguments: ["GET", "POST", "OPTIONS"])
    func `what is Larder's own never reaches upstream, and is no page's of another origin`(method: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            for target in ["/metrics", "/_larder/", "/_larder/status?x"] {
                try client.send(
                    "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nOrigin: http://elsewhere\r\n"
                        + "Access-Control-Request-Method: GET\r\n\r\n")
                let answer = try client.readResponse()
                #expect(answer.status == 403)
                #expect(answer.fields["Access-Control-Allow-Origin"] == nil)
            }
        }
        #expect(origin.requests.isEmpty)
    }
}
