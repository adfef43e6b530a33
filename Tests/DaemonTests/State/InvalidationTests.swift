import Daemon
import Glibc
import Settings
import TestSupport
import Testing

/// Requests with unsafe methods that upstream accepts: the stored copies of their path are gone (RFC 9111 section 4.4).
@Suite(.timeLimit(.minutes(300))) struct InvalidationTests {
    /// Lists for GET; for any other method the status that the query names, with a body that takes several reads.
    private static func reply(_ request: OriginRequest) -> OriginReply {
        guard request.method != "GET" else {
            return Replies.list(
                ["\(request.key ?? "nobody")/row"], request.path.hasSuffix("/tools") ? [:] : Replies.shared)
        }
        let status = request.target.split(separator: "status=").last.flatMap { Int($0.prefix(3)) } ?? 200
        return .response(
            status: status, fields: ["Content-Type": "text/plain", "Location": "/"], body: .text(longBody))
    }

    private static let longBody = String(repeating: "0123456789abcdef", count: 20_000)
    private static let anna: MessageFields = ["Authorization": "Bearer anna"]

    /// What is stored under the paths that requests below are about, by key.
    private static let covered: [(target: String, fields: MessageFields)] = [
        ("/providers", [:]), ("/providers?b=1&a=2", anna), ("/models/a/b/endpoints", [:]),
        ("/models/a/b/endpoints?x=1", anna), ("/tools", anna), ("/tools?a=1", [:]),
    ]
    private static let others: [(target: String, fields: MessageFields)] = [
        ("/embeddings/models", [:]), ("/models/a/c/endpoints", anna), ("/tools/a", anna), ("/models", [:]),
    ]
    /// The same paths in other spellings.
    private static let spellings = [
        "/v1/providers/?status=", "/view/all/models/a%2Fb/endpoints?status=", "/api/v1/tools/?status=",
    ]

    private static func isStored(_ one: (target: String, fields: MessageFields), at client: RawClient) throws -> Bool {
        try client.get(one.target, one.fields.adding("Cache-Control", "only-if-cached")).status == 200
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"], [1, 3])
    func `what upstream accepts ends the copies of its path, on every loop`(method: String, workers: Int) throws {
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        let change = { (settings: inout Settings) in
            folder.keep(&settings)
            settings.workers = workers
            settings.views["all"].allow = ["*"]
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            // Enough connections that every loop has copies of its own.
            let clients = try (0..<workers * 4).map { _ in try larder.connect() }
            for status in [500, 404, 200, 201, 303] {
                for client in clients {
                    for one in Self.covered + Self.others {
                        #expect(try client.get(one.target, one.fields).status == 200, "\(one.target)")
                    }
                }
                for target in Self.spellings {
                    let answer = try clients[0].request(method, "\(target)\(status)")
                    #expect(answer.status == status && answer.text == Self.longBody, "\(target)")
                }
                for client in clients {
                    for one in Self.covered {
                        let isStored = try Self.isStored(one, at: client)
                        #expect(isStored == (status >= 400), "\(one.target) after \(method) with \(status)")
                    }
                    for one in Self.others { #expect(try Self.isStored(one, at: client), "\(one.target)") }
                }
            }
        }
        // The copies do not come back with the next process.
        upstream.setDown(true)
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            let client = try larder.connect()
            for one in Self.covered { #expect(try !Self.isStored(one, at: client), "\(one.target)") }
            for one in Self.others { #expect(try Self.isStored(one, at: client), "\(one.target)") }
        }
    }

    @Test(arguments: ["OPTIONS", "TRACE", "HEAD"]) func `a safe method ends nothing`(method: String) throws {
        let origin = try ScriptedOrigin(Self.reply)
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/providers").status == 200)
            _ = try larder.request(method, "/providers?status=200")
            #expect(try larder.get("/providers").isHit)
        }
    }

    @Test func `the copies are gone for good when the answer arrives, even if the process is killed then`() throws {
        let folder = StateFolder()
        let upstream = try UpAndDown(Self.reply)
        for _ in 0..<4 {
            let process = try LarderProcess.serve(before: upstream, in: folder, ["--workers", "2"])
            let client = try RawClient(port: process.port)
            for one in Self.covered + Self.others { #expect(try client.get(one.target, one.fields).status == 200) }
            try eventually("it is written") { try folder.holds("anna/row") && folder.holds("nobody/row") }
            for target in ["/providers", "/models/a/b/endpoints", "/tools"] {
                #expect(try client.request("POST", target).text == Self.longBody)
            }
            process.child.signal(SIGKILL)
            #expect(try process.child.waitForExit() == .signalled(SIGKILL))
            upstream.setDown(true)
            let next = try LarderProcess.serve(before: upstream, in: folder)
            for one in Self.covered { #expect(try next.get(one.target, one.fields).status >= 502, "\(one.target)") }
            try next.end()
            upstream.setDown(false)
        }
    }

    @Test(arguments: [1, 3]) func `what was under way is handed over and not kept`(workers: Int) throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { request in
            request.method == "GET" ? .held(gate, Self.reply(request)) : Self.reply(request)
        }
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder throws in
            let callers = try (0..<4).map { _ in try larder.begin("/providers") }
            try gate.waitForArrivals(1)
            // One that is read after the change is a fetch of its own, which is kept.
            try larder.settle()
            #expect(try larder.request("POST", "/providers").status == 200)
            gate.open()
            for caller in callers { #expect(try caller.readResponse().status == 200) }
            #expect(try larder.get("/providers", LiveLarder.onlyIfCached).status == 504)
        }
    }
}
