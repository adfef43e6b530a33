import Caching
import Daemon
import Settings
import TestSupport
import Testing

/// What one key may see of what another has fetched.
@Suite(.timeLimit(.minutes(300))) struct KeyTests {
    /// An upstream that answers every key with models that are named for it.
    private static func personal(_ fields: MessageFields) -> ScriptedOrigin.Handler {
        { request in
            let name = request.key ?? "nobody"
            if request.path.contains("/model/") { return Replies.model("\(name)/single", fields) }
            if request.path.hasSuffix("/count") {
                return Replies.body(Array(#"{"data":{"count":7},"for":"\#(name)/"}"#.utf8), fields)
            }
            return Replies.list(["\(name)/model"], fields)
        }
    }

    @Test(arguments: [1, 2])
    func `keys never see each other's lists, however they interleave`(workers: Int) throws {
        let origin = try ScriptedOrigin(Self.personal(Replies.shared))
        let change = { (settings: inout Settings) in
            settings.workers = workers
            settings.ttl.user = .milliseconds(20)
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            let port = larder.port
            try concurrently(8) { number in
                let key = "key\(number % 4)"
                let client = try RawClient(port: port)
                defer { client.close() }
                for round in 0..<100 {
                    let target = ["/models/user", "/v1/models/user?q=model", "/models/user?sort=top-weekly"][round % 3]
                    let fields: MessageFields = [
                        "Authorization": "Bearer \(key)", "Accept-Encoding": round % 2 == 0 ? "gzip" : "identity",
                    ]
                    let answer = try client.get(target, fields)
                    let isRight = answer.status == 200 && answer.text.contains(#"[{"id":"\#(key)/model","#)
                    #expect(isRight, "\(target) as \(key): \(answer.text)")
                }
            }
        }
        #expect(origin.requests.allSatisfy { $0.key != nil })
    }

    @Test(arguments: [1, 2], [[:], ["Cache-Control": "private, max-age=60"], ["Cache-Control": "public, no-store"]])
    func `what upstream does not share is kept for each key alone`(workers: Int, fields: MessageFields) throws {
        let origin = try ScriptedOrigin(Self.personal(fields))
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let targets = [
                "/models", "/models?output_modalities=all", "/models?category=x", "/models?category=x&limit=3",
                "/model/x/y", "/models/x%2Fy",
            ]
            for _ in 0..<3 {
                for target in targets {
                    for key in ["anna", "bert"] {
                        let answer = try larder.get(target, key: key)
                        #expect(answer.status == 200)
                        #expect(answer.text.contains("\"\(key)/"), "\(target) as \(key): \(answer.text)")
                        #expect(answer.fields["Cache-Control"]?.hasPrefix("private, max-age=") == true)
                        #expect(answer.fields["Vary"] == "Authorization, Accept-Encoding")
                    }
                    #expect(try larder.get(target).text.contains("\"nobody/"), "\(target) without a key")
                }
            }
        }
        // Each of the three asked for each resource once.
        #expect(origin.requests.count == 3 * 3)
    }

    @Test(arguments: [1, 2])
    func `callers of many keys who wait together for what is not shared get their own`(workers: Int) throws {
        let gate = OriginGate()
        let personal = Self.personal(["Cache-Control": "private"])
        let origin = try ScriptedOrigin { .held(gate, personal($0)) }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let callers = try (0..<24).map { try larder.begin("/models", ["Authorization": "Bearer key\($0 % 8)"]) }
            try gate.waitForArrivals(1)
            try larder.settle()
            gate.open()
            for (number, caller) in callers.enumerated() {
                let text = try caller.readResponse().text
                #expect(text.contains("\"key\(number % 8)/model\""), "\(text)")
            }
        }
        #expect(origin.requests.count == 8)
    }

    @Test(arguments: [1, 2])
    func `what was shared once is no more when upstream stops sharing it`(workers: Int) throws {
        let isPrivate = Monitor(false)
        let personal = Self.personal(["Cache-Control": "private"])
        let origin = try ScriptedOrigin { isPrivate.current ? personal($0) : Replies.list(["all/model"]) }
        let change = { (settings: inout Settings) in
            settings.workers = workers
            settings.ttl.catalog = .milliseconds(100)
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            for key in ["anna", "bert"] {
                #expect(try larder.get("/models", key: key).text.contains("\"all/model\""))
            }
            isPrivate.withValue { $0 = true }
            for (key, other) in [("anna", "bert"), ("bert", "anna"), ("anna", "bert")] {
                try eventually("\(key) gets its own list") {
                    let text = try larder.get("/models", key: key).text
                    #expect(!text.contains("\"\(other)/model\""))
                    return text.contains("\"\(key)/model\"")
                }
            }
            for _ in 0..<50 { #expect(try larder.get("/models", key: "anna").text.contains("\"anna/model\"")) }
        }
    }

    @Test func `with cache.share never nothing is shared, whatever upstream says`() throws {
        let origin = try ScriptedOrigin(Self.personal(Replies.shared))
        try LiveLarder.serving(before: origin, { $0.cache.share = .never }) { larder throws in
            for key in ["anna", "bert", "anna"] {
                #expect(try larder.get("/models", key: key).text.contains("\"\(key)/model\""))
                #expect(try larder.get("/models?category=x", key: key).text.contains("\"\(key)/model\""))
            }
        }
        #expect(origin.requests.count == 4)
    }

    @Test func `with cache.share always all is shared but a key's own list`() throws {
        let origin = try ScriptedOrigin(Self.personal(["Cache-Control": "private"]))
        try LiveLarder.serving(before: origin, { $0.cache.share = .always }) { larder throws in
            for key in ["anna", "bert"] {
                #expect(try larder.get("/models", key: key).text.contains("\"anna/model\""))
                #expect(try larder.get("/models?category=x", key: key).text.contains("\"anna/model\""))
                #expect(try larder.get("/models/user", key: key).text.contains("\"\(key)/model\""))
                #expect(try larder.get("/models/user?category=x", key: key).text.contains("\"\(key)/model\""))
            }
        }
        #expect(origin.requests.count == 6)
    }

    @Test func `a key that only another caller presented is in no answer`() throws {
        let canary = "sk-or-v1-canary0123456789"
        let isDown = Monitor(false)
        let origin = try ScriptedOrigin { isDown.current ? .garbage([1, 2, 3]) : Replies.wellBehaved($0) }
        try LiveLarder.serving(before: origin, { $0.workers = 2 }) { larder throws in
            let targets = [
                "/models", "/models/count", "/models?category=x", "/model/acme/anvil:nitro", "/model/no/such",
                "/models?limit=0", "/other",
            ]
            for isDownNow in [false, true] {
                isDown.withValue { $0 = isDownNow }
                for key in [canary, "other", canary] {
                    for target in targets {
                        let fields: MessageFields = ["Authorization": "Bearer \(key)", "Cache-Control": "no-cache"]
                        let answer = try larder.get(target, fields)
                        #expect(!answer.text.contains(canary) && !answer.fields.description.contains(canary))
                    }
                }
            }
        }
        #expect(origin.requests.contains { $0.key == canary })
    }
}
