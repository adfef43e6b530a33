import Daemon
import Settings
import TestSupport
import Testing

/// When facets are fetched, on a whole Larder.
@Suite(.timeLimit(.minutes(300))) struct FacetFetchTests {
    @Test(arguments: [1, 3])
    func `all facets of a query are fetched at the same time`(workers: Int) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { request in
            request.query == "output_modalities=all" ? Replies.catalogue() : .held(gate, Replies.list(["acme/anvil"]))
        }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let callers = try (0..<8).map { _ in
                try larder.begin("/models?category=x&zdr=true&region=eu&providers=A,B&sort=top-weekly&q=anvil")
            }
            try gate.waitForArrivals(5)
            try larder.settle()
            gate.open()
            for caller in callers {
                let answer = try caller.readResponse()
                #expect(answer.text.contains(#""total_count":1"#))
                #expect(answer.cacheStatus.hasPrefix("larder; fwd=miss; fwd-status=200; stored"))
            }
            #expect(origin.requests.count == 6)
            // Now any part of it is there, in every combination, on whatever loop.
            for target in [
                "/models?zdr=true", "/models/count?region=eu&providers=B,A", "/models?sort=top-weekly&limit=1",
            ] {
                #expect(try larder.get(target).isHit, "\(target)")
            }
        }
        #expect(origin.requests.count == 6)
    }

    @Test(arguments: [1, 3])
    func `a refresh asks for all that the query needs, once each`(workers: Int) throws {
        let upstream = try FacetOrigin()
        try LiveLarder.serving(before: upstream.origin, { $0.workers = workers }) { larder throws in
            let target = "/models?zdr=true&providers=A,B"
            #expect(try larder.get(target).status == 200)
            #expect(upstream.origin.requests.count == 3)
            let refreshed = try larder.get(target, ["Cache-Control": "no-cache"])
            #expect(refreshed.cacheStatus == "larder; fwd=request; fwd-status=200; stored")
            #expect(upstream.origin.requests.count == 6)
            #expect(Set(upstream.origin.targets.suffix(3)) == Set(upstream.origin.targets.prefix(3)))
            #expect(try larder.get(target, ["Cache-Control": "only-if-cached"]).isHit)
            let other = try larder.get("/models?zdr=true&region=eu", ["Cache-Control": "only-if-cached"])
            #expect(other.status == 504)
        }
        #expect(upstream.origin.requests.count == 6)
    }

    @Test func `what upstream says of a facet's failure is told, and the facet alone is asked again`() throws {
        let broken = Monitor(true)
        let origin = try ScriptedOrigin { request in
            if request.query.contains("distillable") { return .status(500, ["Retry-After": "600"]) }
            if request.query.contains("zdr"), broken.current { return .status(500) }
            return request.query.contains("bad") ? Replies.error(400, "Bad region") : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let failed = try larder.get("/models?zdr=true&category=x")
            #expect(failed.status == 502)
            #expect(failed.cacheStatus == "larder; fwd=miss; fwd-status=500; detail=unusable")
            // The facet that came is there all the same.
            #expect(try larder.get("/models?category=x").isHit)
            // During the pause upstream is not asked. This one is longer than the test.
            #expect(try larder.get("/models?distillable=true&category=x").status == 502)
            let asked = origin.requests.count
            #expect(try larder.get("/models?distillable=true&category=x").status == 503)
            #expect(origin.requests.count == asked)
            broken.withValue { $0 = false }
            try eventually("the facet is asked for again") {
                try larder.get("/models?zdr=true&category=x").status == 200
            }
            let refused = try larder.get("/models?region=bad&zdr=true")
            #expect(refused.status == 400)
            #expect(refused.text == #"{"error":{"code":400,"message":"Bad region"}}"#)
        }
    }

    @Test func `a facet that upstream does not share makes the answer a key's own`() throws {
        let origin = try ScriptedOrigin { request in
            if request.query == "output_modalities=all" { return Replies.catalogue() }
            let ids = request.key == "anna" ? ["acme/anvil"] : ["acme/hammer"]
            return Replies.list(ids, ["Cache-Control": "private"])
        }
        try LiveLarder.serving(before: origin, { $0.workers = 2 }) { larder throws in
            for _ in 0..<4 {
                for (key, id) in [("anna", "acme/anvil"), ("bert", "acme/hammer")] {
                    let answer = try larder.get("/models?zdr=true", key: key)
                    #expect(answer.text.contains(#"{"data":[{"id":"\#(id)","#))
                    #expect(answer.text.contains(#""total_count":1"#))
                    #expect(answer.fields["Cache-Control"]?.hasPrefix("private") == true)
                }
            }
        }
        #expect(origin.requests.count == 3)
    }

    @Test func `what the settings leave to upstream is shown as upstream gives it`() throws {
        let origin = try ScriptedOrigin { request in
            guard request.query != "output_modalities=all" else { return Replies.catalogue() }
            return Replies.body(
                Array(
                    #"{"data":[{"id":"acme/anvil","context_length":7,"architecture":{"output_modalities":["text"]}}]}"#
                        .utf8))
        }
        try LiveLarder.serving(before: origin, { $0.filters.upstream = ["supported_parameters"] }) { larder throws in
            let expected =
                #"{"data":[{"id":"acme/anvil","context_length":7,"architecture":{"output_modalities":["text"]}}],"#
            #expect(try larder.get("/models?supported_parameters=tools").text.hasPrefix(expected))
            #expect(try larder.get("/models?supported_parameters=tools&context=7").text.hasPrefix(expected))
            #expect(try larder.get("/models?supported_parameters=tools&context=8").text.hasPrefix(#"{"data":[],"#))
            #expect(try larder.get("/models?zdr=true&q=anvil").text.contains(#""context_length":128000"#))
        }
        #expect(
            origin.targets.sorted() == [
                "/api/v1/models?output_modalities=all",
                "/api/v1/models?supported_parameters=tools&output_modalities=all",
                "/api/v1/models?zdr=true&output_modalities=all",
            ])
    }

    @Test(arguments: [1, 2])
    func `3,000 values of parameters that have an effect, in little room, cost the catalogue nothing`(workers: Int)
        throws
    {
        let upstream = try FacetOrigin()
        let change = { (settings: inout Settings) in
            settings.workers = workers
            settings.cache.maxBytes = 1 << 20
            // A slow machine takes longer over it than the catalogue is usually fresh.
            settings.ttl.catalog = .seconds(86_400)
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            let client = try larder.connect()
            for number in 0..<3_000 {
                #expect(try client.get("/models?zone=\(number)").status == 200)
            }
            #expect(try client.get("/models").isHit)
        }
        let lists = upstream.origin.targets.count { $0 == "/api/v1/models?output_modalities=all" }
        #expect(lists == 1)
        #expect(upstream.origin.requests.count == 3_001)
    }
}
