import Daemon
import Settings
import TestSupport
import Testing

/// Requests that force a refresh, as `fetch(url, {cache: "no-store"})` sends them with every call, and copies that are recent
/// enough for them.
@Suite(.timeLimit(.minutes(300))) struct RecentCopyTests {
    /// What is sent by Node's `fetch`, by browsers that reload, and by old ones.
    private static let demands: [MessageFields] = [
        ["Cache-Control": "no-cache", "Pragma": "no-cache"], ["Cache-Control": "max-age=0"], ["Pragma": "no-cache"],
    ]

    /// One target of each kind of resource.
    private static let targets = [
        "/models", "/models?q=anvil", "/models/count", "/models/user", "/models/user?q=anna", "/model/acme/anvil",
        "/models/acme/anvil", "/model/acme/anvil:nitro", "/models?category=x", "/models?category=x&region=eu",
        "/models/user?category=x", "/models?use_rss=true", "/models?client_version=1", "/providers", "/endpoints/zdr",
        "/models/acme/anvil/endpoints", "/model/acme/none",
    ]

    private static func upstream(_ request: OriginRequest) -> OriginReply {
        switch request.path {
        case "/api/v1/providers", "/api/v1/endpoints/zdr", "/api/v1/models/acme/anvil/endpoints":
            Replies.body(Array(#"{"data":[]}"#.utf8))
        default: Replies.wellBehaved(request)
        }
    }

    @Test(arguments: targets, [1, 4])
    func `a copy of whatever kind serves them while it is recent`(target: String, workers: Int) throws {
        let origin = try ScriptedOrigin(Self.upstream)
        try LiveLarder.serving(
            before: origin,
            {
                $0.workers = workers
                $0.ttl.noCache = .seconds(3600)
            }
        ) { larder throws in
            let anna: MessageFields = ["Authorization": "Bearer anna"]
            let first = try larder.get(target, anna)
            #expect(first.cacheStatus.hasPrefix("larder; fwd=miss"))
            let asked = origin.requests.count
            for directive in Self.demands {
                // Each comes on a connection of its own, and so to any loop.
                for _ in 0..<workers {
                    let answer = try larder.get(target, anna.adding(directive))
                    #expect(answer.status == first.status && answer.body == first.body)
                    #expect(answer.cacheStatus.hasPrefix("larder; hit; ttl="), "\(answer.cacheStatus)")
                    #expect(answer.cacheStatus.hasSuffix("; detail=recent"), "\(answer.cacheStatus)")
                }
            }
            #expect(origin.requests.count == asked)
        }
    }

    @Test(arguments: targets)
    func `none serves them where the setting is zero`(target: String) throws {
        let origin = try ScriptedOrigin(Self.upstream)
        try LiveLarder.serving(before: origin) { larder throws in
            let anna: MessageFields = ["Authorization": "Bearer anna"]
            _ = try larder.get(target, anna)
            for directive in Self.demands {
                let asked = origin.requests.count
                let answer = try larder.get(target, anna.adding(directive))
                #expect(answer.cacheStatus.hasPrefix("larder; fwd=request; fwd-status="), "\(answer.cacheStatus)")
                #expect(origin.requests.count > asked)
            }
        }
    }

    @Test func `a copy is fetched anew once it is older, and serves again`() throws {
        let origin = try ScriptedOrigin {
            Replies.list(["fetch/number-\($0.number)"], ["Cache-Control": "public", "Age": "9000"])
        }
        try LiveLarder.serving(before: origin, { $0.ttl.noCache = .milliseconds(400) }) { larder throws in
            _ = try larder.get("/models")
            let directive: MessageFields = ["Cache-Control": "no-cache"]
            try eventually("it is older") {
                let answer = try larder.get("/models", directive)
                if answer.cacheStatus == "larder; hit; ttl=300; detail=recent" { return false }
                #expect(answer.cacheStatus == "larder; fwd=request; fwd-status=200; stored")
                #expect(answer.text.contains("number-2"))
                return true
            }
            // Without a demand it is a plain hit.
            #expect(try larder.get("/models").cacheStatus == "larder; hit; ttl=300")
        }
    }

    @Test func `a copy that is not fresh any more serves none of them, however recent`() throws {
        let origin = try ScriptedOrigin { Replies.list(["fetch/number-\($0.number)"]) }
        try LiveLarder.serving(
            before: origin,
            {
                $0.ttl.catalog = .milliseconds(100)
                $0.ttl.noCache = .seconds(3600)
                $0.stale.whileRevalidate = .seconds(3600)
            }
        ) { larder throws in
            let first = try larder.get("/models")
            try eventually("it is not fresh") {
                let answer = try larder.get("/models", ["Cache-Control": "no-cache"])
                #expect(answer.cacheStatus.contains("detail=recent") == (answer.body == first.body))
                return answer.cacheStatus == "larder; fwd=request; fwd-status=200; stored"
            }
        }
    }

    @Test func `a client that has the copy already gets 304, and HEAD no body`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin, { $0.ttl.noCache = .seconds(3600) }) { larder throws in
            let tag = try #require(try larder.get("/models").fields["ETag"])
            let again = try larder.get("/models", ["Cache-Control": "max-age=0", "If-None-Match": tag])
            #expect(again.status == 304 && again.cacheStatus.hasSuffix("; detail=recent"))
            let head = try larder.request("HEAD", "/models", ["Cache-Control": "no-cache"])
            #expect(head.status == 200 && head.body.isEmpty && head.cacheStatus.hasSuffix("; detail=recent"))
        }
        #expect(origin.requests.count == 1)
    }
}

extension MessageFields {
    fileprivate func adding(_ more: MessageFields) -> MessageFields {
        var fields = self
        fields.all += more.all
        return fields
    }
}
