import Caching
import Daemon
import Foundation
import Glibc
import Settings
import TestSupport
import Testing

/// What is there after a restart, and to whom.
@Suite(.timeLimit(.minutes(300))) struct RestartTests {
    private static let targets = [
        "/models", "/models?category=x", "/model/acme/anvil:nitro", "/providers", "/models/user", "/embeddings/models",
    ]

    /// It shares its lists, but for the key's own one and that of embeddings.
    private static func reply(_ request: OriginRequest) -> OriginReply {
        switch request.path {
        case "/api/v1/providers": Replies.body(Array(#"{ "data" : ["a"] }"#.utf8))
        case "/api/v1/embeddings/models":
            Replies.list(["\(request.key ?? "nobody")/embedding"], ["Cache-Control": "private"])
        case "/api/v1/models/user": Replies.list(["\(request.key ?? "nobody")/own"], ["Cache-Control": "private"])
        case "/api/v1/endpoints/zdr": Replies.list(["unkept/row"], ["Cache-Control": "no-store"])
        case "/api/v1/models" where request.query.contains("category"): Replies.list(["bare/minimum"])
        default: Replies.wellBehaved(request)
        }
    }

    /// A life of Larder with its state in the folder.
    private func live<Value>(
        _ upstream: UpAndDown, _ folder: StateFolder, workers: Int = 1, _ change: (inout Settings) -> Void = { _ in },
        _ body: (LiveLarder) throws -> Value
    ) throws -> Value {
        try LiveLarder.serving(
            before: upstream.origin,
            {
                folder.keep(&$0)
                $0.workers = workers
                change(&$0)
            }, body)
    }

    @Test(arguments: [1, 3])
    func `every kind of copy is there again, as it was, and as old as it is`(workers: Int) throws {
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        let began = Date()
        let before = try live(upstream, folder, workers: workers) { larder throws in
            try Self.targets.map { try larder.get($0, key: "anna") }
        }
        #expect(before.allSatisfy { $0.status == 200 })
        upstream.setDown(true)
        usleep(1_100_000)
        try live(upstream, folder, workers: workers) { larder throws in
            for (target, first) in zip(Self.targets, before) {
                let answer = try larder.get(target, key: "anna")
                #expect(answer.status == 200 && answer.isHit, "\(target): \(answer.cacheStatus)")
                #expect(answer.body == first.body, "\(target)")
                #expect(answer.fields["ETag"] == first.fields["ETag"], "\(target)")
                #expect(answer.fields["Content-Type"] == first.fields["Content-Type"], "\(target)")
                let age = try #require(Int(answer.fields["Age"] ?? ""))
                #expect(age >= 1 && Double(age) <= Date().timeIntervalSince(began) + 5, "\(target): \(age)")
            }
        }
    }

    @Test func `the whole list is compressed again after a restart when it is asked for a second time`() throws {
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        let targets = ["/models", "/models?output_modalities=text"]
        let gzip: MessageFields = ["Accept-Encoding": "gzip"]
        let before = try live(upstream, folder) { larder throws in
            try targets.map { (plain: try larder.get($0), packed: try larder.get($0, gzip)) }
        }
        upstream.setDown(true)
        try live(upstream, folder) { larder throws in
            for (target, was) in zip(targets, before) {
                #expect(was.packed.fields["Content-Encoding"] == "gzip")
                let first = try larder.get(target, gzip)
                #expect(first.isHit && first.fields["Content-Encoding"] == nil, "\(target): \(first.cacheStatus)")
                #expect(first.fields["ETag"] == was.plain.fields["ETag"])
                #expect(first.body == was.plain.body, "\(target)")
                // The second is still plain, or compressed already.
                var later = try larder.get(target, gzip)
                let isPlain = later.fields["Content-Encoding"] == nil
                #expect(later.body == (isPlain ? was.plain.body : was.packed.body), "\(target)")
                try eventually("it is compressed") {
                    later = try larder.get(target, gzip)
                    return later.fields["Content-Encoding"] == "gzip"
                }
                #expect(later.isHit && later.body == was.packed.body, "\(target)")
                #expect(later.fields["ETag"] == was.packed.fields["ETag"])
                #expect(try unpacked(later.body) == was.plain.body, "\(target)")
                #expect(try larder.get(target).body == was.plain.body, "\(target)")
            }
        }
    }

    @Test func `what had become stale meanwhile is served as stale`() throws {
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        let brief: (inout Settings) -> Void = {
            ($0.ttl.catalog, $0.ttl.opaque, $0.ttl.model, $0.ttl.user) = (
                .milliseconds(1), .milliseconds(1), .milliseconds(1), .milliseconds(1)
            )
        }
        try live(upstream, folder, brief) { larder throws in
            for target in Self.targets { _ = try larder.get(target, key: "anna") }
        }
        upstream.setDown(true)
        usleep(20_000)
        try live(upstream, folder, brief) { larder throws in
            for target in Self.targets {
                let answer = try larder.get(target, key: "anna")
                #expect(answer.status == 200, "\(target)")
                #expect(
                    !answer.cacheStatus.hasPrefix("larder; hit; ttl=") || answer.cacheStatus.contains("ttl=-"),
                    "\(answer.cacheStatus)")
            }
        }
    }

    @Test(arguments: [1, 3])
    func `a key's own copies are for that key alone`(workers: Int) throws {
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        try live(upstream, folder, workers: workers) { larder throws in
            for key in ["anna", "bert"] {
                for target in Self.targets { _ = try larder.get(target, key: key) }
            }
        }
        upstream.setDown(true)
        try live(upstream, folder, workers: workers) { larder throws in
            for target in ["/models/user", "/embeddings/models"] {
                #expect(try larder.get(target, key: "carl").status >= 502)
                #expect(try larder.get(target).status >= 401)
                for key in ["anna", "bert"] { #expect(try larder.get(target, key: key).text.contains("\(key)/")) }
            }
            for target in ["/models", "/models?category=x", "/providers"] {
                #expect(try larder.get(target, key: "carl").status == 200)
            }
        }
    }

    @Test func `what belongs to another upstream, or is not to be kept, is not there`() throws {
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        try live(upstream, folder) { larder throws in
            for target in Self.targets + ["/endpoints/zdr", "/model/no/such"] {
                _ = try larder.get(target, key: "anna")
            }
            #expect(try larder.get("/model/no/such").status == 404)
        }
        #expect(try folder.holds("anna/own"))
        #expect(try !folder.holds("unkept/row"))
        #expect(try !folder.holds("Model not found"))
        upstream.setDown(true)
        try live(upstream, folder) { larder throws in
            #expect(try larder.get("/endpoints/zdr", key: "anna").status >= 502)
            #expect(try larder.get("/model/no/such", key: "anna").status >= 502)
        }
        for change: (inout Settings) -> Void in [
            { $0.state.enabled = false }, { $0.upstream.url += "/elsewhere" },
        ] {
            try live(upstream, folder, change) { larder throws in
                for target in Self.targets { #expect(try larder.get(target, key: "anna").status >= 502, "\(target)") }
            }
        }
        try live(upstream, folder) { larder throws in
            #expect(try larder.get("/models", key: "anna").status == 200)
        }
    }

    @Test func `a copy for everyone is for nobody once keys are not to share`() throws {
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        let targets = ["/models", "/models?category=x", "/providers"]
        try live(upstream, folder) { larder throws in
            for target in targets { #expect(try larder.get(target).status == 200) }
        }
        upstream.setDown(true)
        try live(upstream, folder, { $0.cache.share = .never }) { larder throws in
            for target in targets {
                #expect(try larder.get(target, key: "anna").status >= 502, "\(target)")
                #expect(try larder.get(target).status >= 502, "\(target)")
            }
        }
    }

    @Test func `what was shared because a setting said so is not once it no longer does`() throws {
        let folder = StateFolder()
        let upstream = try UpAndDown { _ in Replies.list(["secret/row"], ["Cache-Control": "private"]) }
        try live(upstream, folder, { $0.cache.share = .always }) { larder throws in
            _ = try larder.get("/models", key: "anna")
            #expect(try larder.get("/models", key: "bert").isHit)
        }
        upstream.setDown(true)
        try live(upstream, folder) { larder throws in
            #expect(try larder.get("/models", key: "bert").status >= 502)
        }
    }

    // MARK: What ends copies

    @Test(arguments: [(1, 401), (1, 403), (3, 401)])
    func `a refused key's copies are gone from the disk, also where a refresh behind an answer found it`(
        workers: Int, status: Int
    ) throws {
        let (revoked, folder) = (Monitor(Set<String>()), StateFolder())
        let upstream = try UpAndDown { request in
            if let key = request.key, revoked.current.contains(key) { return Replies.error(status, "Revoked") }
            return Self.reply(request)
        }
        try live(upstream, folder, workers: workers, { $0.ttl.user = .milliseconds(20) }) { larder throws in
            for key in ["anna", "bert"] {
                for target in Self.targets { #expect(try larder.get(target, key: key).status == 200) }
            }
            try eventually("it is written") { try folder.holds("anna/own") && folder.holds("anna/embedding") }
            revoked.withValue { $0 = ["anna"] }
            // It is served stale, and the refresh behind it is refused.
            try eventually("it is refused") { try larder.get("/models/user", key: "anna").status == status }
            try eventually("it is gone while it runs") {
                try !folder.holds("anna/own") && !folder.holds("anna/embedding")
            }
        }
        #expect(try !folder.holds("anna/"))
        #expect(try folder.holds("bert/own"))
        upstream.setDown(true)
        try live(upstream, folder, workers: workers) { larder throws in
            for target in ["/models/user", "/embeddings/models"] {
                #expect(try larder.get(target, key: "anna").status >= 502, "\(target)")
                #expect(try larder.get(target, key: "bert").status == 200, "\(target)")
            }
            #expect(try larder.get("/models", key: "anna").status == 200)
        }
    }

    @Test(arguments: ["all=1", "catalog=1", "key="], [1, 3])
    func `what is purged is gone from the disk too, and stays so`(query: String, workers: Int) throws {
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        let lists = ["/models", "/models?category=x"]
        try live(upstream, folder, workers: workers) { larder throws in
            for key in ["anna", "bert"] {
                for target in Self.targets { _ = try larder.get(target, key: key) }
            }
            try eventually("it is written") { try folder.holds("bert/own") && folder.holds("bert/embedding") }
        }
        // A life that has read none of it.
        try live(upstream, folder, workers: workers) { larder throws in
            var query = query
            if query == "key=" {
                _ = try larder.get("/models/user", key: "anna")
                query += try #require(try fingerprint(larder))
            }
            #expect(try larder.request("POST", "/_larder/purge?\(query)").status == 200)
            if query != "catalog=1" {
                try eventually("it is gone while it runs") { try !folder.holds("anna/") }
            }
        }
        upstream.setDown(true)
        try live(upstream, folder, workers: workers) { larder throws in
            for target in lists {
                let isThere = query == "key="
                #expect((try larder.get(target, key: "anna").status == 200) == isThere, "\(target)")
            }
            for target in ["/models/user", "/embeddings/models"] {
                #expect((try larder.get(target, key: "anna").status == 200) == (query == "catalog=1"), "\(target)")
                #expect((try larder.get(target, key: "bert").status == 200) == (query != "all=1"), "\(target)")
            }
        }
    }

    /// The fingerprint of the only key that has been used.
    private func fingerprint(_ larder: LiveLarder) throws -> String? {
        let entries = try #require(try Reports.status(larder)["entries"] as? [[String: Any]])
        return entries.compactMap { $0["key"] as? String }.first
    }
}
