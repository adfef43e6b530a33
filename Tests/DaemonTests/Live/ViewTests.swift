import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// Views through the socket.
@Suite(.timeLimit(.minutes(300))) struct ViewTests {
    private static func setting(_ view: ReferenceView) -> (inout Settings) -> Void {
        { settings in
            settings.views[view.name].query = view.query
            settings.views[view.name].allow = view.allow
            settings.views[view.name].deny = view.deny
            settings.views[view.name].pin = view.pins
        }
    }

    private static let team = ReferenceView(
        name: "team", query: "output_modalities=all&sort=newest", deny: ["*:free"], pins: ["acme/hammer"])

    @Test(arguments: [1, 2], ["models", "models/count", "models/user"])
    func `every query below a view is answered as upstream would if it had only these models`(
        workers: Int, resource: String
    ) throws {
        let upstream = try FacetOrigin()
        let now = CoarseClock.seconds
        var generator = FacetQueryGenerator(upstream.reference, now: now, seed: UInt64(workers) + 7)
        var viewGenerator = ViewGenerator(upstream.reference.models, now: now, seed: UInt64(workers) + 8)
        let views = (0..<40).map { _ in viewGenerator.next() }
        var statuses: [Int: Int] = [:]
        let change = { (settings: inout Settings) in
            LiveLarder.lasting(&settings)
            settings.workers = workers
            for view in views { Self.setting(view)(&settings) }
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            var client = try larder.connect()
            for number in 0..<700 {
                let query = generator.next()
                let view = views[number % views.count]
                if number % 50 == 0 { client = try larder.connect() }
                let target = "/view/\(view.name)/\(resource)?\(query)"
                // The second may have changed before it was answered, or after.
                let began = CoarseClock.seconds
                let answer = try client.get(target, ["Authorization": "Bearer sk-1"])
                statuses[answer.status, default: 0] += 1
                let isRight = [began, CoarseClock.seconds].contains { now in
                    switch upstream.reference.answer(whole: query, now: now, resource: resource, in: view) {
                    case .list(let text): answer.status == 200 && answer.text == text
                    case .refusal: answer.status == 400 && answer.text == ReferenceOrigin.refusal
                    }
                }
                #expect(isRight, "\(target) of \(view)")
                guard isRight else { return }
            }
        }
        #expect(statuses[200, default: 0] > 500)
        // What views have in common is fetched once.
        #expect(Set(upstream.origin.targets).count == upstream.origin.requests.count)
    }

    @Test(arguments: [
        "api/v1/models?limit=3", "v1/models?limit=1&q=a", "models?limit=7&sort=newest", "models?offset=2&limit=2",
    ])
    func `the links of a view lead through all of it, and nothing else`(first: String) throws {
        let origin = try ScriptedOrigin { _ in Replies.body(SampleCatalogue.json) }
        let reference = try ReferenceCatalog(json: SampleCatalogue.json)
        let query = first.components(separatedBy: "?")[1]
        let unpaged = query.components(separatedBy: "&").filter { !$0.contains("limit") && !$0.contains("offset") }
        let now = CoarseClock.seconds
        try LiveLarder.serving(before: origin, Self.setting(Self.team)) { larder throws in
            let whole = try Reports.object(larder.get("/view/team/models?" + unpaged.joined(separator: "&")))
            let all = try Self.ids(whole)
            let expected = reference.answer(unpaged.joined(separator: "&"), now: now, in: Self.team)
            #expect(all.count == expected.total && all.count > 3)
            #expect(whole["total_count"] as? Int == all.count)
            var found: [String] = []
            var next: String? = "/view/team/" + first
            while let target = next {
                let page = try Reports.object(larder.get(target))
                #expect(page["total_count"] as? Int == all.count)
                found += try Self.ids(page)
                next = (page["links"] as? [String: Any])?["next"] as? String
                if let next { #expect(next.hasPrefix("/view/team/api/v1/models?")) }
            }
            #expect(found == (query.contains("offset") ? Array(all.dropFirst(2)) : all))
        }
    }

    private static func ids(_ list: [String: Any]) throws -> [String] {
        try #require(list["data"] as? [[String: Any]]).compactMap { $0["id"] as? String }
    }

    @Test func `a hit below a view is a hit, and conditional requests and codings work as elsewhere`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin, Self.setting(ReferenceView(name: "acme", allow: ["acme/*"]))) {
            larder throws in
            let target = "/view/acme/api/v1/models"
            let first = try larder.get(target)
            #expect(first.cacheStatus == "larder; fwd=miss; fwd-status=200; stored")
            let whole = try larder.get("/api/v1/models")
            #expect(first.body.count < whole.body.count && first.fields["ETag"] != whole.fields["ETag"])
            let again = try larder.get(target)
            #expect(again.isHit && again.body == first.body && again.fields["Vary"] == whole.fields["Vary"])
            let tag = try #require(first.fields["ETag"])
            #expect(try larder.get(target, ["If-None-Match": tag]).status == 304)
            #expect(try larder.get("/api/v1/models", ["If-None-Match": tag]).status == 200)
            #expect(try larder.request("HEAD", target).fields["Content-Length"] == "\(first.body.count)")
            #expect(try larder.request("POST", target).status == 405)
            #expect(try larder.request("OPTIONS", target).status == 204)
            try eventually("it is compressed") {
                try larder.get(target, ["Accept-Encoding": "gzip"]).fields["Content-Encoding"] == "gzip"
            }
        }
        #expect(origin.requests.count == 1)
    }

    @Test func `everything else below a view goes on without the prefix, and comes back below it`() throws {
        let origin = try ScriptedOrigin { request in
            switch request.path {
            case "/api/v1/chat/completions": .json(#"{"answer":1}"#)
            case "/api/v1/moved": .status(307, ["Location": "/api/v1/chat/completions"])
            default: Replies.wellBehaved(request)
            }
        }
        try LiveLarder.serving(before: origin, Self.setting(Self.team)) { larder throws in
            let chat = try larder.request("POST", "/view/team/api/v1/chat/completions", ["Content-Length": "0"])
            #expect(chat.status == 200 && chat.text == #"{"answer":1}"#)
            #expect(try larder.get("/view/team/moved").fields["Location"] == "/view/team/api/v1/chat/completions")
            #expect(try larder.get("/moved").fields["Location"] == "/api/v1/chat/completions")
            _ = try larder.get("/providers")
            #expect(try larder.get("/view/team/v1/providers").isHit)
            #expect(origin.requests.allSatisfy { !$0.path.contains("view") })
            let count = origin.requests.count
            for target in [
                "/view/nobody/models", "/view/nobody/chat", "/view/team/_larder/status", "/view/team/healthz",
            ] {
                let answer = try larder.get(target)
                #expect(answer.status == 404, "\(target)")
                #expect(answer.text.hasPrefix(#"{"error":{"code":404,"message":""#))
            }
            let unknown = try larder.request("POST", "/view/nobody/chat", ["Content-Length": "0"])
            #expect(unknown.status == 404 && unknown.cacheStatus == "larder; detail=view")
            #expect(unknown.text.contains(#"there is no view \"nobody\": the known ones are team"#))
            #expect(try larder.get("/view/team/../x").status == 400)
            #expect(origin.requests.count == count)
        }
    }

    @Test(arguments: [1, 3])
    func `views are counted by name, and each tells how many models it leaves`(workers: Int) throws {
        let origin = try ScriptedOrigin { _ in Replies.body(SampleCatalogue.json) }
        let change = { (settings: inout Settings) in
            settings.workers = workers
            Self.setting(Self.team)(&settings)
            Self.setting(ReferenceView(name: "unused", allow: ["paint/*"]))(&settings)
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            #expect(try Reports.samples(larder)[#"larder_view_models{view="team"}"#] == nil)
            let client = try larder.connect()
            for _ in 0..<4 { _ = try client.get("/view/team/models") }
            _ = try client.get("/view/team/models?limit=x")
            _ = try client.get("/view/nobody/models")
            _ = try client.get("/models")
            let samples = try Reports.samples(larder)
            #expect(samples[#"larder_view_requests_total{view="team",decision="miss"}"#] == 1)
            #expect(samples[#"larder_view_requests_total{view="team",decision="hit"}"#] == 3)
            #expect(samples[#"larder_view_requests_total{view="team",decision="refused"}"#] == 1)
            #expect(samples.keys.count { $0.hasPrefix("larder_view_requests_total") } == 3)
            let paint = samples[#"larder_view_models{view="unused"}"#] ?? 0
            #expect(paint > 0 && paint < Double(SampleCatalogue.count))
            let views = try #require(try Reports.status(larder)["views"] as? [[String: Any]])
            #expect(views.map { $0["name"] as? String } == ["team", "unused"])
            #expect(views.map { $0["requests"] as? Int } == [5, 0])
            #expect(views.last?["models"] as? Int == Int(paint))
        }
    }

    @Test func `SIGHUP changes views at once, and bad ones not at all`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let text = "ttl.catalog = \"1h\"\nlog.access = false\n"
        let larder = try ReloadingLarder(
            before: origin, text + "views.a.allow = [\"acme/*\"]", environment: ["LARDER_WORKERS": "2"])
        let before = try larder.get("/view/a/models")
        #expect(try Self.ids(Reports.object(before)).contains("acme/anvil"))
        // `Last-Modified` has whole seconds.
        let second = CoarseClock.seconds
        try eventually("the second is over") { CoarseClock.seconds > second }
        #expect(try larder.get("/view/b/models").status == 404)
        let lines = try larder.reload(text + "views.a.deny = [\"acme/*\"]\nviews.b.query = \"q=anvil\"")
        #expect(lines.contains { $0.contains("changed views.a.allow, views.a.deny, views.b.query") }, "\(lines)")
        for _ in 0..<4 {
            let after = try larder.get("/view/a/models")
            #expect(try !Self.ids(Reports.object(after)).contains { $0.hasPrefix("acme/") })
            #expect(after.fields["ETag"] != before.fields["ETag"])
            #expect(try larder.get("/view/b/models/count").status == 200)
        }
        let date = try #require(before.fields["Last-Modified"])
        #expect(try larder.get("/view/a/models", ["If-Modified-Since": date]).status == 200)
        let refused = try larder.reload(text + "views.a.query = \"limit=1\"")
        #expect(refused.contains { $0.contains("limit cannot be part of a view") }, "\(refused)")
        #expect(try larder.get("/view/b/models/count").status == 200)
        try larder.reload(text)
        #expect(try larder.get("/view/a/models").text.contains("none are set"))
        #expect(origin.requests.count == 1)
        try larder.process.end()
    }

    @Test func `a request that waits while SIGHUP changes the views is counted for its own, or not at all`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { request in
            request.path.contains("/model/") ? .held(gate, Replies.wellBehaved(request)) : Replies.catalogue()
        }
        let text = "ttl.catalog = \"1h\"\nlog.access = false\n"
        let views = { (names: [String]) in text + names.map { "views.\($0).allow = [\"acme/*\"]\n" }.joined() }
        let larder = try ReloadingLarder(before: origin, views(["a", "b", "c"]), environment: ["LARDER_WORKERS": "1"])
        #expect(try larder.get("/models").status == 200)
        // The catalogue does not have the variant, so upstream is asked. The second request joins the first.
        let waiting = try ["b", "a", "c"].map { name in
            let client = try RawClient(port: larder.process.port)
            try client.sendRequest("GET", "/view/\(name)/model/acme/anvil:nitro", [:])
            try gate.waitForArrivals(1)
            return client
        }
        for _ in 0..<4 { #expect(try larder.get("/healthz").status == 200) }
        try larder.reload(views(["b", "d"]))
        gate.open()
        #expect(try waiting.map { try $0.readResponse().status } == [200, 404, 404])
        let metrics = try larder.get("/metrics").text.split(separator: "\n")
        let counted = metrics.filter { $0.hasPrefix("larder_view_requests_total{") }
        #expect(counted == [#"larder_view_requests_total{view="b",decision="miss"} 1"#])
        try larder.process.end()
    }

    @Test func `larder models shows a view, and larder check its settings`() throws {
        let environment = ["LARDER_VIEWS_FREE_ALLOW": "*:free"]
        let larder = try LarderProcess.serve(["--demo"], environment: environment)
        let address = ["--url", "127.0.0.1:\(larder.port)"]
        let all = try LarderProcess.run(["models", "--json"] + address)
        let some = try LarderProcess.run(["models", "--json", "--view", "free"] + address)
        let ids = { (text: String) in text.components(separatedBy: "\n").filter { $0.hasPrefix("{") } }
        #expect(some.ending == .exited(0) && !ids(some.output).isEmpty)
        #expect(ids(some.output).count < ids(all.output).count)
        let unknown = try LarderProcess.run(["models", "--view", "fre"] + address)
        #expect(unknown.ending == .exited(1) && unknown.error.contains("the known ones are free"))
        #expect(try LarderProcess.run(["models", "--view", "a/b"] + address).ending == .exited(64))
        try larder.end()
        let check = try LarderProcess.run(["check"], environment: environment)
        #expect(
            check.output.contains("[views.free]")
                && check.output.contains("allow = [\"*:free\"]  # LARDER_VIEWS_FREE_ALLOW"))
        let bad = try LarderProcess.run(["check"], environment: ["LARDER_VIEWS_FREE_QUERY": "qq=x"])
        #expect(bad.ending == .exited(78) && bad.error.contains("qq is unknown: did you mean q?"), "\(bad.error)")
    }
}
