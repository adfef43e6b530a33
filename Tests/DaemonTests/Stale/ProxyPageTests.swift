import Daemon
import Settings
import TestSupport
import Testing

/// Refusals that are not in upstream's form, as a CDN or a proxy sends them: upstream is failing, and says nothing of the key.
@Suite(.timeLimit(.minutes(300))) struct ProxyPageTests {
    /// Where it is a failure, the pause after it is longer than any test takes.
    private static func page(_ status: Int, _ body: String, _ type: String = "text/html") -> OriginReply {
        .response(
            status: status, fields: ["Content-Type": type, "Cache-Control": "max-age=60", "Retry-After": "3600"],
            body: .text(body))
    }

    static let bodies = [
        ("<!DOCTYPE html><title>Attention Required! | Cloudflare</title>", "text/html"), ("", "text/html"),
        ("error code: 1020", "text/plain"), (#"{"error":"forbidden"}"#, "application/json"),
        (#"{"message":"no"}"#, "application/json"), (#"["error"]"#, "application/json"),
    ]

    @Test(arguments: [400, 401, 403, 404, 407, 451], bodies)
    func `it neither ends copies nor is remembered nor relayed`(status: Int, body: (text: String, type: String)) throws
    {
        let (isRefused, folder) = (Monitor(false), StateFolder())
        let upstream = try UpAndDown { request in
            if isRefused.current { return Self.page(status, body.text, body.type) }
            return Replies.list(["\(request.key ?? "nobody")/own"], ["Cache-Control": "private"])
        }
        let anna: MessageFields = ["Authorization": "Bearer anna", "Cache-Control": "no-cache"]
        try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
            for target in ["/models/user", "/providers"] { #expect(try larder.get(target, anna).status == 200) }
            try eventually("it is written") { try folder.holds("anna/own") }
            isRefused.withValue { $0 = true }
            let refreshed = try larder.get("/models/user", anna)
            #expect(refreshed.status == 200 && refreshed.text.contains("anna/own"), "\(refreshed.text)")
            #expect(refreshed.cacheStatus.contains("fwd-status=\(status)"), "\(refreshed.cacheStatus)")
            #expect(try larder.get("/providers", key: "anna").isHit)
            let cold = try larder.get("/embeddings/models", key: "anna")
            #expect(cold.status == 502 && cold.text.contains("upstream answered \(status)"), "\(cold.text)")
            #expect(cold.fields["Content-Type"] == "application/json")
            #expect(try larder.get("/embeddings/models", key: "anna").status == 503)
            isRefused.withValue { $0 = false }
            #expect(try larder.get("/embeddings/models", key: "bert").status == 200)
        }
        #expect(try folder.holds("anna/own"))
    }

    @Test func `a 408 is a timeout`() throws {
        let isSlow = Monitor(false)
        let origin = try ScriptedOrigin { _ in isSlow.current ? Replies.error(408, "slow") : Replies.catalogue() }
        try LiveLarder.serving(before: origin, { $0.stale.ifError = .seconds(3600) }) { larder throws in
            #expect(try larder.get("/models").status == 200)
            isSlow.withValue { $0 = true }
            let stale = try larder.get("/models", ["Cache-Control": "no-cache"])
            #expect(stale.status == 200 && stale.cacheStatus.contains("detail=timeout"), "\(stale.cacheStatus)")
            #expect(try larder.get("/providers").status == 504)
        }
    }

    @Test func `a page for a name that the API does not know is relayed, and ends no copy on the disk`() throws {
        let (isGone, folder) = (Monitor(false), StateFolder())
        let upstream = try UpAndDown { _ in isGone.current ? Self.page(404, "<html>") : Replies.list(["all/row"]) }
        let refresh: MessageFields = ["Cache-Control": "no-cache"]
        let target = "/models/acme/anvil/endpoints"
        try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
            #expect(try larder.get(target).status == 200)
            // A single model is looked up there first.
            #expect(try larder.get("/models").status == 200)
            try eventually("it is written") { try folder.holds("all/row") }
            isGone.withValue { $0 = true }
            #expect(try larder.get(target, refresh).status == 404)
            for target in ["/model/acme/none", "/tools/none", "/datasets/none"] {
                let answer = try larder.get(target)
                #expect(answer.status == 404 && answer.text == "<html>", "\(target): \(answer.cacheStatus)")
            }
        }
        #expect(try folder.holds("all/row"))
    }

    @Test(arguments: [
        "/models", "/models/count", "/models?category=x", "/models/user", "/models/user?category=x", "/providers",
        "/models?use_rss=true", "/endpoints/zdr", "/embeddings/models", "/images/models", "/videos/models",
        "/benchmarks", "/classifications/task", "/tools",
    ])
    func `a 404 in another form for a path that the API has is a failure, and a 404 of upstream's own is relayed`(
        target: String
    ) throws {
        let gone = Monitor(OriginReply?.none)
        let origin = try ScriptedOrigin { request in gone.current ?? Replies.list(["all/row"]) }
        let (refresh, other): (MessageFields, MessageFields) = (
            ["Authorization": "Bearer anna", "Cache-Control": "no-cache"], ["Authorization": "Bearer bert"]
        )
        try LiveLarder.serving(before: origin, { $0.stale.ifError = .seconds(3600) }) { larder throws in
            let good = try larder.get(target, key: "anna")
            #expect(good.status == 200)
            gone.withValue { $0 = Self.page(404, "<!DOCTYPE html><title>Not found</title>") }
            let spared = try larder.get(target, refresh)
            #expect(spared.status == 200 && spared.body == good.body, "\(spared.text)")
            #expect(spared.cacheStatus.contains("detail=unusable"), "\(spared.cacheStatus)")
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let cold = try larder.get(target, refresh)
            #expect(cold.status == 502 && cold.text.contains("upstream answered 404"), "\(cold.text)")
            gone.withValue { $0 = Replies.error(404, "Not here") }
            let own = try larder.get(target, other)
            #expect(own.status == 404 && own.text.contains("Not here"), "\(own.text)")
        }
    }
}
